"""Functions on points in time. A time is ISO 8601 text; text without a zone is taken as UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from paceline.mapping.functions.definition import Example, Function, Missing, Parameter, Refused
from paceline.mapping.functions.limits import bounded_number
from paceline.mapping.functions.time_patterns import pattern_problem, reading_problem, time_read, written_time
from paceline.mapping.kinds import INTEGER, NUMBER, TEXT
from paceline.mapping.refusals import Stop

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_OFFSET: Final = re.compile(r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])\Z")


def parse_time(text: str) -> datetime:
    """The point in time that an ISO 8601 text names, in its own zone or else in UTC."""
    # fromisoformat also reads forms that others do not (20240506, 2024-W01), so the shape is looked at first.
    if text[4:5] == "-" and text[7:8] == "-" and (text[10:11] in _DATE_ENDS) and (text[13:14] in _HOUR_ENDS):
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    raise Stop("wrong_type", "an ISO 8601 time such as 2026-01-31T12:00:00Z is needed, but the text is none")


_DATE_ENDS: Final = frozenset(("", "T", "t", " "))
_HOUR_ENDS: Final = frozenset(("", ":"))


def unix_secs(text: str) -> int:
    return (parse_time(text) - _EPOCH) // _SECOND


def unix_ms(text: str) -> int:
    return (parse_time(text) - _EPOCH) // _MILLISECOND


def from_unix_ms(milliseconds: int | float) -> str:
    try:
        return _shown(_EPOCH + timedelta(milliseconds=bounded_number(milliseconds)))
    except OverflowError:
        raise Stop("out_of_range", "a time outside of the years 1 to 9999") from None


def from_unix_secs(seconds: int | float) -> str:
    return from_unix_ms(bounded_number(seconds) * 1000)


def iso8601(text: str) -> str:
    time = parse_time(text)
    is_written_so = len(text) == 24 and text[10] == "T" and text[19] == "." and text[23] == "Z"
    return text if is_written_so else _shown(_moved(time, UTC))


def day(text: str, zone: str = "+00:00") -> str:
    return _moved(parse_time(text), _zone(zone)).date().isoformat()


def add_secs(text: str, seconds: int | float) -> str:
    try:
        return _shown(_moved(parse_time(text), UTC) + timedelta(seconds=bounded_number(seconds)))
    except OverflowError:
        raise Stop("out_of_range", "a time outside of the years 1 to 9999") from None


def format_time(text: str, pattern: str, zone: str = "+00:00") -> str:
    return written_time(_moved(parse_time(text), _zone(zone)), pattern)


def read_time(text: str, pattern: str, zone: str = "+00:00") -> str:
    return _shown(_moved(time_read(text.strip(), pattern, _zone(zone)), UTC))


def in_zone(text: str, zone: str) -> str:
    return _shown(_moved(parse_time(text), _zone(zone)))


def _shown(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moved(time: datetime, zone: tzinfo) -> datetime:
    if time.tzinfo is zone:
        return time
    try:
        return time.astimezone(zone)
    except OverflowError:
        raise Stop("out_of_range", "a time outside of the years 1 to 9999") from None


def _zone(name: str) -> tzinfo:
    found = UTC if name == "+00:00" else _found_zone(name)
    if found is None:
        raise Stop("wrong_type", "a time zone such as Europe/Berlin or +02:00 is needed, but the text is none")
    return found


@lru_cache(maxsize=256)
def _found_zone(name: str) -> tzinfo | None:
    """A zone by its name in the IANA database, or an offset; None for other text."""
    offset = _OFFSET.match(name)
    if offset is not None:
        sign, hours, minutes = offset.groups()
        return timezone((1 if sign == "+" else -1) * timedelta(hours=int(hours), minutes=int(minutes)))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _zone_problem(value: object) -> str:
    if not isinstance(value, str) or _found_zone(value) is not None:
        return ""
    if not _found_zone("Europe/Berlin"):
        return "this machine has no database of time zones: pip install tzdata"
    return "a time zone is a name such as Europe/Berlin, or an offset such as +02:00"


_TIME: Final = Parameter(name="time", kinds=TEXT)
_ZONE: Final = Parameter(name="zone", kinds=TEXT, is_optional=True, problem=_zone_problem)
_NO_TIME: Final = "text that is not an ISO 8601 time refuses the event"

FUNCTIONS: Final = (
    Function(
        name="now",
        group="Dates",
        summary="The time at which the mapping runs. The same for the whole event, and given by the caller.",
        parameters=(),
        result=TEXT,
        examples=(Example("now()", "2026-01-01T00:00:00.000Z"), Example("now() | unix_secs", 1767225600)),
    ),
    Function(
        name="unix_secs",
        group="Dates",
        summary="Whole seconds since 1970.",
        parameters=(_TIME,),
        result=INTEGER,
        wrong=_NO_TIME,
        run=unix_secs,
        examples=(
            Example('"2024-05-06T07:08:09.500Z" | unix_secs', 1714979289),
            Example('"yesterday" | unix_secs', Refused("wrong_type")),
            Example("$.timestamp | unix_secs", Missing()),
        ),
    ),
    Function(
        name="unix_ms",
        group="Dates",
        summary="Whole milliseconds since 1970.",
        parameters=(_TIME,),
        result=INTEGER,
        wrong=_NO_TIME,
        run=unix_ms,
        examples=(Example('"2024-05-06T09:08:09.500+02:00" | unix_ms', 1714979289500),),
    ),
    Function(
        name="from_unix_secs",
        group="Dates",
        summary="The time, as ISO 8601 text in UTC, from seconds since 1970.",
        parameters=(Parameter(name="seconds", kinds=NUMBER),),
        result=TEXT,
        run=from_unix_secs,
        examples=(Example("1714979289 | from_unix_secs", "2024-05-06T07:08:09.000Z"),),
    ),
    Function(
        name="from_unix_ms",
        group="Dates",
        summary="The time, as ISO 8601 text in UTC, from milliseconds since 1970.",
        parameters=(Parameter(name="milliseconds", kinds=NUMBER),),
        result=TEXT,
        run=from_unix_ms,
        examples=(Example("1714979289500 | from_unix_ms", "2024-05-06T07:08:09.500Z"),),
    ),
    Function(
        name="iso8601",
        group="Dates",
        summary="The time as ISO 8601 text in UTC, with milliseconds.",
        parameters=(_TIME,),
        result=TEXT,
        wrong=_NO_TIME,
        run=iso8601,
        examples=(
            Example('"2024-05-06T09:08:09+02:00" | iso8601', "2024-05-06T07:08:09.000Z"),
            Example('"2024-05-06" | iso8601', "2024-05-06T00:00:00.000Z"),
        ),
    ),
    Function(
        name="date",
        group="Dates",
        summary="The day as YYYY-MM-DD, in UTC or in a zone: Europe/Berlin, say, or +02:00.",
        parameters=(_TIME, _ZONE),
        result=TEXT,
        wrong=_NO_TIME,
        run=day,
        examples=(
            Example('"2024-05-06T23:30:00Z" | date', "2024-05-06"),
            Example('"2024-05-06T23:30:00Z" | date("+02:00")', "2024-05-07"),
            Example(
                '$.timestamp | date($.context.timezone ?? "UTC")',
                "2024-05-07",
                {"timestamp": "2024-05-06T23:30:00Z", "context": {"timezone": "Europe/Berlin"}},
            ),
        ),
    ),
    Function(
        name="format_time",
        group="Dates",
        summary="The time written by a pattern of %Y %m %d %H %M %S %f (milliseconds) %y %j %b %B %a %A %I %p %z.",
        parameters=(
            _TIME,
            Parameter(name="pattern", kinds=TEXT, is_literal=True, problem=pattern_problem),
            _ZONE,
        ),
        result=TEXT,
        wrong=_NO_TIME,
        run=format_time,
        examples=(
            Example('"2024-05-06T07:08:09Z" | format_time("%d %b %Y, %H:%M")', "06 May 2024, 07:08"),
            Example('"2024-05-06T07:08:09Z" | format_time("%H:%M %z", "America/New_York")', "03:08 -04:00"),
            Example('"1815-12-10" | format_time("%Y%m%d")', "18151210"),
        ),
    ),
    Function(
        name="read_time",
        group="Dates",
        summary="The time, as ISO 8601 text in UTC, from text that a pattern of format_time describes; in a zone where "
        "the text does not name its own.",
        parameters=(
            Parameter(name="text", kinds=TEXT),
            Parameter(name="pattern", kinds=TEXT, is_literal=True, problem=reading_problem),
            _ZONE,
        ),
        result=TEXT,
        wrong="text that is written otherwise, or no time, refuses the event",
        run=read_time,
        examples=(
            Example('"10/12/2024" | read_time("%d/%m/%Y")', "2024-12-10T00:00:00.000Z"),
            Example('"Dec 10 2024 7:05 PM" | read_time("%b %d %Y %I:%M %p", "Asia/Tokyo")', "2024-12-10T10:05:00.000Z"),
            Example('"2024-12-10" | read_time("%d/%m/%Y")', Refused("wrong_type")),
        ),
    ),
    Function(
        name="in_zone",
        group="Dates",
        summary="The time as ISO 8601 text in a zone, with its offset.",
        parameters=(_TIME, Parameter(name="zone", kinds=TEXT, problem=_zone_problem)),
        result=TEXT,
        wrong=_NO_TIME,
        run=in_zone,
        examples=(
            Example('"2024-05-06T07:08:09Z" | in_zone("Europe/Berlin")', "2024-05-06T09:08:09.000+02:00"),
            Example('"2024-05-06T07:08:09Z" | in_zone($.zone)', Refused("wrong_type"), {"zone": "Mars"}),
        ),
    ),
    Function(
        name="add_secs",
        group="Dates",
        summary="The time so many seconds later, or earlier when negative.",
        parameters=(_TIME, Parameter(name="seconds", kinds=NUMBER)),
        result=TEXT,
        wrong=_NO_TIME,
        run=add_secs,
        examples=(Example('"2024-05-06T07:08:09Z" | add_secs(60)', "2024-05-06T07:09:09.000Z"),),
    ),
)
