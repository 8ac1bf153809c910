"""Days as requests write them: YYYY-MM-DD."""

from __future__ import annotations

import datetime as dt


def days_between(first: str, last: str) -> int:
    """How many days lie between two days; negative when the last one comes first.

    >>> days_between("2026-11-23", "2026-12-18")
    25
    """
    return (dt.date.fromisoformat(last) - dt.date.fromisoformat(first)).days


def day_after(day: str, days: int) -> str:
    """The day that comes so many days later.

    >>> day_after("2026-11-23", 84)
    '2027-02-15'
    """
    return (dt.date.fromisoformat(day) + dt.timedelta(days=days)).isoformat()
