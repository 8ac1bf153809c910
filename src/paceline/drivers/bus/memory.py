"""A bus in plain lists, for tests and simulations: the same promises but durability, forgotten with its process.

bus = MemoryBus(partitions=4)
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from paceline.errors import DefectError
from paceline.model.record import Cursors, PartitionEnds, Position, Record, StoredRecord, choose_partition
from paceline.model.settings import Retention
from paceline.ports.bus import BusCapabilities, Trimmed


class _Partition:
    """One ordered part. `records[0]` has the offset `first`; None stands for a damaged record."""

    def __init__(self) -> None:
        self.first = 0
        self.records: list[Record | None] = []
        self.appended_ms: list[int] = []
        self.last_origin = -1

    @property
    def next(self) -> int:
        return self.first + len(self.records)

    def add(self, record: Record, now_ms: int) -> int:
        """The offset of the record, or of the partition's last when its origin is there already."""
        if record.origin is not None:
            if record.origin.offset <= self.last_origin:
                return self.next - 1
            self.last_origin = record.origin.offset
        self.records.append(record)
        self.appended_ms.append(now_ms)
        return self.next - 1

    def drop_before(self, offset: int) -> int:
        count = max(0, offset - self.first)
        del self.records[:count]
        del self.appended_ms[:count]
        self.first += count
        return count


class _Topic:
    def __init__(self, partitions: int) -> None:
        self.partitions = [_Partition() for _ in range(partitions)]
        self.appended = asyncio.Event()


class MemoryReader:
    """One group's reading of one topic."""

    def __init__(self, topic: _Topic) -> None:
        self._topic = topic
        self._turn = 0

    def assignment(self) -> frozenset[int]:
        """All partitions."""
        return frozenset(range(len(self._topic.partitions)))

    async def read(self, cursors: Cursors, *, max_records: int, wait_secs: float) -> Sequence[StoredRecord]:
        """See the port."""
        found = self._take(cursors, max_records)
        deadline_secs = asyncio.get_running_loop().time() + wait_secs
        while not found:
            appended = self._topic.appended
            try:
                async with asyncio.timeout_at(deadline_secs):
                    await appended.wait()
            except TimeoutError:
                return ()
            found = self._take(cursors, max_records)
        return found

    async def close(self) -> None:
        """Nothing to give up."""

    def _take(self, cursors: Cursors, max_records: int) -> list[StoredRecord]:
        wanted = [partition for partition in cursors if partition in self.assignment()]
        self._turn += 1
        found: list[StoredRecord] = []
        for index in range(len(wanted)):
            room = -(-(max_records - len(found)) // (len(wanted) - index))
            partition = wanted[(index + self._turn) % len(wanted)]
            log = self._topic.partitions[partition]
            start = max(cursors[partition], log.first)
            part = log.records[start - log.first :][:room]
            found += [StoredRecord(Position(partition, start + place), record) for place, record in enumerate(part)]
        return found


class MemoryBus:
    """A bus for one process that forgets."""

    def __init__(
        self,
        partitions: int = 4,
        *,
        retention: Retention | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """`now_ms` stamps records for retention."""
        self._partitions = partitions
        self._retention = retention or Retention()
        self._now_ms = now_ms
        self._topics: dict[str, _Topic] = {}

    @property
    def capabilities(self) -> BusCapabilities:
        """See the port."""
        return BusCapabilities(name="memory", durable=False, shared=False, dense_offsets=True)

    async def append(self, topic: str, records: Sequence[Record]) -> Sequence[Position]:
        """See the port."""
        opened = self._open(topic)
        now_ms = self._now_ms()
        places = [self._place(record) for record in records]
        positions = [
            Position(partition, opened.partitions[partition].add(record, now_ms))
            for partition, record in zip(places, records, strict=True)
        ]
        appended, opened.appended = opened.appended, asyncio.Event()
        appended.set()
        return positions

    def reader(self, topic: str, group: str) -> MemoryReader:
        """See the port."""
        return MemoryReader(self._open(topic))

    async def fetch(self, topic: str, positions: Sequence[Position]) -> Mapping[Position, Record]:
        """See the port."""
        opened = self._open(topic)
        found: dict[Position, Record] = {}
        for position in positions:
            log = opened.partitions[position.partition]
            record = log.records[position.offset - log.first] if log.first <= position.offset < log.next else None
            if record is not None:
                found[position] = record
        return found

    async def ends(self, topic: str) -> Mapping[int, PartitionEnds]:
        """See the port."""
        logs = self._open(topic).partitions
        return {partition: PartitionEnds(log.first, log.next) for partition, log in enumerate(logs)}

    async def trim(self, topic: str, keep_from: Cursors) -> Trimmed:
        """Drop what is beyond retention and lies before `keep_from`: what no reader and no retry needs any more."""
        oldest_ms = self._now_ms() - int(self._retention.max_age_hours * 3_600_000)
        logs = self._open(topic).partitions
        kept_bytes = sum(_size(record) for log in logs for record in log.records)
        dropped = 0
        for partition, limit in keep_from.items():
            log = logs[partition]
            while log.first < min(limit, log.next) and (
                log.appended_ms[0] < oldest_ms or kept_bytes > self._retention.max_bytes
            ):
                kept_bytes -= _size(log.records[0])
                dropped += log.drop_before(log.first + 1)
        return Trimmed(dropped, kept_bytes)

    async def expiring(self, topic: str, keep_from: Cursors) -> Cursors:
        """What `trim` with the same `keep_from` would drop: by partition, the offset behind it; empty for nothing."""
        oldest_ms = self._now_ms() - int(self._retention.max_age_hours * 3_600_000)
        logs = self._open(topic).partitions
        kept_bytes = sum(_size(record) for log in logs for record in log.records)
        ends: Cursors = {}
        for partition, limit in keep_from.items():
            log = logs[partition]
            for number in range(max(0, min(limit, log.next) - log.first)):
                if log.appended_ms[number] >= oldest_ms and kept_bytes <= self._retention.max_bytes:
                    break
                kept_bytes -= _size(log.records[number])
                ends[partition] = log.first + number + 1
        return ends

    def damage(self, topic: str, position: Position) -> None:
        """Make a record read as damaged, as a flipped bit on a disk would."""
        log = self._open(topic).partitions[position.partition]
        log.records[position.offset - log.first] = None

    async def close(self) -> None:
        """Nothing is held."""

    def _open(self, topic: str) -> _Topic:
        opened = self._topics.get(topic)
        if opened is None:
            opened = self._topics[topic] = _Topic(self._partitions)
        return opened

    def _place(self, record: Record) -> int:
        if record.origin is None:
            return choose_partition(record.source, record.key, self._partitions)
        if record.origin.partition >= self._partitions:
            raise DefectError(
                f"a record's origin is in partition {record.origin.partition}, and the topic has {self._partitions}"
            )
        return record.origin.partition


def _size(record: Record | None) -> int:
    return 0 if record is None else len(msgspec.msgpack.encode(record))
