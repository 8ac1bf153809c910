"""PL513."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class CaseTimeIsATime(Rule):
    """The `now` of a contract test is no point in time, or says no offset from UTC."""

    code = "PL513"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for _, cases, document in scope.cases():
            for index, case in enumerate(cases.cases):
                problem = _problem(case.now)
                if problem:
                    hint = 'such as "2026-01-01T00:00:00Z"'
                    yield self.finding(document, ("cases", index, "now"), f"{case.now!r} {problem}", hint=hint)


def _problem(text: str) -> str:
    try:
        has_offset = dt.datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return "is no point in time"
    return "" if has_offset else "says no offset from UTC"
