"""Bounds on what a mapping can build, so that a short expression cannot fill the memory from a small event."""

from __future__ import annotations

import math
from typing import Final

from paceline.mapping.refusals import Stop

MAX_TEXT_CHARACTERS: Final = 1_000_000
MAX_ITEMS: Final = 100_000
MAX_WHOLE_NUMBER: Final = 2**53


def bounded_text(text: str) -> str:
    if len(text) > MAX_TEXT_CHARACTERS:
        raise Stop("out_of_range", f"the mapping built a text of more than {MAX_TEXT_CHARACTERS} characters")
    return text


def bounded_join(separator: str, parts: list[str]) -> str:
    """The parts joined; the length is known to be good before anything is built."""
    if sum(map(len, parts)) + len(separator) * len(parts) > MAX_TEXT_CHARACTERS:
        raise Stop("out_of_range", f"the mapping built a text of more than {MAX_TEXT_CHARACTERS} characters")
    return separator.join(parts)


def bounded_list(items: list[object]) -> list[object]:
    if len(items) > MAX_ITEMS:
        raise Stop("out_of_range", f"the mapping built a list of more than {MAX_ITEMS} items")
    return items


def bounded_number(value: int | float) -> int | float:
    """The number, when every JSON reader gets exactly it: a finite fraction or a whole number up to 2^53."""
    if type(value) is int:
        if -MAX_WHOLE_NUMBER <= value <= MAX_WHOLE_NUMBER:
            return value
        raise Stop("out_of_range", "a whole number beyond 2^53, which other systems round")
    if math.isfinite(value):
        return value
    raise Stop("out_of_range", "a number that JSON cannot write")
