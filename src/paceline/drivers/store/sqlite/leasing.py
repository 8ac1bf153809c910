"""Who may run what: each function runs inside a transaction that somebody else begins and commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from paceline.drivers.store.sqlite.workers import LivingWorkers
from paceline.errors import FencedError
from paceline.ports.leases import Holding, fair_share


def hold(
    connection: sqlite3.Connection,
    worker: str,
    names: Sequence[str],
    *,
    ttl_ms: int,
    now_ms: int,
    living: LivingWorkers,
) -> Holding:
    """Renew a worker's leases, and take free ones up to its fair share."""
    connection.execute("INSERT OR REPLACE INTO workers VALUES (?, ?)", (worker, now_ms + ttl_ms))
    _bury_dead(connection, worker, now_ms, living)
    connection.executemany("INSERT OR IGNORE INTO leases VALUES (?, '', 0)", [(name,) for name in names])
    wanted = set(names)
    leases = dict(connection.execute("SELECT name, epoch FROM leases WHERE worker = ?", (worker,)).fetchall())
    let_go(connection, worker, [name for name in leases if name not in wanted])
    held = {name: epoch for name, epoch in leases.items() if name in wanted}
    (workers,) = connection.execute("SELECT count(*) FROM workers").fetchone()
    share = fair_share(len(wanted), workers)
    free = connection.execute("SELECT name, epoch FROM leases WHERE worker = '' ORDER BY name").fetchall()
    for name, epoch in free:
        if len(held) >= share:
            break
        if name in wanted:
            connection.execute("UPDATE leases SET worker = ?, epoch = ? WHERE name = ?", (worker, epoch + 1, name))
            held[name] = epoch + 1
    return Holding(leases=held, surplus=sorted(held)[share:])


def let_go(connection: sqlite3.Connection, worker: str, names: Sequence[str]) -> None:
    """Leases of the worker are free."""
    connection.executemany(
        "UPDATE leases SET worker = '' WHERE name = ? AND worker = ?", [(name, worker) for name in names]
    )


def leave(connection: sqlite3.Connection, worker: str) -> None:
    """The worker and all its leases."""
    connection.execute("DELETE FROM workers WHERE worker = ?", (worker,))
    connection.execute("UPDATE leases SET worker = '' WHERE worker = ?", (worker,))


def check_fence(connection: sqlite3.Connection, name: str, epoch: int) -> None:
    """Raises FencedError when the lease has gone to somebody else. Epoch 0 is a caller without leases."""
    if not epoch:
        return
    row = connection.execute("SELECT epoch FROM leases WHERE name = ?", (name,)).fetchone()
    if row is None or row[0] != epoch:
        raise FencedError(f"another worker runs {name} now", remedy="nothing: this worker gives it up")


def _bury_dead(connection: sqlite3.Connection, worker: str, now_ms: int, living: LivingWorkers) -> None:
    others = connection.execute("SELECT worker, until_ms FROM workers WHERE worker != ?", (worker,)).fetchall()
    for other, until_ms in others:
        if until_ms < now_ms or living.has_ended(other):
            leave(connection, other)
