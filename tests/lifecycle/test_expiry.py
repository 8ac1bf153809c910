"""Dates of the lifecycle, each rule at its border."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.lifecycle.expiry import (
    SunsetNotice,
    is_expired,
    last_moment_ms,
    latest_end,
    notice_days,
    sunset_headers,
)
from paceline.lifecycle.timeline import Dated, Standing, in_order, span_of
from paceline.lifecycle.timeline_picture import draw_timeline
from paceline.model.integration import Stage

END = dt.date(2027, 2, 15)
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("left", "notice"),
    [(31, None), (30, 30), (15, 30), (14, 14), (8, 14), (7, 7), (1, 7), (0, 7), (-1, None)],
)
def test_notices_begin_thirty_fourteen_and_seven_days_before(left: int, notice: int | None):
    assert notice_days(END, END - left * DAY) == notice


@pytest.mark.parametrize(("days", "expired"), [(-1, False), (0, False), (1, True)])
def test_last_day_is_still_in_time(days: int, expired: bool):
    assert is_expired(END, END + days * DAY) is expired


def test_nothing_without_an_end_expires():
    assert is_expired(None, END) is False
    assert notice_days(None, END) is None


@pytest.mark.parametrize(("extensions", "days"), [(0, 90), (1, 180), (2, 270), (3, 270)])
def test_each_of_two_extensions_adds_as_many_days(extensions: int, days: int):
    latest = latest_end(Stage.HYBRID, started=END, today=END, extensions=extensions, hybrid_days=90)
    assert latest == END + days * DAY


def test_hybrid_of_unknown_start_is_bounded_from_today():
    assert latest_end(Stage.HYBRID, started=None, today=END, extensions=0, hybrid_days=90) == END + 90 * DAY


@pytest.mark.parametrize("stage", [Stage.SPRINT, Stage.MARATHON])
def test_only_a_hybrid_is_bounded(stage: Stage):
    assert latest_end(stage, started=END, today=END, extensions=0, hybrid_days=90) is None


def test_last_moment_is_the_last_millisecond_of_the_day():
    assert last_moment_ms(dt.date(1970, 1, 1)) == 86_400_000 - 1


def test_headers_have_the_forms_of_their_rfcs():
    # RFC 9745 section 2.1: a date of structured fields; RFC 8594 section 3: an HTTP date.
    notice = SunsetNotice(since_ms=1688169599000, ends_ms=1719791999000, plan="https://wiki.example/plan")
    assert sunset_headers(notice) == [
        ("deprecation", "@1688169599"),
        ("sunset", "Sun, 30 Jun 2024 23:59:59 GMT"),
        ("link", '<https://wiki.example/plan>; rel="deprecation"'),
    ]


@pytest.mark.parametrize(
    ("stage", "left", "is_retired", "standing"),
    [
        (Stage.SPRINT, 31, False, Standing.RUNNING),
        (Stage.SPRINT, 30, False, Standing.ENDS_SOON),
        (Stage.HYBRID, 0, False, Standing.ENDS_SOON),
        (Stage.HYBRID, -1, False, Standing.EXPIRED),
        (Stage.MARATHON, -1, False, Standing.ENDLESS),
        (Stage.SPRINT, -9, True, Standing.RETIRED),
    ],
)
def test_standing_of_an_integration_changes_at_these_days(
    stage: Stage, left: int, is_retired: bool, standing: Standing
):
    dated = Dated(name="a", stage=stage, owner="o", first=None, last=END, is_retired=is_retired)
    assert span_of(dated, END - left * DAY).standing is standing


def test_what_needs_somebody_first_comes_first():
    dated = [
        Dated(name="endless", stage=Stage.MARATHON, owner="o", first=None, last=None),
        Dated(name="gone", stage=Stage.SPRINT, owner="o", first=None, last=END - 9 * DAY, is_retired=True),
        Dated(name="later", stage=Stage.HYBRID, owner="o", first=None, last=END + 9 * DAY),
        Dated(name="expired", stage=Stage.SPRINT, owner="o", first=None, last=END - DAY),
    ]
    assert [one.name for one in in_order([span_of(one, END) for one in dated])] == [
        *("expired", "later", "endless", "gone")
    ]


days = st.dates(dt.date(2024, 1, 1), dt.date(2030, 1, 1))


@given(
    st.lists(
        st.builds(
            Dated,
            name=st.text(min_size=1, max_size=40),
            stage=st.sampled_from(Stage),
            owner=st.just("growth"),
            first=st.none() | days,
            last=st.none() | days,
            milestones=st.lists(days, max_size=3),
            extensions=st.integers(0, 2),
            is_retired=st.booleans(),
        ),
        max_size=5,
    ),
    days,
)
def test_picture_of_any_integrations_is_well_formed_and_inside_its_frame(dated: list[Dated], today: dt.date):
    from xml.etree import ElementTree

    picture = draw_timeline([span_of(one, today) for one in dated], today=today, title="a & b <c>")
    clean = "".join(letter for letter in picture if letter.isprintable() or letter == "\n")
    root = ElementTree.fromstring(clean)
    width, height = float(root.get("width")), float(root.get("height"))
    for box in root.iter("{http://www.w3.org/2000/svg}rect"):
        x, y = float(box.get("x", 0)), float(box.get("y", 0))
        assert 0 <= x <= x + float(box.get("width")) <= width
        assert 0 <= y <= y + float(box.get("height")) <= height
