"""PL410."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class DeprecatedContractIsGone(Rule):
    """A deprecated contract version is still there after its last day."""

    code = "PL410"
    needs_today = True

    def check(self, scope: Scope) -> Iterator[Finding]:
        if scope.today is None:
            return
        for contract, document in scope.contracts():
            deprecation = contract.deprecation
            if deprecation is not None and deprecation.remove_after < scope.today.isoformat():
                yield self.finding(
                    document,
                    ("deprecation", "remove_after"),
                    f"{contract.contract} {contract.version} was to be removed after {deprecation.remove_after}",
                    hint="remove it and its line in contracts.lock, or agree on a later day",
                )
