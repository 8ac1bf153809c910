"""PL501."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.mapping_places import fault_finding
from paceline.workspace.rule import Rule, Scope


class MappingCompiles(Rule):
    """An expression or a field of a mapping is wrong by itself, whatever the event: syntax, names, types, targets."""

    code = "PL501"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for name, _, document in scope.mappings():
            for fault in scope.mapping_faults(name):
                yield fault_finding(self, document, fault)
