"""When a person works, in their own zone and week."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

import msgspec

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = dt.timedelta(days=1)


class WorkingWeek(msgspec.Struct, frozen=True, kw_only=True):
    """The hours of one person: `starts` to `ends` on `days` (0 is Monday), by the clocks of `zone` (IANA).

    `ends` at or before `starts` is on the next day. `holidays` are days off by name.
    """

    zone: str
    days: frozenset[int] = frozenset(range(5))
    starts: dt.time = dt.time(9)
    ends: dt.time = dt.time(17)
    holidays: Mapping[dt.date, str] = {}


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """Working time without a break, in UTC."""

    begin: dt.datetime
    end: dt.datetime


def read_week(*, zone: str, days: list[str], hours: str, holidays: Mapping[dt.date, str]) -> WorkingWeek:
    """A working week as teams.yaml says it: days such as `mon`, hours such as `09:00-17:00`.

    >>> read_week(zone="UTC", days=["mon"], hours="08:30-12:00", holidays={}).starts
    datetime.time(8, 30)
    """
    starts, _, ends = hours.partition("-")
    return WorkingWeek(
        zone=zone,
        days=frozenset(DAYS.index(day) for day in days),
        starts=dt.time.fromisoformat(starts),
        ends=dt.time.fromisoformat(ends),
        holidays=holidays,
    )


def working_hours(week: WorkingWeek, *, since: dt.datetime, until: dt.datetime) -> Iterator[Hours]:
    """The person's working time between two moments, in order. Both have a zone; what comes back is in UTC.

    Durations are real ones: a night shift over the end of daylight saving time is an hour longer.
    """
    zone = ZoneInfo(week.zone)
    day = since.astimezone(zone).date() - _DAY  # a shift may have begun the evening before
    while day <= until.astimezone(zone).date():
        if day.weekday() in week.days and day not in week.holidays:
            hours = hours_on(week, day)
            begin, end = max(hours.begin, since.astimezone(dt.UTC)), min(hours.end, until.astimezone(dt.UTC))
            if begin < end:
                yield Hours(begin=begin, end=end)
        day += _DAY


def hours_on(week: WorkingWeek, day: dt.date) -> Hours:
    """The hours that begin on a day, whether it is one of the week's days or not.

    >>> hours_on(WorkingWeek(zone="Asia/Kolkata"), dt.date(2026, 11, 23)).begin.isoformat()
    '2026-11-23T03:30:00+00:00'
    """
    zone = ZoneInfo(week.zone)
    begin = dt.datetime.combine(day, week.starts, zone).astimezone(dt.UTC)
    last = day if week.starts < week.ends else day + _DAY
    return Hours(begin=begin, end=dt.datetime.combine(last, week.ends, zone).astimezone(dt.UTC))


def moment_after_work(
    week: WorkingWeek, since: dt.datetime, work: dt.timedelta, *, until: dt.datetime
) -> dt.datetime | None:
    """When the person has worked so long since then, in UTC; None when that is not so by `until`.

    >>> friday = dt.datetime(2026, 11, 27, 15, tzinfo=dt.UTC)
    >>> manila = WorkingWeek(zone="Asia/Manila")
    >>> moment_after_work(manila, friday, dt.timedelta(hours=8), until=friday + dt.timedelta(days=9)).isoformat()
    '2026-11-30T09:00:00+00:00'
    """
    left = work
    for hours in working_hours(week, since=since, until=until):
        length = hours.end - hours.begin
        if length >= left:
            return hours.begin + left
        left -= length
    return None
