"""How many events each source may still send: one token bucket a source, which nothing of another source fills."""

from __future__ import annotations

import math

from paceline.model.settings import Quota
from paceline.runtime.gateway.refusal import RequestRefusal

_ROUNDING = 1e-6


class Quotas:
    """The buckets of one gateway, by source name. They outlive a reload; a changed quota counts from then on."""

    def __init__(self) -> None:
        self._buckets: dict[str, _Bucket] = {}

    def refusal(self, source: str, quota: Quota, events: int, *, now_secs: float) -> RequestRefusal | None:
        """None when that many events may come in now (they are then counted), or else the answer 429.

        A request that is larger than the burst passes when the bucket is full, and is paid for afterwards: otherwise
        it could never pass.
        """
        bucket = self._buckets.get(source)
        if bucket is None:
            bucket = self._buckets[source] = _Bucket(quota.most_at_once, now_secs)
        return bucket.take(source, quota, events, now_secs)


class _Bucket:
    """Tokens of one source; below zero while a large request is being paid for."""

    def __init__(self, tokens: float, now_secs: float) -> None:
        self._tokens = tokens
        self._at_secs = now_secs

    def take(self, source: str, quota: Quota, events: int, now_secs: float) -> RequestRefusal | None:
        most = quota.most_at_once
        since = max(0.0, now_secs - self._at_secs)
        self._tokens = min(most, self._tokens + since * quota.events_per_sec)
        self._at_secs = now_secs
        needed = min(events, most)
        if self._tokens >= needed - _ROUNDING:
            self._tokens -= events
            return None
        wait_secs = math.ceil((needed - self._tokens) / quota.events_per_sec)
        return RequestRefusal(
            status=429,
            code="over_quota",
            message=f"the source {source} may send {quota.events_per_sec:g} events a second and {most} at once; "
            f"send these {events} again in {wait_secs} s",
            limit="quota_burst",
            value=most,
            actual=math.ceil(most - self._tokens + events),
            retry_after_secs=max(1, wait_secs),
        )
