"""PL305."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from paceline.model.finding import Finding, Severity
from paceline.workspace.calendar import day_or_none
from paceline.workspace.rule import Rule, Scope

NOTICE_DAYS = 14


class IntegrationExpiresSoon(Rule):
    """An integration ends within two weeks."""

    code = "PL305"
    severity = Severity.WARNING
    needs_today = True

    def check(self, scope: Scope) -> Iterator[Finding]:
        assert scope.today is not None
        for name, integration, document in scope.integrations():
            end = day_or_none(integration.expires)
            if end is not None and scope.today <= end <= scope.today + dt.timedelta(days=NOTICE_DAYS):
                plan = f": see {integration.migration.plan}" if integration.migration else ""
                yield self.finding(
                    document,
                    ("expires",),
                    f"{name} ends within {NOTICE_DAYS} days, on {end}",
                    hint=f"finish its migration{plan}",
                )
