"""What is asked of the store: each function reads on a connection that somebody else opened."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

import msgspec

from paceline.drivers.store.sqlite.schema import ADMISSION, place
from paceline.model.delivery import DeadLetter, Fate, Parked
from paceline.model.record import Cursors, Position
from paceline.ports.store import Admission, Count, DeadLetterFilter, Exclusion, LaneState

_decode_parked = msgspec.msgpack.Decoder(Parked).decode
_decode_dead_letter = msgspec.msgpack.Decoder(DeadLetter).decode
_decode_exclusion = msgspec.msgpack.Decoder(Exclusion).decode


def read_lane(connection: sqlite3.Connection, lane: str) -> LaneState:
    """Where one lane stands."""
    cursors = connection.execute(
        "SELECT partition, next_offset, start_offset FROM cursors WHERE lane = ?", (lane,)
    ).fetchall()
    counts = connection.execute("SELECT fate, rule, count FROM ledger WHERE lane = ? AND count != 0", (lane,))
    keys = connection.execute("SELECT key, count(*) FROM parked WHERE lane = ? GROUP BY key", (lane,))
    first = connection.execute("SELECT first_delivered_ms FROM lanes WHERE lane = ?", (lane,)).fetchone()
    return LaneState(
        cursors={partition: offset for partition, offset, _ in cursors},
        start={partition: start for partition, _, start in cursors},
        counts={Count(Fate(fate), rule): count for fate, rule, count in counts},
        parked_keys=dict(keys.fetchall()),
        first_delivered_ms=first[0] if first else 0,
    )


def read_lanes(connection: sqlite3.Connection) -> dict[str, LaneState]:
    """Every lane, and the process loop."""
    lanes = connection.execute("SELECT lane FROM lanes ORDER BY lane").fetchall()
    return {lane: read_lane(connection, lane) for (lane,) in lanes}


def read_admission_cursors(connection: sqlite3.Connection) -> Cursors:
    """How far the process loop is."""
    rows = connection.execute("SELECT partition, next_offset FROM cursors WHERE lane = ?", (ADMISSION,))
    return dict(rows.fetchall())


def read_admission(connection: sqlite3.Connection, first: Cursors, end: Cursors) -> Admission:
    """How far the process loop is, and what it excluded between two places a partition."""
    # The cursors first: what they cover is then sure to be among the exclusions that are read after them.
    cursors = read_admission_cursors(connection)
    found: dict[Position, Exclusion] = {}
    for partition, offset in first.items():
        if offset >= end.get(partition, 0):
            continue
        rows = connection.execute(
            "SELECT body FROM exclusions WHERE place >= ? AND place < ?",
            (place(Position(partition, offset)), place(Position(partition, end[partition]))),
        )
        for (body,) in rows.fetchall():
            exclusion = _decode_exclusion(body)
            found[exclusion.position] = exclusion
    return Admission(cursors=cursors, exclusions=found)


def select_due(connection: sqlite3.Connection, lane: str, now_ms: int, limit: int) -> list[Parked]:
    """Parked deliveries whose time has come."""
    rows = connection.execute(
        "SELECT body FROM parked WHERE lane = ? AND waiting = 0 AND due_ms <= ?"
        " ORDER BY due_ms, partition, offset, delivery_id LIMIT ?",
        (lane, now_ms, limit),
    )
    return [_decode_parked(body) for (body,) in rows.fetchall()]


def read_next_due(connection: sqlite3.Connection, lane: str) -> int | None:
    """When the next parked delivery that does not wait for another is due."""
    row = connection.execute("SELECT min(due_ms) FROM parked WHERE lane = ? AND waiting = 0", (lane,)).fetchone()
    due_ms: int | None = row[0]
    return due_ms


def select_parked(connection: sqlite3.Connection, lane: str, limit: int) -> list[Parked]:
    """What waits in a lane's retry table."""
    rows = connection.execute(
        "SELECT body FROM parked WHERE lane = ? ORDER BY due_ms, partition, offset, delivery_id LIMIT ?", (lane, limit)
    )
    return [_decode_parked(body) for (body,) in rows.fetchall()]


def select_dead_letters(connection: sqlite3.Connection, which: DeadLetterFilter) -> list[DeadLetter]:
    """Dead letters, newest first."""
    rows = connection.execute(
        "SELECT body FROM dead WHERE (?1 IS NULL OR lane = ?1) AND (?2 IS NULL OR letter_class = ?2)"
        " AND (?3 IS NULL OR delivery_id IN (SELECT value FROM json_each(?3))) ORDER BY id DESC LIMIT ?4",
        (
            which.lane,
            which.letter_class,
            None if which.delivery_ids is None else json.dumps(list(which.delivery_ids)),
            which.limit,
        ),
    )
    return [_decode_dead_letter(body) for (body,) in rows.fetchall()]


def select_exclusions(connection: sqlite3.Connection, fate: Fate | None, limit: int) -> list[Exclusion]:
    """What admission stopped, newest first."""
    rows = connection.execute(
        "SELECT body FROM exclusions WHERE (?1 IS NULL OR fate = ?1) ORDER BY at_ms DESC, place DESC LIMIT ?2",
        (fate, limit),
    )
    return [_decode_exclusion(body) for (body,) in rows.fetchall()]


def read_paused_until(connection: sqlite3.Connection, account: str) -> int:
    """Until when an account is paused."""
    row = connection.execute("SELECT paused_until_ms FROM throttles WHERE account = ?", (account,)).fetchone()
    paused_until_ms: int = row[0] if row else 0
    return paused_until_ms


def read_needed(connection: sqlite3.Connection) -> Cursors:
    """By partition, the lowest cursor or parked position; 0 where the process loop has not begun."""
    rows = connection.execute(
        "SELECT partition, min(first) FROM ("
        " SELECT partition, min(next_offset) AS first FROM cursors GROUP BY partition"
        " UNION ALL SELECT partition, min(offset) FROM parked GROUP BY partition) GROUP BY partition"
    ).fetchall()
    admitted = read_admission_cursors(connection)
    return {partition: offset if partition in admitted else 0 for partition, offset in rows}


def read_journal(connection: sqlite3.Connection) -> Sequence[tuple[int, int, bytes]]:
    """The rows of seen fingerprints: id, when, and the fingerprints one after another."""
    return connection.execute("SELECT id, at_ms, fingerprints FROM seen ORDER BY id").fetchall()
