"""Dropping chunks that are too old or too many, and that nobody needs any more."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from heapq import merge
from pathlib import Path

import msgspec

from paceline.drivers.bus.sqlite.schema import chunk_id, offset_of, partition_of
from paceline.drivers.sqlite_file import connect_reader, connect_writer, storage_errors
from paceline.model.record import Cursors
from paceline.model.settings import Retention
from paceline.ports.bus import Trimmed

_STEP_BYTES = 8 * 1024**2
_STEP_CHUNKS = 500
"""How much one transaction drops at most, of a partition and altogether: appends wait meanwhile."""


class _Candidate(msgspec.Struct, frozen=True, order=True):
    appended_ms: int
    id: int
    count: int
    last_origin: int
    size: int


def trim_topic(path: Path, keep_from: Cursors, *, retention: Retention, now_ms: int) -> Trimmed:
    """Drop whole chunks, oldest first, that end at or before `keep_from` and are beyond retention.

    Partitions missing in `keep_from` are left alone. The file does not shrink: what was dropped is written over by
    what comes next. Raises StorageError.
    """
    with storage_errors(path):
        connection = connect_writer(path)
        try:
            dropped = 0
            while step := _choose_step(connection, keep_from, retention, now_ms):
                dropped += _drop(connection, step)
            return Trimmed(dropped, _used_bytes(connection))
        finally:
            connection.close()


def next_to_drop(path: Path, keep_from: Cursors, *, retention: Retention, now_ms: int) -> Cursors:
    """What `trim_topic` would drop first: by partition, the offset behind it; a step's worth. Raises StorageError."""
    with storage_errors(path), closing(connect_reader(path)) as connection:
        ends: Cursors = {}
        for candidate in _choose_step(connection, keep_from, retention, now_ms):
            ends[partition_of(candidate.id)] = offset_of(candidate.id) + candidate.count
        return ends


def _choose_step(
    connection: sqlite3.Connection, keep_from: Cursors, retention: Retention, now_ms: int
) -> list[_Candidate]:
    oldest_ms = now_ms - int(retention.max_age_hours * 3_600_000)
    excess = _used_bytes(connection) - retention.max_bytes
    step: list[_Candidate] = []
    size = 0
    for candidate in merge(*(_candidates(connection, *cursor) for cursor in keep_from.items())):
        if size >= _STEP_BYTES or (candidate.appended_ms >= oldest_ms and size >= excess):
            break
        step.append(candidate)
        size += candidate.size
    return step


def _candidates(connection: sqlite3.Connection, partition: int, keep_from: int) -> list[_Candidate]:
    rows = connection.execute(
        "SELECT appended_ms, id, count, last_origin, length(marks) + length(body) FROM chunks"
        " WHERE id >= ? AND id < ? AND id + count <= ? ORDER BY id LIMIT ?",
        (chunk_id(partition, 0), chunk_id(partition, keep_from), chunk_id(partition, keep_from), _STEP_CHUNKS),
    )
    return [_Candidate(*row) for row in rows]


def _drop(connection: sqlite3.Connection, step: list[_Candidate]) -> int:
    floors: dict[int, tuple[int, int]] = {}
    for candidate in step:
        floors[partition_of(candidate.id)] = offset_of(candidate.id) + candidate.count, candidate.last_origin
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany("DELETE FROM chunks WHERE id = ?", [(candidate.id,) for candidate in step])
        connection.executemany(
            "INSERT INTO floors VALUES (?1, ?2, ?3)"
            " ON CONFLICT (partition) DO UPDATE SET next_offset = ?2, last_origin = ?3 WHERE next_offset < ?2",
            [(partition, *floor) for partition, floor in floors.items()],
        )
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return sum(candidate.count for candidate in step)


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages, free, page_bytes = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    used: int = (pages - free) * page_bytes
    return used
