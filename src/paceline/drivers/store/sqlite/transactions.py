"""One transaction for a group of changes that know nothing of each other."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from paceline.drivers.sqlite_file import WriterLock, connect_writer, settle_log, storage_error
from paceline.errors import DefectError, FencedError

Change = Callable[[sqlite3.Connection], object]
"""Writes to the connection and returns what its caller gets. Must not begin or end a transaction."""

_CHECKPOINT_COMMITS = 200
"""How many commits lie between two checkpoints: some 10 MB of log."""

_VALUE_ERRORS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError)


class Transactions:
    """Commits groups of changes. Every method but the constructor runs on the committing thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = WriterLock(path)
        self._connection: sqlite3.Connection | None = None
        self._has_failed = False
        self._commits_since_checkpoint = 0

    def commit(self, group: Sequence[Change]) -> list[object]:
        """Make a group durable; a result for each change, or the exception that it raised.

        A change that fails by itself takes no other with it. Raises StorageError when the disk or the file fails;
        then nothing of the group happened, and the next one starts on a new connection.
        """
        try:
            connection = self._connection or self._connect()
            with self._lock:
                connection.execute("BEGIN IMMEDIATE")
                results = [self._apply(connection, change) for change in group]
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._has_failed = True
            self.close()
            raise storage_error(error, self._path) from error
        self._commits_since_checkpoint += 1
        return results

    def checkpoint_when_due(self) -> None:
        """Move the write-ahead log into the database, now and then. Never raises."""
        if self._connection is None or self._commits_since_checkpoint < _CHECKPOINT_COMMITS:
            return
        self._commits_since_checkpoint = 0
        try:
            with self._lock:
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error:
            # What was committed is safe in the log. The next commit shows whether the disk works.
            self._has_failed = True
            self.close()

    def close(self) -> None:
        """Let go of the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        self._lock.close()

    def _apply(self, connection: sqlite3.Connection, change: Change) -> object:
        connection.execute("SAVEPOINT change")
        try:
            result = change(connection)
        except Exception as error:
            if isinstance(error, sqlite3.Error) and not isinstance(error, _VALUE_ERRORS):
                raise
            # One caller's mistake must not reach the others.
            connection.execute("ROLLBACK TO change")
            result = error if isinstance(error, FencedError) else self._defect(error)
        connection.execute("RELEASE change")
        return result

    def _defect(self, error: Exception) -> DefectError:
        defect = DefectError(f"the store cannot keep what it was given ({error})", where=str(self._path))
        defect.__cause__ = error
        return defect

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
