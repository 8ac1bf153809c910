"""The bus port over topic files."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from paceline.drivers.bus.sqlite.log import TopicLog
from paceline.drivers.bus.sqlite.reader import SqliteReader
from paceline.drivers.bus.sqlite.retention import next_to_drop, trim_topic
from paceline.drivers.bus.sqlite.schema import TOPIC_SCHEMA
from paceline.drivers.bus.sqlite.tail import Tail
from paceline.drivers.bus.sqlite.writer import Offsets, Piece, TopicWriter, split_records
from paceline.drivers.group_commit import GroupCommit
from paceline.drivers.sqlite_file import connect_writer, make_folder, prepare_file, read_when_free, storage_errors
from paceline.errors import DefectError, StorageError
from paceline.model.record import Cursors, PartitionEnds, Position, Record
from paceline.model.settings import Retention
from paceline.ports.bus import BusCapabilities, Trimmed

MOST_BYTES_A_GROUP = 4 * 1024**2
LEAST_BYTES_A_RECORD = 2 * 1024
"""Small records weigh this much, so that a group has about 2,000 at most and a chunk is read in a few milliseconds."""

_TOPIC_NAME = re.compile(r"[a-z][a-z0-9_.-]*\Z")
_FETCHES_A_TURN = 16


class _Topic:
    """An open topic: its writer, its log and those who wait at its end."""

    def __init__(self, path: Path, partitions: int, *, now_ms: Callable[[], int]) -> None:
        self.path = path
        self.partitions = partitions
        self.log = TopicLog(path, partitions)
        self.tail = Tail(self.log.version)
        self._writer = TopicWriter(path, partitions, now_ms=now_ms)
        self.commits: GroupCommit[list[Piece], list[Offsets]] = GroupCommit(
            self._writer.commit,
            name=f"paceline bus {path.stem}",
            most=MOST_BYTES_A_GROUP,
            afterwards=self._writer.checkpoint_when_due,
        )

    async def close(self) -> None:
        await self.commits.close()
        self.tail.close()
        self.log.close()
        self._writer.close()  # last: only a connection that may write can leave one tidy file behind


class SqliteBus:
    """A durable bus for one machine. See the port for its promises, and the package for how to use it."""

    def __init__(
        self,
        path: Path | str,
        partitions: int = 4,
        *,
        retention: Retention | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """`path` is a folder; `now_ms` stamps chunks for retention. Raises StorageError when there can be no folder."""
        self._path = Path(path)
        self._partitions = partitions
        self._retention = retention or Retention()
        self._now_ms = now_ms
        self._topics: dict[str, _Topic] = {}
        self._opening = asyncio.Lock()
        self._is_closed = False
        with storage_errors(self._path):
            make_folder(self._path)

    @property
    def capabilities(self) -> BusCapabilities:
        """See the port."""
        return BusCapabilities(name="sqlite", durable=True, shared=True, dense_offsets=True)

    async def append(self, topic: str, records: Sequence[Record]) -> Sequence[Position]:
        """See the port."""
        if not records:
            return []
        opened = self._topics.get(topic) or await self._open(topic)
        places, pieces = split_records(records, self._partitions)
        placed = await opened.commits.submit(pieces, weight=_weigh(pieces))
        opened.tail.notify()
        if len(pieces) == 1:
            return [Position(places[0], offset) for offset in placed[0]]
        offsets = {piece.partition: iter(found) for piece, found in zip(pieces, placed, strict=True)}
        return [Position(partition, next(offsets[partition])) for partition in places]

    def reader(self, topic: str, group: str) -> SqliteReader:
        """See the port."""
        return SqliteReader(partial(self._open, topic), self._partitions)

    async def fetch(self, topic: str, positions: Sequence[Position]) -> Mapping[Position, Record]:
        """See the port."""
        opened = await self._open(topic)
        found: dict[Position, Record] = {}
        for count, position in enumerate(sorted(set(positions))):
            if count % _FETCHES_A_TURN == _FETCHES_A_TURN - 1:
                await asyncio.sleep(0)  # chunks far from the end come from the disk: let others have a turn
            record = await read_when_free(opened.path, partial(opened.log.record_at, position))
            if record is not None:
                found[position] = record
        return found

    async def ends(self, topic: str) -> Mapping[int, PartitionEnds]:
        """See the port."""
        opened = await self._open(topic)
        return await read_when_free(opened.path, opened.log.ends)

    async def trim(self, topic: str, keep_from: Cursors) -> Trimmed:
        """Drop what is beyond retention and lies before `keep_from`: what no reader and no retry needs any more.

        `keep_from` is what the store's `needed_from` says, or lower.
        Partitions missing in `keep_from` are left alone. Raises StorageError.
        """
        opened = await self._open(topic)
        trimmed = await asyncio.to_thread(
            trim_topic, opened.path, keep_from, retention=self._retention, now_ms=self._now_ms()
        )
        opened.log.forget()
        return trimmed

    async def expiring(self, topic: str, keep_from: Cursors) -> Cursors:
        """What `trim` with the same `keep_from` would drop first: by partition, the offset behind it.

        A step's worth, empty when nothing is to go. Whoever wants to keep something of it copies that, trims to these
        offsets, and asks again.
        Raises StorageError.
        """
        opened = await self._open(topic)
        return await asyncio.to_thread(
            next_to_drop, opened.path, keep_from, retention=self._retention, now_ms=self._now_ms()
        )

    async def close(self) -> None:
        """See the port."""
        async with self._opening:  # behind appends that wait for their topic to be opened
            self._is_closed = True
            topics, self._topics = self._topics, {}
        for topic in topics.values():
            await topic.close()

    async def _open(self, name: str) -> _Topic:
        async with self._opening:
            topic = self._topics.get(name)
            if topic is None:
                if self._is_closed:
                    raise DefectError("the bus was used after it was closed")
                if not _TOPIC_NAME.match(name):
                    raise DefectError(f"{name!r} cannot be the name of a topic")
                path = self._path / f"{name}.db"
                await asyncio.to_thread(_prepare_topic, path, self._partitions)
                topic = self._topics[name] = _Topic(path, self._partitions, now_ms=self._now_ms)
            return topic


def _weigh(pieces: list[Piece]) -> int:
    return sum(max(sum(marks.lengths), LEAST_BYTES_A_RECORD * len(encoded)) for _, encoded, marks, _ in pieces)


def _prepare_topic(path: Path, partitions: int) -> None:
    prepare_file(path, TOPIC_SCHEMA)
    with storage_errors(path):
        connection = connect_writer(path)
        try:
            connection.execute("INSERT OR IGNORE INTO facts VALUES ('partitions', ?)", (partitions,))
            stored = connection.execute("SELECT value FROM facts WHERE name = 'partitions'").fetchone()[0]
        finally:
            connection.close()
    if stored != partitions:
        raise StorageError(
            f"the topic has {stored} partitions, and the settings say {partitions}",
            where=str(path),
            remedy=f"set bus.partitions back to {stored}, or choose another bus.path: keys would move",
        )
