"""PL313."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class RetiredStaysAway(Rule):
    """An integration has the name of one that was retired: both would count in one ledger."""

    code = "PL313"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for name, _, document in scope.integrations():
            if name in scope.workspace.retired:
                hint = f"choose another name, or delete retired/{name}.yaml if it was a mistake"
                message = f"{name} was retired on {scope.workspace.retired[name].retired}"
                yield self.finding(document, ("integration",), message, hint=hint)
