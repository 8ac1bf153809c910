"""What a payload looked like, without what was in it: for people who look for the cause of a refusal. Pure."""

from __future__ import annotations

import msgspec

MAX_PREVIEW_CHARS = 1024
_MOST_ITEMS = 2
_LARGEST_TOLD_NUMBER = 10_000
"""Larger numbers may be telephone numbers, card numbers or ids of people."""


def preview_of(payload: object) -> str:
    """A payload as JSON with its names and the kinds of its values; at most `MAX_PREVIEW_CHARS` characters.

    Texts and large numbers are replaced, since nobody can tell which of them are personal. Small numbers, true, false
    and null stay. Lists are shown by their first items. What an address of a page or a key of a map says is kept out as
    well: names that are no plain words are replaced.

    >>> preview_of({"email": "ada@example.com", "total": 12.5, "tags": ["a", "b", "c"]})
    '{"email":"<text of 15>","total":12.5,"tags":["<text of 1>","<text of 1>","… 1 more"]}'
    """
    text = msgspec.json.encode(_shape(payload)).decode()
    return text if len(text) <= MAX_PREVIEW_CHARS else text[: MAX_PREVIEW_CHARS - 1] + "…"


def _shape(value: object) -> object:
    match value:
        case bool() | None:
            return value
        case int() | float():
            return value if abs(value) < _LARGEST_TOLD_NUMBER else "<number>"
        case str():
            return f"<text of {len(value)}>"
        case dict():
            return {_name(name): _shape(inner) for name, inner in value.items()}
        case list() | tuple():
            more = len(value) - _MOST_ITEMS
            return [*map(_shape, value[:_MOST_ITEMS]), *([f"… {more} more"] if more > 0 else [])]
        case _:
            return f"<{type(value).__name__}>"


def _name(name: object) -> str:
    """Names are the vendor's words, but a map that is keyed by people's addresses or numbers is theirs."""
    text = str(name)
    return text if len(text) <= 64 and text.replace("_", "a").replace("$", "a").isidentifier() else "<name>"
