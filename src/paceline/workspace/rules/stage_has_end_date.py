"""PL301."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.model.integration import Stage
from paceline.workspace.rule import Rule, Scope


class StageHasEndDate(Rule):
    """A sprint or a hybrid has no end date. Only a marathon may stay for good."""

    code = "PL301"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for _, integration, document in scope.integrations():
            if integration.stage is not Stage.MARATHON and integration.expires is None:
                yield self.finding(
                    document,
                    ("stage",),
                    f"a {integration.stage} must say when it ends",
                    hint="add `expires: YYYY-MM-DD`, the day after which this integration is a defect",
                )
