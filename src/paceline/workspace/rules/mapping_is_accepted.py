"""PL515."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class MappingIsAccepted(Rule):
    """A mapping was suggested by a tool and no person has accepted it."""

    code = "PL515"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for name, mapping, document in scope.mappings():
            if mapping.proposed:
                hint = f"review it, then remove the mark or run: paceline map accept {document.file}"
                yield self.finding(
                    document, ("proposed",), f"the mapping {name} is a suggestion that nobody has accepted", hint=hint
                )
