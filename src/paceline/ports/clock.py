"""The port of time."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """The only way to learn what time it is, or to wait. A simulated one runs a day's outage in seconds."""

    def now_ms(self) -> int:
        """Wall clock, Unix milliseconds, UTC. May jump; never used for order."""

    def monotonic_secs(self) -> float:
        """Never goes back. For waiting times and limits."""

    async def sleep(self, secs: float) -> None:
        """Let `secs` pass."""
