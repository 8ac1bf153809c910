"""PL503."""

from __future__ import annotations

from paceline.workspace.mapping_places import TypeRule


class MappingTargetExists(TypeRule):
    """A mapping fills a field that the vendor does not have."""

    code = "PL503"
    faults = frozenset({"unknown_target"})
