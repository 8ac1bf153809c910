"""PL505."""

from __future__ import annotations

from paceline.workspace.mapping_places import TypeRule


class MappingValuesFit(TypeRule):
    """A value that the contract allows does not fit where it goes: its type, null, an unknown choice, a text that
    is too long."""

    code = "PL505"
    faults = frozenset({"does_not_fit", "may_be_null", "too_long", "unknown_value", "wrong_type"})
