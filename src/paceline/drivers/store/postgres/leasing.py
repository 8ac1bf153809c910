"""Who may run what. The whole of `hold` is one transaction of one round trip, and one worker's at a time.

A worker that lives holds an advisory lock of its session, which the server gives back when the session ends: so the
others know at once when its process is no more. Locks do not outlive the server, so they say nothing about workers
that were last heard of before it was started.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from psycopg import errors

from paceline.drivers.postgres_schema import lock_key
from paceline.drivers.store.postgres.database import Rows, Statement
from paceline.errors import DefectError, FencedError
from paceline.ports.leases import Holding, fair_share


def be_present(schema: str, worker: str) -> Statement:
    """Take the lock that says that this session is the worker's."""
    return Statement("SELECT pg_try_advisory_lock(%s)", (lock_key(schema, worker),))


def hold(
    schema: str, worker: str, names: Sequence[str], *, mine: Sequence[str], ttl_ms: int, now_ms: int
) -> list[Statement]:
    """Renew a worker's leases, and take free ones up to its fair share. `mine` are the workers of this session."""
    wanted = sorted(set(names))
    return [
        Statement("SELECT pg_advisory_xact_lock(%s)", (lock_key(schema, "leases"),)),
        Statement(
            "INSERT INTO workers VALUES (%s, %s, %s, pg_postmaster_start_time()) ON CONFLICT (worker) DO UPDATE"
            " SET until_ms = excluded.until_ms, server_started = excluded.server_started",
            (worker, now_ms + ttl_ms, lock_key(schema, worker)),
        ),
        Statement(
            "DELETE FROM workers WHERE worker != %s AND (until_ms < %s OR CASE"
            " WHEN worker = ANY(%s::text[]) OR server_started != pg_postmaster_start_time() THEN false"
            " ELSE pg_try_advisory_xact_lock(lock_key) END)",
            (worker, now_ms, list(mine)),
        ),
        Statement(
            "UPDATE leases SET worker = '' WHERE worker != ''"
            " AND (NOT EXISTS (SELECT 1 FROM workers w WHERE w.worker = leases.worker)"
            " OR worker = %s AND name != ALL(%s::text[]))",
            (worker, wanted),
        ),
        Statement(
            "INSERT INTO leases (name, worker, epoch) SELECT name, '', 0 FROM unnest(%s::text[]) AS name"
            " ON CONFLICT DO NOTHING",
            (wanted,),
        ),
        Statement(
            "UPDATE leases SET worker = %s, epoch = epoch + 1 WHERE name IN ("
            " SELECT name FROM leases WHERE worker = '' AND name = ANY(%s::text[]) ORDER BY name LIMIT greatest(0,"
            "  ceil(%s::numeric / (SELECT count(*) FROM workers))"
            "  - (SELECT count(*) FROM leases WHERE worker = %s)))",
            (worker, wanted, len(wanted), worker),
        ),
        Statement(
            "SELECT name, epoch, (SELECT count(*) FROM workers) FROM leases WHERE worker = %s ORDER BY name", (worker,)
        ),
    ]


def begin(name: str, mine: Sequence[str]) -> Statement:
    """From now on only commits that know of this beginning count, if a worker of this process holds the lease."""
    return Statement(
        "UPDATE leases SET opened = opened + 1 WHERE name = %s AND worker = ANY(%s::text[]) RETURNING opened",
        (name, list(mine)),
    )


def as_holding(rows: Rows, names: Sequence[str]) -> Holding:
    """What the worker holds now."""
    held = {name: epoch for name, epoch, _ in rows}
    workers = rows[0][2] if rows else 1
    return Holding(leases=held, surplus=sorted(held)[fair_share(len(set(names)), workers) :])


def let_go(worker: str, names: Sequence[str]) -> list[Statement]:
    """Leases of the worker are free."""
    return [
        Statement(
            "UPDATE leases SET worker = '' WHERE worker = %s AND name = ANY(%s::text[])", (worker, sorted(set(names)))
        )
    ]


def leave(schema: str, worker: str) -> list[Statement]:
    """The worker and all its leases."""
    return [
        Statement("SELECT pg_advisory_xact_lock(%s)", (lock_key(schema, "leases"),)),
        Statement("DELETE FROM workers WHERE worker = %s", (worker,)),
        Statement("UPDATE leases SET worker = '' WHERE worker = %s", (worker,)),
    ]


@contextmanager
def fence(name: str) -> Iterator[None]:
    """Say what the division by zero of a commit means: its lease has gone to somebody else."""
    try:
        yield
    except DefectError as error:
        if isinstance(error.__cause__, errors.DivisionByZero):
            raise FencedError(f"another worker runs {name} now", remedy="nothing: this worker gives it up") from None
        raise
