"""Takes personal data and secrets out of a vendor's words before anybody keeps them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from paceline.model.delivery import Item

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+"), " "),
    (re.compile(r"[^\s\"'<>@:,;()\[\]]+@[^\s\"'<>@,;()\[\]]+\.[^\s\"'<>@,;()\[\]]+"), "<email>"),
    (re.compile(r"\b(?:Basic|Bearer)\s+[A-Za-z0-9+/=._~-]{8,}", re.IGNORECASE), "<token>"),
    (re.compile(r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|\b(?:[0-9A-Fa-f]{1,4}:){4,7}[0-9A-Fa-f]{1,4}\b"), "<address>"),
    (re.compile(r"\b(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{20,}\b"), "<token>"),
    (re.compile(r"(?<![\w.])\+?[0-9](?:[ ().-]?[0-9]){8,}(?!\w)"), "<number>"),
)


def redact(text: str, items: Sequence[Item] = (), secrets: Iterable[str] = ()) -> str:
    """`text` on one line, without e-mail and IP addresses, tokens, long numbers, and without values that we sent.

    Values of the items' payloads are replaced where they stand as whole words: a vendor that complains likes to quote.

    >>> redact("ada@example.com is not valid for plan 'gold'", [Item(delivery_id="1", payload={"plan": "gold"})])
    "<email> is not valid for plan '<value>'"
    """
    for secret in secrets:
        if secret:
            text = text.replace(secret, "<secret>")
    for value in {value for item in items for value in _texts(item.payload)}:
        if value in text:
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "<value>", text)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text.strip()


def _texts(value: object) -> Iterator[str]:
    """Every text in a JSON value that is long enough to tell somebody apart; keys are the vendor's words and stay."""
    if isinstance(value, str):
        if len(value) > 2:
            yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= 10_000:
        yield str(value)
