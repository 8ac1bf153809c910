"""Mapping expressions as they are written: text, with what must be known to write more around it.

The mapping language itself is another layer's; here is only how its text is put together: what needs parentheses, and
which kinds of values a text can give, because an expression that can never hold is a fault at load.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from enum import IntEnum, IntFlag
from typing import Final

import msgspec

_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)
_MAX_INDEX: Final = 999_999


class Kind(IntFlag):
    """What an expression can give. A path can give ANYTHING."""

    MISSING = 1
    NULL = 2
    BOOLEAN = 4
    NUMBER = 8
    TEXT = 16
    LIST = 32
    OBJECT = 64
    NOTHING = MISSING | NULL
    SCALAR = BOOLEAN | NUMBER | TEXT
    ANYTHING = 127


class Grip(IntEnum):
    """How tightly an expression holds together; a looser one needs parentheses inside of a tighter one."""

    CHOICE = 0
    OR = 1
    AND = 2
    NOT = 3
    COMPARISON = 4
    PIPE = 5
    ATOM = 9


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One expression as text.

    `constant` is its value when that is known (`is_constant`). `entries` are the fields of an object that is written
    out; `listed` is the list that this one is made from, and `each` what an item of it becomes, with `$` for the item;
    so a file can lay them out as fields of their own.
    """

    text: str
    kinds: Kind = Kind.ANYTHING
    grip: Grip = Grip.ATOM
    is_constant: bool = False
    constant: object = None
    entries: Mapping[str, Written] | None = None
    listed: str = ""
    each: Written | None = None

    @property
    def is_never_there(self) -> bool:
        """Whether it is missing, whatever the event."""
        return self.kinds == Kind.MISSING

    @property
    def may_be_nothing(self) -> bool:
        return bool(self.kinds & Kind.NOTHING)

    def held(self, at_least: Grip) -> str:
        """The text, in parentheses where something that binds more tightly stands around it."""
        return self.text if self.grip >= at_least else f"({self.text})"


EVENT: Final = Written(text="$", kinds=Kind.OBJECT)
ITEM: Final = Written(text="@")
EACH_ITEM: Final = Written(text="$")
MISSING: Final = Written(text="missing()", kinds=Kind.MISSING)


def constant(value: object) -> Written:
    """A JSON value that is written down."""
    match value:
        case dict():
            return object_of({str(key): constant(item) for key, item in value.items()})
        case list():
            return list_of([constant(item) for item in value])
        case _:
            return Written(
                text=json.dumps(value, ensure_ascii=False), kinds=kind_of(value), is_constant=True, constant=value
            )


def kind_of(value: object) -> Kind:
    """The kind of a JSON value."""
    match value:
        case None:
            return Kind.NULL
        case bool():
            return Kind.BOOLEAN
        case int() | float():
            return Kind.NUMBER
        case str():
            return Kind.TEXT
        case list():
            return Kind.LIST
        case _:
            return Kind.OBJECT


def object_of(entries: Mapping[str, Written]) -> Written:
    """`{key: value}`; what is never there is left out."""
    there = {key: entry for key, entry in entries.items() if not entry.is_never_there}
    inside = ", ".join(f"{_key(key)}: {entry.text}" for key, entry in there.items())
    is_constant = all(entry.is_constant for entry in there.values())
    return Written(
        text="{" + inside + "}",
        kinds=Kind.OBJECT,
        is_constant=is_constant,
        constant={key: entry.constant for key, entry in there.items()} if is_constant else None,
        entries=there,
    )


def list_of(items: Iterable[Written]) -> Written:
    """`[a, b]`; an item that may be missing keeps its place as null."""
    filled = [fallback(item, constant(None)) if item.kinds & Kind.MISSING else item for item in items]
    is_constant = all(item.is_constant for item in filled)
    return Written(
        text="[" + ", ".join(item.text for item in filled) + "]",
        kinds=Kind.LIST,
        is_constant=is_constant,
        constant=[item.constant for item in filled] if is_constant else None,
    )


def step(value: Written, key: str) -> Written:
    """The value under a key; a whole number is a position where the value is no object."""
    if value.entries is not None:
        return value.entries.get(key, MISSING)
    if not value.kinds & (Kind.OBJECT | Kind.LIST):
        return MISSING
    is_position = key.isdecimal() and key.isascii() and str(int(key)) == key and int(key) <= _MAX_INDEX
    if is_position and value.kinds & Kind.LIST:
        return Written(text=f"{value.held(Grip.ATOM)}[{key}]")
    if not value.kinds & Kind.OBJECT:
        return MISSING
    return Written(text=f"{value.held(Grip.ATOM)}.{_key(key)}")


def call(name: str, *arguments: Written, gives: Kind) -> Written:
    """`name(a, b)`; it is missing where an argument is."""
    missing = Kind.MISSING if any(argument.may_be_nothing for argument in arguments) else Kind(0)
    return Written(text=f"{name}({', '.join(argument.text for argument in arguments)})", kinds=gives | missing)


def piped(value: Written, name: str, *rest: Written, gives: Kind) -> Written:
    """`value | name(rest)`; it is missing where an argument is."""
    others = f"({', '.join(argument.text for argument in rest)})" if rest else ""
    missing = Kind.MISSING if any(argument.may_be_nothing for argument in (value, *rest)) else Kind(0)
    return Written(text=f"{value.held(Grip.PIPE)} | {name}{others}", grip=Grip.PIPE, kinds=gives | missing)


def attempt(value: Written) -> Written:
    """`try(value)`: missing where it would refuse the event."""
    return Written(text=f"try({value.text})", kinds=value.kinds | Kind.MISSING)


def fallback(value: Written, other: Written) -> Written:
    """`value ?? other`, or the one of them that always counts."""
    if not value.may_be_nothing:
        return value
    if value.kinds & ~Kind.NOTHING == 0:
        return other
    if other.is_never_there and not value.kinds & Kind.NULL:
        return value
    # `a ?? (b ?? c)` is the same as `a ?? b ?? c`.
    is_chain = other.grip == Grip.PIPE and " | " not in other.text
    text = other.text if is_chain else other.held(Grip.ATOM)
    return Written(
        text=f"{value.held(Grip.PIPE)} ?? {text}",
        grip=Grip.PIPE,
        kinds=(value.kinds & ~Kind.NOTHING) | other.kinds,
    )


def exists(value: Written) -> Written:
    """`exists(value)`, or the constant that it comes to."""
    if not value.may_be_nothing:
        return constant(True)
    if value.kinds & ~Kind.NOTHING == 0:
        return constant(False)
    return call("exists", value, gives=Kind.BOOLEAN)


def negated(condition: Written) -> Written:
    """`not condition`."""
    if condition.is_constant:
        return constant(condition.constant is not True)
    return Written(text=f"not {condition.held(Grip.NOT)}", grip=Grip.NOT, kinds=Kind.BOOLEAN)


def joined(operator: str, conditions: Iterable[Written]) -> Written:
    """`a and b`, `a or b`, without the parts that are constant."""
    deciding = operator == "or"
    parts: list[Written] = []
    for condition in conditions:
        if not condition.is_constant:
            parts.append(condition)
        elif condition.constant is deciding:
            return condition
    if len(parts) < 2:
        return parts[0] if parts else constant(not deciding)
    inner = Grip.AND if deciding else Grip.NOT
    text = f" {operator} ".join(part.held(inner) for part in parts)
    return Written(text=text, grip=Grip.OR if deciding else Grip.AND, kinds=Kind.BOOLEAN)


def comparison(left: Written, operator: str, right: Written) -> Written:
    """`left == right` and the like."""
    text = f"{left.held(Grip.PIPE)} {operator} {right.held(Grip.PIPE)}"
    return Written(text=text, grip=Grip.COMPARISON, kinds=Kind.BOOLEAN)


def choice(condition: Written, then: Written, otherwise: Written) -> Written:
    """`if condition then a else b`, in the shortest way that says the same."""
    if condition.is_constant:
        return then if condition.constant is True else otherwise
    if condition.text == f"exists({then.text})":
        return fallback(then, otherwise)
    if then.is_never_there:
        if otherwise.is_never_there:
            return MISSING
        condition, then, otherwise = negated(condition), otherwise, then
    tail = "" if otherwise.is_never_there else f" else {otherwise.text}"
    return Written(
        text=f"if {condition.text} then {then.held(Grip.OR)}{tail}",
        grip=Grip.CHOICE,
        kinds=then.kinds | otherwise.kinds,
    )


def _key(name: str) -> str:
    return name if _PLAIN_NAME.match(name) else json.dumps(name, ensure_ascii=False)
