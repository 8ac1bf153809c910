"""What a check of one mapping notes on its way: contradictions, and what nothing proves."""

from __future__ import annotations

import msgspec

from paceline.mapping.faults import FaultCode, MappingFault
from paceline.mapping.sources import Source
from paceline.model.finding import Severity


class Notes:
    """The faults found so far, and the doubts. `is_presence_open`: some are about whether a field is there."""

    def __init__(self) -> None:
        self.faults: list[MappingFault] = []
        self.unproven: list[MappingFault] = []
        self.is_presence_open = False

    def fault(self, source: Source, code: FaultCode, message: str, hint: str = "") -> None:
        """Note what files contradict, at a source's expression."""
        self.note(source.fault(code, message, hint), is_fault=True)

    def doubt(self, source: Source, message: str) -> None:
        """Note what nothing proves, at a source's expression."""
        self.note(source.fault("unproven", message), is_fault=False)

    def note(self, fault: MappingFault, *, is_fault: bool) -> None:
        """Note a contradiction or, with its code, a doubt."""
        if is_fault:
            self.faults.append(fault)
        else:
            self.unproven.append(msgspec.structs.replace(fault, code="unproven", severity=Severity.WARNING))
