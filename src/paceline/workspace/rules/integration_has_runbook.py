"""PL308."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding, Severity
from paceline.workspace.rule import Rule, Scope


class IntegrationHasRunbook(Rule):
    """An integration has no runbook, so whoever is on call has to wait for somebody who knows it."""

    code = "PL308"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        for name, integration, document in scope.integrations():
            if integration.runbook is None:
                hint = "add `runbook: runbooks/" + name + ".md` and write it"
                yield self.finding(document, ("integration",), f"{name} has no runbook", hint=hint)
