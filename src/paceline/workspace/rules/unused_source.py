"""PL902."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding, Severity
from paceline.workspace.rule import Rule, Scope


class UnusedSource(Rule):
    """No integration takes the events of a source. They are stored and go nowhere."""

    code = "PL902"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        integrations = scope.workspace.integrations.values()
        if scope.workspace.has_broken("integration") or any(not integration.sources for integration in integrations):
            return
        used = {source for integration in integrations for source in integration.sources}
        for name in scope.workspace.settings.sources:
            if name not in used:
                document = scope.workspace.document("paceline")
                message = f"no integration takes events of the source {name}"
                hint = "name it in the `sources` of an integration, or delete it"
                yield self.finding(document, ("sources", name), message, hint=hint, of_key=True)
