"""The tables in a PostgreSQL schema by numbered migrations, forward and back, while processes work on them.

A version says from which older version on a program can still work with it (`usable_from`). So a set-up is upgraded
without a stop: `paceline store migrate` of the new program first, then one process after the other; and back in the
other order. A process begins only on a version that it knows, or on a newer one that says it may.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import msgspec
import psycopg
from psycopg import sql

from paceline.drivers.postgres_server import Address, check_server, server_errors
from paceline.errors import StorageError, UsageError

Connection = psycopg.Connection[tuple[Any, ...]]


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """One step. `forward` and `back` are statements that lock nothing for long; `back` never loses what was written."""

    name: str
    forward: Sequence[LiteralString]
    back: Sequence[LiteralString]
    usable_from: int


class SchemaState(msgspec.Struct, frozen=True, kw_only=True):
    """What is there. `version` 0 means that nothing is; `newest` is what this program knows."""

    version: int
    usable_from: int
    newest: int

    @property
    def verdict(self) -> str:
        """`ready`, or `empty`, `behind`, `ahead` for what this program cannot work with."""
        if self.version == 0:
            return "empty"
        if self.version < self.newest:
            return "behind"
        return "ready" if self.usable_from <= self.newest else "ahead"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One migration that was or would be made."""

    version: int
    direction: str
    name: str


def prepare_schema(address: Address, migrations: Sequence[Migration]) -> None:
    """Check server and schema, and make the tables where there are none. Raises StorageError.

    Safe when several processes do it at once.
    """
    with server_errors(address), address.connect() as connection:
        check_server(connection, address)
        state = read_state(connection, address, migrations)
        if state.verdict != "ready":  # another process may be in the middle of it
            with _alone(connection, address):
                state = read_state(connection, address, migrations)
                if state.verdict == "empty":
                    _move(connection, address, migrations, state.version, len(migrations))
                    return
        require_ready(state, address)


def require_ready(state: SchemaState, address: Address) -> None:
    """Raises StorageError for tables that this program cannot work with."""
    match state.verdict:
        case "behind":
            raise StorageError(
                f"the tables are of version {state.version}, and this paceline needs {state.newest}",
                where=address.where,
                remedy="run: paceline store migrate (processes of the version before may go on meanwhile)",
            )
        case "ahead":
            raise StorageError(
                f"the tables are of version {state.version}, made by a newer paceline; this one knows {state.newest}",
                where=address.where,
                remedy=f"upgrade paceline, or let the newer one run: paceline store migrate --to {state.newest}",
            )


def read_state(connection: Connection, address: Address, migrations: Sequence[Migration]) -> SchemaState:
    """The version of what is there."""
    found = connection.execute("SELECT to_regclass(%s)", (f'"{address.schema}".schema_versions',)).fetchone()
    version, usable_from = 0, 0
    if found is not None and found[0] is not None:
        row = connection.execute(
            "SELECT version, usable_from FROM schema_versions ORDER BY version DESC LIMIT 1"
        ).fetchone()
        version, usable_from = row or (0, 0)
    return SchemaState(version=version, usable_from=usable_from, newest=len(migrations))


def migrate(
    address: Address, migrations: Sequence[Migration], *, to: int | None = None, is_dry: bool = False
) -> Sequence[Step]:
    """Bring the tables to a version, the newest by default, one transaction a step; what was (or would be) done.

    Raises UsageError for a version that does not exist, StorageError for tables that are newer than this program.
    """
    target = len(migrations) if to is None else to
    if not 1 <= target <= len(migrations):
        raise UsageError(
            f"there is no version {target} of the tables", expected=f"a number from 1 to {len(migrations)}"
        )
    with server_errors(address), address.connect() as connection, _alone(connection, address):
        check_server(connection, address)
        state = read_state(connection, address, migrations)
        if state.version > state.newest:
            raise StorageError(
                f"the tables are of version {state.version}; this paceline knows the way only up to {state.newest}",
                where=address.where,
                remedy=f"let the newer paceline run: paceline store migrate --to {target}",
            )
        steps = _steps(migrations, state.version, target)
        if not is_dry:
            _move(connection, address, migrations, state.version, target)
        return steps


def _steps(migrations: Sequence[Migration], version: int, target: int) -> list[Step]:
    forward = [
        Step(version=number, direction="forward", name=migrations[number - 1].name)
        for number in range(version + 1, target + 1)
    ]
    back = [
        Step(version=number, direction="back", name=migrations[number - 1].name)
        for number in range(version, target, -1)
    ]
    return forward + back


def _move(connection: Connection, address: Address, migrations: Sequence[Migration], version: int, target: int) -> None:
    if version == 0:
        _make_schema(connection, address)
    for step in _steps(migrations, version, target):
        migration = migrations[step.version - 1]
        with connection.transaction():
            # Rather fail and be tried again than make everybody wait behind us in the queue for a table.
            connection.execute("SET LOCAL lock_timeout = '3s'")
            connection.execute("SET LOCAL statement_timeout = 0")
            statements = migration.forward if step.direction == "forward" else migration.back
            connection.execute(";".join(statements))
            if step.direction == "forward":
                connection.execute(
                    "INSERT INTO schema_versions (version, usable_from, name) VALUES (%s, %s, %s)",
                    (step.version, migration.usable_from, migration.name),
                )
            else:
                connection.execute("DELETE FROM schema_versions WHERE version = %s", (step.version,))


def _make_schema(connection: Connection, address: Address) -> None:
    exists = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (address.schema,)).fetchone()
    with connection.transaction():
        if exists is None:
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(address.schema)))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_versions (version int PRIMARY KEY, usable_from int NOT NULL,"
            " name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),"
            " applied_by text NOT NULL DEFAULT session_user)"
        )


@contextmanager
def _alone(connection: Connection, address: Address) -> Iterator[None]:
    """Nobody else changes these tables meanwhile."""
    key = lock_key(address.schema, "migration")
    connection.execute("SELECT pg_advisory_lock(%s)", (key,))
    try:
        yield
    finally:
        if not connection.closed and not connection.broken:
            connection.execute("SELECT pg_advisory_unlock(%s)", (key,))


def lock_key(schema: str, name: str) -> int:
    """The number of an advisory lock: those of one database share their numbers."""
    digest = hashlib.blake2b(f"paceline/{schema}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
