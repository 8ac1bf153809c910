"""Days in files."""

from __future__ import annotations

import datetime as dt


def day_or_none(text: str | None) -> dt.date | None:
    """The day that a text of the form YYYY-MM-DD names, None for no text and for days that are in no calendar."""
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
