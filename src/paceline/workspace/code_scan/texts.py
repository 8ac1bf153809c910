"""What a text in a program can be, as far as it can be told without running it.

A `Text` is a row of pieces: plain strings and holes. An expression has several texts where a program chooses.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Sequence
from itertools import product

import msgspec

MOST_TEXTS = 8
"""An expression that can be more than this is cut; programs that choose among more hosts are rare."""
MOST_CHARACTERS = 4_096
_URL = re.compile(r"(?P<scheme>(?:https?|wss?):)?//(?P<host>[^/?#\s\"'<>\\]+)(?P<path>/[^?#\s\"'<>]*)?", re.IGNORECASE)
_BARE = re.compile(r"(?P<host>[A-Za-z0-9*](?:[A-Za-z0-9*-]*\.)+[A-Za-z]{2,})(?::\d+)?(?P<path>/[^?#\s]*)?")
_MARK = "\0"


class HoleKind(enum.StrEnum):
    """Why a piece is not known."""

    ENVIRONMENT = "environment"
    PARAMETER = "parameter"
    IMPORT = "import"
    OTHER = "other"


class Hole(msgspec.Struct, frozen=True):
    """A piece that is not known: `name` is the variable, the parameter, or `module.NAME` for what is imported."""

    kind: HoleKind
    name: str = ""


Piece = str | Hole
Text = tuple[Piece, ...]
UNKNOWN: Text = (Hole(HoleKind.OTHER),)


class Address(msgspec.Struct, frozen=True):
    """A host, with `*` for what is not known of it, and the path after it, with `*` likewise."""

    host: str
    path: str = ""

    def __str__(self) -> str:
        return f"{self.host}{self.path}"


def joined(parts: Iterable[Sequence[Text]]) -> list[Text]:
    """The texts of parts written one after the other.

    >>> joined([[("a",)], [("b",), ("c",)]])
    [('ab',), ('ac',)]
    """
    combined = []
    for choice in product(*(part or [UNKNOWN] for part in parts)):
        combined.append(_tidied([piece for text in choice for piece in text]))
        if len(combined) >= MOST_TEXTS:
            break
    return list(dict.fromkeys(combined))


def _tidied(pieces: Sequence[Piece]) -> Text:
    tidy: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and tidy and isinstance(tidy[-1], str):
            tidy[-1] = (tidy[-1] + piece)[:MOST_CHARACTERS]
        elif piece != "":
            tidy.append(piece)
    return tuple(tidy) or ("",)


def address_of(text: Text) -> Address | None:
    """The address that a text names: a URL somewhere in it, or nothing but a host and a path. None for other texts.

    >>> str(address_of(("https://", Hole(HoleKind.ENVIRONMENT, "REGION"), ".customer.io/api")))
    '*.customer.io/api'
    """
    whole = "".join(piece if isinstance(piece, str) else _MARK for piece in text)
    match = _URL.search(whole) or _BARE.fullmatch(whole.replace(_MARK, "*"))
    if match is None:
        return None
    host = match["host"].rpartition("@")[2].replace(_MARK, "*")
    path = (match["path"] or "").replace(_MARK, "*")
    if host.endswith("*") and "." in host:
        # What follows a whole host is a path, and not one more part of the name.
        host, path = host.rstrip("*"), f"*{path}"
    return Address(host, re.sub(r"\*+", "*", path).rstrip("/"))


def host_hole(text: Text) -> Hole | None:
    """The hole that hides the host of a text that begins with one, or has one right after `https://`."""
    rest = text
    if rest and isinstance(rest[0], str) and re.fullmatch(r"(https?|wss?)://", rest[0]):
        rest = rest[1:]
    return rest[0] if rest and isinstance(rest[0], Hole) else None


def filled(text: Text, values: Sequence[tuple[Hole, Sequence[Text]]]) -> list[Text]:
    """The texts with some of the holes filled in."""
    known = dict(values)
    return joined([known.get(piece, [(piece,)]) if isinstance(piece, Hole) else [(piece,)] for piece in text])


def is_known_in_part(text: Text) -> bool:
    """Whether something of a text is known, or where it comes from."""
    return any(isinstance(piece, str) or piece.kind is HoleKind.IMPORT for piece in text)
