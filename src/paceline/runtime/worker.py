"""The worker: the process loop and lanes, in one process. Several workers share them out by leases."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import msgspec

from paceline.errors import StorageError
from paceline.model.record import Cursors
from paceline.observe.facts import LeasesChanged, LoopFailed, WorkerStopped
from paceline.observe.telemetry import Telemetry
from paceline.ports.bus import Bus
from paceline.ports.clock import Clock
from paceline.ports.leases import Holding
from paceline.ports.store import Store
from paceline.runtime.deliver.lane import Lane
from paceline.runtime.process import EVENTS_TOPIC, ProcessLoop
from paceline.runtime.supervise import keep_running

HOUSEKEEPING_SECS = 60.0
DRAIN_SECS = 8.0
LEASE_SECS = 10.0
"""A worker that says nothing for so long loses its leases; one of the same machine that has ended, at once."""

RENEWAL_SECS = 1.0

Run = Callable[[asyncio.Event, int], Awaitable[None]]
"""Runs a lane or the process loop until an event is set, under the epoch of a lease."""


class LaneSet(msgspec.Struct, frozen=True, kw_only=True):
    """The lanes of one version of a workspace, and what to close when they have ended."""

    lanes: Sequence[Lane]
    close: Callable[[], Awaitable[None]]
    waiting: Sequence[str] = ()
    """Lanes that will run one day, from the first event that is kept now: nothing after it leaves the log."""


class Worker:
    """Runs admission and lanes, as far as it holds their leases, until asked to stop; swaps the lanes on a reload.

    `name` tells workers apart. A lane that was never seen before begins at the end of the log, so that a new
    integration does not get last week's events by surprise; when no lane was ever seen, at the beginning, so that
    nothing sent before the first start of a worker is left out.
    """

    def __init__(
        self,
        *,
        name: str,
        bus: Bus,
        store: Store,
        clock: Clock,
        telemetry: Telemetry,
        keep_house: Callable[[], Awaitable[None]],
    ) -> None:
        self._name = name
        self._bus = bus
        self._store = store
        self._clock = clock
        self._telemetry = telemetry
        self._housekeeping = keep_house
        self._next_lanes: LaneSet | None = None
        self._swap = asyncio.Event()
        self._running: dict[str, _Running] = {}
        self._retiring: dict[str, asyncio.Task[None]] = {}
        self._shared_secs: float | None = None

    @property
    def takes_part(self) -> bool:
        """Whether it has renewed its leases lately, whatever it may run by them."""
        return self._shared_secs is not None and self._clock.monotonic_secs() - self._shared_secs < LEASE_SECS

    def use(self, lanes: LaneSet) -> None:
        """Replace the lanes: those of before finish their step, then these begin."""
        self._next_lanes = lanes
        self._swap.set()

    async def run(self, lanes: LaneSet, stopping: asyncio.Event) -> None:
        """Until `stopping` is set. What is in flight then gets some seconds to be answered and recorded."""
        current: LaneSet | None = lanes
        while current is not None and not stopping.is_set():
            await self._run_lanes(current, stopping)
            current, self._next_lanes = self._next_lanes, None
        with suppress(StorageError):
            await self._store.leave(self._name)
        self._telemetry.record(WorkerStopped())

    async def _run_lanes(self, lanes: LaneSet, stopping: asyncio.Event) -> None:
        self._swap.clear()
        first = {partition: end.first for partition, end in (await self._bus.ends(EVENTS_TOPIC)).items()}
        start = await self._start_of_new_lanes()
        for name in lanes.waiting:
            await self._store.open_lane(name, first)
        runs: dict[str, Run] = {ProcessLoop.name: self._run_admission}
        for lane in lanes.lanes:
            runs[lane.name] = _run_of(lane, first if lane.begins_at_first else start)
        while not stopping.is_set() and not self._swap.is_set():
            await self._share(runs)
            await _first(stopping, self._swap, secs=RENEWAL_SECS)
        self._retire(list(self._running))
        await asyncio.gather(*self._retiring.values())
        await lanes.close()

    async def _share(self, runs: Mapping[str, Run]) -> None:
        """Renew the leases; begin what this worker may run now, and end what it may not or should hand over."""
        now_ms = self._clock.now_ms()
        try:
            holding = await self._store.hold(self._name, list(runs), ttl_ms=int(LEASE_SECS * 1000), now_ms=now_ms)
            await self._let_go([name for name in holding.surplus if not self._uses(name)])
        except StorageError as error:
            # What runs goes on: every commit is checked against its lease anyway.
            self._telemetry.record(LoopFailed(loop="leases", reason=str(error), pause_secs=RENEWAL_SECS))
            return
        self._shared_secs = self._clock.monotonic_secs()
        before = {name for name, one in self._running.items() if not one.task.done()}
        self._retire([name for name, one in self._running.items() if one.has_ended or one.is_lost(holding, name)])
        self._retire([name for name in holding.surplus if name in self._running], lets_go=True)
        for name, epoch in holding.leases.items():
            if not self._uses(name) and name not in holding.surplus:
                self._running[name] = self._begin(name, runs[name], epoch)
        if before != set(self._running):
            self._telemetry.record(LeasesChanged(runs=sorted(self._running)))

    def _uses(self, name: str) -> bool:
        """Whether a loop of that name runs, or has not ended yet."""
        return name in self._running or name in self._retiring

    def _begin(self, name: str, run: Run, epoch: int) -> _Running:
        ending = asyncio.Event()
        label = name if name == ProcessLoop.name else f"lane {name}"
        running = keep_running(label, lambda: run(ending, epoch), ending, self._clock, self._telemetry)
        return _Running(epoch=epoch, ending=ending, task=asyncio.create_task(running))

    def _retire(self, names: Sequence[str], *, lets_go: bool = False) -> None:
        """End loops, each in its own time: meanwhile the leases of the others are renewed."""
        for name in names:
            one = self._running.pop(name)
            if not one.has_ended:
                self._retiring[name] = asyncio.create_task(self._end(name, one, lets_go=lets_go))

    async def _end(self, name: str, one: _Running, *, lets_go: bool) -> None:
        """End a loop in an orderly way; when it does not within some seconds, it is cancelled."""
        try:
            one.ending.set()
            _, unfinished = await asyncio.wait([one.task], timeout=DRAIN_SECS)
            if unfinished:
                one.task.cancel()
                await asyncio.gather(one.task, return_exceptions=True)
            if lets_go:
                with suppress(StorageError):  # the next look at the leases lets go of it
                    await self._let_go([name])
        finally:
            del self._retiring[name]

    async def _let_go(self, names: Sequence[str]) -> None:
        if names:
            await self._store.let_go(self._name, names)

    async def _run_admission(self, ending: asyncio.Event, epoch: int) -> None:
        """The process loop, and with it what is to be done once a minute."""
        loop = ProcessLoop(self._bus, self._store, self._clock)
        keeping = asyncio.create_task(self._keep_house(ending))
        try:
            await loop.run(ending, epoch=epoch)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _start_of_new_lanes(self) -> Cursors:
        known = await self._store.lanes()
        ends = await self._bus.ends(EVENTS_TOPIC)
        if any(name != ProcessLoop.name for name in known):
            return {partition: end.next for partition, end in ends.items()}
        return {partition: end.first for partition, end in ends.items()}

    async def _keep_house(self, stopping: asyncio.Event) -> None:
        async def keep_house() -> None:
            while not await _first(stopping, secs=HOUSEKEEPING_SECS):
                await self._housekeeping()

        await keep_running("housekeeping", keep_house, stopping, self._clock, self._telemetry)


class _Running(msgspec.Struct, frozen=True, kw_only=True):
    """A loop under way."""

    epoch: int
    ending: asyncio.Event
    task: asyncio.Task[None]

    @property
    def has_ended(self) -> bool:
        return self.task.done()

    def is_lost(self, holding: Holding, name: str) -> bool:
        """Whether the lease under which it runs is over."""
        return holding.leases.get(name) != self.epoch


def _run_of(lane: Lane, start: Cursors) -> Run:
    async def run(ending: asyncio.Event, epoch: int) -> None:
        await lane.run(ending, start=start, epoch=epoch)

    return run


async def _first(*events: asyncio.Event, secs: float) -> bool:
    """Wait until one of the events is set, or `secs` are over; whether one is set."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, timeout=secs, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    return any(event.is_set() for event in events)
