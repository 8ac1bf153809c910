"""What tests of a bus are written with: a place for one, small records, and reading what is there."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from paceline.model.record import Cursors, Position, Record, StoredRecord, choose_partition
from paceline.ports.bus import Bus

TOPIC = "events"
PATIENCE_SECS = 20.0
"""How long a test waits for what must happen."""


class BusSite(Protocol):
    """A place where one bus lives. Made for each test."""

    def open(self, *, partitions: int = 4) -> Bus:
        """The bus; for a durable driver, the same data each time."""

    async def damage(self, bus: Bus, topic: str, position: Position) -> None:
        """Flip a bit of the record that lies there, behind the driver's back."""

    async def drop(self, bus: Bus, topic: str, keep_from: Cursors) -> None:
        """Let retention drop everything before `keep_from`."""


@asynccontextmanager
async def opened(site: BusSite, *, partitions: int = 4) -> AsyncIterator[Bus]:
    """The site's bus, closed at the end."""
    bus = site.open(partitions=partitions)
    try:
        yield bus
    finally:
        await bus.close()


@asynccontextmanager
async def reopened(site: BusSite, bus: Bus) -> AsyncIterator[Bus]:
    """A durable bus opened again, so that nothing comes from its memory; one that forgets as it is."""
    if bus.capabilities.durable:
        async with opened(site) as again:
            yield again
    else:
        yield bus


def make_record(number: int, *, source: str = "web", key: str = "user-1", origin: Position | None = None) -> Record:
    """A small record whose id is its number."""
    return Record(
        id=str(number),
        source=source,
        type="track:Order Completed",
        key=key,
        received_ms=1_700_000_000_000 + number,
        data=f'{{"number": {number}, "padding": "{"x" * 200}"}}'.encode(),
        origin=origin,
    )


def from_start(partitions: int = 4) -> Cursors:
    """Cursors at the beginning of every partition."""
    return dict.fromkeys(range(partitions), 0)


def key_of_partition(partition: int, partitions: int) -> str:
    """A key whose records go to the given partition."""
    keys = (f"user-{number}" for number in range(1000))
    return next(key for key in keys if choose_partition("web", key, partitions) == partition)


async def append_one_by_one(bus: Bus, count: int) -> list[Position]:
    """Records of one key, each in a commit of its own."""
    positions: list[Position] = []
    for number in range(count):
        positions += await bus.append(TOPIC, [make_record(number)])
    return positions


async def read_some(
    bus: Bus, cursors: Cursors, *, max_records: int = 1000, wait_secs: float = 0.0
) -> Sequence[StoredRecord]:
    """What one read by a new reader returns."""
    reader = bus.reader(TOPIC, "lane")
    try:
        return await reader.read(cursors, max_records=max_records, wait_secs=wait_secs)
    finally:
        await reader.close()


async def read_in_time(bus: Bus) -> Sequence[StoredRecord]:
    """What one read returns that would wait for an hour. Raises TimeoutError when it is not woken."""
    async with asyncio.timeout(PATIENCE_SECS):
        return await read_some(bus, from_start(), wait_secs=3600)


async def read_all(bus: Bus, *, max_records: int = 1000, cursors: Cursors | None = None) -> list[StoredRecord]:
    """Everything from `cursors` on, which are moved; by default from the start."""
    cursors = from_start(len(await bus.ends(TOPIC))) if cursors is None else cursors
    reader = bus.reader(TOPIC, "lane")
    found: list[StoredRecord] = []
    while some := await reader.read(cursors, max_records=max_records, wait_secs=0):
        found += some
        for one in some:
            cursors[one.position.partition] = one.position.offset + 1
    await reader.close()
    return found


def by_partition(found: Iterable[StoredRecord]) -> dict[int, list[int]]:
    """The offsets in the order they were read."""
    offsets: defaultdict[int, list[int]] = defaultdict(list)
    for one in found:
        offsets[one.position.partition].append(one.position.offset)
    return dict(offsets)


def ids_by_key(found: Iterable[StoredRecord]) -> dict[str, list[str]]:
    """The ids in the order they were read."""
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for one in found:
        if one.record is not None:
            ids[one.record.key].append(one.record.id)
    return dict(ids)
