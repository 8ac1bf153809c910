"""Time as the machine tells it."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """The real clock."""

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic_secs(self) -> float:
        """Seconds since an arbitrary moment."""
        return time.monotonic()

    async def sleep(self, secs: float) -> None:
        """Let `secs` pass."""
        await asyncio.sleep(secs)
