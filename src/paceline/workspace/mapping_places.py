"""Where in its file a fault of a mapping stands, and what rules about a mapping's types have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from paceline.mapping.faults import FaultCode, MappingFault
from paceline.model.finding import Finding
from paceline.workspace.document import Document
from paceline.workspace.rule import Rule, Scope


class TypeRule(Rule):
    """A rule that tells some sorts of what contract and vendor say against a mapping."""

    faults: ClassVar[frozenset[FaultCode]]

    def check(self, scope: Scope) -> Iterator[Finding]:
        """The faults of these sorts, in all mappings."""
        for name, _, document in scope.mappings():
            for fault in scope.type_faults(name):
                if fault.code in self.faults:
                    yield fault_finding(self, document, fault)


def fault_finding(rule: Rule, document: Document, fault: MappingFault) -> Finding:
    """The finding of a fault: at the character inside the expression where that is known, else at the entry's key."""
    if fault.column == 0:
        line, column = document.place(fault.path, of_key=True)
    else:
        line, column = document.place_inside(fault.path, fault.column - 1)
    return Finding(
        code=rule.code,
        file=document.file,
        line=line,
        column=column,
        message=fault.message,
        hint=fault.hint,
        severity=fault.severity,
    )
