"""PL202."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.contracts.versions import VersionRange
from paceline.errors import UsageError
from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.workspace import event_key


class MappingVersionRange(Rule):
    """A mapping's contract range is no range, or admits no released version of the contract."""

    code = "PL202"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for _, mapping, document in scope.mappings():
            path = ("from", "contract")
            try:
                wanted = VersionRange.parse(mapping.from_.contract)
            except UsageError as error:
                yield self.finding(document, path, f"{error.what} ({error.where})", hint=f"expected {error.expected}")
                continue
            contract = scope.workspace.contract_for(event_key(mapping.from_))
            released = scope.workspace.versions(contract) if contract else []
            if released and wanted.newest(released) is None:
                yield self.finding(
                    document,
                    path,
                    f"the range {mapping.from_.contract!r} admits no released version of {contract}",
                    hint=f"released: {', '.join(map(str, released))}",
                )
