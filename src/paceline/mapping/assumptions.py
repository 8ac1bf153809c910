"""What a condition proves where it holds: the places that must be there, and not null, and what else holds then."""

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
    Fallback,
    Index,
    Key,
    Literal,
    Logic,
    Not,
    Path,
    Root,
    Within,
    children,
    show,
)
from paceline.mapping.functions.catalog import CATALOG

Place: TypeAlias = tuple[str | int, ...]
Bases: TypeAlias = Mapping[Root, Place]
Fact: TypeAlias = tuple[str, tuple[tuple[Root, Place], ...]]
"""A condition that holds, as text, with what the roots in it stand for."""
MAX_WAYS: Final = 8
_TESTS: Final = frozenset({"exists", "is_blank"})
"""Functions that are always true or false."""


def alternatives(condition: Expression) -> list[Expression]:
    """The ways in which a condition can hold, each with `and` only: `a or b` holds by `a` or by `b`.

    A condition with too many ways is its only one.
    """
    ways = _ways(plain(condition))
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
        case Call(function="exists", arguments=(inner,)) | Not(operand=Call(function="is_blank", arguments=(inner,))):
            return [
                Logic(operator="and", operands=(condition, Call(function="exists", arguments=(one,))))
                for one in _operands(inner)
            ] or [condition]
        case _:
            return [condition]


def _operands(node: Expression) -> tuple[Expression, ...]:
    match node:
        case Fallback(operands=operands) | Call(function="coalesce" | "default", arguments=operands):
            return operands
        case _:
            return ()


def plain(condition: Expression) -> Expression:
    """The same condition with each `not` as far inside as it goes: `not (a and b)` is `not a or not b`."""
    match condition:
        case Not(operand=Not(operand=inner)):
            return plain(inner)
        case Not(operand=Logic(operator=operator, operands=operands, column=column)):
            denied = tuple(plain(Not(operand=operand, column=operand.column)) for operand in operands)
            return Logic(operator="or" if operator == "and" else "and", operands=denied, column=column)
        case Logic(operator=operator, operands=operands, column=column):
            return Logic(operator=operator, operands=tuple(map(plain, operands)), column=column)
        case Compare(
            operator="==" | "!=" as operator, left=Call(function=name) as left, right=Literal(value=bool(value))
        ):
            if name not in _TESTS:
                return condition
            return left if value is (operator == "==") else Not(operand=left, column=condition.column)
        case _:
            return condition


def facts_of(condition: Expression, bases: Bases) -> frozenset[Fact]:
    """What holds where a condition holds: each of its parts that are joined with `and`."""
    held = plain(condition)
    if isinstance(held, Logic) and held.operator == "and":
        return frozenset().union(*(facts_of(operand, bases) for operand in held.operands))
    fact = _fact(held, bases)
    return frozenset() if fact is None else frozenset({fact})


def verdict(condition: Expression, facts: frozenset[Fact], bases: Bases) -> bool | None:
    """Whether a condition holds by what is known to hold; None when that says nothing about it."""
    held = plain(condition)
    if isinstance(held, Logic):
        verdicts = [verdict(operand, facts, bases) for operand in held.operands]
        deciding = held.operator == "or"
        if deciding in verdicts:
            return deciding
        return None if None in verdicts else not deciding
    if _fact(held, bases) in facts:
        return True
    return False if _fact(plain(Not(operand=held)), bases) in facts else None


def _fact(condition: Expression, bases: Bases) -> Fact | None:
    """None for what is not the same wherever it stands, because it asks for its position in a loop."""
    roots: set[Root] = set()
    waiting: list[Expression] = [condition]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call) and node.function == "index":
            return None
        if isinstance(node, Path):
            roots.add(node.root)
        waiting += children(node)
    return show(condition), tuple((root, bases[root]) for root in sorted(roots & bases.keys()))


def proved_by(condition: Expression, bases: Bases) -> frozenset[Place]:
    """The places that are there wherever the condition holds, with all places on the way to them."""
    match plain(condition):
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


def filled_by(condition: Expression, bases: Bases) -> frozenset[Place]:
    """The places where there is no blank text wherever the condition holds."""
    match plain(condition):
        case Logic(operator="and", operands=operands):
            return frozenset().union(*(filled_by(operand, bases) for operand in operands))
        case Not(operand=Call(function="is_blank", arguments=(Path(steps=steps) as path,))):
            place = place_of(path, bases)
            return (
                frozenset({place})
                if place is not None and len(place) - len(bases[path.root]) == len(steps)
                else frozenset()
            )
        case _:
            return frozenset()


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
