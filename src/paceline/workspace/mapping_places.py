"""Where in its file a fault of a mapping stands."""

from __future__ import annotations

from paceline.mapping.faults import MappingFault
from paceline.model.finding import Finding
from paceline.workspace.document import Document
from paceline.workspace.rule import Rule


def fault_finding(rule: Rule, document: Document, fault: MappingFault) -> Finding:
    """The finding of a fault: at the character inside the expression where that is known, else at the entry's key."""
    if fault.column == 0:
        return rule.finding(document, fault.path, fault.message, hint=fault.hint, of_key=True)
    line, column = document.place_inside(fault.path, fault.column - 1)
    return Finding(
        code=rule.code,
        file=document.file,
        line=line,
        column=column,
        message=fault.message,
        hint=fault.hint,
        severity=rule.severity,
    )
