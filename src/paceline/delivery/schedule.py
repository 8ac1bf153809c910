"""The retry schedule laid out in time, and what an order of deliveries costs, for people who plan with them. Pure."""

from __future__ import annotations

from typing import assert_never

import msgspec

from paceline.delivery.retry import RetryPolicy, backoff_secs
from paceline.model.integration import DeliveryLimits, Ordering

MOST_ROWS = 10_000
TYPICAL_JITTER = 0.5


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """The retry after failure `number` (1: the first try failed).

    It comes up to `wait_most_secs` after that failure. Since the first failure `typical_secs` have passed when every
    wait is an average one, `latest_secs` when each is the longest; the earliest is at once, each time.
    """

    number: int
    wait_most_secs: float
    typical_secs: float
    latest_secs: float


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Every retry that an average delivery gets until its window is over.

    `typical_tries` counts the first try and the last one, after the window, whose failure makes a dead letter; that
    comes between `window_secs` and `given_up_latest_secs` after the first failure.
    """

    window_secs: float
    cap_secs: float
    retries: tuple[Retry, ...]
    typical_tries: int
    given_up_latest_secs: float


def retry_schedule(policy: RetryPolicy) -> Schedule:
    """The schedule of a delivery that fails each time, with failures that take no time and ask for no wait.

    >>> [retry.typical_secs for retry in retry_schedule(RetryPolicy(window_secs=10)).retries]
    [0.5, 1.5, 3.5, 7.5]
    """
    retries: list[Retry] = []
    typical = latest = 0.0
    while len(retries) < MOST_ROWS:
        number = len(retries) + 1
        typical += backoff_secs(policy, attempts=number, jitter=TYPICAL_JITTER)
        longest = backoff_secs(policy, attempts=number, jitter=1.0)
        latest += longest
        if typical >= policy.window_secs:
            break
        retries.append(Retry(number=number, wait_most_secs=longest, typical_secs=typical, latest_secs=latest))
    return Schedule(
        window_secs=policy.window_secs,
        cap_secs=policy.cap_secs,
        retries=tuple(retries),
        typical_tries=len(retries) + 2,
        given_up_latest_secs=policy.window_secs + policy.cap_secs,
    )


def ordering_cost(ordering: Ordering, limits: DeliveryLimits) -> str:
    """What an integration pays for the order that it asks for, in a sentence.

    >>> ordering_cost(Ordering.NONE, DeliveryLimits(max_requests=8))
    'none: up to 8 requests at the same time; a failed delivery holds up nothing, so later events may overtake it'
    """
    window = f"{limits.retry_window_hours:g} h"
    match ordering:
        case Ordering.NONE:
            return (
                f"none: up to {limits.max_requests} requests at the same time; a failed delivery holds up nothing, "
                "so later events may overtake it"
            )
        case Ordering.PER_KEY:
            return (
                "per_key: one request at a time, each with at most one event of a person (max_requests has no effect); "
                f"a failed delivery holds up later events of its person for up to {window}"
            )
        case Ordering.STRICT:
            return (
                "strict: one event a request and one request at a time, recorded before the next is sent: with answers "
                f"in 100 ms at most 10 events a second; a failed delivery holds up everything behind it in its "
                f"partition for up to {window}"
            )
        case _:
            assert_never(ordering)
