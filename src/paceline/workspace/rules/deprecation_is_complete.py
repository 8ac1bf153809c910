"""PL409."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from paceline.contracts.versions import Version
from paceline.errors import UsageError, nearest_name_hint
from paceline.model.contract import ContractFile, Deprecation
from paceline.model.finding import Finding
from paceline.workspace.document import Document
from paceline.workspace.rule import Rule, Scope


class DeprecationIsComplete(Rule):
    """A deprecation ends before it begins, or its replacement is no contract of the workspace, or is deprecated too."""

    code = "PL409"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for contract, document in scope.contracts():
            if contract.deprecation is not None:
                yield from self._dates(contract.deprecation, document)
                yield from self._replacement(scope, contract, contract.deprecation, document)

    def _dates(self, deprecation: Deprecation, document: Document) -> Iterator[Finding]:
        try:
            since = dt.date.fromisoformat(deprecation.deprecated_since)
            after = dt.date.fromisoformat(deprecation.remove_after)
        except ValueError:
            return  # another rule looks at days
        if after <= since:
            path = ("deprecation", "remove_after")
            hint = "leave consumers time to change"
            yield self.finding(document, path, "the end is not after the beginning of the deprecation", hint=hint)

    def _replacement(
        self, scope: Scope, contract: ContractFile, deprecation: Deprecation, document: Document
    ) -> Iterator[Finding]:
        path = ("deprecation", "replacement")
        name, _, written = deprecation.replacement.strip().partition(" ")
        versions = scope.workspace.contracts.get(name)
        if versions is None:
            hint = f"write CONTRACT VERSION; {nearest_name_hint(name, sorted(scope.workspace.contracts))}"
            yield self.finding(document, path, f"there is no contract {name!r} to use instead", hint=hint)
            return
        try:
            version = str(Version.parse(written)) if written else str(max(map(Version.parse, versions)))
        except UsageError:
            hint = "write CONTRACT VERSION, such as order_completed 2.0.0"
            yield self.finding(document, path, f"{written!r} is no contract version", hint=hint)
            return
        if version not in versions:
            hint = f"versions: {', '.join(sorted(versions, key=Version.parse))}"
            yield self.finding(document, path, f"there is no {name} {version} to use instead", hint=hint)
        elif versions[version].deprecation is not None or (name, version) == (contract.contract, contract.version):
            yield self.finding(document, path, f"{name} {version} is deprecated itself", hint="name one that stays")
