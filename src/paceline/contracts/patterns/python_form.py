"""Writes a pattern for Python's `re`, where that is safe: the same texts, and never more than one step a character."""

from __future__ import annotations

from typing import assert_never

from paceline.contracts.patterns.automata import TooLargeError, automaton
from paceline.contracts.patterns.expressions import (
    Chars,
    Choice,
    End,
    Expression,
    IrregularError,
    Repeat,
    Start,
    parse,
)
from paceline.contracts.patterns.expressions import Sequence as Then


def python_form(pattern: str) -> str | None:
    """The pattern for `re.search`, or None where Python could read it differently or take more than linear time.

    In Python `\\d` and `\\w` take digits and letters of all scripts, and `$` accepts a line feed behind it. Hence
    classes are written out as ranges of code points, and anchors as `\\A` and `\\Z`. A backtracking engine is linear
    when the pattern is tied to the start and each character leaves only one way to go on.

    >>> python_form("^[A-Z]{3}$")
    '\\\\A[A-Z]{3}\\\\Z'
    """
    try:
        if not automaton(pattern).is_deterministic():
            return None
        return _written(parse(pattern))
    except (IrregularError, TooLargeError):
        return None


def _written(expression: Expression) -> str:
    match expression:
        case Chars(chars):
            return f"[{''.join(map(_range, chars))}]" if chars else "(?!)"
        case Then(parts):
            return "".join(_written(part) for part in parts)
        case Choice(parts):
            return "(?:" + "|".join(_written(part) for part in parts) + ")"
        case Repeat():
            inner = _written(expression.part)
            if not isinstance(expression.part, Chars):
                inner = f"(?:{inner})"
            most = "" if expression.most is None else expression.most
            counts = expression.least if expression.least == most else f"{expression.least},{most}"
            return f"{inner}{{{counts}}}"
        case Start():
            return r"\A"
        case End():
            return r"\Z"
        case _:
            assert_never(expression)


def _range(ends: tuple[int, int]) -> str:
    low, high = ends
    return _character(low) if low == high else f"{_character(low)}-{_character(high)}"


def _character(code: int) -> str:
    character = chr(code)
    return character if character.isascii() and character.isalnum() else f"\\U{code:08x}"
