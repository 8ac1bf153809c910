"""The schedule that people are told is the one that deliveries follow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.delivery.retry import RetryPolicy
from paceline.delivery.schedule import ordering_cost, retry_schedule
from paceline.delivery.settle import GivenUp, Waits, settle
from paceline.model.delivery import DeadLetterClass, Delivery, Item, Outcome, OutcomeClass
from paceline.model.integration import DeliveryLimits, Ordering
from paceline.model.record import Position

FIRST_MS = 1_800_000_000_000
AGAIN = Outcome(outcome_class=OutcomeClass.TRANSIENT, status=503)


def live(policy: RetryPolicy, jitter: float) -> tuple[list[float], GivenUp, float]:
    """When a delivery that always fails at once is tried again, in seconds since its first failure, and its end."""
    retries: list[float] = []
    now_ms = first_failed_ms = FIRST_MS
    attempts = 0
    while True:
        delivery = Delivery(
            id="d",
            position=Position(0, 0),
            key="u",
            mapping="m",
            action="a",
            item=Item(delivery_id="d", payload={}),
            event_id="e",
            event_name="track:x",
            source="web",
            attempts=attempts,
            first_failed_ms=first_failed_ms if attempts else 0,
        )
        settled = settle(delivery, AGAIN, policy, now_ms=now_ms, jitter=jitter)
        if not isinstance(settled, Waits):
            assert isinstance(settled, GivenUp)
            return retries, settled, (now_ms - FIRST_MS) / 1000
        now_ms, attempts = settled.parked.due_ms, settled.parked.attempts
        retries.append((now_ms - FIRST_MS) / 1000)


@pytest.mark.parametrize("hours", [0.01, 1.0, 24.0, 168.0])
def test_average_delivery_is_tried_when_the_schedule_says(hours: float) -> None:
    policy = RetryPolicy(window_secs=hours * 3600)
    schedule = retry_schedule(policy)
    retries, given_up, _ = live(policy, 0.5)
    assert retries[:-1] == pytest.approx([retry.typical_secs for retry in schedule.retries], abs=0.01)
    assert given_up.attempts == schedule.typical_tries
    assert given_up.letter_class is DeadLetterClass.VENDOR_EXHAUSTED


@given(jitter=st.floats(0.05, 1.0, exclude_max=True), hours=st.floats(0.01, 12.0))
def test_no_retry_is_later_than_the_schedule_says_and_the_end_is_in_its_range(jitter: float, hours: float) -> None:
    policy = RetryPolicy(window_secs=hours * 3600)
    schedule = retry_schedule(policy)
    retries, _, ended = live(policy, jitter)
    assert all(secs <= retry.latest_secs for secs, retry in zip(retries, schedule.retries, strict=False))
    assert schedule.window_secs - 0.01 <= ended <= schedule.given_up_latest_secs


def test_cost_of_order_names_what_is_lost() -> None:
    limits = DeliveryLimits(retry_window_hours=12)
    assert "one request at a time" in ordering_cost(Ordering.PER_KEY, limits)
    assert "everything behind it in its partition for up to 12 h" in ordering_cost(Ordering.STRICT, limits)
