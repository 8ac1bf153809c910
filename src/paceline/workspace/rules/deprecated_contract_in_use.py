"""PL406."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding, Severity
from paceline.workspace.rule import Rule, Scope


class DeprecatedContractInUse(Rule):
    """A mapping takes no version of its contract but deprecated ones."""

    code = "PL406"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        for _, mapping, document in scope.mappings():
            newest = next(reversed(scope.contracts_taken(mapping)), None)
            if newest is not None and (deprecation := newest.deprecation) is not None:
                release = f"{newest.contract} {newest.version}"
                yield self.finding(
                    document,
                    ("from", "contract"),
                    f"{release} is deprecated and will be removed after {deprecation.remove_after}",
                    hint=f"use {deprecation.replacement}",
                )
