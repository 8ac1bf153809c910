"""Target paths: where a field's value goes in the vendor's payload."""

from __future__ import annotations

from typing import Final

import msgspec

_ESCAPABLE: Final = frozenset(".\\[]*")


class Target(msgspec.Struct, frozen=True):
    """The keys that lead to a place in the payload, outermost first.

    A spread (`attributes.*`, or `*` for the payload itself) puts in all keys of an object; fields with a name of
    their own win over it.
    """

    keys: tuple[str, ...]
    is_spread: bool = False


class BadTarget(msgspec.Struct, frozen=True):
    """Why a text is no target path, and what to write."""

    message: str
    hint: str = ""


def parse_target(text: str) -> Target | BadTarget:
    r"""The target of a field, from its key in the file: names joined by dots, `\.` for a dot inside a name.

    >>> parse_target(r"attributes.first\.name")
    Target(keys=('attributes', 'first.name'), is_spread=False)
    """
    keys: list[str] = []
    name = ""
    is_star = False
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            escaped = text[position + 1 : position + 2]
            if escaped not in _ESCAPABLE:
                return BadTarget(f"\\{escaped} is no escape", r"escape a dot, bracket, star or backslash: \. \[ \* \\")
            name += escaped
            position += 1
        elif character == ".":
            if not name or is_star:
                return _bad_name(is_star=is_star)
            keys.append(name)
            name = ""
        elif character in "[]":
            return BadTarget(
                "a target has no positions",
                r"use `each` or a list expression to make a list; \[ for a bracket in a name",
            )
        elif character == "*":
            if name or is_star:
                return _bad_name(is_star=True)
            is_star = True
        elif is_star:
            return _bad_name(is_star=True)
        else:
            name += character
        position += 1
    if is_star:
        return Target(tuple(keys), is_spread=True)
    if not name:
        return _bad_name(is_star=False)
    return Target((*keys, name))


def _bad_name(*, is_star: bool) -> BadTarget:
    if is_star:
        return BadTarget(
            "* stands alone at the end of a target", r"write attributes.* to spread an object, \* for a star"
        )
    return BadTarget("a target with an empty name", "write names joined by dots, such as attributes.total")


def show_target(target: Target) -> str:
    """The target as it is written in a file."""
    names = ["".join(f"\\{c}" if c in _ESCAPABLE else c for c in key) for key in target.keys]
    return ".".join([*names, "*"] if target.is_spread else names)
