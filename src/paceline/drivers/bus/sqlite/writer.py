"""Appending to one topic's file: a group of appends becomes one transaction with one chunk a partition."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from paceline.drivers.bus.sqlite.chunk import Marks, chunk_checksum, encode_record, mark_records, pack_marks
from paceline.drivers.bus.sqlite.schema import chunk_id, offset_of
from paceline.drivers.sqlite_file import WriterLock, connect_writer, settle_log, storage_error
from paceline.errors import DefectError
from paceline.model.record import Record, choose_partition

CHECKPOINT_BYTES = 8 * 1024**2
"""How much is appended between two checkpoints. Larger means longer stalls, smaller more syncs of the whole file."""

_ROWS_A_STATEMENT = 64

NO_ORIGIN = -1


class Piece(NamedTuple):
    """The records of one append that go to one partition, encoded. `origins` is None when none of them has one."""

    partition: int
    encoded: list[bytes]
    marks: Marks
    origins: list[int] | None


class Tip(NamedTuple):
    """The end of a partition: the offset of the next record, and the highest origin so far."""

    next_offset: int
    last_origin: int


Offsets = Sequence[int]


def split_records(records: Sequence[Record], partitions: int) -> tuple[list[int], list[Piece]]:
    """The partition of each record, and the records encoded and grouped by partition."""
    encoded = list(map(encode_record, records))
    places = [
        choose_partition(record.source, record.key, partitions) if record.origin is None else record.origin.partition
        for record in records
    ]
    groups: dict[int, list[int]] = {}
    for index, partition in enumerate(places):
        groups.setdefault(partition, []).append(index)
    if groups and max(groups) >= partitions:
        raise DefectError(f"a record's origin is in partition {max(groups)}, and the topic has {partitions}")
    return places, [_make_piece(partition, indexes, records, encoded) for partition, indexes in groups.items()]


def _make_piece(partition: int, indexes: list[int], records: Sequence[Record], encoded: list[bytes]) -> Piece:
    own = [encoded[index] for index in indexes]
    origins = [NO_ORIGIN if (origin := records[index].origin) is None else origin.offset for index in indexes]
    return Piece(partition, own, mark_records(own), origins if max(origins) > NO_ORIGIN else None)


class _Draft:
    """What a group adds to one partition, while it is put together."""

    def __init__(self, tip: Tip) -> None:
        self.first_offset = tip.next_offset
        self.last_origin = tip.last_origin
        self.encoded: list[bytes] = []
        self.marks = Marks([], [])

    @property
    def tip(self) -> Tip:
        return Tip(self.first_offset + len(self.encoded), self.last_origin)

    def add(self, piece: Piece) -> Offsets:
        """Take over what is new in the piece; the offset of each record, or of the one that was there before."""
        if piece.origins is None or self._continues(piece.origins):
            start = self.tip.next_offset
            self.encoded += piece.encoded
            self.marks.lengths.extend(piece.marks.lengths)
            self.marks.checksums.extend(piece.marks.checksums)
            self.last_origin = piece.origins[-1] if piece.origins else self.last_origin
            return range(start, start + len(piece.encoded))
        return [self._add_new(piece, index, origin) for index, origin in enumerate(piece.origins)]

    def _continues(self, origins: list[int]) -> bool:
        before = [self.last_origin, *origins]
        return all(earlier < later for earlier, later in zip(before, origins, strict=False))

    def _add_new(self, piece: Piece, index: int, origin: int) -> int:
        if origin != NO_ORIGIN:
            if origin <= self.last_origin:
                return self.tip.next_offset - 1
            self.last_origin = origin
        self.encoded.append(piece.encoded[index])
        self.marks.lengths.append(piece.marks.lengths[index])
        self.marks.checksums.append(piece.marks.checksums[index])
        return self.tip.next_offset - 1

    def row(self, partition: int, appended_ms: int) -> tuple[object, ...]:
        identity, count = chunk_id(partition, self.first_offset), len(self.encoded)
        marks = pack_marks(self.marks)
        checksum = chunk_checksum(identity, count, marks)
        return identity, count, appended_ms, self.last_origin, checksum, marks, b"".join(self.encoded)


class TopicWriter:
    """Commits groups of appends. Every method but the constructor runs on the committing thread."""

    def __init__(self, path: Path, partitions: int, *, now_ms: Callable[[], int]) -> None:
        self._path = path
        self._lock = WriterLock(path)
        self._partitions = partitions
        self._now_ms = now_ms
        self._connection: sqlite3.Connection | None = None
        self._has_failed = False
        self._tips: list[Tip] = []
        self._seen_version = -1
        self._bytes_since_checkpoint = 0

    def commit(self, group: Sequence[list[Piece]]) -> list[list[Offsets]]:
        """Make a group durable; for each append the offsets of each of its pieces.

        Raises StorageError; then nothing of the group may be taken as appended, and the next group starts on a new
        connection. A failed sync is never repeated on the same pages.
        """
        try:
            connection = self._connection or self._connect()
            with self._lock:
                return self._commit(connection, group)
        except sqlite3.Error as error:
            self._has_failed = True
            self.close()
            raise storage_error(error, self._path) from error

    def _commit(self, connection: sqlite3.Connection, group: Sequence[list[Piece]]) -> list[list[Offsets]]:
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._seen_version:  # another process appended, or retention ran
            self._tips = load_tips(connection, self._partitions)
            self._seen_version = version
        drafts: dict[int, _Draft] = {}
        placed: list[list[Offsets]] = []
        for pieces in group:
            offsets: list[Offsets] = []
            for piece in pieces:
                draft = drafts.get(piece.partition)
                if draft is None:
                    draft = drafts[piece.partition] = _Draft(self._tips[piece.partition])
                offsets.append(draft.add(piece))
            placed.append(offsets)
        now_ms = self._now_ms()
        self._insert(connection, [draft.row(partition, now_ms) for partition, draft in drafts.items() if draft.encoded])
        connection.execute("COMMIT")
        for partition, draft in drafts.items():
            self._tips[partition] = draft.tip
        return placed

    def _insert(self, connection: sqlite3.Connection, rows: list[tuple[object, ...]]) -> None:
        # One statement for several rows: each one hands the interpreter's lock to and fro.
        for start in range(0, len(rows), _ROWS_A_STATEMENT):
            some = rows[start : start + _ROWS_A_STATEMENT]
            connection.execute(
                "INSERT INTO chunks VALUES " + ",".join(["(?,?,?,?,?,?,?)"] * len(some)),  # noqa: S608  only marks
                [value for row in some for value in row],
            )
            self._bytes_since_checkpoint += sum(len(blob) for row in some for blob in row[5:] if type(blob) is bytes)

    def checkpoint_when_due(self) -> None:
        """Move what was appended from the write-ahead log to the database, now and then. Never raises."""
        if self._connection is None or self._bytes_since_checkpoint < CHECKPOINT_BYTES:
            return
        self._bytes_since_checkpoint = 0
        try:
            with self._lock:
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error:
            # What was acknowledged is safe in the log. The next commit shows whether the disk works.
            self._has_failed = True
            self.close()

    def close(self) -> None:
        """Let go of the file."""
        connection, self._connection = self._connection, None
        self._seen_version = -1
        if connection is not None:
            connection.close()
        self._lock.close()

    def _connect(self) -> sqlite3.Connection:
        connection = connect_writer(self._path)
        try:
            if self._has_failed:
                settle_log(connection)
                self._has_failed = False
        except sqlite3.Error:
            connection.close()
            raise
        self._connection = connection
        return connection


def load_tips(connection: sqlite3.Connection, partitions: int) -> list[Tip]:
    """The end of every partition, as the file has it."""
    return [_load_tip(connection, partition) for partition in range(partitions)]


def _load_tip(connection: sqlite3.Connection, partition: int) -> Tip:
    last = connection.execute(
        "SELECT id, count, last_origin FROM chunks WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1",
        (chunk_id(partition, 0), chunk_id(partition + 1, 0)),
    ).fetchone()
    if last is not None:
        return Tip(offset_of(last[0]) + last[1], last[2])
    floor = connection.execute(
        "SELECT next_offset, last_origin FROM floors WHERE partition = ?", (partition,)
    ).fetchone()
    return Tip(0, NO_ORIGIN) if floor is None else Tip(*floor)
