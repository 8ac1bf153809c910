"""Who is on call at each moment of a week, across time zones, and when nobody is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import msgspec

from paceline.lifecycle.working_hours import Hours, WorkingWeek, hours_on

DAY = dt.timedelta(days=1)
WEEK = dt.timedelta(days=7)
WEEKS_AHEAD = 53
"""How far gaps are looked for: over a year, so that both changes of the clocks in every zone are in it."""


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """A person who takes a shift: its days and hours by their clock. `week.holidays` are days when they are away."""

    person: str
    week: WorkingWeek


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """One shift. Several people take turns by the week, the first of them in the week in which `since` lies."""

    duties: tuple[Duty, ...]
    since: dt.date

    def on_duty(self, monday: dt.date) -> Duty:
        """Who takes it when it begins in the week of this Monday."""
        return self.duties[(monday - week_of(self.since)).days // 7 % len(self.duties)]


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """A person on call without a break, in UTC."""

    person: str
    hours: Hours


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody on call, in UTC. `because` names who is away then; empty where the rota has no shift at all."""

    hours: Hours
    because: str = ""


class WeekOnCall(msgspec.Struct, frozen=True, kw_only=True):
    """A week from Monday 00:00 UTC. Watches and gaps are in order; where shifts overlap, so do watches."""

    monday: dt.date
    watches: tuple[Watch, ...]
    gaps: tuple[Gap, ...]

    @property
    def gap_hours(self) -> float:
        """How many of the 168 hours nobody is on call."""
        return sum((gap.hours.end - gap.hours.begin).total_seconds() for gap in self.gaps) / 3600

    @property
    def hand_overs(self) -> tuple[tuple[dt.datetime, str, str], ...]:
        """When somebody leaves and somebody else is there: the moment, who leaves, and who is on call then."""
        found = []
        for watch in self.watches:
            there = [one for one in self.watches if one.hours.begin <= watch.hours.end < one.hours.end]
            found += [(watch.hours.end, watch.person, one.person) for one in there if one.person != watch.person]
        return tuple(sorted(found))

    def at(self, moment: dt.datetime) -> tuple[str, ...]:
        """Who is on call at a moment of the week; nobody, one, or several people."""
        return tuple(one.person for one in self.watches if one.hours.begin <= moment < one.hours.end)


def week_of(day: dt.date) -> dt.date:
    """The Monday of a day's week.

    >>> week_of(dt.date(2026, 11, 29)).isoformat()
    '2026-11-23'
    """
    return day - dt.timedelta(days=day.weekday())


def plan_week(shifts: Sequence[Shift], monday: dt.date) -> WeekOnCall:
    """Who is on call in the week of UTC that begins on a Monday."""
    begin = dt.datetime.combine(monday, dt.time(), tzinfo=dt.UTC)
    end = begin + WEEK
    held: dict[str, list[Hours]] = {}
    missed: list[tuple[Hours, str]] = []
    for shift in shifts:
        for hours, duty, day in _shifts_around(shift, monday):
            part = Hours(begin=max(hours.begin, begin), end=min(hours.end, end))
            if part.begin >= part.end:
                continue
            if day in duty.week.holidays:
                missed.append((part, f"{duty.person}: {duty.week.holidays[day]}"))
            else:
                held.setdefault(duty.person, []).append(part)
    watches = [Watch(person=person, hours=hours) for person, all_hours in held.items() for hours in joined(all_hours)]
    watches.sort(key=lambda watch: (watch.hours.begin, watch.hours.end, watch.person))
    uncovered = _uncovered([watch.hours for watch in watches], Hours(begin=begin, end=end))
    return WeekOnCall(
        monday=monday,
        watches=tuple(watches),
        gaps=tuple(Gap(hours=hours, because=_reason(hours, missed)) for hours in uncovered),
    )


def weeks_with_gaps(shifts: Sequence[Shift], today: dt.date, *, weeks: int = WEEKS_AHEAD) -> Iterator[WeekOnCall]:
    """The weeks from that of today on in which at some moment nobody is on call."""
    for number in range(weeks):
        week = plan_week(shifts, week_of(today) + number * WEEK)
        if week.gaps:
            yield week


def joined(all_hours: Sequence[Hours]) -> list[Hours]:
    """Hours in order, with those that touch or overlap made one."""
    found: list[Hours] = []
    for hours in sorted(all_hours, key=lambda one: (one.begin, one.end)):
        if found and hours.begin <= found[-1].end:
            found[-1] = Hours(begin=found[-1].begin, end=max(found[-1].end, hours.end))
        else:
            found.append(hours)
    return found


def _uncovered(all_hours: Sequence[Hours], whole: Hours) -> list[Hours]:
    found: list[Hours] = []
    here = whole.begin
    for hours in joined(all_hours):
        if hours.begin > here:
            found.append(Hours(begin=here, end=hours.begin))
        here = max(here, hours.end)
    if here < whole.end:
        found.append(Hours(begin=here, end=whole.end))
    return found


def _shifts_around(shift: Shift, monday: dt.date) -> Iterator[tuple[Hours, Duty, dt.date]]:
    """The shifts that may touch a week of UTC: those that begin on its days or, by local clocks, just around them."""
    for offset in range(-2, 9):
        day = monday + offset * DAY
        duty = shift.on_duty(week_of(day))
        if day.weekday() in duty.week.days:
            yield hours_on(duty.week, day), duty, day


def _reason(gap: Hours, missed: Sequence[tuple[Hours, str]]) -> str:
    reasons = (why for hours, why in missed if hours.begin < gap.end and gap.begin < hours.end)
    return "; ".join(dict.fromkeys(reasons))
