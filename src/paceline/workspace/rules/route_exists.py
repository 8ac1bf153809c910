"""PL212."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.errors import nearest_name_hint
from paceline.model.finding import Finding
from paceline.workspace.json_document import read_json
from paceline.workspace.rule import Rule, Scope

_TOGGLES_FILE = "toggles.flagd.json"


class RouteExists(Rule):
    """An integration's route is neither `direct` nor `bus` nor a toggle of toggles.flagd.json."""

    code = "PL212"

    def check(self, scope: Scope) -> Iterator[Finding]:
        routes = ["direct", "bus", *_toggles(scope)]
        for _, integration, document in scope.integrations():
            if integration.route not in routes:
                hint = nearest_name_hint(integration.route, routes)
                yield self.finding(document, ("route",), f"there is no route {integration.route!r}", hint=hint)


def _toggles(scope: Scope) -> list[str]:
    path = scope.workspace.path / _TOGGLES_FILE
    if not path.is_file():
        return []
    document, _ = read_json(path.read_bytes(), _TOGGLES_FILE)
    flags = document.value.get("flags") if document and isinstance(document.value, dict) else None
    return list(flags) if isinstance(flags, dict) else []
