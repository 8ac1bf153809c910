"""Steps of a route toggle, the comparison of two payloads, and what evidence is worth."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.errors import UsageError
from paceline.lifecycle.parity import Difference, differences
from paceline.lifecycle.route_book import RouteBook
from paceline.lifecycle.route_evidence import Evidence, Judgement, judge, lag_bound_ms, lag_bucket
from paceline.lifecycle.route_step import (
    BUS,
    DIRECT,
    LADDER,
    SHADOW,
    RouteStep,
    flag_of,
    next_step,
    parse_step,
    previous_step,
    step_of,
)
from paceline.model.route import ReadyWhen

HOUR_MS = 3_600_000
WANTED = ReadyWhen(parity_ratio=0.99, over_events=100, lag_p99_secs=10, error_ratio=0.01, for_hours=1)
steps = st.sampled_from([DIRECT, SHADOW, BUS]) | st.integers(1, 99).map(RouteStep)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(steps)
def test_step_can_be_written_read_and_kept_in_a_flag(step: RouteStep) -> None:
    assert parse_step(str(step)) == step
    assert step_of(flag_of(step, metadata={"expires": "2027-01-01"})) == step


@pytest.mark.parametrize("text", ["", "canary", "canary 0%", "canary 100%", "canary -3%", "buss", "10%", "canary 1.5%"])
def test_text_that_is_no_step_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(UsageError, match="direct, shadow, canary"):
        parse_step(text)


@given(steps)
def test_next_step_is_later_and_the_one_before_sends_nothing_by_the_bus(step: RouteStep) -> None:
    later = next_step(step)
    assert (later is None) == (step == BUS)
    assert later is None or (later > step and later in LADDER)
    assert previous_step(step) <= SHADOW


@pytest.mark.parametrize(
    "flag",
    [
        None,
        {},
        flag_of(SHADOW) | {"targeting": {"if": [True, "bus", "direct"]}},
        flag_of(SHADOW) | {"variants": {"on": True, "off": False}},
        flag_of(parse_step("canary 10%")) | {"targeting": {"fractional": [["bus", 10], ["direct", 90]]}},
    ],
)
def test_flag_with_rules_of_its_own_is_no_step(flag: object) -> None:
    assert step_of(flag) is None


def test_flag_that_is_disabled_stands_at_direct() -> None:
    assert step_of(flag_of(BUS) | {"state": "DISABLED"}) == DIRECT


@given(json_values)
def test_payload_does_not_differ_from_itself(value: object) -> None:
    assert differences(value, value, show=repr) == []


@given(json_values, json_values)
def test_payloads_differ_in_some_field_exactly_when_their_json_does(left: object, right: object) -> None:
    same = msgspec.json.encode(left, order="sorted") == msgspec.json.encode(right, order="sorted")
    assert (differences(left, right, show=repr) == []) == same


@pytest.mark.parametrize(
    ("direct", "bus", "path"),
    [
        ({"a": 1}, {}, "a"),
        ({}, {"a": None}, "a"),
        ({"a": {"b": "x"}}, {"a": {"b": "X"}}, "a.b"),
        ({"items": [{"p": 1}, {"p": 2}]}, {"items": [{"p": 1}, {"p": 3}]}, "items[].p"),
        ({"items": [1]}, {"items": [1, 2]}, "items"),
        ({"a": True}, {"a": 1}, "a"),
    ],
)
def test_difference_is_named_by_its_field(direct: object, bus: object, path: str) -> None:
    assert [found.path for found in differences(direct, bus, show=repr)] == [path]


def observed(
    step: RouteStep = SHADOW,
    *,
    events: int = 100,
    differing: int = 0,
    failed: int = 0,
    direct_failed: int = 0,
    lag_ms: int = 100,
    hours: float = 1.0,
) -> Judgement:
    book = RouteBook(Evidence(step=step.percent, since_ms=0), WANTED)
    for number in range(events):
        now_ms = int(number * hours * HOUR_MS / events)
        found = [Difference("total", "1", "2")] if number < differing else []
        book.compare(found, mapping="m", now_ms=now_ms)
        book.settle(by_bus=True, failed=number < failed, lag_ms=lag_ms, now_ms=now_ms)
        book.settle(by_bus=False, failed=number < direct_failed, lag_ms=100, now_ms=now_ms)
    now_ms = int(hours * HOUR_MS)
    return judge(book.evidence(now_ms=now_ms), WANTED, now_ms=now_ms)


def unmet(judgement: Judgement) -> list[str]:
    return [check.name for check in judgement.checks if not check.passed]


def test_evidence_at_its_bounds_suffices() -> None:
    assert observed(differing=1, failed=1, lag_ms=8000).is_ready


@pytest.mark.parametrize(
    ("seen", "name"),
    [
        ({"differing": 2}, "parity_ratio"),
        ({"events": 99}, "over_events"),
        ({"failed": 2}, "error_ratio"),
        ({"lag_ms": 10_100}, "lag_p99_secs"),
        ({"hours": 0.999}, "for_hours"),
    ],
)
def test_each_bound_alone_holds_the_toggle_back(seen: dict[str, float], name: str) -> None:
    judgement = observed(**seen)  # type: ignore[arg-type]
    assert (judgement.is_ready, unmet(judgement)) == (False, [name])


def test_toggle_at_direct_is_never_ready_by_itself() -> None:
    assert not observed(DIRECT).is_ready


def test_nothing_seen_is_not_evaluated_rather_than_passed() -> None:
    judgement = judge(Evidence(step=0, since_ms=0), WANTED, now_ms=2 * HOUR_MS)
    assert {check.name: check.passed for check in judgement.checks} == {
        "parity_ratio": None,
        "over_events": False,
        "for_hours": True,
        "error_ratio": None,
        "lag_p99_secs": None,
    }


def test_bus_path_that_fails_is_broken_only_where_it_delivers() -> None:
    assert observed(parse_step("canary 10%"), failed=5).broken
    assert observed(BUS, failed=5).broken
    assert not observed(SHADOW, failed=5).broken


def test_two_failures_or_as_many_on_the_direct_path_break_nothing() -> None:
    assert not observed(BUS, failed=2).broken
    assert not observed(parse_step("canary 10%"), failed=5, direct_failed=4).broken


def test_old_differences_are_forgotten_once_enough_newer_events_agree() -> None:
    book = RouteBook(Evidence(step=0, since_ms=0), WANTED)
    for minute in range(240):
        found = [Difference("total", "1", "2")] if minute < 60 else []
        for _ in range(3):
            book.compare(found, mapping="m", now_ms=minute * 60_000)
            book.settle(by_bus=True, failed=False, lag_ms=5, now_ms=minute * 60_000)
    assert judge(book.evidence(now_ms=4 * HOUR_MS), WANTED, now_ms=4 * HOUR_MS).is_ready


@given(st.floats(0, 1e9))
def test_lag_bucket_bounds_the_lag_from_above_by_a_fifth_at_most(lag_ms: float) -> None:
    bound = lag_bound_ms(lag_bucket(lag_ms))
    assert lag_ms <= bound <= (lag_ms + 1) * 1.19 + 1e-6
