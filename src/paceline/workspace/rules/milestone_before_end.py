"""PL307."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.calendar import day_or_none
from paceline.workspace.rule import Rule, Scope


class MilestoneBeforeEnd(Rule):
    """A milestone of a migration is after the integration's end, or before the milestone above it."""

    code = "PL307"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for _, integration, document in scope.integrations():
            end = day_or_none(integration.expires)
            before = None
            for index, text in enumerate(integration.migration.milestones if integration.migration else ()):
                day = day_or_none(text)
                if day is None:
                    continue
                path = ("migration", "milestones", index)
                if end is not None and day > end:
                    message = f"the milestone {day} is after the integration's end on {end}"
                    yield self.finding(document, path, message, hint="bring it forward")
                elif before is not None and day < before:
                    message = f"the milestone {day} is before the one above it, {before}"
                    yield self.finding(document, path, message, hint="write milestones in the order of their days")
                before = day
