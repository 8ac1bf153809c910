"""PL602."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.document import ValuePath
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.secrets import is_malformed_reference, parse_reference

_CREDENTIAL = re.compile(r"auth|cookie|key|password|secret|token", re.IGNORECASE)


class SecretIsReference(Rule):
    """A credential stands in a file. Whoever can read the repository has it now: replace it at the vendor.

    Of a secret setting that is a block, such as headers, only entries with the name of a credential are meant.
    """

    code = "PL602"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for name, integration, document in scope.integrations():
            connector = scope.connector(integration.connector)
            for setting in sorted(connector.secret_settings) if connector else ():
                for path in _plain(integration.settings.get(setting), (setting,)):
                    variable = re.sub(r"[^A-Z0-9]+", "_", f"{name}_{path[-1]}".upper())
                    yield self.finding(
                        document,
                        ("settings", *path),
                        f"the secret {path[-1]!r} stands in the file",
                        hint=f"write {path[-1]}: ${{env:{variable}}} here, and replace the secret at the vendor",
                    )


def _plain(value: object, path: ValuePath) -> Iterator[ValuePath]:
    """The places of texts that are neither references nor failed attempts at one, which have a finding of their own."""
    if isinstance(value, str):
        if value and parse_reference(value) is None and not is_malformed_reference(value):
            yield path
    elif isinstance(value, dict):
        for key, child in value.items():
            if not isinstance(child, str) or _CREDENTIAL.search(key):
                yield from _plain(child, (*path, key))
