"""What a condition proves: the places that must be there, and not null, where it holds."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import prod
from typing import Final, TypeAlias

from paceline.mapping.expression import (
    Arithmetic,
    Call,
    Compare,
    Expression,
    Index,
    Key,
    Literal,
    Logic,
    Not,
    Path,
    Root,
    Within,
)
from paceline.mapping.functions.catalog import CATALOG

Place: TypeAlias = tuple[str | int, ...]
Bases: TypeAlias = Mapping[Root, Place]
MAX_WAYS: Final = 4


def alternatives(condition: Expression) -> list[Expression]:
    """The ways in which a condition can hold, each with `and` only: `a or b` holds by `a` or by `b`.

    A condition with too many ways is its only one.
    """
    ways = _ways(condition)
    return ways if len(ways) <= MAX_WAYS else [condition]


def _ways(condition: Expression) -> list[Expression]:
    match condition:
        case Logic(operator="or", operands=operands):
            return [way for operand in operands for way in alternatives(operand)]
        case Logic(operator="and", operands=operands):
            choices = [alternatives(operand) for operand in operands]
            if prod(map(len, choices)) > MAX_WAYS:
                return [condition]
            return [
                Logic(operator="and", operands=tuple(parts), column=condition.column) for parts in product(*choices)
            ]
        case _:
            return [condition]


def proved_by(condition: Expression, bases: Bases) -> frozenset[Place]:
    """The places that are there wherever the condition holds, with all places on the way to them."""
    match condition:
        case Logic(operator="and", operands=operands):
            return frozenset().union(*(proved_by(operand, bases) for operand in operands))
        case Logic(operands=(first, *others)):
            proved = proved_by(first, bases)
            for other in others:
                proved &= proved_by(other, bases)
            return proved
        case Compare(operator="==", left=left, right=right):
            return _equal_to(left, right, bases) | _equal_to(right, left, bases)
        case Compare(operator="<" | "<=" | ">" | ">=" | "in", left=left, right=right):
            return _there(left, bases) | _there(right, bases)
        case (
            Not(operand=Compare(operator="==", left=left, right=right)) | Compare(operator="!=", left=left, right=right)
        ):
            is_null = isinstance(right, Literal) and right.value is None
            return _there(left, bases) if is_null else frozenset()
        case Not(operand=Call(function="is_blank", arguments=(inner,))) | Call(function="exists", arguments=(inner,)):
            return _there(inner, bases)
        case Not():
            return frozenset()
        case _:
            return _there(condition, bases)


def _equal_to(side: Expression, other: Expression, bases: Bases) -> frozenset[Place]:
    is_something = isinstance(other, Literal) and other.value is not None
    return _there(side, bases) if is_something else frozenset()


def _there(node: Expression, bases: Bases) -> frozenset[Place]:
    """The places without which the expression would be missing or null."""
    match node:
        case Path():
            place = place_of(node, bases)
            return frozenset(place[:length] for length in range(len(place) + 1)) if place is not None else frozenset()
        case Call(function=name, arguments=arguments) if name in CATALOG and name != "switch":
            function = CATALOG[name]
            strict = [
                argument
                for position, argument in enumerate(arguments)
                if function.parameters and not function.parameter(position).takes_nothing
            ]
            return frozenset().union(*(_there(argument, bases) for argument in strict))
        case Arithmetic(left=left, right=right):
            return _there(left, bases) | _there(right, bases)
        case Within(operand=operand):
            return _there(operand, bases)
        case _:
            return frozenset()


def place_of(path: Path, bases: Bases) -> Place | None:
    """The place that a path leads to; for a path to many, the place of their list."""
    if path.root not in bases:
        return None
    steps: list[str | int] = []
    for step in path.steps:
        if not isinstance(step, Key | Index):
            break
        steps.append(step.name if isinstance(step, Key) else step.position)
    return (*bases[path.root], *steps)
