"""PL210."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.prose import prose_hint, prose_is_there
from paceline.workspace.rule import Rule, Scope


class MigrationPlanExists(Rule):
    """An integration's migration plan is no file of the workspace, or an empty one."""

    code = "PL210"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for _, integration, document in scope.integrations():
            migration = integration.migration
            if migration is not None and not prose_is_there(scope.workspace.path, migration.plan):
                hint = prose_hint(scope.workspace.path, "rfcs", migration.plan)
                message = f"there is no migration plan {migration.plan!r}"
                yield self.finding(document, ("migration", "plan"), message, hint=hint)
