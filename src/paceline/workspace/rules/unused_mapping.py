"""PL901."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding, Severity
from paceline.workspace.rule import Rule, Scope


class UnusedMapping(Rule):
    """No integration uses a mapping."""

    code = "PL901"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        if scope.workspace.has_broken("integration"):
            return
        used = {
            name
            for _, integration, _ in scope.integrations()
            for name in (*integration.events, *integration.direct_events)
        }
        for name, _, document in scope.mappings():
            if name not in used:
                hint = "name it in the `events` of an integration, or delete it"
                yield self.finding(document, ("mapping",), f"no integration uses the mapping {name}", hint=hint)
