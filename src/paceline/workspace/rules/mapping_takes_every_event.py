"""PL508."""

from __future__ import annotations

from paceline.model.finding import Severity
from paceline.workspace.mapping_places import TypeRule


class MappingTakesEveryEvent(TypeRule):
    """A value that the contract allows refuses the event, because a function does not take its type."""

    code = "PL508"
    severity = Severity.WARNING
    faults = frozenset({"may_refuse"})
