"""A trigger as what a mapping takes: its `from`, and the rest as its `when`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, assert_never

import msgspec

from paceline.exchange.segment_directives.directives import NotCarriedError
from paceline.exchange.segment_directives.fql import (
    Comparison,
    Field,
    Filter,
    Function,
    Junction,
    Negation,
    Value,
)
from paceline.exchange.segment_directives.paths import path_of
from paceline.exchange.segment_directives.writing import (
    Grip,
    Kind,
    Written,
    call,
    comparison,
    constant,
    exists,
    fallback,
    joined,
    negated,
    piped,
)
from paceline.model.event import EventType
from paceline.model.mapping import EVERY_EVENT, MappingFrom

_TYPES: Final = {"string": "text", "number": "number", "list": "list", "bool": "boolean"}
_GLOB_BEYOND_STARS: Final = frozenset("?[\\")


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """One mapping's worth of a trigger. `when` is empty where every such event is taken."""

    source: MappingFrom
    when: str = ""


def taken_events(trigger: Filter) -> list[Taken]:
    """What a trigger takes, one for each call and, where it names them, for each event.

    Raises NotCarriedError for a condition that no expression says.
    """
    taken: list[Taken] = []
    for call_type in EventType:
        if _decided(trigger, call_type, None) is False:
            continue
        if call_type is not EventType.TRACK:
            taken.append(Taken(source=MappingFrom(type=call_type), when=_when(trigger, call_type, None)))
            continue
        names = list(dict.fromkeys(_event_names(trigger)))
        if names and _decided(trigger, call_type, _OTHER) is False:
            taken += [
                Taken(source=MappingFrom(event=name), when=_when(trigger, call_type, name))
                for name in names
                if _decided(trigger, call_type, name) is not False
            ]
        else:
            taken.append(Taken(source=MappingFrom(event=EVERY_EVENT), when=_when(trigger, call_type, None)))
    return taken


_OTHER: Final = ""
"""The name of an event that the trigger does not name."""


def _event_names(tree: Filter) -> Iterator[str]:
    match tree:
        case Comparison(operator="=", left=Field(keys=("event",)), right=Value(value=str(name))):
            yield name
        case Comparison(operator="in", left=Field(keys=("event",)), right=Value(value=list(names))):
            yield from (name for name in names if isinstance(name, str))
        case Junction(operands=operands):
            for operand in operands:
                yield from _event_names(operand)
        case _:
            return


def _decided(tree: Filter, call_type: EventType, event: str | None) -> bool | None:
    """Whether the condition holds for a call of this type (and event), as far as these decide; None otherwise."""
    match tree:
        case Value(value=bool(value)):
            return value
        case Comparison(left=Field(keys=("type",))):
            return _compared(tree, call_type.value)
        case Comparison(left=Field(keys=("event",))) if event is not None:
            return _compared(tree, event)
        case Negation(operand=operand):
            found = _decided(operand, call_type, event)
            return None if found is None else not found
        case Junction(operator=operator, operands=operands):
            found_all = [_decided(operand, call_type, event) for operand in operands]
            deciding = operator == "or"
            if deciding in found_all:
                return deciding
            return None if None in found_all else not deciding
        case _:
            return None


def _compared(tree: Comparison, known: str) -> bool | None:
    match tree.operator, tree.right:
        case "=", Value(value=value):
            return known == value
        case "!=", Value(value=value):
            return known != value
        case "in", Value(value=list(values)):
            return known in values
        case _:
            return None


def _when(trigger: Filter, call_type: EventType, event: str | None) -> str:
    written = _condition(trigger, call_type, event)
    return "" if written.is_constant and written.constant is True else written.text


def _condition(tree: Filter, call_type: EventType, event: str | None) -> Written:
    decided = _decided(tree, call_type, event)
    if decided is not None:
        return constant(decided)
    match tree:
        case Junction(operator=operator, operands=operands):
            return joined(operator, [_condition(operand, call_type, event) for operand in operands])
        case Negation(operand=operand):
            return negated(_condition(operand, call_type, event))
        case Comparison():
            return _comparison(tree)
        case Function():
            return _function(tree)
        case Field():
            return comparison(_value(tree), "==", constant(True))
        case Value():
            raise NotCarriedError("a value stands where a condition should")
        case _:
            assert_never(tree)


def _comparison(tree: Comparison) -> Written:
    match tree:
        case Comparison(
            operator=operator, left=Function(name="typeof", arguments=(inner,)), right=Value(value=str(kind))
        ):
            return _of_type(_value(inner), kind, operator)
        case Comparison(operator="=" | "!=" as operator, left=left, right=Value(value=None)):
            there = exists(_value(left))
            return there if operator == "!=" else negated(there)
        case Comparison(operator="in", left=Value(value=value), right=Field() as where):
            return piped(_value(where), "contains", constant(value), gives=Kind.BOOLEAN)
        case Comparison(operator=operator, left=left, right=right):
            return comparison(_value(left), {"=": "=="}.get(operator, operator), _value(right))


def _of_type(value: Written, kind: str, operator: str) -> Written:
    if kind == "null":
        there = exists(value)
        return there if operator == "!=" else negated(there)
    name = _TYPES.get(kind)
    if name is None or operator not in {"=", "!="}:
        raise NotCarriedError(f"typeof compared with {kind!r}")
    return comparison(call("type_of", value, gives=Kind.TEXT), "==" if operator == "=" else "!=", constant(name))


def _function(tree: Function) -> Written:
    match tree:
        case Function(name="contains", arguments=(text, Value(value=str(part)))):
            return piped(_value(text), "contains", constant(part), gives=Kind.BOOLEAN)
        case Function(name="match", arguments=(text, Value(value=str(pattern)))):
            if _GLOB_BEYOND_STARS & set(pattern):
                raise NotCarriedError(f"the pattern {pattern!r}: only * stands for other characters here")
            return piped(_value(text), "like", constant(pattern), gives=Kind.BOOLEAN)
        case Function(name="bool", arguments=(inner,)):
            return piped(_value(inner), "boolean", gives=Kind.BOOLEAN)
        case _:
            raise NotCarriedError(f"the function {tree.name} as a condition")


def _value(tree: Filter) -> Written:
    match tree:
        case Field(keys=keys):
            return path_of(keys)
        case Value(value=value):
            return constant(value)
        case Function(name="lowercase" | "uppercase" as name, arguments=(inner,)):
            return piped(_value(inner), "lower" if name == "lowercase" else "upper", gives=Kind.TEXT)
        case Function(name="length", arguments=(inner,)):
            length = fallback(piped(_value(inner), "length", gives=Kind.NUMBER), constant(0))
            return Written(text=length.held(Grip.ATOM), kinds=length.kinds)
        case Function(name="string" | "number" as name, arguments=(inner,)):
            return piped(_value(inner), name, gives=Kind.TEXT if name == "string" else Kind.NUMBER)
        case Function(name=name):
            raise NotCarriedError(f"the function {name}")
        case _:
            raise NotCarriedError("a condition compared with something")
