"""Percentiles of measured times."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution of waiting times in milliseconds. All are 0 when nothing was measured (`samples` is 0)."""

    samples: int = 0
    p50_ms: float = 0.0
    p90_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0


def summarize(times_ns: Sequence[int]) -> Latency:
    """The percentiles of `times_ns` (nanoseconds), each the smallest time that is not below its share.

    >>> summarize([1_000_000, 2_000_000, 3_000_000]).p50_ms
    2.0
    """
    if not times_ns:
        return Latency()
    ordered = sorted(times_ns)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e6, 3)

    return Latency(
        samples=len(ordered), p50_ms=at(0.5), p90_ms=at(0.9), p99_ms=at(0.99), max_ms=round(ordered[-1] / 1e6, 3)
    )
