"""PL309."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding, Severity
from paceline.workspace.rule import Rule, Scope


class IntegrationHasSla(Rule):
    """An integration promises nothing, so nothing can be measured against it."""

    code = "PL309"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        for name, integration, document in scope.integrations():
            if integration.sla is None:
                hint = "add `sla: {delivered_within_secs: 300, success_ratio: 0.99}`"
                yield self.finding(document, ("integration",), f"{name} has no SLA", hint=hint)
