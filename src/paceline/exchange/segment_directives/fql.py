r"""Segment's Filter Query Language: which events a destination's trigger lets through.

The language: https://segment.com/docs/api/public-api/fql/ (read 2026-11-23).

    or := and ("or" and)*        and := not ("and" not)*        not := "!" not | comparison
    comparison := operand [("=" | "!=" | ">" | ">=" | "<" | "<=" | "in") operand]
    operand := "(" or ")" | literal | "[" literals "]" | function "(" operands ")" | path
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

from paceline.errors import UsageError

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<number>-?[0-9]+(?:\.[0-9]+)?(?![\w.-]))"""
    r"""|(?P<operator>!=|>=|<=|[=><!(),\[\]])|(?P<word>(?:[A-Za-z0-9_\-.$]|\\.)+))"""
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_KEYWORDS: Final[Mapping[str, object]] = {"true": True, "false": False, "null": None}
_COMPARATORS: Final = frozenset({"=", "!=", ">", ">=", "<", "<=", "in"})
MAX_DEPTH: Final = 30


class Field(msgspec.Struct, frozen=True):
    """A path of the event."""

    keys: tuple[str, ...]


class Value(msgspec.Struct, frozen=True):
    """A literal: text, a number, a boolean, null or a list of them."""

    value: object


class Function(msgspec.Struct, frozen=True):
    """`contains(path, "x")` and the like."""

    name: str
    arguments: tuple[Filter, ...]


class Comparison(msgspec.Struct, frozen=True):
    """`a = b`; the operator as FQL writes it."""

    operator: str
    left: Filter
    right: Filter


class Negation(msgspec.Struct, frozen=True):
    """`!a`."""

    operand: Filter


class Junction(msgspec.Struct, frozen=True):
    """`a and b`, `a or b`."""

    operator: str
    operands: tuple[Filter, ...]


Filter: TypeAlias = Field | Value | Function | Comparison | Negation | Junction


def parse_fql(text: str) -> Filter:
    """A trigger as a tree. Raises UsageError with the column of what is wrong.

    >>> parse_fql('type = "track"')
    Comparison(operator='=', left=Field(keys=('type',)), right=Value(value='track'))
    """
    return _Parser(text).parsed()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str, int]] = []
        self._position = 0
        self._depth = 0
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise self._error("a character that FQL does not know", at)
            self._tokens.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
            at = match.end()

    def parsed(self) -> Filter:
        tree = self._junction("or")
        if self._position < len(self._tokens):
            raise self._error("more than one condition without `and` or `or`", self._tokens[self._position][2])
        return tree

    def _junction(self, operator: str) -> Filter:
        operands = [self._junction("and") if operator == "or" else self._negation()]
        while self._takes(operator):
            operands.append(self._junction("and") if operator == "or" else self._negation())
        return operands[0] if len(operands) == 1 else Junction(operator, tuple(operands))

    def _negation(self) -> Filter:
        if self._depth == MAX_DEPTH:
            raise self._error(f"nested more than {MAX_DEPTH} deep", 0)
        self._depth += 1
        try:
            return Negation(self._negation()) if self._takes("!") else self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Filter:
        left = self._operand()
        found = self._peek()
        if found in _COMPARATORS:
            self._position += 1
            return Comparison(found, left, self._operand())
        return left

    def _operand(self) -> Filter:
        if self._position == len(self._tokens):
            raise self._error("the condition ends too early", len(self._text))
        kind, text, at = self._tokens[self._position]
        self._position += 1
        match kind:
            case "text":
                return Value(_ESCAPE.sub(r"\1", text[1:-1]))
            case "number":
                return Value(float(text) if "." in text else int(text))
            case "word" if text.lower() in _KEYWORDS:
                return Value(_KEYWORDS[text.lower()])
            case "word" if self._takes("("):
                return Function(text, tuple(self._until(")")))
            case "word":
                return Field(_keys(text))
            case _ if text == "(":
                inner = self._junction("or")
                self._expect(")")
                return inner
            case _ if text == "[":
                return Value([_literal(item) for item in self._until("]")])
            case _:
                raise self._error(f"{text!r} is not expected here", at)

    def _until(self, end: str) -> list[Filter]:
        items: list[Filter] = []
        while not self._takes(end):
            if items:
                self._expect(",")
            items.append(self._junction("or"))
        return items

    def _peek(self) -> str:
        return self._tokens[self._position][1] if self._position < len(self._tokens) else ""

    def _takes(self, text: str) -> bool:
        is_there = self._peek() == text and self._tokens[self._position][0] != "text"
        self._position += is_there
        return is_there

    def _expect(self, text: str) -> None:
        if not self._takes(text):
            at = self._tokens[self._position][2] if self._position < len(self._tokens) else len(self._text)
            raise self._error(f"{text!r} is missing", at)

    def _error(self, what: str, at: int) -> UsageError:
        return UsageError(what, where=f"column {at + 1} of {self._text!r}")


def _keys(path: str) -> tuple[str, ...]:
    """The keys of a path; a backslash before a character makes it part of a key."""
    keys = re.split(r"(?<!\\)\.", path)
    return tuple(_ESCAPE.sub(r"\1", key) for key in keys if key)


def _literal(item: Filter) -> object:
    if not isinstance(item, Value):
        raise UsageError("a list in FQL holds literals only")
    return item.value
