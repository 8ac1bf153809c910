"""PL904."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding, Severity
from paceline.workspace.rule import Rule, Scope


class UnusedAdapter(Rule):
    """No source uses an adapter."""

    code = "PL904"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        sources = scope.workspace.settings.sources.values()
        used = {source.webhook.adapter for source in sources if source.webhook is not None}
        for name in scope.workspace.adapters:
            if name not in used:
                document = scope.workspace.document("adapter", adapter=name)
                hint = f"write `adapter: {name}` into the webhook of a source in paceline.yaml, or delete the file"
                yield self.finding(document, ("adapter",), f"no source uses the adapter {name}", hint=hint)
