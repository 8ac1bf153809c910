"""When a failed delivery is tried again, and what a failure means for its lane. Pure."""

from __future__ import annotations

import msgspec

from paceline.model.delivery import OutcomeClass

MAX_RETRY_AFTER_SECS = 3600.0


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Full jitter between 0 and `base_secs * 2**attempts`, at most `cap_secs`, until `window_secs` are over.

    Source of the schedule: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 (full jitter).
    """

    base_secs: float = 1.0
    cap_secs: float = 600.0
    window_secs: float = 24 * 3600.0


class Consequence(msgspec.Struct, frozen=True, kw_only=True):
    """What one class of outcome does.

    `is_final`: no further try can help. `counts_attempt`: the try was the delivery's own failure.
    `pauses_lane_secs`: the whole lane waits that long (0: it goes on), or as long as the vendor asked.
    `trips_breaker`: the vendor as a whole may be failing.
    """

    is_final: bool = False
    counts_attempt: bool = True
    pauses_lane_secs: float = 0.0
    trips_breaker: bool = False


_consequences: dict[OutcomeClass, Consequence] = {
    OutcomeClass.OK: Consequence(is_final=True),
    OutcomeClass.PERMANENT: Consequence(is_final=True),
    OutcomeClass.POISON: Consequence(is_final=True),
    OutcomeClass.TOO_BIG: Consequence(is_final=True),
    OutcomeClass.TRANSIENT: Consequence(trips_breaker=True),
    OutcomeClass.CONFIG: Consequence(trips_breaker=True),
    OutcomeClass.THROTTLE: Consequence(counts_attempt=False, pauses_lane_secs=1.0),
    OutcomeClass.QUOTA: Consequence(counts_attempt=False, pauses_lane_secs=3600.0),
    OutcomeClass.AUTH: Consequence(counts_attempt=False, pauses_lane_secs=300.0),
    OutcomeClass.SECURITY: Consequence(counts_attempt=False, pauses_lane_secs=300.0),
    OutcomeClass.GONE: Consequence(counts_attempt=False, pauses_lane_secs=3600.0),
}


def consequence_of(outcome_class: OutcomeClass) -> Consequence:
    """The row of the retry table for a class of outcome."""
    return _consequences[outcome_class]


def backoff_secs(policy: RetryPolicy, *, attempts: int, jitter: float) -> float:
    """How long to wait after `attempts` failed tries (1 or more). `jitter` is a number in [0, 1).

    >>> backoff_secs(RetryPolicy(), attempts=3, jitter=0.5)
    2.0
    """
    ceiling = min(policy.cap_secs, policy.base_secs * 2.0 ** min(attempts - 1, 30))
    return ceiling * jitter


def clamp_retry_after(secs: float) -> float:
    """What a vendor's Retry-After is worth: never negative, at most an hour."""
    return min(max(secs, 0.0), MAX_RETRY_AFTER_SECS)
