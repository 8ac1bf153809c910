"""PL213."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.errors import nearest_name_hint
from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class CaseMappingExists(Rule):
    """Contract tests are for a mapping that does not exist."""

    code = "PL213"

    def check(self, scope: Scope) -> Iterator[Finding]:
        known = scope.workspace.names("mapping")
        for name, _, document in scope.cases():
            if name not in known:
                hint = nearest_name_hint(name, known)
                yield self.finding(document, ("mapping",), f"there is no mapping {name!r}", hint=hint)
