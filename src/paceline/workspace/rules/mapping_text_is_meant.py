"""PL514."""

from __future__ import annotations

from paceline.model.finding import Severity
from paceline.workspace.mapping_places import TypeRule


class MappingTextIsMeant(TypeRule):
    """A text in a mapping looks like something else: a path, a function, a template, a number."""

    code = "PL514"
    severity = Severity.WARNING
    faults = frozenset({"suspicious"})
