"""PL507."""

from __future__ import annotations

from paceline.model.finding import Severity
from paceline.workspace.mapping_places import TypeRule


class MappingPartsCount(TypeRule):
    """A part of a mapping never counts: a fallback, a case or a comparison that no event of the contract
    reaches."""

    code = "PL507"
    severity = Severity.WARNING
    faults = frozenset({"pointless", "unreachable"})
