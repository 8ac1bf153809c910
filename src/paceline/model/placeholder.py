"""Text that only holds a place: it stands where something has to be said, and says nothing."""

from __future__ import annotations

import re

_ALONE = re.compile(
    r"\W*(?:n\W?a|none|nothing|nobody|no one|unknown|placeholder|lorem ipsum\b.*|see above|as usual|later|xxx+|\?*)\W*",
    re.IGNORECASE | re.DOTALL,
)
_BEGINNING = re.compile(
    r"\W*(?:todo|tbd|tba|fixme|to decide|to be (?:decided|defined|determined|done|agreed))\b", re.IGNORECASE
)


def says_nothing(text: str) -> bool:
    """Whether a text is blank or a placeholder.

    >>> [says_nothing(text) for text in ("", "TBD", "n/a", "???", "to be defined later", "none is lost", "it works")]
    [True, True, True, True, True, False, False]
    """
    return _ALONE.fullmatch(text) is not None or _BEGINNING.match(text) is not None
