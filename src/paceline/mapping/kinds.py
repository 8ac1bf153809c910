"""The kinds of JSON values, as sets of bits: what a function takes, what an expression can give.

A set of kinds is an int so that 400 mappings are analyzed in a blink. `MISSING` is the kind of what is not there.
"""

from __future__ import annotations

from typing import Final, TypeAlias

Kinds: TypeAlias = int

MISSING: Final = 1
NULL: Final = 2
BOOLEAN: Final = 4
INTEGER: Final = 8
FRACTION: Final = 16
TEXT: Final = 32
LIST: Final = 64
OBJECT: Final = 128

NOTHING: Final = MISSING | NULL
NUMBER: Final = INTEGER | FRACTION
SCALAR: Final = BOOLEAN | NUMBER | TEXT
CONTAINER: Final = LIST | OBJECT
SOMETHING: Final = SCALAR | CONTAINER
JSON: Final = NULL | SOMETHING
ANYTHING: Final = MISSING | JSON

_KIND_OF_CLASS: Final[dict[type, Kinds]] = {
    type(None): NULL,
    bool: BOOLEAN,
    int: INTEGER,
    float: FRACTION,
    str: TEXT,
    list: LIST,
    dict: OBJECT,
}
_WORDS: Final = (
    (SOMETHING, "any value"),
    (SCALAR, "text, a number or a boolean"),
    (NUMBER, "a number"),
    (INTEGER, "a whole number"),
    (FRACTION, "a number"),
    (TEXT, "text"),
    (BOOLEAN, "a boolean"),
    (LIST, "a list"),
    (OBJECT, "an object"),
    (NULL, "null"),
    (MISSING, "missing"),
)


def kind_of(value: object) -> Kinds:
    """The kind of a JSON value as Python holds it; 0 for anything that is not JSON."""
    return _KIND_OF_CLASS.get(type(value), 0)


def describe(kinds: Kinds) -> str:
    """A set of kinds in words, for messages.

    >>> describe(TEXT | NUMBER)
    'a number or text'
    """
    words: list[str] = []
    for known, word in _WORDS:
        if kinds & known == known:
            words.append(word)
            kinds &= ~known
    return " or ".join(words) if words else "nothing"
