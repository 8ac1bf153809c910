"""PL203."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.errors import nearest_name_hint
from paceline.model.finding import Finding
from paceline.workspace.document import Document, ValuePath
from paceline.workspace.rule import Rule, Scope


class ConnectorExists(Rule):
    """A mapping or an integration names a connector that does not exist."""

    code = "PL203"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for name, document, path in _uses(scope):
            if name not in scope.connectors.names:
                hint = nearest_name_hint(name, scope.connectors.names)
                yield self.finding(document, path, f"there is no connector {name!r}", hint=hint)


def _uses(scope: Scope) -> Iterator[tuple[str, Document, ValuePath]]:
    for _, mapping, document in scope.mappings():
        yield mapping.to.connector, document, ("to", "connector")
    for _, integration, document in scope.integrations():
        yield integration.connector, document, ("connector",)
