"""Waking those who wait at the end of a topic."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

SHORTEST_WAIT_SECS = 0.002
LONGEST_WAIT_SECS = 0.020
_WAIT_PER_IDLE_SEC = 0.02


class Tail:
    """One look at the file for all readers that wait: every 2 ms while records come in, every 20 ms when none do.

    SQLite cannot tell another process that something was committed; its data version can be asked for in a few
    microseconds. A writer in the same process calls `notify` and nobody waits for the next look. `look` returns the
    data version; when it raises, everybody is woken and meets the error in the read that follows.
    """

    def __init__(self, look: Callable[[], int]) -> None:
        self.version = 0
        self.is_closed = False
        self._look = look
        self._last_seen: int | None = None
        self._last_change_secs = 0.0
        self._waiters: set[asyncio.Future[None]] = set()
        self._timer: asyncio.TimerHandle | asyncio.Handle | None = None

    def notify(self) -> None:
        """Something was appended."""
        self.version += 1
        if self._waiters:
            self._wake()

    async def wait_beyond(self, version: int, *, secs: float) -> None:
        """Return when `version` is no longer the newest, or after `secs`. May return early for no reason."""
        if self.version != version or self.is_closed:
            return
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        end = loop.call_later(secs, _release, waiter)
        self._waiters.add(waiter)
        if self._timer is None:
            self._timer = loop.call_soon(self._tick, loop)
        try:
            await waiter
        finally:
            end.cancel()
            self._waiters.discard(waiter)

    def close(self) -> None:
        """Wake everybody for the last time."""
        self.is_closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wake()

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if not self._waiters:
            return
        now_secs = loop.time()
        try:
            seen = self._look()
        except Exception:  # noqa: BLE001  the reader that is woken meets the same error and reports it
            self.notify()
        else:
            if seen != self._last_seen:
                self._last_seen = seen
                self._last_change_secs = now_secs
                self.notify()
        idle_secs = now_secs - self._last_change_secs
        wait_secs = min(LONGEST_WAIT_SECS, max(SHORTEST_WAIT_SECS, idle_secs * _WAIT_PER_IDLE_SEC))
        self._timer = loop.call_later(wait_secs, self._tick, loop)

    def _wake(self) -> None:
        self._last_change_secs = asyncio.get_running_loop().time()
        for waiter in self._waiters:
            _release(waiter)
        self._waiters.clear()


def _release(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
