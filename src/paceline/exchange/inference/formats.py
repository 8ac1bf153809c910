"""Which JSON Schema format a text has, judged more narrowly than the validator does: for guessing, not for checking."""

from __future__ import annotations

import ipaddress
import re
from datetime import date, datetime, time

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", re.ASCII)
_URI = re.compile(r"[a-z][a-z0-9+.-]*://[^\s<>\"{}|\\^`]+", re.ASCII)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]+)?", re.ASCII)
_longest = 2048


def format_of(text: str) -> str | None:
    """The format that a text is in, or None.

    >>> format_of("2026-11-23T10:00:00Z"), format_of("ada@example.com"), format_of("10.0.0.1"), format_of("hello")
    ('date-time', 'email', 'ipv4', None)
    """
    if len(text) > _longest or len(text) < 3:
        return None
    if _DATE_TIME.fullmatch(text):
        return "date-time" if _is_read(datetime.fromisoformat, text.upper()) else None
    if _DATE.fullmatch(text):
        return "date" if _is_read(date.fromisoformat, text) else None
    if _TIME.fullmatch(text):
        return "time" if _is_read(time.fromisoformat, text.upper()) else None
    if _UUID.fullmatch(text):
        return "uuid"
    if _EMAIL.fullmatch(text):
        return "email"
    if _URI.fullmatch(text):
        return "uri"
    return _address_format(text)


def is_numeric_text(text: str) -> bool:
    """Whether a text is a number in quotes, as JSON would write it."""
    return _NUMBER.fullmatch(text) is not None


def _address_format(text: str) -> str | None:
    if text.count(".") != 3 and text.count(":") < 2:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return "ipv4" if address.version == 4 else "ipv6"


def _is_read(read: object, text: str) -> bool:
    assert callable(read)
    try:
        read(text)
    except ValueError:
        return False
    return True
