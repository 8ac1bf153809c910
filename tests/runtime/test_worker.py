"""How a worker takes up, keeps and hands over what it runs, in simulated time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

from paceline.drivers.bus.memory import MemoryBus
from paceline.drivers.store.memory import MemoryStore
from paceline.errors import StorageError
from paceline.model.record import Cursors
from paceline.observe.telemetry import Telemetry
from paceline.ports.leases import Holding
from paceline.runtime.deliver.lane import Lane
from paceline.runtime.worker import LEASE_SECS, LaneSet, Worker
from paceline.testing.simulated_time import SimulatedClock, run_simulated

NAMES = ("a", "b", "c", "d")


class StubbornLane:
    """A lane whose vendor never answers: it does not end until it is cancelled. Notes who runs it, and when."""

    def __init__(self, name: str, worker: str, book: list[tuple[str, str, str]]) -> None:
        self.name = name
        self.begins_at_first = False
        self._worker = worker
        self._book = book

    async def run(self, stopping: asyncio.Event, *, start: Cursors, epoch: int = 0) -> None:
        self._book.append((self.name, self._worker, "begins"))
        try:
            await asyncio.Event().wait()
        finally:
            self._book.append((self.name, self._worker, "ends"))


class WatchedStore(MemoryStore):
    """Notes when a worker renews its leases; with `is_broken` lets go of none."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__()
        self.clock = clock
        self.renewals: list[float] = []
        self.is_broken = False

    async def hold(self, worker: str, names: Sequence[str], *, ttl_ms: int, now_ms: int) -> Holding:
        if worker == "first":
            self.renewals.append(self.clock.monotonic_secs())
        return await super().hold(worker, names, ttl_ms=ttl_ms, now_ms=now_ms)

    async def let_go(self, worker: str, names: Sequence[str]) -> None:
        if self.is_broken:
            raise StorageError("no space is left")
        await super().let_go(worker, names)


async def run_two(clock: SimulatedClock, store: WatchedStore, book: list[tuple[str, str, str]]) -> None:
    """One worker runs everything, then another one comes."""
    stopping = asyncio.Event()
    bus = MemoryBus()

    async def run(name: str) -> None:
        async def keep_house() -> None: ...

        async def close() -> None: ...

        worker = Worker(name=name, bus=bus, store=store, clock=clock, telemetry=Telemetry(), keep_house=keep_house)
        lanes = cast("list[Lane]", [StubbornLane(lane, name, book) for lane in NAMES])
        await worker.run(LaneSet(lanes=lanes, close=close), stopping)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run("first"))
        await clock.sleep(5.0)
        tasks.create_task(run("second"))
        await clock.sleep(15.0)
        store.is_broken = False
        await clock.sleep(45.0)
        stopping.set()


def tell(*, is_broken: bool = False) -> tuple[list[float], list[tuple[str, str, str]]]:
    async def story(clock: SimulatedClock) -> tuple[list[float], list[tuple[str, str, str]]]:
        store, book = WatchedStore(clock), []
        store.is_broken = is_broken
        await run_two(clock, store, book)
        return store.renewals, book

    return run_simulated(story)


def test_leases_are_renewed_while_others_are_handed_over_slowly() -> None:
    renewals, _ = tell()
    assert max(later - earlier for earlier, later in pairwise(renewals)) < LEASE_SECS / 2


def test_lane_never_runs_twice_at_a_time() -> None:
    _, book = tell()
    running: set[str] = set()
    for lane, _, what in book:
        assert (lane in running) == (what == "ends")
        running ^= {lane}
    assert {worker for _, worker, _ in book} == {"first", "second"}


def test_lease_that_could_not_be_let_go_of_is_let_go_of_later() -> None:
    _, book = tell(is_broken=True)
    assert ("second", "begins") in {(worker, what) for _, worker, what in book}
