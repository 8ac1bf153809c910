"""Arguments that must be there and of a kind, and the test for the kind."""

from __future__ import annotations

from typing import Final, NamedTuple

from paceline.mapping import kinds as k
from paceline.mapping.expression import Expression
from paceline.mapping.kinds import Kinds

_CLASSES: Final = (
    (k.BOOLEAN, "bool"),
    (k.INTEGER, "int"),
    (k.FRACTION, "float"),
    (k.TEXT, "str"),
    (k.LIST, "list"),
    (k.OBJECT, "dict"),
)


class Argument(NamedTuple):
    """An argument that must be there, the kinds that are taken, and who takes them (`lower takes`)."""

    node: Expression
    wanted: Kinds
    by: str


def type_test(name: str, wanted: Kinds) -> str:
    """Source that is true when a value that is there is of none of the wanted kinds."""
    inside = [word for kind, word in _CLASSES if kind & wanted]
    outside = [word for kind, word in _CLASSES if not kind & wanted]
    if len(inside) <= len(outside):
        return " and ".join(f"type({name}) is not {word}" for word in inside)
    return " or ".join(f"type({name}) is {word}" for word in outside)
