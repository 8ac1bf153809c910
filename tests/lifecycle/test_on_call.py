"""Who is on call, across time zones and changes of the clocks."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from paceline.lifecycle.on_call import WEEK, Duty, Shift, plan_week, week_of, weeks_with_gaps
from paceline.lifecycle.rotas import shifts_of
from paceline.lifecycle.working_hours import WorkingWeek
from paceline.model.team import Away, Person, RotaShift, Team

EVERY_DAY = frozenset(range(7))
SINCE = dt.date(2026, 1, 5)
ZONES = ("Europe/Lisbon", "Asia/Kolkata", "America/Bogota", "Pacific/Auckland", "Asia/Kathmandu", "Pacific/Chatham",
         "America/St_Johns", "Australia/Lord_Howe", "UTC")  # fmt: skip


def shift(person: str, zone: str, hours: str, *, days: frozenset[int] = EVERY_DAY) -> Shift:
    begin, _, end = hours.partition("-")
    week = WorkingWeek(
        zone=zone, days=days, starts=dt.time.fromisoformat(begin), ends=dt.time.fromisoformat(end), holidays={}
    )
    return Shift(duties=(Duty(person=person, week=week),), since=SINCE)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def test_two_people_on_opposite_sides_of_the_world_cover_a_week() -> None:
    week = plan_week([shift("Ines", "UTC", "06:00-18:00"), shift("Kiri", "UTC", "18:00-06:00")], dt.date(2026, 11, 23))
    assert week.gaps == ()
    assert week.at(utc("2026-11-23T05:59")) == ("Kiri",)
    assert week.at(utc("2026-11-23T06:00")) == ("Ines",)


def test_hand_over_is_where_one_person_leaves_and_another_is_there() -> None:
    week = plan_week([shift("Ines", "UTC", "06:00-18:00"), shift("Kiri", "UTC", "18:00-06:00")], dt.date(2026, 11, 23))
    assert week.hand_overs[0] == (utc("2026-11-23T06:00"), "Kiri", "Ines")
    assert len(week.hand_overs) == 14


def test_gap_opens_only_while_one_country_has_changed_its_clocks() -> None:
    # Europe changes on 2027-03-28, the United States on 2027-03-14.
    shifts = [shift("Ines", "Europe/Lisbon", "08:00-20:00"), shift("Tom", "America/New_York", "15:00-03:00")]
    weeks = list(weeks_with_gaps(shifts, dt.date(2027, 1, 4), weeks=20))
    assert [week.monday.isoformat() for week in weeks] == ["2027-03-08", "2027-03-15", "2027-03-22"]
    # From the Sunday of the change on, 03:00 in New York is 07:00 in Lisbon, where nobody is up before 08:00.
    assert [gap.hours.begin for gap in weeks[0].gaps] == [utc("2027-03-14T07:00")]
    assert weeks[1].gap_hours == 7.0


def test_gap_names_the_person_who_is_away() -> None:
    person = Person(name="Ines", time_zone="UTC", away=[Away(first="2026-12-24", last="2026-12-25", why="Christmas")])
    team = Team(people=[person], on_call="x", rota=[RotaShift(people=["Ines"], hours="00:00-00:00")])
    week = plan_week(shifts_of(team), dt.date(2026, 12, 21))
    (gap,) = week.gaps
    assert (gap.because, week.gap_hours) == ("Ines: Christmas", 48.0)


def test_people_take_turns_from_the_week_of_since_on() -> None:
    people = [Person(name=name, time_zone="UTC") for name in ("Ines", "Kiri", "Tom")]
    rota = [RotaShift(people=["Ines", "Kiri", "Tom"], hours="00:00-00:00", since="2026-11-25")]
    shifts = shifts_of(Team(people=people, on_call="x", rota=rota))
    mondays = [dt.date(2026, 11, 16) + number * WEEK for number in range(5)]
    assert [plan_week(shifts, monday).watches[-1].person for monday in mondays] == [
        "Tom",
        "Ines",
        "Kiri",
        "Tom",
        "Ines",
    ]


def test_half_hour_zone_begins_on_the_half_hour() -> None:
    week = plan_week([shift("Priya", "Asia/Kolkata", "09:00-17:00")], dt.date(2026, 11, 23))
    assert week.watches[0].hours.begin == utc("2026-11-23T03:30")


def test_team_without_a_rota_leaves_the_whole_week_open() -> None:
    assert plan_week([], dt.date(2026, 11, 23)).gap_hours == 168.0


def test_shift_of_nobody_in_the_team_is_left_out() -> None:
    rota = [RotaShift(people=["Nobody"], hours="00:00-00:00")]
    assert shifts_of(Team(people=[Person(name="Ines", time_zone="UTC")], on_call="x", rota=rota)) == ()


@st.composite
def rotas(draw: st.DrawFn) -> list[Shift]:
    times = st.builds(lambda hour, half: f"{hour:02}:{30 * half:02}", st.integers(0, 23), st.integers(0, 1))
    return [
        shift(
            f"person {number}",
            draw(st.sampled_from(ZONES)),
            f"{draw(times)}-{draw(times)}",
            days=draw(st.frozensets(st.integers(0, 6), min_size=1)),
        )
        for number in range(draw(st.integers(1, 4)))
    ]


@given(rotas(), st.dates(dt.date(2026, 1, 1), dt.date(2028, 12, 31)), st.integers(0, 167 * 4))
def test_moment_is_in_a_gap_exactly_when_nobody_is_on_call_by_their_own_clock(
    shifts: list[Shift], day: dt.date, quarter: int
) -> None:
    week = plan_week(shifts, week_of(day))
    moment = dt.datetime.combine(week.monday, dt.time(), tzinfo=dt.UTC) + quarter * dt.timedelta(minutes=15)
    is_gap = any(gap.hours.begin <= moment < gap.hours.end for gap in week.gaps)
    assert is_gap == (not week.at(moment))
    assert is_gap == (not any(_is_on_call(one, moment) for one in shifts))


@given(rotas(), st.dates(dt.date(2026, 1, 1), dt.date(2028, 12, 31)))
def test_watches_and_gaps_make_up_the_whole_week(shifts: list[Shift], day: dt.date) -> None:
    week = plan_week(shifts, week_of(day))
    begin = dt.datetime.combine(week.monday, dt.time(), tzinfo=dt.UTC)
    edges = sorted((one.hours.begin, one.hours.end) for one in (*week.watches, *week.gaps))
    reached = begin
    for start, end in edges:
        assert start <= reached
        reached = max(reached, end)
    assert reached == begin + WEEK


def _is_on_call(one: Shift, moment: dt.datetime) -> bool:
    """The slow way: whether a shift of yesterday or today, by local clocks, has begun and not ended."""
    week = one.duties[0].week
    zone = ZoneInfo(week.zone)
    today = moment.astimezone(zone).date()
    for day in (today - dt.timedelta(days=1), today):
        if day.weekday() not in week.days:
            continue
        last = day if week.starts < week.ends else day + dt.timedelta(days=1)
        begin = dt.datetime.combine(day, week.starts, tzinfo=zone).timestamp()
        end = dt.datetime.combine(last, week.ends, tzinfo=zone).timestamp()
        if begin <= moment.timestamp() < end:
            return True
    return False
