"""PL305."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.lifecycle.expiry import notice_days
from paceline.model.finding import Finding, Severity
from paceline.workspace.calendar import day_or_none
from paceline.workspace.rule import Rule, Scope


class IntegrationExpiresSoon(Rule):
    """An integration ends within 30, 14 or 7 days."""

    code = "PL305"
    severity = Severity.WARNING
    needs_today = True

    def check(self, scope: Scope) -> Iterator[Finding]:
        assert scope.today is not None
        for name, integration, document in scope.integrations():
            end = day_or_none(integration.expires)
            days = notice_days(end, scope.today)
            if days is not None:
                plan = f": see {integration.migration.plan}" if integration.migration else ""
                yield self.finding(
                    document,
                    ("expires",),
                    f"{name} ends within {days} days, on {end}",
                    hint=f"finish its migration{plan}",
                )
