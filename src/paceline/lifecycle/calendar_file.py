"""A review window as an iCalendar file (RFC 5545), for the reviewers' calendars."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

import msgspec

_MOST_OCTETS = 75


class CalendarEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What to put into calendars. `attendees` goes from name to address; moments are in UTC."""

    uid: str
    title: str
    text: str
    begin: dt.datetime
    end: dt.datetime
    made: dt.datetime
    attendees: Mapping[str, str]


def calendar_file(entry: CalendarEntry) -> str:
    """The file's text, with a reminder four hours before the end. It blocks nobody's time."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//paceline//rfc//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{entry.uid}",
        f"DTSTAMP:{_moment(entry.made)}",
        f"DTSTART:{_moment(entry.begin)}",
        f"DTEND:{_moment(entry.end)}",
        f"SUMMARY:{_escaped(entry.title)}",
        f"DESCRIPTION:{_escaped(entry.text)}",
        "TRANSP:TRANSPARENT",
        *(f'ATTENDEE;CN="{_name(name)}":mailto:{address}' for name, address in entry.attendees.items() if address),
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "TRIGGER;RELATED=END:-PT4H",
        f"DESCRIPTION:{_escaped(entry.title)}",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _moment(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def _name(name: str) -> str:
    return "".join(letter for letter in name if letter != '"' and letter.isprintable())


def _folded(line: str) -> Iterator[str]:
    """The line in pieces of at most 75 octets; every further one begins with a space, and no character is cut."""
    piece = ""
    for letter in line:
        if len((piece + letter).encode()) > _MOST_OCTETS:
            yield piece
            piece = " "
        piece += letter
    yield piece
