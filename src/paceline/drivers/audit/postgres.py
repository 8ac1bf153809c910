"""The audit log in PostgreSQL, for commands on many machines: one row a record, durable before `append` returns.

    log = PostgresAuditLog(Address("postgresql://…"), key)
    log.append(entry)

The table is the store's second migration. Whoever may write it could change it, so the chain and its key count here as
they do for the file.
"""

from __future__ import annotations

from collections.abc import Sequence

from paceline.drivers.audit.chain import GENESIS, read_line, seal, verify_lines
from paceline.drivers.postgres_schema import lock_key
from paceline.drivers.postgres_server import Address, server_errors
from paceline.errors import StorageError
from paceline.ports.audit import Anchor, AuditEntry, AuditRecord, Verification


class PostgresAuditLog:
    """See the port. Each call has a connection of its own: entries are made by hand, and rare."""

    def __init__(self, address: Address, key: bytes) -> None:
        self._address = address
        self._key = key

    def append(self, entry: AuditEntry) -> AuditRecord:
        """See the port. Raises StorageError as well when the last line cannot be read."""
        with server_errors(self._address), self._address.connect() as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (lock_key(self._address.schema, "audit"),))
            row = connection.execute("SELECT line FROM audit ORDER BY number DESC LIMIT 1").fetchone()
            end = Anchor(0, GENESIS)
            if row is not None:
                last = read_line(row[0])
                if last is None:
                    raise StorageError(
                        "the last line of the audit log cannot be read, so nothing can be chained to it",
                        where=self._address.where,
                        remedy="run: paceline audit verify; rename the table audit, make an empty one like it",
                    )
                end = Anchor(last.number, last.hash)
            line, record = seal(self._key, end.hash, end.number + 1, entry)
            connection.execute("INSERT INTO audit VALUES (%s, %s)", (record.number, line))
        return record

    def records(self) -> Sequence[AuditRecord]:
        """See the port."""
        return [record for line in self._lines() if (record := read_line(line)) is not None]

    def verify(self, anchors: Sequence[Anchor] = ()) -> Verification:
        """See the port."""
        return verify_lines(self._key, self._lines(), anchors)

    def is_empty(self) -> bool:
        """Whether nothing was ever written."""
        with server_errors(self._address), self._address.connect() as connection:
            return connection.execute("SELECT 1 FROM audit LIMIT 1").fetchone() is None

    def _lines(self) -> list[bytes]:
        with server_errors(self._address), self._address.connect() as connection:
            return [line for (line,) in connection.execute("SELECT line FROM audit ORDER BY number")]
