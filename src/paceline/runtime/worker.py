"""The worker: the process loop and every lane, in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import msgspec

from paceline.model.record import Cursors
from paceline.observe.facts import WorkerStopped
from paceline.observe.telemetry import Telemetry
from paceline.ports.bus import Bus
from paceline.ports.clock import Clock
from paceline.ports.store import Store
from paceline.runtime.deliver.lane import Lane
from paceline.runtime.process import EVENTS_TOPIC, ProcessLoop
from paceline.runtime.supervise import keep_running

HOUSEKEEPING_SECS = 60.0
DRAIN_SECS = 8.0


class LaneSet(msgspec.Struct, frozen=True, kw_only=True):
    """The lanes of one version of a workspace, and what to close when they have ended."""

    lanes: Sequence[Lane]
    close: Callable[[], Awaitable[None]]


class Worker:
    """Runs admission and lanes until asked to stop; swaps the lanes when the workspace changes.

    A lane that was never seen before begins at the end of the log, so that a new integration does not get last week's
    events by surprise; when no lane was ever seen, at the beginning, so that nothing sent before the first start of a
    worker is left out.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        store: Store,
        clock: Clock,
        telemetry: Telemetry,
        keep_house: Callable[[], Awaitable[None]],
    ) -> None:
        self._bus = bus
        self._store = store
        self._clock = clock
        self._telemetry = telemetry
        self._housekeeping = keep_house
        self._next_lanes: LaneSet | None = None
        self._swap = asyncio.Event()

    def use(self, lanes: LaneSet) -> None:
        """Replace the lanes: those of before finish their step, then these begin."""
        self._next_lanes = lanes
        self._swap.set()

    async def run(self, lanes: LaneSet, stopping: asyncio.Event) -> None:
        """Until `stopping` is set. What is in flight then gets some seconds to be answered and recorded."""
        background = [
            asyncio.create_task(self._run_admission(stopping)),
            asyncio.create_task(self._run_housekeeping(stopping)),
        ]
        current: LaneSet | None = lanes
        while current is not None and not stopping.is_set():
            await self._run_lanes(current, stopping)
            current, self._next_lanes = self._next_lanes, None
        _, unfinished = await asyncio.wait(background, timeout=DRAIN_SECS)
        for task in unfinished:
            task.cancel()
        self._telemetry.record(WorkerStopped())

    async def _run_admission(self, stopping: asyncio.Event) -> None:
        loop = ProcessLoop(self._bus, self._store, self._clock)
        await keep_running(loop.name, lambda: loop.run(stopping), stopping, self._clock, self._telemetry)

    async def _run_housekeeping(self, stopping: asyncio.Event) -> None:
        await keep_running("housekeeping", lambda: self._keep_house(stopping), stopping, self._clock, self._telemetry)

    async def _run_lanes(self, lanes: LaneSet, stopping: asyncio.Event) -> None:
        start = await self._start_of_new_lanes()
        self._swap.clear()
        ending = asyncio.Event()
        tasks = [asyncio.create_task(self._run_lane(lane, start, ending)) for lane in lanes.lanes]
        waits = [asyncio.create_task(stopping.wait()), asyncio.create_task(self._swap.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        ending.set()
        for wait in waits:
            wait.cancel()
        if tasks:
            _, unfinished = await asyncio.wait(tasks, timeout=DRAIN_SECS)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)
        await lanes.close()

    async def _run_lane(self, lane: Lane, start: Cursors, ending: asyncio.Event) -> None:
        await keep_running(
            f"lane {lane.name}", lambda: lane.run(ending, start=start), ending, self._clock, self._telemetry
        )

    async def _start_of_new_lanes(self) -> Cursors:
        known = await self._store.lanes()
        ends = await self._bus.ends(EVENTS_TOPIC)
        if any(name != ProcessLoop.name for name in known):
            return {partition: end.next for partition, end in ends.items()}
        return {partition: end.first for partition, end in ends.items()}

    async def _keep_house(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), HOUSEKEEPING_SECS)
                return
            await self._housekeeping()
