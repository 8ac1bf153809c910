"""PL512."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class CaseNameOnce(Rule):
    """Two contract tests of one mapping have the same name, so a report cannot tell them apart."""

    code = "PL512"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for _, cases, document in scope.cases():
            seen: set[str] = set()
            for index, case in enumerate(cases.cases):
                if case.name in seen:
                    yield self.finding(document, ("cases", index, "name"), f"a case is called {case.name!r} already")
                seen.add(case.name)
