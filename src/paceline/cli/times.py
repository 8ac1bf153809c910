"""Times as people write them on a command line: `2026-11-16`, `2026-11-16T08:00+01:00`, `36h`."""

from __future__ import annotations

import datetime as dt
import re

from paceline.errors import UsageError

_AGE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([smhdw])")
_UNIT_SECS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


def parse_time(text: str, now: dt.datetime, *, option: str) -> dt.datetime:
    """The moment that a text names: a day or a time in ISO 8601 (UTC unless it says otherwise), or an age.

    Raises UsageError, which names `option`.

    >>> parse_time("36h", dt.datetime(2026, 11, 17, 12, tzinfo=dt.UTC), option="--since").isoformat()
    '2026-11-16T00:00:00+00:00'
    >>> parse_time("2026-11-16", dt.datetime.now(dt.UTC), option="--since").isoformat()
    '2026-11-16T00:00:00+00:00'
    """
    age = _AGE.fullmatch(text.strip())
    try:
        if age is not None:
            return now - dt.timedelta(seconds=float(age[1]) * _UNIT_SECS[age[2]])
        moment = dt.datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is no time",
            where=option,
            expected="a day (2026-11-16), a time (2026-11-16T08:00+01:00; UTC unless it says) or an age (90m, 7d)",
        ) from error


def to_ms(moment: dt.datetime) -> int:
    """Unix milliseconds."""
    return int(moment.timestamp() * 1000)
