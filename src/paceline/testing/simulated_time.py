"""Time that only passes when everybody waits: a day's outage runs in a second, and the same way each time.

    def test_lane_outlives_an_outage() -> None:
        ledger = run_simulated(lambda clock: story(clock))

Whatever waits by `asyncio` (sleeps, timeouts, futures) is simulated. Threads and sockets are not: use the in-memory bus
and store, and a sender that answers by itself.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

Result = TypeVar("Result")

STARTS_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z, the wall clock at the beginning of every simulation."""


class SimulatedClock:
    """The port of time, over the time of the running loop. `jump` moves the wall clock alone, as an operator might."""

    def __init__(self) -> None:
        self._jumped_ms = 0

    def now_ms(self) -> int:
        """See the port."""
        return STARTS_MS + int(self.monotonic_secs() * 1000) + self._jumped_ms

    def monotonic_secs(self) -> float:
        """See the port."""
        return asyncio.get_running_loop().time()

    async def sleep(self, secs: float) -> None:
        """See the port."""
        await asyncio.sleep(secs)

    def jump(self, secs: float) -> None:
        """The wall clock goes forward, or back; what waits does not notice."""
        self._jumped_ms += int(secs * 1000)


def run_simulated(main: Callable[[SimulatedClock], Awaitable[Result]]) -> Result:
    """Run `main` to its end in simulated time. Raises what it raises."""
    loop = _SimulatedLoop()
    try:
        return loop.run_until_complete(main(SimulatedClock()))
    finally:
        loop.close()


class _Selector(selectors.BaseSelector):
    """Lets the loop's time pass instead of waiting."""

    def __init__(self) -> None:
        self.now_secs = 0.0
        self._real = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if not ready and timeout is None:
            raise RuntimeError("everybody waits for ever")
        if not ready and timeout:
            self.now_secs += timeout
        return ready

    def register(self, fileobj: FileDescriptorLike, events: int, data: object = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class _SimulatedLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now_secs
