"""A source as a log: row 17 is the record at offset 17, so a lane can read it, go back to it and remember its place."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence

from paceline.errors import DefectError, StorageError
from paceline.model.record import Cursors, PartitionEnds, Position, Record, StoredRecord
from paceline.ports.bus import BusCapabilities
from paceline.ports.rows import Rows

PARTITION = 0

MOST_AHEAD = 2_000
"""How many rows the process loop may be ahead of its lane: so many stay in memory, and each is read once."""

AHEAD_WAIT_SECS = 0.02


class RowsBus:
    """Reads `rows` as the topic `events`; `record_of` makes a record of a row and its number, the same one each time.

    Nothing is written: what the process loop appends to the canonical topic is acknowledged and left, for the lane
    reads the source itself.
    """

    capabilities = BusCapabilities(name="rows", durable=True, shared=False, dense_offsets=True)

    def __init__(self, rows: Rows, record_of: Callable[[int, bytes], Record]) -> None:
        self._rows = rows
        self._record_of = record_of
        self._reading = threading.Lock()
        self._count = rows.count()
        self._kept: dict[int, StoredRecord] = {}
        self._read_up_to: dict[str, int] = {}

    async def append(self, topic: str, records: Sequence[Record]) -> Sequence[Position]:
        """See the port; only records with an origin, which lie in the source already."""
        placed = [record.origin for record in records]
        if any(position is None for position in placed):
            raise DefectError("a source of rows takes no new events")
        return [position for position in placed if position is not None]

    def reader(self, topic: str, group: str) -> RowsReader:
        """See the port."""
        return RowsReader(self, group)

    async def fetch(self, topic: str, positions: Sequence[Position]) -> Mapping[Position, Record]:
        """See the port."""
        found: dict[Position, Record] = {}
        for position in sorted(positions):
            for one in await self.read(position.offset, 1):
                if one.record is not None:
                    found[one.position] = one.record
        return found

    async def ends(self, topic: str) -> Mapping[int, PartitionEnds]:
        """See the port."""
        return {PARTITION: PartitionEnds(0, self._count)}

    async def close(self) -> None:
        """See the port."""
        self._rows.close()

    async def read(self, first: int, most: int) -> Sequence[StoredRecord]:
        """Rows from number `first` on."""
        return await asyncio.to_thread(self._read, first, min(most, self._count - first))

    def is_far_ahead(self, group: str, first: int) -> bool:
        """Whether a group is so far ahead of another one that this would have to read the rows once more."""
        self._read_up_to[group] = first
        return first - min(self._read_up_to.values()) > MOST_AHEAD

    def _read(self, first: int, most: int) -> Sequence[StoredRecord]:
        if most <= 0:
            return []
        with self._reading:
            kept = [self._kept[number] for number in range(first, first + most) if number in self._kept]
            if len(kept) == most:
                return kept
            rows = self._rows.read(first, most)
            if not rows:
                raise StorageError(
                    f"row {first} is gone: there were {self._count} rows when it was opened",
                    where=self._rows.description,
                    remedy="run the job again when nobody changes the source",
                )
            read = [
                StoredRecord(Position(PARTITION, number), self._record_of(number, data))
                for number, data in enumerate(rows, first)
            ]
            self._kept |= {one.position.offset: one for one in read}
            while len(self._kept) > 2 * MOST_AHEAD:
                del self._kept[next(iter(self._kept))]
            return read


class RowsReader:
    """A reading of the source."""

    def __init__(self, bus: RowsBus, group: str) -> None:
        self._bus = bus
        self._group = group

    def assignment(self) -> frozenset[int]:
        """See the port."""
        return frozenset({PARTITION})

    async def read(self, cursors: Cursors, *, max_records: int, wait_secs: float) -> Sequence[StoredRecord]:
        """See the port."""
        first = cursors.get(PARTITION, 0)
        if self._bus.is_far_ahead(self._group, first):
            await asyncio.sleep(min(wait_secs, AHEAD_WAIT_SECS))
            return []
        stored = await self._bus.read(first, max_records)
        if not stored:
            await asyncio.sleep(wait_secs)
        return stored

    async def close(self) -> None:
        """See the port."""
