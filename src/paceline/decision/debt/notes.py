"""Whether a note says anything: a name said again, or filler, documents nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_FILLER = frozenset(
    {
        "a", "an", "and", "are", "as", "be", "by", "for", "from", "in", "is", "it", "its", "of", "on", "or", "the",
        "this", "that", "to", "with", "was", "were", "will", "which", "attribute", "col", "column", "comment",
        "copied", "copy", "data", "desc", "description", "doc", "docs", "documentation", "dummy", "entry", "event",
        "field", "fixme", "foo", "bar", "baz", "info", "input", "key", "later", "map", "mapped", "mapping", "maps",
        "n", "na", "name", "none", "note", "nothing", "null", "object", "ok", "output", "param", "parameter",
        "payload", "placeholder", "prop", "property", "same", "see", "self", "explanatory", "obvious", "sent",
        "set", "source", "string", "number", "integer", "boolean", "target", "tbd", "test", "text", "todo", "trait",
        "unknown", "unset", "value", "var", "variable", "vendor", "wip", "xxx", "yes", "no",
    }
)  # fmt: skip
_REPEATED = 3
"""A note that stands at so many different fields was pasted, not written."""


def says_something(note: str, names: Iterable[str]) -> bool:
    """Whether a note tells more than the names beside it: at least two words, one of which is not theirs and no filler.

    >>> says_something("after discounts, in cents", ["attributes.total"])
    True
    >>> says_something("The total field.", ["attributes.total"]), says_something("todo", ["total"])
    (False, False)
    """
    said = _words(note)
    own = {word for name in names for word in _words(name)}
    own |= {"".join(_words(name.rpartition(".")[2])) for name in names}
    new = {word for word in said if word not in _FILLER and not word.isdigit() and not _is_form_of(word, own)}
    # Scripts without spaces between words are one long word to the pattern.
    is_long = any(len(word) >= 4 and not word.isascii() for word in new)
    return is_long or (bool(new) and len(set(said)) > 1)


def pasted_notes(notes: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The notes, by their words, that stand at three or more different targets. Takes pairs of target and note."""
    targets: dict[str, set[str]] = {}
    for target, note in notes:
        targets.setdefault(essence(note), set()).add(target)
    return frozenset(text for text, at in targets.items() if text and len(at) >= _REPEATED)


def essence(note: str) -> str:
    """A note without case, punctuation and spacing."""
    return " ".join(_words(note))


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(_HUMP.sub(" ", text))]


def _is_form_of(word: str, names: set[str]) -> bool:
    """Whether a word is one of the names, or its plural or singular."""
    return bool({word, word.removesuffix("s"), f"{word}s"} & names)
