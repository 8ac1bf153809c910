"""The rota of a team as teams.yaml says it, as shifts that can be counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from paceline.lifecycle.on_call import DAY, Duty, Shift
from paceline.lifecycle.working_hours import read_week
from paceline.model.team import Person, Team

MOST_DAYS_AWAY = 3660


def days_away(person: Person) -> Mapping[dt.date, str]:
    """Every day on which a person is away, with the reason; days that are in no calendar are left out.

    >>> from paceline.model.team import Away
    >>> away = Away(first="2026-12-24", last="2026-12-25")
    >>> [day.day for day in days_away(Person(name="Ines", time_zone="UTC", away=[away]))]
    [24, 25]
    """
    found: dict[dt.date, str] = {}
    for away in person.away:
        try:
            first, last = dt.date.fromisoformat(away.first), dt.date.fromisoformat(away.last)
        except ValueError:
            continue
        count = min((last - first).days, MOST_DAYS_AWAY)
        found |= {first + number * DAY: away.why for number in range(count + 1)}
    return found


def shifts_of(team: Team) -> tuple[Shift, ...]:
    """The shifts of a team; people whom the team does not have are left out, and so are shifts of nobody else.

    Time zones must exist (rule PL216 says when one does not).
    """
    people = {person.name: person for person in team.people}
    found = []
    for shift in team.rota:
        duties = tuple(
            Duty(
                person=name,
                week=read_week(
                    zone=people[name].time_zone,
                    days=list(shift.days),
                    hours=shift.hours,
                    holidays=days_away(people[name]),
                ),
            )
            for name in shift.people
            if name in people
        )
        try:
            since = dt.date.fromisoformat(shift.since)
        except ValueError:
            continue
        if duties:
            found.append(Shift(duties=duties, since=since))
    return tuple(found)
