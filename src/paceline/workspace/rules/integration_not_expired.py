"""PL304."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.lifecycle.expiry import is_expired
from paceline.model.finding import Finding
from paceline.workspace.calendar import day_or_none
from paceline.workspace.rule import Rule, Scope


class IntegrationNotExpired(Rule):
    """An integration's end date has passed, so it is a defect now.

    It still runs, unless its file says `after_expiry: park` or `refuse`: stopping it on that day would lose deliveries.
    The check fails until it is dealt with.
    """

    code = "PL304"
    needs_today = True

    def check(self, scope: Scope) -> Iterator[Finding]:
        assert scope.today is not None
        for name, integration, document in scope.integrations():
            end = day_or_none(integration.expires)
            if is_expired(end, scope.today):
                plan = f" by {integration.migration.plan}" if integration.migration else ""
                yield self.finding(
                    document,
                    ("expires",),
                    f"{name} expired on {end}",
                    hint=f"migrate it{plan}, remove it, or agree on a new day with its owner {integration.owner.team}",
                )
