"""PL601."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class SettingsFitConnector(Rule):
    """An integration's settings are not what its connector needs: one is missing, unknown or of the wrong form."""

    code = "PL601"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for _, integration, document in scope.integrations():
            connector = scope.connector(integration.connector)
            for fault in connector.settings_faults(integration.settings) if connector else ():
                # Without any settings the document has no such key, and the finding stands at the file's beginning.
                path = ("settings", *fault.path) if "settings" in _keys(document.value) else ("connector",)
                is_unknown = bool(fault.path) and fault.message.startswith("unknown")
                yield self.finding(document, path, fault.message, hint=fault.hint, of_key=is_unknown)


def _keys(value: object) -> frozenset[str]:
    return frozenset(value) if isinstance(value, dict) else frozenset()
