"""Whether a vendor that keeps failing is called at all. Pure: every step takes the time and gives a new value."""

from __future__ import annotations

import msgspec

SPANS = 12


class BreakerPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Opens after `consecutive` failures, or when of at least `min_calls` calls in `window_secs` the share
    `failure_ratio` failed. Stays open for `open_secs`, doubling up to `max_open_secs`; closes after `probes` successes.
    """

    consecutive: int = 10
    min_calls: int = 20
    failure_ratio: float = 0.5
    window_secs: float = 60.0
    open_secs: float = 30.0
    max_open_secs: float = 600.0
    probes: int = 5


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """Closed while `open_until` is 0; open before `open_until`; half open after it, until `probes` calls succeeded.

    `spans` holds (number of the span, calls, failures) of the last `window_secs`, oldest first; a span is a twelfth of
    the window. `openings` counts openings in a row.
    """

    spans: tuple[tuple[int, int, int], ...] = ()
    failures_in_a_row: int = 0
    open_until: float = 0.0
    openings: int = 0
    probes_left: int = 0

    def is_open(self, now_secs: float) -> bool:
        """Whether no call may be made now."""
        return now_secs < self.open_until

    def is_half_open(self, now_secs: float) -> bool:
        """Whether calls are probes, to be made one at a time."""
        return self.probes_left > 0 and not self.is_open(now_secs)


def after_call(breaker: Breaker, policy: BreakerPolicy, *, failed: bool, now_secs: float) -> Breaker:
    """The breaker after one call to the vendor."""
    if breaker.is_half_open(now_secs):
        return _after_probe(breaker, policy, failed=failed, now_secs=now_secs)
    spans = _counted(breaker.spans, int(now_secs / policy.window_secs * SPANS), failed=failed)
    in_a_row = breaker.failures_in_a_row + 1 if failed else 0
    calls = sum(count for _, count, _ in spans)
    failures = sum(count for _, _, count in spans)
    is_failing = in_a_row >= policy.consecutive or (
        calls >= policy.min_calls and failures >= policy.failure_ratio * calls
    )
    if failed and is_failing:
        return _opened(breaker, policy, now_secs)
    return msgspec.structs.replace(breaker, spans=spans, failures_in_a_row=in_a_row)


def _counted(spans: tuple[tuple[int, int, int], ...], span: int, *, failed: bool) -> tuple[tuple[int, int, int], ...]:
    """The spans of the window that ends with `span`, with one more call in it."""
    if spans and spans[-1][0] == span:
        last = spans[-1]
        return (*spans[:-1], (span, last[1] + 1, last[2] + failed))
    return (*(one for one in spans if one[0] > span - SPANS), (span, 1, int(failed)))


def _after_probe(breaker: Breaker, policy: BreakerPolicy, *, failed: bool, now_secs: float) -> Breaker:
    if failed:
        return _opened(breaker, policy, now_secs)
    if breaker.probes_left == 1:
        return Breaker()
    return msgspec.structs.replace(breaker, probes_left=breaker.probes_left - 1)


def _opened(breaker: Breaker, policy: BreakerPolicy, now_secs: float) -> Breaker:
    secs = min(policy.open_secs * 2.0 ** min(breaker.openings, 30), policy.max_open_secs)
    return Breaker(open_until=now_secs + secs, openings=breaker.openings + 1, probes_left=policy.probes)
