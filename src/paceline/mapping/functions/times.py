"""Functions on points in time. A time is ISO 8601 text; text without a zone is taken as UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from paceline.mapping.functions.definition import Example, Function, Missing, Parameter, Refused
from paceline.mapping.functions.limits import bounded_number
from paceline.mapping.kinds import INTEGER, NUMBER, TEXT
from paceline.mapping.refusals import Stop

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_OFFSET: Final = re.compile(r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])\Z")
_DIRECTIVE: Final = re.compile(r"%(.?)", re.DOTALL)
_DIRECTIVES: Final = frozenset("YmdHMSfyjbBaAIpz%")
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


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


def day(text: str, offset: str = "+00:00") -> str:
    return _moved(parse_time(text), _zone(offset)).date().isoformat()


def add_secs(text: str, seconds: int | float) -> str:
    try:
        return _shown(_moved(parse_time(text), UTC) + timedelta(seconds=bounded_number(seconds)))
    except OverflowError:
        raise Stop("out_of_range", "a time outside of the years 1 to 9999") from None


def format_time(text: str, pattern: str, offset: str = "+00:00") -> str:
    """Written out here rather than by strftime, whose result depends on the machine's language and C library."""
    time = _moved(parse_time(text), _zone(offset))
    return _DIRECTIVE.sub(lambda found: _directive(found.group(1), time), pattern)


def _directive(letter: str, time: datetime) -> str:  # noqa: PLR0912 (one case a letter)
    match letter:
        case "Y":
            return f"{time.year:04}"
        case "y":
            return f"{time.year % 100:02}"
        case "m":
            return f"{time.month:02}"
        case "d":
            return f"{time.day:02}"
        case "j":
            return f"{time.timetuple().tm_yday:03}"
        case "H":
            return f"{time.hour:02}"
        case "I":
            return f"{(time.hour - 1) % 12 + 1:02}"
        case "p":
            return "AM" if time.hour < 12 else "PM"
        case "M":
            return f"{time.minute:02}"
        case "S":
            return f"{time.second:02}"
        case "f":
            return f"{time.microsecond // 1000:03}"
        case "B":
            return _MONTHS[time.month - 1]
        case "b":
            return _MONTHS[time.month - 1][:3]
        case "A":
            return _WEEKDAYS[time.weekday()]
        case "a":
            return _WEEKDAYS[time.weekday()][:3]
        case "z":
            return time.isoformat()[-6:]
        case _:
            return "%"


def _shown(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moved(time: datetime, zone: timezone) -> datetime:
    if time.tzinfo is zone:
        return time
    try:
        return time.astimezone(zone)
    except OverflowError:
        raise Stop("out_of_range", "a time outside of the years 1 to 9999") from None


def _zone(offset: str) -> timezone:
    if offset == "+00:00":
        return UTC
    found = _OFFSET.match(offset)
    if found is None:
        raise Stop("wrong_type", "an offset such as +02:00 is needed, but the text is none")
    sign, hours, minutes = found.groups()
    return timezone((1 if sign == "+" else -1) * timedelta(hours=int(hours), minutes=int(minutes)))


def _pattern_problem(value: object) -> str:
    for letter in _DIRECTIVE.findall(value if isinstance(value, str) else ""):
        if letter not in _DIRECTIVES:
            return f"%{letter} is no part of a time; there are %{' %'.join(sorted(_DIRECTIVES))}"
    return ""


def _offset_problem(value: object) -> str:
    return "" if isinstance(value, str) and _OFFSET.match(value) else "an offset is written like +02:00"


_TIME: Final = Parameter(name="time", kinds=TEXT)
_OFFSET_LITERAL: Final = Parameter(
    name="offset", kinds=TEXT, is_optional=True, is_literal=True, problem=_offset_problem
)
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
        summary="The day as YYYY-MM-DD, in UTC or at an offset.",
        parameters=(_TIME, _OFFSET_LITERAL),
        result=TEXT,
        wrong=_NO_TIME,
        run=day,
        examples=(
            Example('"2024-05-06T23:30:00Z" | date', "2024-05-06"),
            Example('"2024-05-06T23:30:00Z" | date("+02:00")', "2024-05-07"),
        ),
    ),
    Function(
        name="format_time",
        group="Dates",
        summary="The time written by a pattern of %Y %m %d %H %M %S %f (milliseconds) %y %j %b %B %a %A %I %p %z.",
        parameters=(
            _TIME,
            Parameter(name="pattern", kinds=TEXT, is_literal=True, problem=_pattern_problem),
            _OFFSET_LITERAL,
        ),
        result=TEXT,
        wrong=_NO_TIME,
        run=format_time,
        examples=(Example('"2024-05-06T07:08:09Z" | format_time("%d %b %Y, %H:%M")', "06 May 2024, 07:08"),),
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
