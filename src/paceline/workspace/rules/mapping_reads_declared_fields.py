"""PL504."""

from __future__ import annotations

from paceline.workspace.mapping_places import TypeRule


class MappingReadsDeclaredFields(TypeRule):
    """A mapping reads what is never there by the contract. Where the contract leaves the object open it is a
    warning, as the field may only be undeclared."""

    code = "PL504"
    faults = frozenset({"unknown_path", "undeclared_path", "always_missing"})
