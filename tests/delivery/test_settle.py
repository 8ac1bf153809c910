"""What is done about a delivery's outcome."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.delivery.retry import RetryPolicy, backoff_secs, consequence_of
from paceline.delivery.settle import Delivered, GivenUp, Waits, settle
from paceline.model.delivery import DeadLetterClass, Delivery, Item, Outcome, OutcomeClass
from paceline.model.record import Position

POLICY = RetryPolicy()
NOW = 1_800_000_000_000
HOUR_MS = 3_600_000


def delivery(attempts: int = 0, first_failed_ms: int = 0) -> Delivery:
    return Delivery(
        id="d1",
        position=Position(0, 7),
        key="u1",
        mapping="m",
        action="send",
        item=Item(delivery_id="d1", payload={}),
        event_id="e1",
        event_name="track:x",
        source="web",
        attempts=attempts,
        first_failed_ms=first_failed_ms,
    )


def outcome(outcome_class: OutcomeClass, retry_after_secs: float | None = None) -> Outcome:
    return Outcome(outcome_class=outcome_class, retry_after_secs=retry_after_secs)


def test_success_is_delivered():
    assert settle(delivery(), outcome(OutcomeClass.OK), POLICY, now_ms=NOW, jitter=0.5) == Delivered()


@pytest.mark.parametrize("final", [OutcomeClass.PERMANENT, OutcomeClass.TOO_BIG, OutcomeClass.POISON])
def test_failure_that_no_retry_can_help_is_given_up_at_once(final: OutcomeClass):
    assert isinstance(settle(delivery(), outcome(final), POLICY, now_ms=NOW, jitter=0.5), GivenUp)


def test_transient_failure_waits_and_counts_an_attempt():
    settled = settle(delivery(), outcome(OutcomeClass.TRANSIENT), POLICY, now_ms=NOW, jitter=0.5)
    assert isinstance(settled, Waits)
    assert (settled.parked.attempts, settled.parked.due_ms, settled.parked.first_failed_ms) == (1, NOW + 500, NOW)


def test_throttling_never_spends_an_attempt():
    settled = settle(delivery(attempts=3), outcome(OutcomeClass.THROTTLE, 7), POLICY, now_ms=NOW, jitter=0.0)
    assert isinstance(settled, Waits)
    assert (settled.parked.attempts, settled.parked.due_ms) == (3, NOW + 7_000)


def test_retry_after_longer_than_an_hour_is_an_hour():
    settled = settle(delivery(), outcome(OutcomeClass.THROTTLE, 90_000), POLICY, now_ms=NOW, jitter=0.0)
    assert settled.parked.due_ms == NOW + HOUR_MS


def test_retry_after_in_the_past_is_now():
    settled = settle(delivery(), outcome(OutcomeClass.TRANSIENT, -5), POLICY, now_ms=NOW, jitter=0.0)
    assert settled.parked.due_ms == NOW


def test_last_minute_of_the_window_still_waits():
    late = delivery(attempts=9, first_failed_ms=NOW - 24 * HOUR_MS + 300_000)
    assert isinstance(settle(late, outcome(OutcomeClass.TRANSIENT), POLICY, now_ms=NOW, jitter=0.5), Waits)


def test_delivery_is_given_up_when_the_window_is_over():
    late = delivery(attempts=9, first_failed_ms=NOW - 24 * HOUR_MS)
    settled = settle(late, outcome(OutcomeClass.TRANSIENT), POLICY, now_ms=NOW, jitter=0.5)
    assert settled == GivenUp(DeadLetterClass.VENDOR_EXHAUSTED, 10, NOW - 24 * HOUR_MS)


def test_refused_credentials_for_a_whole_window_are_an_auth_letter():
    late = delivery(first_failed_ms=NOW - 24 * HOUR_MS)
    settled = settle(late, outcome(OutcomeClass.AUTH), POLICY, now_ms=NOW, jitter=0.5)
    assert settled.letter_class is DeadLetterClass.AUTH


@given(attempts=st.integers(1, 10_000), jitter=st.floats(0, 1, exclude_max=True))
def test_backoff_stays_between_zero_and_the_cap(attempts: int, jitter: float):
    assert 0 <= backoff_secs(POLICY, attempts=attempts, jitter=jitter) <= POLICY.cap_secs


@given(
    st.sampled_from(OutcomeClass), st.integers(0, 50), st.integers(0, 30 * HOUR_MS), st.floats(0, 1, exclude_max=True)
)
def test_every_outcome_has_exactly_one_settlement(
    outcome_class: OutcomeClass, attempts: int, age_ms: int, jitter: float
):
    failed = delivery(attempts=attempts, first_failed_ms=NOW - age_ms if age_ms else 0)
    settled = settle(failed, outcome(outcome_class), POLICY, now_ms=NOW, jitter=jitter)
    if isinstance(settled, Waits):
        assert settled.parked.due_ms >= NOW
        assert settled.parked.delivery_id == "d1"
    assert isinstance(settled, Delivered) == (outcome_class is OutcomeClass.OK)


@pytest.mark.parametrize("outcome_class", list(OutcomeClass))
def test_every_class_of_outcome_has_a_consequence(outcome_class: OutcomeClass):
    assert consequence_of(outcome_class) is not None
