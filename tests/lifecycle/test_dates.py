"""Quarters, and things with an announced end."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.lifecycle.deprecations import Ending, EndState, end_state, in_order
from paceline.lifecycle.quarters import Quarter

TODAY = dt.date(2026, 11, 23)


def ending(last_day: dt.date, since: dt.date | None = None) -> Ending:
    return Ending(
        name="x", kind="contract", owner="growth", since=since, last_day=last_day, replacement="y", consumers=(),
        place="contracts/x/1.0.0.yaml:3",
    )  # fmt: skip


@given(st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)))
def test_every_day_lies_in_its_quarter_and_in_no_other(day: dt.date) -> None:
    quarter = Quarter.of(day)
    assert quarter.has(day)
    assert not quarter.next.has(day)
    assert Quarter.parse(str(quarter)) == quarter
    assert quarter.next.first_day - quarter.last_day == dt.timedelta(days=1)


@pytest.mark.parametrize("text", ["2026Q5", "2026", "Q4", "26Q4", "2026 Q4", ""])
def test_text_that_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no quarter"):
        Quarter.parse(text)


@pytest.mark.parametrize(
    ("days", "state"),
    [(-1, EndState.OVERDUE), (0, EndState.DUE_SOON), (30, EndState.DUE_SOON), (31, EndState.RUNNING_OUT)],
)
def test_end_is_as_near_as_its_last_day(days: int, state: EndState) -> None:
    assert end_state(ending(TODAY + dt.timedelta(days=days)), TODAY) is state


def test_deprecation_that_begins_later_is_only_announced() -> None:
    later = TODAY + dt.timedelta(days=40)
    assert end_state(ending(later + dt.timedelta(days=90), since=later), TODAY) is EndState.ANNOUNCED


def test_register_begins_with_what_ends_first() -> None:
    first, second = ending(TODAY), ending(TODAY + dt.timedelta(days=1))
    assert in_order([second, first]) == [first, second]
