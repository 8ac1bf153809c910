"""JSON pointers (RFC 6901): how places in events and in schemas are named."""

from __future__ import annotations

from collections.abc import Iterable


def pointer(steps: Iterable[object]) -> str:
    """Write steps as a JSON pointer; the whole document is the empty string.

    >>> pointer(["properties", "a/b", 0])
    '/properties/a~1b/0'
    """
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def steps_of(text: str) -> tuple[str, ...]:
    """Read a JSON pointer back into steps.

    >>> steps_of("/properties/a~1b")
    ('properties', 'a/b')
    """
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])


def look_up(document: object, steps: Iterable[str]) -> object:
    """The value at a place. Raises LookupError when there is nothing."""
    for step in steps:
        match document:
            case dict():
                document = document[step]
            case list() if step.isascii() and step.isdigit():
                document = document[int(step)]
            case _:
                raise LookupError(step)
    return document
