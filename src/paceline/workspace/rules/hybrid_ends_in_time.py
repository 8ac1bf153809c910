"""PL303."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.model.integration import Stage
from paceline.workspace.calendar import day_or_none
from paceline.workspace.rule import Rule, Scope

MOST_DAYS = 90


class HybridEndsInTime(Rule):
    """A hybrid ends more than 90 days from today. A bridge that long is not crossed."""

    code = "PL303"
    needs_today = True

    def check(self, scope: Scope) -> Iterator[Finding]:
        assert scope.today is not None
        latest = scope.today + dt.timedelta(days=MOST_DAYS)
        for _, integration, document in scope.integrations():
            end = day_or_none(integration.expires)
            if integration.stage is Stage.HYBRID and end is not None and end > latest:
                yield self.finding(
                    document,
                    ("expires",),
                    f"a hybrid may last {MOST_DAYS} days at most, and this one ends in {(end - scope.today).days}",
                    hint=f"end it on {latest} or before",
                )
