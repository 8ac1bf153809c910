"""Regular expressions of JSON Schema (ECMA-262), read into a tree where they are regular in the strict sense."""

from __future__ import annotations

from typing import NoReturn

import msgspec

from paceline.contracts.patterns.charsets import CharSet, char_set, complement

most_repeats = 2_000
"""The highest count that `{m,n}` may name here; beyond it the automaton would get too large."""


class IrregularError(Exception):
    """The pattern uses something that finite automata cannot express, or that engines read differently."""


class Chars(msgspec.Struct, frozen=True, tag=True):
    """One character out of a set."""

    chars: CharSet


class Sequence(msgspec.Struct, frozen=True, tag=True):
    """Parts one after the other; none at all is the empty text."""

    parts: tuple[Expression, ...]


class Choice(msgspec.Struct, frozen=True, tag=True):
    """Any one of the parts."""

    parts: tuple[Expression, ...]


class Repeat(msgspec.Struct, frozen=True, tag=True):
    """A part, at least `least` and at most `most` times (None: without end)."""

    part: Expression
    least: int
    most: int | None


class Start(msgspec.Struct, frozen=True, tag=True):
    """`^`: only at the start of the text."""


class End(msgspec.Struct, frozen=True, tag=True):
    """`$`: only at the end of the text."""


Expression = Chars | Sequence | Choice | Repeat | Start | End

_DIGITS = char_set([(0x30, 0x39)])
_WORD = char_set([(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)])
_SPACES = [
    (0x9, 0xD),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
]
_SPACE = char_set([*_SPACES, (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)])
_CLASSES = {
    "d": _DIGITS,
    "D": complement(_DIGITS),
    "w": _WORD,
    "W": complement(_WORD),
    "s": _SPACE,
    "S": complement(_SPACE),
}
# ECMA-262 also leaves \r, U+2028 and U+2029 out of `.`; the engine that validates leaves out only the line feed.
_ANY = complement(char_set([(0xA, 0xA)]))
_CONTROLS = {"t": 0x9, "n": 0xA, "v": 0xB, "f": 0xC, "r": 0xD}
_SYNTAX = frozenset("^$\\.*+?()[]{}|/")


def parse(pattern: str) -> Expression:
    """Read a pattern. Raises IrregularError for look-around, back references, `\\b`, `\\p{…}`, flags and odd forms."""
    reader = _Reader(pattern)
    expression = reader.choice()
    if not reader.is_at_end:
        reader.refuse("an unbalanced bracket")
    return expression


class _Reader:
    """Recursive descent over one pattern."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._text)

    def refuse(self, what: str) -> NoReturn:
        raise IrregularError(f"{what} at column {self._at + 1}")

    def choice(self) -> Expression:
        self._depth += 1
        if self._depth > 50:
            self.refuse("groups nested deeper than 50")
        parts = [self._sequence()]
        while self._takes("|"):
            parts.append(self._sequence())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _peek(self, length: int = 1) -> str:
        return self._text[self._at : self._at + length]

    def _takes(self, wanted: str) -> bool:
        if self._text.startswith(wanted, self._at):
            self._at += len(wanted)
            return True
        return False

    def _sequence(self) -> Expression:
        parts: list[Expression] = []
        while not self.is_at_end and self._peek() not in "|)":
            parts.append(self._repeated())
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self) -> Expression:
        part = self._atom()
        bounds = self._bounds()
        if bounds is None:
            return part
        self._takes("?")  # Lazy or greedy matters for what is captured, not for what matches.
        if self._peek() in ("*", "+", "?", "{"):
            self.refuse("a repetition of a repetition")
        return Repeat(part, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        match self._peek():
            case "*":
                self._at += 1
                return 0, None
            case "+":
                self._at += 1
                return 1, None
            case "?":
                self._at += 1
                return 0, 1
            case "{":
                return self._counted()
        return None

    def _counted(self) -> tuple[int, int | None]:
        self._at += 1
        least = self._number()
        most: int | None = least
        if self._takes(","):
            most = None if self._peek() == "}" else self._number()
        if not self._takes("}") or max(least, most or 0) > most_repeats or (most is not None and most < least):
            self.refuse("a repetition out of bounds")
        return least, most

    def _number(self) -> int:
        start = self._at
        while self._peek() in "0123456789" and self._peek():
            self._at += 1
        if start == self._at:
            self.refuse("a repetition without a number")
        return int(self._text[start : self._at])

    def _atom(self) -> Expression:
        character = self._peek()
        match character:
            case "(":
                return self._group()
            case "[":
                return Chars(self._set())
            case "\\":
                return Chars(self._escape())
            case ".":
                self._at += 1
                return Chars(_ANY)
            case "^":
                self._at += 1
                return Start()
            case "$":
                self._at += 1
                return End()
            case "*" | "+" | "?" | "{" | "}" | "]":
                self.refuse("a character of the syntax without its backslash")
        self._at += 1
        return Chars(((ord(character), ord(character)),))

    def _group(self) -> Expression:
        self._at += 1
        if self._takes("?"):
            if self._takes("<") and self._peek() not in ("=", "!"):
                end = self._text.find(">", self._at)
                if end < 0:
                    self.refuse("a group name without its end")
                self._at = end + 1
            elif not self._takes(":"):
                self.refuse("look-around or a flag")
        inside = self.choice()
        if not self._takes(")"):
            self.refuse("a group without its end")
        return inside

    def _escape(self) -> CharSet:
        self._at += 1
        letter = self._peek()
        self._at += 1
        if letter in _CLASSES:
            return _CLASSES[letter]
        if letter in _CONTROLS:
            code = _CONTROLS[letter]
        elif letter == "c" and self._peek().isascii() and self._peek().isalpha():
            code = ord(self._peek()) % 32
            self._at += 1
        elif letter == "x":
            code = self._hexadecimal(2)
        elif letter == "u":
            code = self._hexadecimal(4)
        elif letter and (letter in _SYNTAX or letter in "-_ #&~@!%,:;<=>'\"`"):
            code = ord(letter)
        else:
            self.refuse(f"the escape \\{letter}")
        if 0xD800 <= code <= 0xDFFF:
            self.refuse("half of a surrogate pair")
        return ((code, code),)

    def _hexadecimal(self, digits: int) -> int:
        text = self._peek(digits)
        if len(text) != digits or any(digit not in "0123456789abcdefABCDEF" for digit in text):
            self.refuse("an escape without its digits")
        self._at += digits
        return int(text, 16)

    def _set(self) -> CharSet:
        self._at += 1
        negative = self._takes("^")
        ranges: list[tuple[int, int]] = []
        if self._peek() == "]":
            self.refuse("an empty set")
        while not self._takes("]"):
            if self.is_at_end:
                self.refuse("a set without its end")
            low = self._member()
            if self._peek() == "-" and self._peek(2) not in ("-]", "-"):
                self._at += 1
                high = self._member()
                if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][0] < low[0][0]:
                    self.refuse("a range without two ends")
                ranges.append((low[0][0], high[0][0]))
            else:
                ranges.extend(low)
        chars = char_set(ranges)
        return complement(chars) if negative else chars

    def _member(self) -> CharSet:
        character = self._peek()
        # Some engines give set operations to these; what they mean depends on who reads them.
        if character == "[" or self._peek(2) in ("&&", "--", "~~"):
            self.refuse("an operation on sets")
        if character == "\\":
            return self._escape()
        self._at += 1
        return ((ord(character), ord(character)),)
