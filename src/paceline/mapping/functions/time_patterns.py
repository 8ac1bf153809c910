"""Times written and read by a pattern such as `%d %b %Y`.

Written out here rather than by strftime and strptime, whose results depend on the machine's language and C library.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from paceline.mapping.refusals import Stop

_DIRECTIVE: Final = re.compile(r"%(.?)", re.DOTALL)
_DIRECTIVES: Final = frozenset("YmdHMSfyjbBaAIpz%")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_READ: Final = {
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}",
    **dict.fromkeys("mdHMSI", "[0-9]{1,2}"),
    "f": "[0-9]{1,6}",
    "j": "[0-9]{1,3}",
    "B": "|".join(_MONTHS),
    "b": "|".join(month[:3] for month in _MONTHS),
    "A": "|".join(_WEEKDAYS),
    "a": "|".join(day[:3] for day in _WEEKDAYS),
    "p": "AM|PM",
    "z": "Z|[+-][0-9]{2}:?[0-9]{2}",
}
_MONTH_OF_NAME: Final = {month[:3].lower(): number for number, month in enumerate(_MONTHS, 1)}
_MAX_TEXT: Final = 100


def written_time(time: datetime, pattern: str) -> str:
    """The time by a pattern that has no problem."""
    return _DIRECTIVE.sub(lambda found: _written(found.group(1), time), pattern)


def _written(letter: str, time: datetime) -> str:  # noqa: PLR0912 (one case a letter)
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


def time_read(text: str, pattern: str, zone: tzinfo) -> datetime:
    """The time that the text names; in `zone` where it names none. Stops on text that is written otherwise."""
    found = _reader(pattern).fullmatch(text) if len(text) <= _MAX_TEXT else None
    if found is None:
        raise Stop("wrong_type", f"read_time takes text that is written {pattern}, but was given other text")
    try:
        return _named(found.groupdict(), zone)
    except (ValueError, OverflowError):
        raise Stop("wrong_type", f"read_time takes a time that is written {pattern}, but the text names none") from None


def _named(parts: dict[str, str | None], zone: tzinfo) -> datetime:
    numbers = {letter: int(part) for letter, part in parts.items() if part is not None and part.isdigit()}
    short = numbers.get("y", 0)
    # Two digits are of 1969 to 2068, as POSIX has it.
    year = numbers.get("Y", short + (2000 if short < 69 else 1900))
    month = _MONTH_OF_NAME.get((parts.get("B") or parts.get("b") or "")[:3].lower()) or numbers.get("m", 1)
    hour = numbers.get("H", 0)
    if "I" in numbers:
        if not 1 <= numbers["I"] <= 12:
            raise ValueError
        hour = numbers["I"] % 12 + (12 if (parts.get("p") or "").lower() == "pm" else 0)
    micros = int((parts.get("f") or "0").ljust(6, "0"))
    where = _offset(parts["z"]) if parts.get("z") else zone
    time = datetime(year, month, numbers.get("d", 1), hour, numbers.get("M", 0), numbers.get("S", 0), micros, where)
    return time if "j" not in numbers else time.replace(month=1, day=1) + timedelta(days=numbers["j"] - 1)


def _offset(text: str | None) -> tzinfo:
    named = datetime.fromisoformat(f"2000-01-01T00:00:00{text}").tzinfo
    return named or UTC


@lru_cache(maxsize=256)
def _reader(pattern: str) -> re.Pattern[str]:
    parts: list[str] = []
    end = 0
    for directive in _DIRECTIVE.finditer(pattern):
        parts.append(re.escape(pattern[end : directive.start()]))
        letter = directive.group(1)
        parts.append("%" if letter == "%" else f"(?P<{letter}>{_READ[letter]})")
        end = directive.end()
    return re.compile("".join([*parts, re.escape(pattern[end:])]), re.IGNORECASE | re.ASCII)


def pattern_problem(value: object) -> str:
    """What is wrong with a pattern; empty when nothing is."""
    for letter in _DIRECTIVE.findall(value if isinstance(value, str) else ""):
        if letter not in _DIRECTIVES:
            return f"%{letter} is no part of a time; there are %{' %'.join(sorted(_DIRECTIVES))}"
    return ""


def reading_problem(value: object) -> str:
    """What is wrong with a pattern for reading: no part may stand twice, and the year must be there."""
    problem = pattern_problem(value)
    letters = [letter for letter in _DIRECTIVE.findall(value if isinstance(value, str) else "") if letter != "%"]
    if problem or not isinstance(value, str):
        return problem
    if len(set(letters)) < len(letters):
        return "a part of a time stands twice in the pattern"
    return "" if {"Y", "y"} & set(letters) else "the pattern has no year: %Y or %y"
