"""Kept events in one SQLite file, beside the store.

A file of its own: what is deleted from it is overwritten (`secure_delete`), which would slow the store down. Every call
runs on a thread and a connection of its own; there are few, by housekeeping and by replays of old letters.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import msgspec

from paceline.drivers.sqlite_file import (
    Schema,
    WriterLock,
    connect_reader,
    connect_writer,
    prepare_file,
    storage_errors,
)
from paceline.model.record import Position, Record
from paceline.ports.kept import KeptBytes

KEPT_SCHEMA = Schema(
    kind=b"PLke",
    migrations=(
        """
        CREATE TABLE kept (
            id INTEGER PRIMARY KEY,
            partition INTEGER NOT NULL,
            offset INTEGER NOT NULL,
            topic TEXT NOT NULL,
            received_ms INTEGER NOT NULL,
            body BLOB NOT NULL,
            UNIQUE (partition, offset, topic)
        )
        """,
    ),
)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode

Result = TypeVar("Result")


class SqliteKeptEvents:
    """Copies in a file that is made when the first one is kept."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def keep(self, topic: str, records: Mapping[Position, Record]) -> None:
        """See the port."""
        rows = [(*position, topic, record.received_ms, _encode(record)) for position, record in records.items()]
        if rows:
            await asyncio.to_thread(
                self._write,
                "INSERT OR IGNORE INTO kept (partition, offset, topic, received_ms, body) VALUES (?, ?, ?, ?, ?)",
                rows,
            )

    async def fetch(self, topic: str, positions: Sequence[Position]) -> Mapping[Position, Record]:
        """See the port."""

        def read(connection: sqlite3.Connection) -> dict[Position, Record]:
            found: dict[Position, Record] = {}
            for position in positions:
                row = connection.execute(
                    "SELECT body FROM kept WHERE partition = ? AND offset = ? AND topic = ?", (*position, topic)
                ).fetchone()
                if row is not None:
                    found[position] = _decode(row[0])
            return found

        return await asyncio.to_thread(self._read, read, {}) if positions else {}

    async def places(self) -> Sequence[Position]:
        """See the port."""

        def read(connection: sqlite3.Connection) -> list[Position]:
            rows = connection.execute("SELECT partition, offset FROM kept ORDER BY received_ms, id")
            return list(dict.fromkeys(Position(*row) for row in rows))

        return await asyncio.to_thread(self._read, read, [])

    async def forget(self, positions: Sequence[Position]) -> None:
        """See the port."""
        if positions and self._path.exists():
            await asyncio.to_thread(
                self._write, "DELETE FROM kept WHERE partition = ? AND offset = ?", [tuple(one) for one in positions]
            )

    async def kept_bytes(self) -> KeptBytes:
        """See the port."""

        def read(connection: sqlite3.Connection) -> KeptBytes:
            return KeptBytes(*connection.execute("SELECT count(*), total(length(body)) FROM kept").fetchone())

        return await asyncio.to_thread(self._read, read, KeptBytes(0, 0))

    def _read(self, read: Callable[[sqlite3.Connection], Result], nothing: Result) -> Result:
        if not self._path.exists():
            return nothing
        with storage_errors(self._path), closing(connect_reader(self._path)) as connection:
            return read(connection)

    def _write(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        prepare_file(self._path, KEPT_SCHEMA)
        lock = WriterLock(self._path)
        with storage_errors(self._path), closing(connect_writer(self._path)) as connection:
            connection.execute("PRAGMA secure_delete=ON")
            try:
                with lock:
                    connection.execute("BEGIN IMMEDIATE")
                    connection.executemany(statement, rows)
                    connection.execute("COMMIT")
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                lock.close()
