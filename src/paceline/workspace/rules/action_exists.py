"""PL204."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.errors import nearest_name_hint
from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class ActionExists(Rule):
    """A mapping feeds an action that its connector does not have."""

    code = "PL204"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for _, mapping, document in scope.mappings():
            connector = scope.connector(mapping.to.connector)
            if connector is not None and mapping.to.action not in connector.actions:
                yield self.finding(
                    document,
                    ("to", "action"),
                    f"the connector {mapping.to.connector} has no action {mapping.to.action!r}",
                    hint=nearest_name_hint(mapping.to.action, sorted(connector.actions), most=20),
                )
