"""What we do about one delivery's outcome. Pure."""

from __future__ import annotations

import msgspec

from paceline.delivery.retry import RetryPolicy, backoff_secs, clamp_retry_after, consequence_of
from paceline.model.delivery import Attempt, DeadLetterClass, Delivery, Outcome, OutcomeClass, Parked, remember


class Delivered(msgspec.Struct, frozen=True):
    """The vendor has it."""


class Waits(msgspec.Struct, frozen=True):
    """It goes to the retry table."""

    parked: Parked


class GivenUp(msgspec.Struct, frozen=True):
    """It becomes a dead letter."""

    letter_class: DeadLetterClass
    attempts: int
    first_failed_ms: int


Settlement = Delivered | Waits | GivenUp

_final_classes = {
    OutcomeClass.PERMANENT: DeadLetterClass.VENDOR_PERMANENT,
    OutcomeClass.TOO_BIG: DeadLetterClass.VENDOR_PERMANENT,
    OutcomeClass.POISON: DeadLetterClass.INTERNAL,
}


def settle(delivery: Delivery, outcome: Outcome, policy: RetryPolicy, *, now_ms: int, jitter: float) -> Settlement:
    """Decide about one delivery after one try.

    `jitter` is a number in [0, 1). A delivery is given up on when its outcome is final, or when the retry window since
    its first failure is over; a Retry-After longer than the backoff is obeyed.
    """
    if outcome.outcome_class is OutcomeClass.OK:
        return Delivered()
    consequence = consequence_of(outcome.outcome_class)
    attempts = delivery.attempts + (1 if consequence.counts_attempt else 0)
    first_failed_ms = delivery.first_failed_ms or now_ms
    if consequence.is_final:
        return GivenUp(_final_classes[outcome.outcome_class], attempts, first_failed_ms)
    if now_ms - first_failed_ms >= policy.window_secs * 1000:
        is_auth = outcome.outcome_class is OutcomeClass.AUTH
        letter_class = DeadLetterClass.AUTH if is_auth else DeadLetterClass.VENDOR_EXHAUSTED
        return GivenUp(letter_class, attempts, first_failed_ms)
    wait_secs = max(
        backoff_secs(policy, attempts=max(attempts, 1), jitter=jitter),
        consequence.pauses_lane_secs if outcome.retry_after_secs is None else 0.0,
        clamp_retry_after(outcome.retry_after_secs or 0.0),
    )
    return Waits(
        Parked(
            delivery_id=delivery.id,
            position=delivery.position,
            key=delivery.key,
            mapping=delivery.mapping,
            attempts=attempts,
            due_ms=now_ms + int(wait_secs * 1000),
            first_failed_ms=first_failed_ms,
            outcome=outcome,
            history=with_attempt(delivery, outcome, now_ms=now_ms),
            replay_job=delivery.replay_job,
        )
    )


def with_attempt(delivery: Delivery, outcome: Outcome, *, now_ms: int) -> tuple[Attempt, ...]:
    """The delivery's history with the try that just ended."""
    return remember(delivery.history, Attempt(at_ms=now_ms, status=outcome.status, outcome_class=outcome.outcome_class))
