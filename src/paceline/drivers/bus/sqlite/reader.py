"""Reading for one group: where it stands inside the chunks, and its waiting for more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from paceline.drivers.bus.sqlite.log import TopicLog
from paceline.drivers.bus.sqlite.tail import Tail
from paceline.drivers.sqlite_file import read_when_free
from paceline.model.record import Cursors, StoredRecord


class ReadableTopic(Protocol):
    """What a reader needs of an open topic."""

    log: TopicLog
    tail: Tail
    partitions: int


class SqliteReader:
    """One group's reading of one topic. Every reader may read every partition."""

    def __init__(self, open_topic: Callable[[], Awaitable[ReadableTopic]], partitions: int) -> None:
        self._open_topic = open_topic
        self._partitions = partitions
        self._topic: ReadableTopic | None = None
        self._held: dict[int, list[StoredRecord]] = {}
        self._turn = 0

    def assignment(self) -> frozenset[int]:
        """All partitions: cursors live in the store, and one worker runs a lane."""
        return frozenset(range(self._partitions))

    async def read(self, cursors: Cursors, *, max_records: int, wait_secs: float) -> Sequence[StoredRecord]:
        """See the port."""
        topic = self._topic
        if topic is None:
            topic = self._topic = await self._open_topic()
        loop = asyncio.get_running_loop()
        deadline_secs = loop.time() + wait_secs
        while not topic.tail.is_closed:
            version = topic.tail.version
            found = await read_when_free(topic.log.path, lambda: self._take(topic.log, cursors, max_records))
            left_secs = deadline_secs - loop.time()
            if found or left_secs <= 0:
                return found
            await topic.tail.wait_beyond(version, secs=left_secs)
        return ()

    async def close(self) -> None:
        """See the port."""
        self._held.clear()

    def _take(self, log: TopicLog, cursors: Cursors, max_records: int) -> list[StoredRecord]:
        """Up to `max_records`, shared out so that a partition with a backlog does not keep the others waiting."""
        wanted = [partition for partition in cursors if 0 <= partition < self._partitions]
        self._turn += 1
        found: list[StoredRecord] = []
        for index in range(len(wanted)):
            share = -(-(max_records - len(found)) // (len(wanted) - index))
            partition = wanted[(index + self._turn) % len(wanted)]
            self._take_from(log, partition, cursors[partition], share=share, found=found)
        return found

    def _take_from(self, log: TopicLog, partition: int, offset: int, *, share: int, found: list[StoredRecord]) -> None:
        room = share
        while room > 0:
            chunk = self._chunk_from(log, partition, offset)
            if chunk is None:
                return
            skipped = max(0, offset - chunk[0].position.offset)
            part = chunk[skipped : skipped + room] if skipped or len(chunk) > room else chunk
            found += part
            room -= len(part)
            offset = part[-1].position.offset + 1

    def _chunk_from(self, log: TopicLog, partition: int, offset: int) -> list[StoredRecord] | None:
        held = self._held.get(partition)
        if held is None or not held[0].position.offset <= offset <= held[-1].position.offset + 1:
            chunk = log.chunk_at(partition, offset)
        elif offset <= held[-1].position.offset:
            return held
        else:
            chunk = log.chunk_from(partition, offset)
        if chunk is not None:
            self._held[partition] = chunk
        return chunk
