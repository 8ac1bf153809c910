"""PL506."""

from __future__ import annotations

from paceline.workspace.mapping_places import TypeRule


class MappingDeclaresPersonalData(TypeRule):
    """Personal data flows into a field that declares it neither in `pii` nor by the vendor."""

    code = "PL506"
    faults = frozenset({"personal_data"})
