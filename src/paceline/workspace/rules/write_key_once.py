"""PL605."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class WriteKeyOnce(Rule):
    """Two sources have the same write key, so the gateway could not tell whose event it is."""

    code = "PL605"

    def check(self, scope: Scope) -> Iterator[Finding]:
        owner: dict[str, str] = {}
        for name, source in scope.workspace.settings.sources.items():
            for index, key in enumerate(source.write_keys):
                if key in owner:
                    document = scope.workspace.document("paceline")
                    message = f"the source {owner[key]} has this write key already"
                    yield self.finding(document, ("sources", name, "write_keys", index), message,
                                       hint="give every source keys of its own")  # fmt: skip
                owner.setdefault(key, name)
