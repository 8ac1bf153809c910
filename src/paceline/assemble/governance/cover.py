"""How much of a week a team has somebody on call, or at least at work."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import msgspec

from paceline.lifecycle.on_call import Duty, Shift, WeekOnCall, plan_week, week_of, weeks_with_gaps
from paceline.lifecycle.rotas import days_away, shifts_of
from paceline.lifecycle.working_hours import read_week
from paceline.model.team import Team
from paceline.workspace.workspace import Workspace

WEEK_HOURS = 168.0


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """The cover of one team in one week.

    Without a rota, `week` is when its people are at work, and `has_rota` is false: who is on call is then known to
    another tool only. `gap_weeks` are the Mondays of weeks within a year in which a rota leaves a gap. `week` is None
    when a time zone does not exist.
    """

    team: str
    contact: str
    has_rota: bool
    zones: tuple[str, ...]
    week: WeekOnCall | None
    gap_weeks: tuple[dt.date, ...] = ()

    @property
    def covered_hours(self) -> float:
        """Hours of the week with somebody there."""
        return WEEK_HOURS - self.week.gap_hours if self.week is not None else 0.0

    @property
    def is_whole(self) -> bool:
        """Whether a rota leaves no gap within a year."""
        return self.has_rota and self.week is not None and not self.gap_weeks


def team_cover(name: str, team: Team, *, today: dt.date, look_ahead: bool = True) -> Cover:
    """The cover of a team in the week of a day; with `look_ahead`, also the weeks with gaps within a year."""
    zones = tuple(dict.fromkeys(person.time_zone for person in team.people))
    cover = Cover(team=name, contact=team.on_call, has_rota=bool(team.rota), zones=zones, week=None)
    try:
        shifts = shifts_of(team) if team.rota else _at_work(team, today)
        week = plan_week(shifts, week_of(today))
        ahead = weeks_with_gaps(shifts, today) if team.rota and look_ahead else ()
        mondays = tuple(one.monday for one in ahead)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return cover  # rule PL216 says which time zone does not exist
    return msgspec.structs.replace(cover, week=week, gap_weeks=mondays)


def rota_place(workspace: Workspace, team: str) -> str:
    """The line of teams.yaml with a team's rota, or with the team."""
    document = workspace.documents.get("teams.yaml")
    line = document.place(("teams", team, "rota"), of_key=True).line if document is not None else 0
    return f"teams.yaml:{line}" if line else "teams.yaml"


def _at_work(team: Team, today: dt.date) -> tuple[Shift, ...]:
    """The working hours of a team's people as if they were shifts. Public holidays are not in it."""
    return tuple(
        Shift(
            duties=(
                Duty(
                    person=person.name,
                    week=read_week(
                        zone=person.time_zone,
                        days=list(person.week),
                        hours=person.hours,
                        holidays=days_away(person),
                    ),
                ),
            ),
            since=today,
        )
        for person in team.people
    )
