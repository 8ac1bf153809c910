"""PL303."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.lifecycle.expiry import latest_end
from paceline.model.finding import Finding
from paceline.workspace.calendar import day_or_none
from paceline.workspace.rule import Rule, Scope


class HybridEndsInTime(Rule):
    """A hybrid ends more than 90 days from its start (from today, where it has no `started`). A bridge that long is not
    crossed. Each extension by an RFC adds as many days; `lifecycle.hybrid_days` changes the number.
    """

    code = "PL303"
    needs_today = True

    def check(self, scope: Scope) -> Iterator[Finding]:
        assert scope.today is not None
        most = scope.workspace.settings.lifecycle.hybrid_days
        for _, integration, document in scope.integrations():
            end, started = day_or_none(integration.expires), day_or_none(integration.started)
            extensions = len(integration.extensions)
            latest = latest_end(
                integration.stage, started=started, today=scope.today, extensions=extensions, hybrid_days=most
            )
            if end is None or latest is None or end <= latest:
                continue
            days = (end - (started or scope.today)).days
            since = f" from its start on {started}" if started else ""
            message = f"a hybrid may last {most} days at most{since}, and this one ends in {days}"
            if extensions:
                times = "1 extension" if extensions == 1 else f"{extensions} extensions"
                message = f"with {times} a hybrid may last until {latest}, and this one ends on {end}"
            yield self.finding(document, ("expires",), message, hint=f"end it on {latest} or before")
