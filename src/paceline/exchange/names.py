"""Names in the forms that files, languages and formats want."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")


def words(text: str) -> list[str]:
    """The words of a name, written in whatever way, without accents.

    >>> words("Order Completed"), words("orderCompleted"), words("order_completed_v2"), words("HTTPError")
    (['Order', 'Completed'], ['order', 'Completed'], ['order', 'completed', 'v2'], ['HTTP', 'Error'])
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return [word for word in _BOUNDARY.split(plain) if word]


def snake_case(text: str) -> str:
    """A name as Python writes functions and paceline writes contracts. Always a valid contract name.

    >>> snake_case("Order Completed"), snake_case("2FA Enabled"), snake_case("购买")
    ('order_completed', 'event_2fa_enabled', 'event')
    """
    joined = "_".join(words(text)).lower()
    return joined if joined[:1].isalpha() else f"event_{joined}".rstrip("_")


def pascal_case(text: str) -> str:
    """A name as languages write types.

    >>> pascal_case("order_completed"), pascal_case("2nd step")
    ('OrderCompleted', 'T2ndStep')
    """
    joined = "".join(word[:1].upper() + word[1:] for word in words(text))
    return joined if joined[:1].isalpha() else f"T{joined}"


def unused_name(name: str, taken: Container[str], *, separator: str = "_") -> str:
    """The name, or the first of `name_2`, `name_3`, … that is not taken."""
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}{separator}{number}"
    return candidate
