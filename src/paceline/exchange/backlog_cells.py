"""Cells of a tracker's export: days in the forms that trackers write, lists, and ranges of three numbers."""

from __future__ import annotations

import datetime as dt
import re

_DAY_FORMS = (
    "%Y-%m-%d",
    "%d/%b/%y",
    "%d/%b/%Y",
    "%b %d, %Y",
    "%d %b %Y",
    "%a %b %d %Y",
    "%d.%m.%Y",
    "%Y/%m/%d",
)
"""Jira writes 23/Nov/26 4:05 PM or 2026-11-23 16:05, Linear Mon Nov 23 2026 16:05:00 GMT+0000 or ISO 8601, GitHub ISO.

Days such as 11/12/2026 are refused: nobody can tell the month.
"""
_TIME = re.compile(r"[ T]\d{1,2}:\d{2}.*$")
_NUMBER = re.compile(r"(?<![\d.])\d[\d_]*(?:[.]\d+)?")
_SEPARATORS = re.compile(r"\s*(?:-|–|—|/|\.\.+|…|;|to|,)\s*")


def read_day(text: str) -> str | None:
    """A day as YYYY-MM-DD; None when the text is none, or could be two.

    >>> read_day("23/Nov/26 4:05 PM"), read_day("2026-11-23T08:44:00.000Z"), read_day("11/12/2026")
    ('2026-11-23', '2026-11-23', None)
    """
    plain = _TIME.sub("", text.strip())
    for form in _DAY_FORMS:
        try:
            return dt.datetime.strptime(plain, form).replace(tzinfo=dt.UTC).date().isoformat()
        except ValueError:
            continue
    return None


def read_estimate(text: str) -> dict[str, float] | None:
    """Low, likely and high from three numbers in rising order; None for anything else.

    >>> read_estimate("2 - 3.5 - 6"), read_estimate("3")
    ({'low': 2.0, 'likely': 3.5, 'high': 6.0}, None)
    """
    parts = [part for part in _SEPARATORS.split(text.strip()) if part]
    if len(parts) != 3 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    low, likely, high = (float(part) for part in parts)
    return {"low": low, "likely": likely, "high": high} if low <= likely <= high and low < high else None


def split_list(text: str) -> list[str]:
    """The items of a cell that holds several.

    >>> split_list("Signed Up; Order Completed")
    ['Signed Up', 'Order Completed']
    """
    return [item.strip() for item in re.split(r"[,;\n]", text) if item.strip()]
