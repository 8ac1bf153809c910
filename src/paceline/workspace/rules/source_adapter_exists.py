"""PL218."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.errors import nearest_name_hint
from paceline.model.finding import Finding
from paceline.workspace.adapter_catalog import adapter_names
from paceline.workspace.rule import Rule, Scope


class SourceAdapterExists(Rule):
    """A webhook source names an adapter that does not exist."""

    code = "PL218"

    def check(self, scope: Scope) -> Iterator[Finding]:
        known = adapter_names(scope.workspace)
        document = scope.workspace.documents.get("paceline.yaml")
        for name, source in scope.workspace.settings.sources.items():
            adapter = source.webhook.adapter if source.webhook is not None else ""
            if document is not None and adapter and adapter not in known:
                path = ("sources", name, "webhook", "adapter")
                hint = f"{nearest_name_hint(adapter, known)} or write it: paceline new adapter {adapter} SAMPLE.json"
                yield self.finding(document, path, f"there is no adapter {adapter!r}", hint=hint)
