"""PL511."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from paceline.model.case import Case
from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class CaseExpectsOneThing(Rule):
    """A contract test gives no event or both `event` and `events`, or does not expect exactly one thing."""

    code = "PL511"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for _, cases, document in scope.cases():
            for index, case in enumerate(cases.cases):
                path = ("cases", index, "name")
                if (case.event is None) == (case.events is None):
                    hint = "`event` is one event or the name of a sample, `events` is a list"
                    yield self.finding(document, path, "a case must give either `event` or `events`", hint=hint)
                expected = _expected(case)
                if len(expected) != 1:
                    what = f"expects {' and '.join(expected)} at once" if expected else "expects nothing"
                    hint = "say exactly one of: payload, requests, refused, filtered"
                    yield self.finding(document, path, f"the case {case.name!r} {what}", hint=hint)


def _expected(case: Case) -> list[str]:
    given = {
        "payload": case.payload is not msgspec.UNSET,
        "requests": case.requests is not None,
        "refused": case.refused is not None,
        "filtered": case.filtered,
    }
    return [name for name, is_given in given.items() if is_given]
