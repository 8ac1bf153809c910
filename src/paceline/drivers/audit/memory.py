"""An audit log in a list, for tests: forgotten with its process."""

from __future__ import annotations

from collections.abc import Sequence

from paceline.drivers.audit.chain import GENESIS, read_line, seal, verify_lines
from paceline.ports.audit import Anchor, AuditEntry, AuditRecord, Verification


class MemoryAuditLog:
    """See the port. `lines` are what a file would have."""

    def __init__(self, key: bytes = b"a key for tests") -> None:
        self._key = key
        self._end = Anchor(0, GENESIS)
        self.lines: list[bytes] = []

    def append(self, entry: AuditEntry) -> AuditRecord:
        """See the port."""
        line, record = seal(self._key, self._end.hash, self._end.number + 1, entry)
        self.lines.append(line)
        self._end = Anchor(record.number, record.hash)
        return record

    def records(self) -> Sequence[AuditRecord]:
        """See the port."""
        return [record for line in self.lines if (record := read_line(line)) is not None]

    def verify(self, anchors: Sequence[Anchor] = ()) -> Verification:
        """See the port."""
        return verify_lines(self._key, self.lines, anchors)
