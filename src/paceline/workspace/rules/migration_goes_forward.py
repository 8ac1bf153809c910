"""PL306."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.model.integration import Stage
from paceline.workspace.rule import Rule, Scope

_ORDER = (Stage.SPRINT, Stage.HYBRID, Stage.MARATHON)


class MigrationGoesForward(Rule):
    """A migration leads to the stage that the integration has already, or back."""

    code = "PL306"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for _, integration, document in scope.integrations():
            migration = integration.migration
            if migration is None or _ORDER.index(migration.to) > _ORDER.index(integration.stage):
                continue
            later = _ORDER[_ORDER.index(integration.stage) + 1 :]
            yield self.finding(
                document,
                ("migration", "to"),
                f"a {integration.stage} cannot migrate to {migration.to}",
                hint=f"later stages: {', '.join(later)}" if later else "a marathon needs no migration: delete it",
            )
