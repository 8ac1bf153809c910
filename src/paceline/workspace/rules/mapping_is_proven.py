"""PL509."""

from __future__ import annotations

from paceline.model.finding import Severity
from paceline.workspace.mapping_places import TypeRule


class MappingIsProven(TypeRule):
    """Nothing proves that a value fits, because the contract is silent about what the vendor demands. An event
    whose value does not fit is refused."""

    code = "PL509"
    severity = Severity.WARNING
    faults = frozenset({"unproven"})
