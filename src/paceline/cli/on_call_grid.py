"""A week on call as lines of text: a grid of hours, hand-overs, and gaps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from paceline.lifecycle.on_call import WeekOnCall

_HOUR = dt.timedelta(hours=1)
_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MOST_HAND_OVERS = 8
_NOBODY, _PARTLY, _SEVERAL = ".", "!", "+"


def grid_lines(week: WeekOnCall, people: Sequence[str]) -> Iterator[str]:
    """One line a day, one sign an hour: a letter for a person, `.` for nobody, `!` for nobody during a part of it."""
    signs = {person: _SIGNS[index % len(_SIGNS)] for index, person in enumerate(people)}
    yield "      " + "".join(f"{hour:<6}" for hour in range(0, 24, 6)).rstrip()
    used: set[str] = set()
    for number in range(7):
        day = week.monday + dt.timedelta(days=number)
        begin = dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
        row = [_sign(week, begin + hour * _HOUR, signs) for hour in range(24)]
        used.update(row)
        yield f"  {day:%a} {''.join(row)}"
    legend = [f"{sign} {person}" for person, sign in signs.items() if _is_there(week, person)]
    legend += [f"{_SEVERAL} several"] if _SEVERAL in used else []
    legend += [f"{_PARTLY} partly nobody"] if _PARTLY in used else []
    legend += [f"{_NOBODY} nobody"] if _NOBODY in used else []
    yield "  " + ", ".join(legend)


def hand_over_lines(week: WeekOnCall, zones: Mapping[str, str]) -> Iterator[str]:
    """When one person takes over from another, by the clocks of both; hand-overs at the same hours in one line."""
    found: dict[tuple[str, str, str, str, str], list[str]] = {}
    for moment, leaves, comes in week.hand_overs:
        key = (f"{moment:%H:%M}", leaves, _clock(moment, zones[leaves]), comes, _clock(moment, zones[comes]))
        found.setdefault(key, []).append(f"{moment:%a}")
    lines = [
        f"  {at} UTC  {leaves} ({there}) -> {comes} ({here})  {_days(days)}"
        for (at, leaves, there, comes, here), days in found.items()
    ]
    if lines:
        yield "Hand-overs"
        yield from lines[:_MOST_HAND_OVERS]
        if len(lines) > _MOST_HAND_OVERS:
            yield f"  and {len(lines) - _MOST_HAND_OVERS} more"


def gap_lines(week: WeekOnCall, zones: Mapping[str, str], *, is_rota: bool) -> Iterator[str]:
    """When nobody is there: every gap of a rota, for working hours only how long it is in all."""
    if not week.gaps:
        yield "No gap: somebody is there at every hour." if is_rota else "Somebody is at work at every hour."
        return
    if not is_rota:
        yield f"Nobody is at work {week.gap_hours:.1f} of 168 hours; who is on call then was not evaluated."
        return
    yield f"Gaps: {week.gap_hours:g} hours with nobody on call"
    for gap in week.gaps:
        begin, end = gap.hours.begin, gap.hours.end
        because = f"  ({gap.because})" if gap.because else ""
        yield f"  {begin:%a %Y-%m-%d %H:%M} to {end:%a %H:%M} UTC{because}"


def _sign(week: WeekOnCall, hour: dt.datetime, signs: Mapping[str, str]) -> str:
    open_parts = [gap for gap in week.gaps if gap.hours.begin < hour + _HOUR and hour < gap.hours.end]
    if open_parts:
        is_whole = any(gap.hours.begin <= hour and hour + _HOUR <= gap.hours.end for gap in open_parts)
        return _NOBODY if is_whole else _PARTLY
    there = week.at(hour)
    if len(set(there)) > 1:
        return _SEVERAL
    return signs[there[0]] if there else _PARTLY


def _is_there(week: WeekOnCall, person: str) -> bool:
    return any(watch.person == person for watch in week.watches)


def _clock(moment: dt.datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M} in {zone.rpartition('/')[2].replace('_', ' ')}"


def _days(days: Sequence[str]) -> str:
    return "every day" if len(days) == 7 else ", ".join(days)
