"""PL302."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.model.integration import Stage
from paceline.workspace.rule import Rule, Scope


class StageHasMigration(Rule):
    """A sprint or a hybrid does not say what it turns into and where the plan for that is."""

    code = "PL302"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for _, integration, document in scope.integrations():
            if integration.stage is not Stage.MARATHON and integration.migration is None:
                target = Stage.MARATHON if integration.stage is Stage.HYBRID else Stage.HYBRID
                yield self.finding(
                    document,
                    ("stage",),
                    f"a {integration.stage} must say what comes after it",
                    hint=f"add `migration: {{to: {target}, plan: rfcs/NNNN-{document.file[13:-5]}.md}}`",
                )
