"""Reading one topic's file: chunks by position, decoded once for all readers of this process.

Reads run on the event loop. A chunk that was just written is in the system's page cache, and reading it there takes
less time than handing the work to a thread and back; no read waits for a lock.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from pathlib import Path

from paceline.drivers.bus.sqlite.chunk import Chunk, has_sound_marks, unpack_chunk, unpack_record
from paceline.drivers.bus.sqlite.schema import chunk_id, offset_of
from paceline.drivers.bus.sqlite.writer import load_tips
from paceline.drivers.sqlite_file import connect_reader, is_corrupt, storage_errors
from paceline.model.record import PartitionEnds, Position, Record, StoredRecord

CACHE_BYTES = 8 * 1024**2
"""How many bytes of bodies one topic keeps decoded: lanes near the tail all read the same few chunks."""


_SELECT = "SELECT id, count, checksum, marks, body FROM chunks WHERE id >= ? AND id < ? ORDER BY id LIMIT 1"
_SELECT_WITHOUT_BODY = (
    "SELECT id, count, checksum, marks, NULL FROM chunks WHERE id >= ? AND id < ? ORDER BY id LIMIT 1"
)


class TopicLog:
    """One read-only connection to a topic, and its most recently read chunks.

    Raises sqlite3.OperationalError while another process recovers the file (see `is_busy`).
    """

    def __init__(self, path: Path, partitions: int) -> None:
        self.path = path
        self._partitions = partitions
        with storage_errors(path):
            self._connection = connect_reader(path)
        self._chunks: OrderedDict[int, tuple[list[StoredRecord], int]] = OrderedDict()
        self._cached_bytes = 0
        self._single: Chunk | None = None

    def version(self) -> int:
        """A number that changes when anybody has committed to the file."""
        value: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return value

    def chunk_at(self, partition: int, offset: int) -> list[StoredRecord] | None:
        """The records of the chunk that holds `offset`, or of the first one after it; None when there is none."""
        found = self._find(partition, chunk_id(partition, offset))
        return None if found is None else self.chunk_from(partition, offset_of(found))

    def chunk_from(self, partition: int, border: int) -> list[StoredRecord] | None:
        """The same for an offset that lies in no chunk's middle, such as the one behind another chunk: one look-up."""
        identity = chunk_id(partition, border)
        cached = self._chunks.get(identity)
        if cached is not None:
            self._chunks.move_to_end(identity)
            return cached[0]
        chunk = self._read(identity, chunk_id(partition + 1, 0))
        return None if chunk is None else self._unpack(partition, chunk)

    def record_at(self, position: Position) -> Record | None:
        """One record, without decoding its neighbors; None when there is none or it is damaged."""
        identity = chunk_id(*position)
        chunk = self._single
        if chunk is None or not chunk.id <= identity < chunk.id + chunk.count:
            found = self._find(position.partition, identity)
            if found is None or found > identity:
                return None
            if (cached := self._chunks.get(found)) is not None:
                return cached[0][identity - found].record
            chunk = self._read(found, found + 1)
            if chunk is None or not has_sound_marks(chunk):
                return None
            self._single = chunk
        return unpack_record(chunk, identity - chunk.id)

    def ends(self) -> dict[int, PartitionEnds]:
        """Where each partition begins and ends."""
        self._connection.execute("BEGIN")
        try:
            tips = load_tips(self._connection, self._partitions)
            firsts = [self._next_chunk(chunk_id(partition, 0), partition) for partition in range(self._partitions)]
        finally:
            self._connection.execute("COMMIT")
        return {
            partition: PartitionEnds(tip.next_offset if first is None else offset_of(first), tip.next_offset)
            for partition, (first, tip) in enumerate(zip(firsts, tips, strict=True))
        }

    def forget(self) -> None:
        """Drop the decoded chunks, because some of them may be gone from the file."""
        self._chunks.clear()
        self._single = None
        self._cached_bytes = 0

    def close(self) -> None:
        """Let go of the file."""
        self.forget()
        self._connection.close()

    def _find(self, partition: int, identity: int) -> int | None:
        """The id of the chunk that holds a place, or of the first one after it."""
        at_or_after = self._next_chunk(identity, partition)
        if at_or_after == identity:
            return identity
        before = self._connection.execute(
            "SELECT id, count FROM chunks WHERE id < ? AND id >= ? ORDER BY id DESC LIMIT 1",
            (identity, chunk_id(partition, 0)),
        ).fetchone()
        if before is not None and identity < before[0] + self._true_count(before[0], before[1], at_or_after):
            return int(before[0])
        return at_or_after

    def _next_chunk(self, identity: int, partition: int) -> int | None:
        row = self._connection.execute(
            "SELECT id FROM chunks WHERE id >= ? AND id < ? ORDER BY id LIMIT 1",
            (identity, chunk_id(partition + 1, 0)),
        ).fetchone()
        return None if row is None else int(row[0])

    def _true_count(self, identity: int, count: int, following: int | None) -> int:
        """How many offsets a chunk takes: what the next one's place says, since a stored count may be damaged."""
        return count if following is None else following - identity

    def _unpack(self, partition: int, chunk: Chunk) -> list[StoredRecord]:
        if not has_sound_marks(chunk):
            count = self._true_count(chunk.id, chunk.count, self._next_chunk(chunk.id + 1, partition))
            chunk = Chunk(chunk.id, count, chunk.checksum, chunk.marks, None)
        records = unpack_chunk(chunk, partition=partition, first_offset=offset_of(chunk.id))
        size = len(chunk.body or b"")
        self._chunks[chunk.id] = records, size
        self._cached_bytes += size
        while self._cached_bytes > CACHE_BYTES and len(self._chunks) > 1:
            self._cached_bytes -= self._chunks.popitem(last=False)[1][1]
        return records

    def _read(self, first: int, end: int) -> Chunk | None:
        """The first chunk in a range of ids, without its body where the file is damaged under that."""
        try:
            row = self._connection.execute(_SELECT, (first, end)).fetchone()
        except sqlite3.DatabaseError as error:
            if not is_corrupt(error):
                raise
            row = self._connection.execute(_SELECT_WITHOUT_BODY, (first, end)).fetchone()
        return None if row is None else Chunk(*row)
