"""PL207."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.errors import nearest_name_hint
from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class IntegrationSourceExists(Rule):
    """An integration takes events of a source that paceline.yaml does not define."""

    code = "PL207"

    def check(self, scope: Scope) -> Iterator[Finding]:
        known = sorted(scope.workspace.settings.sources)
        if scope.workspace.has_broken("paceline"):
            return  # paceline.yaml has its own finding
        for _, integration, document in scope.integrations():
            for index, source in enumerate(integration.sources):
                if source not in known:
                    hint = nearest_name_hint(source, known)
                    yield self.finding(document, ("sources", index), f"there is no source {source!r}", hint=hint)
