"""Review windows: 48 hours, and on until every reviewer has had 8 working hours."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from paceline.lifecycle.review_window import HORIZON, LEAST, review_window
from paceline.lifecycle.working_hours import WorkingWeek, moment_after_work, working_hours

FRIDAY = dt.datetime(2026, 11, 27, 15, tzinfo=dt.UTC)
ZONES = ("UTC", "Asia/Manila", "Asia/Kolkata", "Asia/Kathmandu", "America/Vancouver", "Pacific/Auckland")


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def test_friday_afternoon_waits_for_monday_in_manila() -> None:
    window = review_window(FRIDAY, {"Ana": WorkingWeek(zone="Asia/Manila")})
    assert window.closes == utc("2026-11-30T09:00")
    assert not window.is_long
    assert window.waits_for == ("Ana",)


def test_holiday_on_monday_makes_the_window_long() -> None:
    week = WorkingWeek(zone="Asia/Manila", holidays={dt.date(2026, 11, 30): "Bonifacio Day"})
    window = review_window(FRIDAY, {"Ana": week})
    assert window.closes == utc("2026-12-01T09:00")
    assert window.is_long


def test_window_is_48_hours_when_everybody_has_worked_by_then() -> None:
    opened = utc("2026-11-24T09:00")
    assert review_window(opened, {"Jo": WorkingWeek(zone="Europe/Berlin")}).closes == opened + LEAST


def test_exactly_72_hours_are_not_long() -> None:
    opened = utc("2026-11-27T17:00")
    week = WorkingWeek(zone="UTC")
    window = review_window(opened, {"Jo": week})
    assert window.closes == opened + dt.timedelta(hours=72)
    assert not window.is_long


def test_half_hour_zone_counts_by_its_own_clock() -> None:
    window = review_window(FRIDAY, {"Priya": WorkingWeek(zone="Asia/Kolkata")})
    assert window.closes == utc("2026-11-30T11:30")


def test_working_day_keeps_its_local_hours_when_daylight_saving_ends() -> None:
    opened = utc("2026-10-23T16:00")  # Friday 18:00 in Berlin; the clocks go back on Sunday
    assert review_window(opened, {"Jo": WorkingWeek(zone="Europe/Berlin")}).closes == utc("2026-10-26T16:00")


def test_night_shift_over_the_end_of_daylight_saving_is_an_hour_longer() -> None:
    week = WorkingWeek(zone="Europe/Berlin", days=frozenset({5}), starts=dt.time(22), ends=dt.time(6))
    (shift,) = working_hours(week, since=utc("2026-10-24T12:00"), until=utc("2026-10-25T12:00"))
    assert shift.end - shift.begin == dt.timedelta(hours=9)


def test_night_shift_that_began_the_day_before_counts() -> None:
    week = WorkingWeek(zone="UTC", starts=dt.time(22), ends=dt.time(6))
    opened = utc("2026-11-25T02:00")
    assert moment_after_work(week, opened, dt.timedelta(hours=4), until=opened + HORIZON) == utc("2026-11-25T06:00")


def test_week_from_sunday_to_thursday_counts_sunday() -> None:
    week = WorkingWeek(zone="Asia/Riyadh", days=frozenset({6, 0, 1, 2, 3}))
    assert review_window(FRIDAY, {"Noor": week}).closes == FRIDAY + LEAST


def test_window_has_no_end_when_a_reviewer_is_not_available() -> None:
    away = {FRIDAY.date() + dt.timedelta(days=day): "away" for day in range(-1, HORIZON.days + 2)}
    weeks = {"Ana": WorkingWeek(zone="Asia/Manila", holidays=away), "Jo": WorkingWeek(zone="UTC")}
    window = review_window(FRIDAY, weeks)
    assert window.closes is None
    assert window.ready["Ana"] is None


def test_window_without_reviewers_has_no_end() -> None:
    assert review_window(FRIDAY, {}).closes is None


@given(
    st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: utc("2026-01-01") + dt.timedelta(minutes=minutes)),
    st.lists(st.sampled_from(ZONES), min_size=1, max_size=4, unique=True),
)
def test_every_reviewer_has_worked_eight_hours_when_it_closes(opened: dt.datetime, zones: list[str]) -> None:
    weeks = {zone: WorkingWeek(zone=zone) for zone in zones}
    closes = review_window(opened, weeks).closes
    assert closes is not None
    assert closes >= opened + LEAST
    for week in weeks.values():
        worked = sum(((one.end - one.begin) for one in working_hours(week, since=opened, until=closes)), dt.timedelta())
        assert worked >= dt.timedelta(hours=8)
