"""What generated code may name: our own few helpers and the functions of the language. Nothing else is in its reach."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from paceline.mapping.functions.catalog import CATALOG
from paceline.mapping.functions.equality import equal
from paceline.mapping.functions.lists import sort_by
from paceline.mapping.functions.numbers import add, divide, multiply, negate, subtract
from paceline.mapping.functions.times import from_unix_ms
from paceline.mapping.kinds import BOOLEAN, FRACTION, INTEGER, LIST, NULL, OBJECT, TEXT, kind_of
from paceline.mapping.refusals import Stop, not_there, refuse, too_deep, wrong_type
from paceline.model.event import Filtered


class _Missing:
    """The one value that stands for what is not there, where null must be told apart from it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
WHEN_IS_FALSE: Final = Filtered(rule="when")

_TYPE_NAMES: Final = {
    NULL: "null",
    BOOLEAN: "boolean",
    INTEGER: "number",
    FRACTION: "number",
    TEXT: "text",
    LIST: "list",
    OBJECT: "object",
}


def element(value: object, position: int, otherwise: object) -> object:
    """An item of a list, or `otherwise` when the value is no list or too short."""
    if type(value) is list and -len(value) <= position < len(value):
        return value[position]
    return otherwise


def member(value: object, key: str, otherwise: object) -> object:
    """The value under a key, or `otherwise` when the value is no object or has no such key."""
    return value.get(key, otherwise) if type(value) is dict else otherwise


def is_less(left: Any, right: Any) -> bool:
    """Whether left comes before right; false when one is nothing. Stops on anything but two numbers or two texts."""
    return _can_be_ordered(left, right) and left < right


def is_less_or_equal(left: Any, right: Any) -> bool:
    """Like is_less, for `<=`."""
    return _can_be_ordered(left, right) and left <= right


def _can_be_ordered(left: object, right: object) -> bool:
    for value in (left, right):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float | str)):
            wrong_type("two numbers or two texts can be compared, but one side is", value)
    if left is None or right is None:
        return False
    if isinstance(left, str) is not isinstance(right, str):
        raise Stop("wrong_type", "two numbers or two texts can be compared, but one side is a number and one is text")
    return True


def is_among(value: object, items: list[object]) -> bool:
    """Whether one of the items is the same as the value; never, when the value is nothing."""
    return value is not None and any(equal(value, item) for item in items)


def is_blank(value: object) -> bool:
    """Whether the value is nothing, or text of white space only."""
    return value is None or (isinstance(value, str) and not value.strip())


def type_name(value: object) -> str:
    """The word of the language for what a value is."""
    return "missing" if value is MISSING else _TYPE_NAMES[kind_of(value)]


NAMESPACE: Final = MappingProxyType(
    {
        # Without this key Python would add all of its builtins.
        "__builtins__": {},
        **{name.__name__: name for name in (type, bool, int, float, str, list, dict, len, max, enumerate)},
        **{
            helper.__name__: helper
            for helper in (
                Stop,
                RecursionError,
                wrong_type,
                not_there,
                refuse,
                too_deep,
                element,
                member,
                equal,
                is_less,
                is_less_or_equal,
                is_among,
                is_blank,
                type_name,
                add,
                subtract,
                multiply,
                divide,
                negate,
                from_unix_ms,
                sort_by,
            )
        },
        **{f"fn_{name}": function.run for name, function in CATALOG.items() if function.run is not None},
        "MISSING": MISSING,
        "NO_KEYS": {},
        "NO_ITEMS": [None],
        "WHEN_IS_FALSE": WHEN_IS_FALSE,
    }
)
