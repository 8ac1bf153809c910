"""What changes the store: each function runs inside a transaction that somebody else begins and commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from paceline.drivers.store.sqlite.leasing import check_fence
from paceline.drivers.store.sqlite.reading import read_lane
from paceline.drivers.store.sqlite.schema import ADMISSION, place
from paceline.model.delivery import DeadLetter, Parked
from paceline.model.record import Cursors, Position
from paceline.ports.routes import RouteState
from paceline.ports.store import AdmissionCommit, Count, Exclusion, LaneCommit, LaneState
from paceline.ports.throttle import Turns, first_turn_ms

_encode = msgspec.msgpack.Encoder().encode
_decode_dead_letter = msgspec.msgpack.Decoder(DeadLetter).decode


def open_lane(connection: sqlite3.Connection, lane: str, start: Cursors) -> LaneState:
    """Create the lane, or the partitions of it that are new, and say where it stands."""
    connection.execute("INSERT OR IGNORE INTO lanes (lane) VALUES (?)", (lane,))
    connection.executemany(
        "INSERT OR IGNORE INTO cursors VALUES (?1, ?2, ?3, ?3)",
        [(lane, partition, offset) for partition, offset in start.items()],
    )
    return read_lane(connection, lane)


def save_route_state(connection: sqlite3.Connection, state: RouteState) -> None:
    """What is known of an integration's route."""
    connection.execute("INSERT OR REPLACE INTO routes VALUES (?, ?)", (state.integration, _encode(state)))


def apply_lane_commit(connection: sqlite3.Connection, change: LaneCommit) -> None:
    """One step of a lane."""
    check_fence(connection, change.lane, change.epoch)
    _move_cursors(connection, change.lane, change.cursors)
    add_counts(connection, change.lane, change.counts)
    if change.delivers and change.at_ms:
        connection.execute(
            "UPDATE lanes SET first_delivered_ms = ? WHERE lane = ? AND first_delivered_ms = 0",
            (change.at_ms, change.lane),
        )
    if change.unpark:
        _unpark(connection, change.lane, change.unpark)
    if change.park:
        park(connection, change.lane, change.park)
    if change.dead:
        _bury(connection, change.dead)


def apply_admission_commit(
    connection: sqlite3.Connection, change: AdmissionCommit, forget_before: int | None
) -> int | None:
    """One step of the process loop. What was seen becomes a row of the journal, whose id is returned."""
    check_fence(connection, ADMISSION, change.epoch)
    _move_cursors(connection, ADMISSION, change.cursors)
    add_counts(connection, ADMISSION, change.counts)
    _put_exclusions(connection, change.exclusions)
    if forget_before is not None:
        connection.execute("DELETE FROM seen WHERE id < ?", (forget_before,))
    if not change.seen:
        return None
    row = (change.at_ms, b"".join(change.seen))
    return connection.execute("INSERT INTO seen (at_ms, fingerprints) VALUES (?, ?)", row).lastrowid


def mark_replayed(connection: sqlite3.Connection, exclusions: Sequence[Exclusion], now_ms: int) -> None:
    """Write the exclusions again, with the time at which their events were appended again."""
    _put_exclusions(connection, [msgspec.structs.replace(each, replayed_ms=now_ms) for each in exclusions])


def mark_discarded(connection: sqlite3.Connection, exclusions: Sequence[Exclusion], now_ms: int, note: str) -> None:
    """Write the exclusions again, with the time at which somebody gave them up."""
    _put_exclusions(connection, [msgspec.structs.replace(each, discarded_ms=now_ms, note=note) for each in exclusions])


def pause(connection: sqlite3.Connection, account: str, until_ms: int) -> None:
    """Nobody calls the account before `until_ms`."""
    connection.execute(
        "INSERT INTO throttles (account, paused_until_ms) VALUES (?1, ?2)"
        " ON CONFLICT (account) DO UPDATE SET paused_until_ms = max(paused_until_ms, ?2)",
        (account, until_ms),
    )


def take_turns(
    connection: sqlite3.Connection, account: str, *, turns: int, interval_ms: float, slack_ms: float, now_ms: int
) -> Turns:
    """Reserve calls behind those that were reserved before."""
    row = connection.execute(
        "SELECT next_turn_ms, paused_until_ms FROM throttles WHERE account = ?", (account,)
    ).fetchone()
    next_turn_ms, paused_until_ms = row or (0.0, 0)
    first_ms = first_turn_ms(next_turn_ms, slack_ms=slack_ms, now_ms=now_ms)
    connection.execute(
        "INSERT INTO throttles (account, next_turn_ms) VALUES (?1, ?2)"
        " ON CONFLICT (account) DO UPDATE SET next_turn_ms = ?2",
        (account, first_ms + turns * interval_ms),
    )
    return Turns(first_ms=first_ms, paused_until_ms=paused_until_ms)


def trim(connection: sqlite3.Connection, dead_before_ms: int, exclusions_before: Cursors) -> None:
    """Forget old dead letters, replays and exclusions. Ledgers keep their counts."""
    connection.execute("DELETE FROM dead WHERE last_failed_ms < ?", (dead_before_ms,))
    connection.execute("DELETE FROM replays WHERE updated_ms < ?", (dead_before_ms,))
    connection.executemany(
        "DELETE FROM exclusions WHERE place >= ? AND place < ? AND (NOT waits OR at_ms < ?)",
        [
            (place(Position(partition, 0)), place(Position(partition, end)), dead_before_ms)
            for partition, end in exclusions_before.items()
        ],
    )


def _put_exclusions(connection: sqlite3.Connection, exclusions: Sequence[Exclusion]) -> None:
    if exclusions:
        connection.executemany(
            "INSERT OR REPLACE INTO exclusions (place, fate, at_ms, waits, body) VALUES (?, ?, ?, ?, ?)",
            [
                (place(each.position), each.fate, each.at_ms, each.waits_for_repair, _encode(each))
                for each in exclusions
            ],
        )


def _move_cursors(connection: sqlite3.Connection, lane: str, cursors: Cursors) -> None:
    connection.executemany(
        "INSERT INTO cursors VALUES (?1, ?2, ?3, 0) ON CONFLICT (lane, partition) DO UPDATE SET next_offset = ?3",
        [(lane, partition, offset) for partition, offset in cursors.items()],
    )


def add_counts(connection: sqlite3.Connection, lane: str, counts: Mapping[Count, int]) -> None:
    """Change a lane's ledger by these differences."""
    connection.executemany(
        "INSERT INTO ledger VALUES (?1, ?2, ?3, ?4) ON CONFLICT (lane, fate, rule) DO UPDATE SET count = count + ?4",
        [(lane, count.fate, count.rule, difference) for count, difference in counts.items() if difference],
    )


def _unpark(connection: sqlite3.Connection, lane: str, delivery_ids: Iterable[str]) -> None:
    connection.executemany(
        "DELETE FROM parked WHERE lane = ? AND delivery_id = ?", [(lane, delivery_id) for delivery_id in delivery_ids]
    )


def park(connection: sqlite3.Connection, lane: str, rows: Sequence[Parked]) -> None:
    """Add rows to a lane's retry table, or put them in the place of what has their ids."""
    # Not INSERT OR REPLACE: that would not run the trigger for the row that goes.
    _unpark(connection, lane, [row.delivery_id for row in rows])
    connection.executemany(
        "INSERT INTO parked (lane, delivery_id, key, partition, offset, due_ms, behind, replayed, replay_job, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                lane,
                row.delivery_id,
                row.key,
                *row.position,
                row.due_ms,
                row.behind,
                bool(row.replay_job),
                row.replay_job,
                _encode(row),
            )
            for row in {row.delivery_id: row for row in rows}.values()
        ],
    )


def _bury(connection: sqlite3.Connection, letters: Iterable[DeadLetter]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO dead (lane, delivery_id, letter_class, last_failed_ms, replay_job, status, source,"
        " event_name, place, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                letter.lane,
                letter.delivery_id,
                letter.letter_class,
                letter.last_failed_ms,
                letter.replay_job,
                letter.outcome.status,
                letter.source,
                letter.event_name,
                place(letter.position),
                _encode(letter),
            )
            for letter in letters
        ],
    )


def fill_dead_columns(connection: sqlite3.Connection) -> None:
    """Letters that an older version wrote get the columns by which they are looked for, in a transaction of its own."""
    connection.execute("BEGIN IMMEDIATE")
    rows = connection.execute("SELECT id, body FROM dead WHERE place IS NULL").fetchall()
    letters = [(row_id, _decode_dead_letter(body)) for row_id, body in rows]
    connection.executemany(
        "UPDATE dead SET status = ?, source = ?, event_name = ?, place = ? WHERE id = ?",
        [
            (letter.outcome.status, letter.source, letter.event_name, place(letter.position), row_id)
            for row_id, letter in letters
        ],
    )
    connection.execute("COMMIT")
