"""When what is temporary ends: notices before, the moment itself, how far it may be put off, and how HTTP says it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from email.utils import format_datetime

import msgspec

from paceline.lifecycle.deprecations import NOTICE_DAYS
from paceline.model.integration import Stage

MOST_EXTENSIONS = 2
_DAY = dt.timedelta(days=1)


def is_expired(last_day: dt.date | None, today: dt.date) -> bool:
    """Whether the last day has passed. On the last day itself nothing has.

    >>> is_expired(dt.date(2027, 2, 15), dt.date(2027, 2, 15)), is_expired(dt.date(2027, 2, 15), dt.date(2027, 2, 16))
    (False, True)
    """
    return last_day is not None and last_day < today


def notice_days(last_day: dt.date | None, today: dt.date) -> int | None:
    """Which notice is due: within 30, 14 or 7 days of the last day; None for none, also after it.

    >>> notice_days(dt.date(2027, 2, 15), dt.date(2027, 2, 1)), notice_days(dt.date(2027, 2, 15), dt.date(2027, 1, 15))
    (14, None)
    """
    if last_day is None or last_day < today:
        return None
    left = (last_day - today).days
    return min((days for days in NOTICE_DAYS if left <= days), default=None)


def latest_end(
    stage: Stage, *, started: dt.date | None, today: dt.date, extensions: int, hybrid_days: int
) -> dt.date | None:
    """The last day on which an integration of a stage may end; None where nothing bounds it.

    A hybrid may last `hybrid_days` from its start (from today, where nobody knows when that was), and as much longer
    with each extension.
    """
    if stage is not Stage.HYBRID:
        return None
    return (started or today) + dt.timedelta(days=hybrid_days * (1 + min(extensions, MOST_EXTENSIONS)))


def first_moment_ms(day: dt.date) -> int:
    """When a day begins in UTC, as Unix milliseconds."""
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp() * 1000)


def last_moment_ms(day: dt.date) -> int:
    """When a last day is over in UTC, as Unix milliseconds: its last millisecond."""
    return first_moment_ms(day + _DAY) - 1


class SunsetNotice(msgspec.Struct, frozen=True, kw_only=True):
    """What is told about an address that ends: since when it is deprecated, when it stops, and where to read on."""

    since_ms: int
    ends_ms: int
    plan: str = ""


def sunset_headers(notice: SunsetNotice) -> Sequence[tuple[str, str]]:
    """The headers `Deprecation` (RFC 9745) and `Sunset` (RFC 8594), and a link to the plan where that is a URL.

    https://www.rfc-editor.org/rfc/rfc9745, https://www.rfc-editor.org/rfc/rfc8594, both read 2026-11-23.

    >>> sunset_headers(SunsetNotice(since_ms=1768435200000, ends_ms=1771199999999))
    [('deprecation', '@1768435200'), ('sunset', 'Sun, 15 Feb 2026 23:59:59 GMT')]
    """
    ends = dt.datetime.fromtimestamp(notice.ends_ms // 1000, tz=dt.UTC)
    headers = [("deprecation", f"@{notice.since_ms // 1000}"), ("sunset", format_datetime(ends, usegmt=True))]
    if notice.plan.startswith(("https://", "http://")):
        headers.append(("link", f'<{notice.plan}>; rel="deprecation"'))
    return headers
