"""PL212."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from paceline.errors import nearest_name_hint
from paceline.model.finding import Finding
from paceline.model.settings import FlagdFile
from paceline.workspace.json_document import read_json
from paceline.workspace.rule import Rule, Scope


class RouteExists(Rule):
    """An integration's route is neither `direct` nor `bus` nor a toggle of toggles.flagd.json.

    Where the toggles are kept by an OpenFeature provider, nobody knows here which there are.
    """

    code = "PL212"

    def check(self, scope: Scope) -> Iterator[Finding]:
        choice = scope.workspace.settings.toggles
        if not isinstance(choice, FlagdFile):
            return
        routes = ["direct", "bus", *_toggles(scope.workspace.path / choice.path)]
        for _, integration, document in scope.integrations():
            if integration.route not in routes:
                hint = nearest_name_hint(integration.route, routes)
                yield self.finding(document, ("route",), f"there is no route {integration.route!r}", hint=hint)


def _toggles(file: Path) -> list[str]:
    if not file.is_file():
        return []
    document, _ = read_json(file.read_bytes(), file.name)
    flags = document.value.get("flags") if document and isinstance(document.value, dict) else None
    return list(flags) if isinstance(flags, dict) else []
