"""PL206."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.errors import nearest_name_hint
from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope, mapping_places


class IntegrationMappingFitsConnector(Rule):
    """An integration uses a mapping that is made for another connector."""

    code = "PL206"

    def check(self, scope: Scope) -> Iterator[Finding]:
        mappings = scope.workspace.mappings
        for _, integration, document in scope.integrations():
            if integration.connector not in scope.connectors.names:
                continue
            fitting = sorted(name for name, file in mappings.items() if file.to.connector == integration.connector)
            for place, name in mapping_places(integration):
                mapping = mappings.get(name)
                to = f"{{connector: {integration.connector}, action: …}}"
                if mapping is not None and mapping.to.connector != integration.connector:
                    yield self.finding(
                        document,
                        place,
                        f"the mapping {name} is for {mapping.to.connector}, "
                        f"but this integration delivers to {integration.connector}",
                        hint=nearest_name_hint(name, fitting) if fitting else f"write one with `to: {to}`",
                    )
