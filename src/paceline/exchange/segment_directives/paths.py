"""Segment's paths, such as `$.properties.products[0].name`, as steps of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from paceline.exchange.segment_directives.writing import (
    EVENT,
    Grip,
    Kind,
    Written,
    choice,
    comparison,
    constant,
    list_of,
    piped,
    step,
)

_KEYS: Final = re.compile(r"[^\[.\]]+")


def path_keys(path: str) -> list[str]:
    """The keys that a path goes through; dots, brackets and quotes only separate them.

    `$.` in front may be left out. An empty path is the whole payload.

    >>> path_keys("$.context['device'].ids[0]")
    ['context', 'device', 'ids', '0']
    """
    return placeholder_keys(path.replace("$.", "", 1))


def placeholder_keys(text: str) -> list[str]:
    """The keys of a template's placeholder, in which `$.` is not left out but looked for as a key."""
    return [_unquoted(key) for key in _KEYS.findall(text)]


def at_keys(payload: Written, keys: Sequence[str]) -> Written:
    """The value that keys lead to, from the payload.

    `length` is how long a list or text is, as JavaScript has it, unless an object has a key of that name.
    """
    value = payload
    for key in keys[:-1]:
        value = step(value, key)
    if not keys:
        return value
    if keys[-1] == "length" and value.entries is None and value.kinds & (Kind.LIST | Kind.TEXT):
        return _length(value)
    return step(value, keys[-1])


def path_of(keys: Iterable[str]) -> Written:
    """The path of the event that goes through these keys."""
    value = EVENT
    for key in keys:
        value = step(value, key)
    return value


def _length(value: Written) -> Written:
    under_key = step(value, "length")
    length = piped(value, "length", gives=Kind.NUMBER)
    if under_key.is_never_there:
        return length
    kind = Written(text=f"type_of({value.text})", kinds=Kind.TEXT, grip=Grip.ATOM)
    has_length = comparison(kind, "in", list_of([constant("list"), constant("text")]))
    return choice(has_length, length, under_key)


def _unquoted(key: str) -> str:
    # Any quote at either end goes, closed or not.
    return key.strip("\"'") if key[:1] in {'"', "'"} or key[-1:] in {'"', "'"} else key
