"""Whether the gateway can take more in: what waits for its commit, how slow commits are, and room on the disk.

Shedding goes by measured commit latency and not by CPU or memory: it is what clients feel and what grows first. While
commits are slow, requests still pass as long as nothing else waits, so that the gateway notices when it is over.
"""

from __future__ import annotations

import random
from typing import Protocol

from paceline.model.settings import GatewayLimits
from paceline.runtime.gateway.refusal import RequestRefusal

WINDOW_SECS = 5.0
LEAST_SAMPLES = 100
"""Below this a 99th percentile says nothing."""


class DiskState(Protocol):
    """What the door asks about the disk."""

    is_low: bool

    @property
    def low_water_bytes(self) -> int:
        """The mark below which nothing is taken in."""

    @property
    def free_bytes(self) -> int:
        """What is free."""


class Pressure:
    """Counts what is on its way to the disk and how long it takes."""

    def __init__(self, disk: DiskState | None = None) -> None:
        self._disk = disk
        self._pending_events = 0
        self._window_began = 0.0
        self._commits = self._slow = 0
        self._commits_before = self._slow_before = 0
        self._slow_ms = 0

    def refusal(self, events: int, limits: GatewayLimits, *, now_secs: float) -> RequestRefusal | None:
        """None when that many events may go to the disk, or else the answer 503."""
        pending = self._pending_events
        if self._disk is not None and self._disk.is_low:
            return _refusal(
                "disk_low",
                "the disk is almost full; nothing is taken in until there is room",
                ("low_water_bytes", self._disk.low_water_bytes, self._disk.free_bytes),
            )
        if not pending:
            return None
        if pending + events > limits.max_pending_events:
            return _refusal(
                "too_many_pending",
                "too many events wait to be stored; send these again later",
                ("max_pending_events", limits.max_pending_events, pending + events),
            )
        if self._is_slow(now_secs):
            return _refusal(
                "slow_commits",
                "storing events takes too long at the moment; send these again later",
                ("max_commit_ms", limits.max_commit_ms, self._slow_ms),
            )
        return None

    def begin(self, events: int) -> None:
        """So many events are on their way to the disk."""
        self._pending_events += events

    def end(self, events: int, limits: GatewayLimits, *, began_secs: float, now_secs: float) -> None:
        """They are there, or have failed."""
        self._pending_events -= events
        self._turn(now_secs)
        self._commits += 1
        took_ms = (now_secs - began_secs) * 1000
        if took_ms > limits.max_commit_ms:
            self._slow += 1
            self._slow_ms = round(took_ms)

    def _is_slow(self, now_secs: float) -> bool:
        """Whether the 99th percentile of the last commits is over the limit: more than one in a hundred is."""
        self._turn(now_secs)
        commits = self._commits + self._commits_before
        return commits >= LEAST_SAMPLES and (self._slow + self._slow_before) * 100 > commits

    def _turn(self, now_secs: float) -> None:
        since = now_secs - self._window_began
        if since > WINDOW_SECS:
            kept = since <= 2 * WINDOW_SECS
            self._commits_before, self._slow_before = (self._commits, self._slow) if kept else (0, 0)
            self._commits = self._slow = 0
            self._window_began = now_secs


def come_back_secs() -> int:
    """When to come back after trouble of ours: spread out, so that clients do not all come back at once."""
    return random.randint(1, 10)  # noqa: S311  (spreads clients out, protects nothing)


def _refusal(code: str, message: str, limit: tuple[str, float, float]) -> RequestRefusal:
    name, value, actual = limit
    return RequestRefusal(
        status=503,
        code=code,
        message=message,
        limit=name,
        value=value,
        actual=actual,
        retry_after_secs=come_back_secs(),
    )
