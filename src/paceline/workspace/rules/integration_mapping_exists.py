"""PL205."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.errors import nearest_name_hint
from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope, mapping_places


class IntegrationMappingExists(Rule):
    """An integration names a mapping that does not exist."""

    code = "PL205"

    def check(self, scope: Scope) -> Iterator[Finding]:
        known = scope.workspace.names("mapping")
        for _, integration, document in scope.integrations():
            for place, name in mapping_places(integration):
                if name not in known:
                    hint = nearest_name_hint(name, known)
                    yield self.finding(document, place, f"there is no mapping {name!r}", hint=hint)
