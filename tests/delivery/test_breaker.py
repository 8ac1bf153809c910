"""When a failing vendor is left alone, and when it is tried again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paceline.delivery.breaker import Breaker, BreakerPolicy, after_call

POLICY = BreakerPolicy()


def after(breaker: Breaker, failures: list[bool], now_secs: float = 1000.0) -> Breaker:
    for failed in failures:
        breaker = after_call(breaker, POLICY, failed=failed, now_secs=now_secs)
    return breaker


def test_ten_failures_in_a_row_open_it():
    assert not after(Breaker(), [True] * 9).is_open(1000)
    assert after(Breaker(), [True] * 10).is_open(1000)


def test_half_of_twenty_calls_failing_opens_it():
    assert after(Breaker(), [False, True] * 10).is_open(1000)


def test_half_of_fewer_calls_does_not():
    assert not after(Breaker(), [False, True] * 9).is_open(1000)


def test_failures_of_long_ago_do_not_count():
    old = after(Breaker(), [False, True] * 9, now_secs=1000)
    assert not after(old, [False, True], now_secs=1061).is_open(1061)


def test_it_lets_probes_through_after_thirty_seconds():
    opened = after(Breaker(), [True] * 10)
    assert opened.is_open(1029.9)
    assert not opened.is_open(1030)
    assert opened.is_half_open(1030)


def test_five_good_probes_close_it():
    probed = after(after(Breaker(), [True] * 10), [False] * 5, now_secs=1031)
    assert not probed.is_half_open(1031)
    assert not probed.is_open(1031)


def test_a_failed_probe_opens_it_for_twice_as_long():
    opened_again = after(after(Breaker(), [True] * 10), [True], now_secs=1031)
    assert opened_again.is_open(1031 + 59.9)
    assert not opened_again.is_open(1031 + 60)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 700)), max_size=200))
def test_it_is_never_open_for_longer_than_ten_minutes(calls: list[tuple[bool, float]]):
    breaker, now = Breaker(), 0.0
    for failed, pause in calls:
        now += pause
        if not breaker.is_open(now):
            breaker = after_call(breaker, POLICY, failed=failed, now_secs=now)
        assert breaker.open_until <= now + POLICY.max_open_secs
