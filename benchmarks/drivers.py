"""What the embedded bus and store cost: CPU microseconds an event, in one process, with everything durable.

    python benchmarks/drivers.py            prints a table
    python benchmarks/drivers.py --json     one JSON object

CPU time is that of the whole process, committing threads and checkpoints included; rates are wall clock. Events have
1,200 bytes of data; four partitions; synchronous=FULL; every read verifies checksums and decodes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import resource
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from paceline.drivers.bus.sqlite import SqliteBus
from paceline.drivers.store.sqlite import SqliteStore
from paceline.model.delivery import Fate, Outcome, OutcomeClass, Parked
from paceline.model.record import Position, Record
from paceline.ports.store import AdmissionCommit, Count, LaneCommit

TOPIC = "events"
PARTITIONS = 4
DATA = (b'{"type": "track", "event": "Order Completed", "properties": {"items": "' + b"x" * 1200)[:1198] + b'"}'


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One line: `count` things took so much CPU and wall time."""

    name: str
    unit: str
    count: int
    cpu_us: float
    per_sec: float
    note: str = ""


class Meter:
    """Collects figures."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []

    @contextmanager
    def measure(self, name: str, unit: str, count: int, note: str = "") -> Iterator[None]:
        """Measures the block."""
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        self.figures.append(
            Figure(name=name, unit=unit, count=count, cpu_us=cpu / count * 1e6, per_sec=count / wall, note=note)
        )


def make_records(count: int, *, first: int = 0, origin: bool = False) -> list[Record]:
    """Records of 2,000 users."""
    return [
        Record(
            id=f"8f0e3f6c-7d1a-4c57-9b1d-{number:012d}",
            source="web",
            type="track:Order Completed",
            key=f"user-{number % 2000}",
            received_ms=1_764_000_000_000 + number,
            data=DATA,
            dataschema="order_completed/1.2.0",
            sent_at="2026-11-23T00:00:00.000Z",
            origin=Position(number % PARTITIONS, number) if origin else None,
        )
        for number in range(first, first + count)
    ]


async def repeat(tasks: int, times: int, action: Callable[[int], Awaitable[object]]) -> None:
    """`tasks` tasks that do `action` so many times each."""

    async def run(task: int) -> None:
        for turn in range(times):
            await action(task * times + turn)

    await asyncio.gather(*map(run, range(tasks)))


async def measure_bus(meter: Meter, folder: Path) -> None:
    """Appending and reading."""
    bus = SqliteBus(folder, PARTITIONS)
    await bus.append(TOPIC, make_records(100))
    for size, tasks, times in ((1, 1, 500), (1, 64, 200), (100, 1, 300), (100, 8, 60), (500, 4, 30)):
        batches = [make_records(size, first=number * size) for number in range(50)]
        with meter.measure(f"bus append, {size} a call, {tasks} callers", "event", size * tasks * times):
            await repeat(tasks, times, partial(append_one_of, bus, batches))
    canonical = [make_records(500, first=number * 500, origin=True) for number in range(60)]
    with meter.measure("bus append with origins, 500 a call, 1 caller", "event", 30_000):
        for batch in canonical:
            await bus.append("canonical", batch)
    await bus.close()
    bus = SqliteBus(folder, PARTITIONS)
    total = sum(ends.next for ends in (await bus.ends(TOPIC)).values())
    with meter.measure("bus read, 1,000 a call", "event", total):
        await read_to_end(bus, limit=1000)
    with meter.measure("bus read, 100 a call", "event", total):
        await read_to_end(bus, limit=100)
    with meter.measure("bus read by 5 lanes side by side", "event and lane", 5 * total):
        await asyncio.gather(*(read_to_end(bus, limit=1000) for _ in range(5)))
    places = [Position(number % PARTITIONS, number * 7) for number in range(2000)]
    with meter.measure("bus fetch of scattered positions", "event", len(places)):
        await bus.fetch(TOPIC, places)
    ends = {partition: ends.next for partition, ends in (await bus.ends(TOPIC)).items()}
    with meter.measure("bus, 20 readers that wait for a second", "second", 1, "share of a core / 10⁶"):
        await asyncio.gather(*(bus.reader(TOPIC, "lane").read(ends, max_records=1, wait_secs=1.0) for _ in range(20)))
    await bus.close()


async def append_one_of(bus: SqliteBus, batches: list[list[Record]], turn: int) -> None:
    """Append the batch whose turn it is."""
    await bus.append(TOPIC, batches[turn % len(batches)])


async def read_to_end(bus: SqliteBus, *, limit: int) -> None:
    """Read the whole topic with one reader."""
    cursors = dict.fromkeys(range(PARTITIONS), 0)
    reader = bus.reader(TOPIC, "lane")
    while found := await reader.read(cursors, max_records=limit, wait_secs=0):
        for position, _ in found:
            cursors[position.partition] = position.offset + 1
        await asyncio.sleep(0)
    await reader.close()


async def measure_store(meter: Meter, path: Path) -> None:
    """Commits of lanes and of the process loop, the retry table, and reopening."""
    store = SqliteStore(path)
    lanes = [f"lane{number}" for number in range(10)]
    for lane in lanes:
        await store.open_lane(lane, dict.fromkeys(range(PARTITIONS), 0))

    def step(lane: str, turn: int) -> LaneCommit:
        counts = {Count(Fate.DELIVERED): 99, Count(Fate.FILTERED, "when"): 1}
        return LaneCommit(lane=lane, cursors=dict.fromkeys(range(PARTITIONS), turn), counts=counts)

    with meter.measure("store commit, 1 lane", "commit", 500):
        await repeat(1, 500, lambda turn: store.commit(step("lane0", turn)))
    with meter.measure("store commit, 10 lanes at once", "commit", 2000):
        await repeat(10, 200, lambda turn: store.commit(step(lanes[turn // 200], turn)))
    parked = [make_parked(number) for number in range(10_000)]
    with meter.measure("store park, 100 rows a commit", "row", len(parked)):
        await repeat(1, 100, lambda turn: store.commit(LaneCommit(lane="lane0", park=parked[turn * 100 :][:100])))
    with meter.measure("store due, 10,000 rows parked, 100 a call", "row", 20_000):
        await repeat(1, 200, lambda _: store.due("lane0", now_ms=10**12, limit=100))
    with meter.measure("store unpark, 100 rows a commit", "row", len(parked)):
        await repeat(
            1,
            100,
            lambda turn: store.commit(
                LaneCommit(lane="lane0", unpark=[row.delivery_id for row in parked[turn * 100 :][:100]])
            ),
        )
    await measure_admission(meter, store)
    await store.close()
    before = resident_mib()
    again = SqliteStore(path)
    with meter.measure("store reload of 1,000,000 message ids", "id", 1_000_000):
        await again.open_admission()
    meter.figures[-1] = msgspec.structs.replace(meter.figures[-1], note=f"{resident_mib() - before:.0f} MiB more")
    await again.close()


async def measure_admission(meter: Meter, store: SqliteStore) -> None:
    """Deduplication and the journal, 500 events a step, to a million ids."""
    await store.open_admission()
    marks = [[os.urandom(12) for _ in range(500)] for _ in range(2000)]
    for name, steps in (("the first 100,000 ids", marks[:200]), ("ids 100,000 to 1,000,000", marks[200:])):
        with meter.measure(f"store seen + admission commit, {name}", "event", 500 * len(steps)):
            for turn, some in enumerate(steps):
                await store.seen(some)
                cursors = dict.fromkeys(range(PARTITIONS), turn)
                await store.commit_admission(AdmissionCommit(cursors=cursors, seen=some, at_ms=turn))
    some = marks[0]
    with meter.measure("store admission, asked for nothing excluded", "call", 1000):
        await repeat(1, 1000, lambda _: store.admission(dict.fromkeys(range(4), 0), dict.fromkeys(range(4), 500)))


def make_parked(number: int) -> Parked:
    """A row of the retry table."""
    return Parked(
        delivery_id=f"delivery-{number}",
        position=Position(number % PARTITIONS, number),
        key=f"user-{number % 500}",
        mapping="order_completed.customerio",
        attempts=1,
        due_ms=number,
        first_failed_ms=0,
        outcome=Outcome(outcome_class=OutcomeClass.TRANSIENT, status=503, message="busy"),
        behind=number % 3 == 0,
    )


def resident_mib() -> float:
    """Resident memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def describe_machine() -> dict[str, str]:
    """What the figures depend on."""
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "msgspec": msgspec.__version__,
        "uvloop": uvloop.__version__,
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cores": str(os.cpu_count()),
    }


def main() -> None:
    """Run everything in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--dir", type=Path, help="where to make the files; by default the temporary folder")
    arguments = parser.parse_args()
    meter = Meter()
    with tempfile.TemporaryDirectory(dir=arguments.dir) as folder:
        uvloop.run(measure_bus(meter, Path(folder) / "bus"))
        uvloop.run(measure_store(meter, Path(folder) / "store.db"))
    if arguments.json:
        print(msgspec.json.encode({"machine": describe_machine(), "figures": meter.figures}).decode())
        return
    table = Table("what", "CPU µs", "a", "a second", "", caption=str(describe_machine()))
    for figure in meter.figures:
        table.add_row(figure.name, f"{figure.cpu_us:,.2f}", figure.unit, f"{figure.per_sec:,.0f}", figure.note)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
