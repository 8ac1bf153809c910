"""Functions that let a value pass as it is or refuse the event: the vendor's limits, said in the mapping.

They make known to the type check what the contract leaves unsaid.
"""

from __future__ import annotations

from typing import Final

from paceline.mapping.functions.definition import NUMBER_VALUE, SCALAR_VALUE, Example, Function, Parameter, Refused
from paceline.mapping.functions.equality import equal
from paceline.mapping.kinds import INTEGER, LIST, NUMBER, SCALAR, TEXT
from paceline.mapping.refusals import Stop


def max_length(value: str | list[object], count: int) -> str | list[object]:
    if len(value) > count:
        raise Stop("out_of_range", f"a text or list of at most {count} is needed, but this one is longer")
    return value


def min_length(value: str | list[object], count: int) -> str | list[object]:
    if len(value) < count:
        raise Stop("out_of_range", f"a text or list of at least {count} is needed, but this one is shorter")
    return value


def between(number: int | float, low: int | float, high: int | float) -> int | float:
    if low <= number <= high:
        return number
    raise Stop("out_of_range", f"a number from {low} to {high} is needed, but this one is not")


def one_of(value: object, *choices: object) -> object:
    if any(equal(value, choice) for choice in choices):
        return value
    raise Stop("wrong_type", "a value is none of those that one_of lets pass")


def _count_problem(value: object) -> str:
    return "" if type(value) is int and value >= 0 else "a length is a whole number from 0 on"


_TEXT_OR_LIST: Final = Parameter(name="text_or_list", kinds=TEXT | LIST)
_COUNT: Final = Parameter(name="count", kinds=INTEGER, is_literal=True, problem=_count_problem)
_LIMIT: Final = Parameter(name="low", kinds=NUMBER, is_literal=True)

FUNCTIONS: Final = (
    Function(
        name="max_length",
        group="Limits",
        summary="The text or list as it is; the event is refused when it has more characters or items.",
        parameters=(_TEXT_OR_LIST, _COUNT),
        result=TEXT | LIST,
        keeps_kind=True,
        wrong="more than `count` refuses the event",
        run=max_length,
        examples=(
            Example("$.userId | max_length(10)", "u1", {"userId": "u1"}),
            Example('"abcdef" | max_length(3)', Refused("out_of_range")),
        ),
    ),
    Function(
        name="min_length",
        group="Limits",
        summary="The text or list as it is; the event is refused when it has fewer characters or items.",
        parameters=(_TEXT_OR_LIST, _COUNT),
        result=TEXT | LIST,
        keeps_kind=True,
        wrong="fewer than `count` refuses the event",
        run=min_length,
        examples=(
            Example("$.userId | min_length(1)", "u1", {"userId": "u1"}),
            Example("$.userId | min_length(1)", Refused("out_of_range"), {"userId": ""}),
        ),
    ),
    Function(
        name="between",
        group="Limits",
        summary="The number as it is; the event is refused when it is smaller than `low` or greater than `high`.",
        parameters=(NUMBER_VALUE, _LIMIT, Parameter(name="high", kinds=NUMBER, is_literal=True)),
        result=NUMBER,
        keeps_kind=True,
        wrong="a number outside of the limits refuses the event",
        run=between,
        examples=(
            Example("$.rating | between(1, 5)", 4, {"rating": 4}),
            Example("7 | between(1, 5)", Refused("out_of_range")),
        ),
    ),
    Function(
        name="one_of",
        group="Limits",
        summary="The value as it is; the event is refused when it is none of these.",
        parameters=(
            SCALAR_VALUE,
            Parameter(name="choice", kinds=SCALAR, is_literal=True),
            Parameter(name="others", kinds=SCALAR, is_literal=True, is_repeated=True),
        ),
        result=SCALAR,
        keeps_kind=True,
        wrong="any other value refuses the event",
        run=one_of,
        examples=(
            Example('$.plan | one_of("free", "plus")', "plus", {"plan": "plus"}),
            Example('$.plan | one_of("free", "plus")', Refused("wrong_type"), {"plan": "gold"}),
        ),
    ),
)
