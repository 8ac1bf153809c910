"""PL217."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.errors import nearest_name_hint
from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class DoorContractExists(Rule):
    """`door.contracts` has rules for a contract that does not exist."""

    code = "PL217"

    def check(self, scope: Scope) -> Iterator[Finding]:
        known = scope.workspace.names("contract")
        for name in scope.workspace.settings.door.contracts:
            if name not in known:
                document = scope.workspace.document("paceline")
                hint = nearest_name_hint(name, sorted(known))
                yield self.finding(document, ("door", "contracts", name), f"there is no contract {name!r}", hint=hint)
