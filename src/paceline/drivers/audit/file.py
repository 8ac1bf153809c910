"""The audit log in a file: one JSON line a record, synced before `append` returns.

log = FileAuditLog(Path(".paceline/audit.log"), key)
log.append(entry)
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from paceline.drivers.audit.chain import GENESIS, read_line, seal, verify_lines
from paceline.drivers.sqlite_file import storage_errors
from paceline.errors import StorageError
from paceline.ports.audit import Anchor, AuditEntry, AuditRecord, Verification

_TAIL_BYTES = 64 * 1024


class FileAuditLog:
    """See the port. Only this user may read the file."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = key

    def append(self, entry: AuditEntry) -> AuditRecord:
        """See the port. Raises StorageError as well when the last line cannot be read."""
        with storage_errors(self._path), self._locked() as descriptor:
            end, size = self._end(descriptor)
            line, record = seal(self._key, end.hash, end.number + 1, entry)
            try:
                # Behind the last whole line: what a crash left of a record was never acknowledged.
                os.ftruncate(descriptor, size)
                os.pwrite(descriptor, line + b"\n", size)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
            return record

    def records(self) -> Sequence[AuditRecord]:
        """See the port."""
        return [record for line in self._lines() if (record := read_line(line)) is not None]

    def verify(self, anchors: Sequence[Anchor] = ()) -> Verification:
        """See the port. A record that a crash left half written is told too."""
        return verify_lines(self._key, self._lines(), anchors)

    def _lines(self) -> list[bytes]:
        with storage_errors(self._path):
            content = self._path.read_bytes() if self._path.exists() else b""
        lines = content.split(b"\n")
        return lines if lines[-1] else lines[:-1]

    @contextmanager
    def _locked(self) -> Iterator[int]:
        is_new = not self._path.exists()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if is_new:
                _sync_folder(self._path.parent)
            yield descriptor
        finally:
            os.close(descriptor)

    def _end(self, descriptor: int) -> tuple[Anchor, int]:
        """The last record, and how many bytes the file has up to its end."""
        size = os.fstat(descriptor).st_size
        first = max(0, size - _TAIL_BYTES)
        tail = os.pread(descriptor, size - first, first)
        end = tail.rfind(b"\n") + 1
        if end == 0 and first == 0:
            return Anchor(0, GENESIS), 0
        record = read_line(tail[:end].rstrip(b"\n").rpartition(b"\n")[2])
        if record is None:
            raise StorageError(
                "the last line of the audit log cannot be read, so nothing can be chained to it",
                where=str(self._path),
                remedy="run: paceline audit verify; keep the file, move it away, and a new log begins",
            )
        return Anchor(record.number, record.hash), first + end


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
