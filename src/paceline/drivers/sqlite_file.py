"""Opening SQLite files so that they are safe to share, and saying in plain words why one cannot be used.

Both embedded drivers (bus and store) lie on this. A `Schema` is a list of numbered migrations; a file says with
`PRAGMA user_version` how many it has had, and with `PRAGMA application_id` what it is for.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from paceline.errors import StorageError, StorageFullError

BUSY_TIMEOUT_SECS = 5.0
"""How long a write waits for another process's write before it fails."""

_BUSY_PAUSE_SECS = 0.002
_PAGE_BYTES = 4096
_ALMOST_NO_SPACE_BYTES = 1024**2

Found = TypeVar("Found")


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is for (`kind`, four ASCII letters), and the scripts that bring an empty file up to date."""

    kind: bytes
    migrations: tuple[str, ...]

    @property
    def application_id(self) -> int:
        """The number that SQLite keeps in the file's header, also shown by `file(1)`."""
        return int.from_bytes(self.kind, "big")


def prepare_file(path: Path, schema: Schema) -> None:
    """Create the file when it is missing, and bring it to the newest version.

    Safe when several processes do it at once, and when one is killed in the middle: the next one finishes. Raises
    StorageError when the file is not a database, belongs to something else or is newer than this program.
    """
    with storage_errors(path):
        make_folder(path.parent)
        with _creation_lock(path):
            is_new = not path.exists()
            connection = _connect(path, mode="rwc")
            try:
                _check_kind(connection, path, schema)
                connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
                connection.execute("PRAGMA journal_mode=WAL")
                _migrate(connection, schema)
            finally:
                connection.close()
            if is_new:
                _sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Create a folder and those above it that are missing, so that a loss of power does not take them away again.

    Syncing a file keeps its contents, not the way to it. Raises OSError.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        _sync_folder(one.parent)


def connect_writer(path: Path) -> sqlite3.Connection:
    """A connection that writes: each COMMIT is on disk when it returns. Raises sqlite3.Error.

    May be used by one thread at a time, not only the one that opened it. Checkpoints are the caller's: whoever writes
    all the time makes them, after it has written and never twice in a row. Others (retention, commands) make none.
    SQLite before 3.51.3 can damage a file when a checkpoint that has nothing left to do meets another connection's
    commit (https://www.sqlite.org/wal.html#walresetbug): whoever makes checkpoints commits and makes them under a
    `WriterLock`, so that the two never meet.
    """
    connection = _connect(path, mode="rw")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute(f"PRAGMA journal_size_limit={64 * 1024**2}")
    # Some builds overwrite freed pages with zeros, which would send all that retention drops through the log again.
    connection.execute("PRAGMA secure_delete=FAST")
    return connection


class WriterLock:
    """Keeps the writers of one file in several processes apart, by a lock that the kernel gives back when one ends.

        with lock:
            connection.execute("BEGIN IMMEDIATE")

    Entering raises sqlite3.OperationalError when another process holds it for longer than the busy time-out.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f"{path.name}-lock")
        self._descriptor = -1

    def __enter__(self) -> None:
        if self._descriptor < 0:
            try:
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            except OSError as error:
                raise sqlite3.OperationalError(f"unable to open the lock file: {error.strerror}") from error
        deadline = time.monotonic() + BUSY_TIMEOUT_SECS
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise sqlite3.OperationalError("database is locked") from None
                time.sleep(_BUSY_PAUSE_SECS)
            else:
                return

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the lock's file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write and never waits for a lock. Raises sqlite3.Error."""
    connection = _connect(path, mode="ro", busy_timeout_secs=0)
    connection.execute("PRAGMA query_only=ON")
    return connection


def settle_log(connection: sqlite3.Connection) -> None:
    """Bring the write-ahead log into the database file and sync it, after a commit has failed.

    After a failed sync the pages of that commit may be in memory only while the system calls them clean. A commit
    that is written behind them would be lost with them in a power cut. The checkpoint writes all pages again, into
    the other file. It does nothing, harmlessly, when other connections kept the log's index alive: then the failed
    pages were never part of the log.
    """
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


async def read_when_free(path: Path, read: Callable[[], Found]) -> Found:
    """What `read` returns, called again for a while when another process recovers the file after a crash.

    Raises StorageError.
    """
    with storage_errors(path):
        for _ in range(int(BUSY_TIMEOUT_SECS / _BUSY_PAUSE_SECS)):
            try:
                return read()
            except sqlite3.OperationalError as error:
                if not is_busy(error):
                    raise
            await asyncio.sleep(_BUSY_PAUSE_SECS)
        return read()


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection held a lock: worth another try, nothing is wrong."""
    return _primary_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether the file's own structure is damaged at the place that was read."""
    return _primary_code(error) == sqlite3.SQLITE_CORRUPT


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system raise inside the block into a StorageError that names `path`."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise storage_error(error, path) from error


def storage_error(error: sqlite3.Error | OSError, path: Path) -> StorageError:
    """The error that a person can act on."""
    where = str(path)
    if _says_full(error, path):
        return StorageFullError(
            "no space is left for the file to grow",
            where=where,
            remedy="free space on this disk; writing goes on by itself, and nothing that was acknowledged is lost",
        )
    if isinstance(error, OSError):
        return StorageError(error.strerror or str(error), where=where, remedy=_file_remedy(path))
    what, remedy = _explain(error, path)
    return StorageError(what, where=where, remedy=remedy)


def _explain(error: sqlite3.Error, path: Path) -> tuple[str, str]:
    match _primary_code(error):
        case sqlite3.SQLITE_NOTADB:
            return "the file is not a SQLite database", "move it away, or choose another path in paceline.yaml"
        case sqlite3.SQLITE_CORRUPT:
            return (
                "the database is damaged",
                f"stop paceline and save what is left: sqlite3 {path.name} .recover | sqlite3 recovered.db",
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_AUTH:
            return f"the file cannot be opened for writing ({error})", _file_remedy(path)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return (
                f"another process has kept the write lock for over {BUSY_TIMEOUT_SECS:g} seconds",
                "end the program that holds it open (often a database browser or a backup)",
            )
        case sqlite3.SQLITE_IOERR:
            name = getattr(error, "sqlite_errorname", "SQLITE_IOERR")
            return (
                f"the disk refused ({name})",
                "look for a quota, a limit on file sizes (ulimit -f) and disk errors in the system's log",
            )
        case _:
            return f"the database refused ({error})", _file_remedy(path)


def _file_remedy(path: Path) -> str:
    return f"make {path.parent} a folder in which this user can create and write files"


def _says_full(error: sqlite3.Error | OSError, path: Path) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    code = _primary_code(error)
    if code == sqlite3.SQLITE_FULL:
        return True
    # A write that stops at a quota or while the shared index grows comes as an I/O error.
    return code == sqlite3.SQLITE_IOERR and _free_bytes(path) < _ALMOST_NO_SPACE_BYTES


def _free_bytes(path: Path) -> int:
    try:
        found = os.statvfs(path.parent)
    except OSError:
        return _ALMOST_NO_SPACE_BYTES
    return found.f_bavail * found.f_frsize


def _primary_code(error: sqlite3.Error) -> int:
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else sqlite3.SQLITE_ERROR


def _connect(path: Path, *, mode: str, busy_timeout_secs: float | None = None) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_SECS if busy_timeout_secs is None else busy_timeout_secs,
        isolation_level=None,
        check_same_thread=False,
    )


def _check_kind(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    kind = _pragma(connection, "application_id")
    version = _pragma(connection, "user_version")
    is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if kind != schema.application_id and not (is_empty and kind == 0):
        raise StorageError(
            "the file is a database of something else",
            where=str(path),
            remedy="move it away, or choose another path in paceline.yaml",
        )
    if version > len(schema.migrations):
        raise StorageError(
            f"the file was written by a newer paceline (schema {version})",
            where=str(path),
            expected=f"schema {len(schema.migrations)} or older",
            remedy="upgrade paceline, or choose another path in paceline.yaml",
        )


def _migrate(connection: sqlite3.Connection, schema: Schema) -> None:
    for version in range(_pragma(connection, "user_version"), len(schema.migrations)):
        script = schema.migrations[version]
        # The kind and the version are written in the same transaction as the tables: all or nothing.
        connection.executescript(
            f"BEGIN IMMEDIATE; PRAGMA application_id={schema.application_id}; {script};"
            f" PRAGMA user_version={version + 1}; COMMIT;"
        )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value = connection.execute(f"PRAGMA {name}").fetchone()[0]
    assert isinstance(value, int)
    return value


@contextmanager
def _creation_lock(path: Path) -> Iterator[None]:
    """Only one process at a time creates or migrates files of this folder."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
