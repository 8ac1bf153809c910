"""PL215."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.errors import UsageError
from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class ConnectorIsUsable(Rule):
    """The description of a connector that an integration uses is wrong."""

    code = "PL215"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for _, integration, document in scope.integrations():
            own_files = f"connectors/{integration.connector}/"
            is_said = any(file.startswith(own_files) for file in scope.workspace.broken)
            if is_said or integration.connector not in scope.connectors.names:
                continue
            try:
                scope.connectors.load(integration.connector)
            except UsageError as error:
                where = error.where.removeprefix(f"{scope.workspace.path}/")
                message = f"the connector {integration.connector} cannot be used: {error.what}"
                yield self.finding(
                    document, ("connector",), message, hint=f"correct {where}" if where else error.remedy
                )
