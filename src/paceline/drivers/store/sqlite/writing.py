"""What changes the store: each function runs inside a transaction that somebody else begins and commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from paceline.drivers.store.sqlite.leasing import check_fence
from paceline.drivers.store.sqlite.reading import read_lane, select_dead_letters
from paceline.drivers.store.sqlite.schema import ADMISSION, place
from paceline.model.delivery import DeadLetter, Fate, Parked
from paceline.model.record import Cursors, Position
from paceline.ports.store import AdmissionCommit, Count, DeadLetterFilter, Exclusion, LaneCommit, LaneState
from paceline.ports.throttle import Turns, first_turn_ms

_encode = msgspec.msgpack.Encoder().encode


def open_lane(connection: sqlite3.Connection, lane: str, start: Cursors) -> LaneState:
    """Create the lane, or the partitions of it that are new, and say where it stands."""
    connection.execute("INSERT OR IGNORE INTO lanes (lane) VALUES (?)", (lane,))
    connection.executemany(
        "INSERT OR IGNORE INTO cursors VALUES (?1, ?2, ?3, ?3)",
        [(lane, partition, offset) for partition, offset in start.items()],
    )
    return read_lane(connection, lane)


def apply_lane_commit(connection: sqlite3.Connection, change: LaneCommit) -> None:
    """One step of a lane."""
    check_fence(connection, change.lane, change.epoch)
    _move_cursors(connection, change.lane, change.cursors)
    _add_counts(connection, change.lane, change.counts)
    if change.delivers and change.at_ms:
        connection.execute(
            "UPDATE lanes SET first_delivered_ms = ? WHERE lane = ? AND first_delivered_ms = 0",
            (change.at_ms, change.lane),
        )
    if change.unpark:
        _unpark(connection, change.lane, change.unpark)
    if change.park:
        _park(connection, change.lane, change.park)
    if change.dead:
        _bury(connection, change.dead)


def apply_admission_commit(
    connection: sqlite3.Connection, change: AdmissionCommit, forget_before: int | None
) -> int | None:
    """One step of the process loop. What was seen becomes a row of the journal, whose id is returned."""
    check_fence(connection, ADMISSION, change.epoch)
    _move_cursors(connection, ADMISSION, change.cursors)
    _add_counts(connection, ADMISSION, change.counts)
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


def replay(connection: sqlite3.Connection, which: DeadLetterFilter, now_ms: int) -> int:
    """Move dead letters to their lanes' retry tables, and in the ledgers."""
    letters = select_dead_letters(connection, which)
    connection.executemany(
        "DELETE FROM dead WHERE lane = ? AND delivery_id = ?",
        [(letter.lane, letter.delivery_id) for letter in letters],
    )
    for letter in letters:
        _park(connection, letter.lane, [revive(letter, now_ms)])
        _add_counts(connection, letter.lane, {Count(Fate.DEAD, letter.letter_class): -1, Count(Fate.PARKED): 1})
    return len(letters)


def revive(letter: DeadLetter, now_ms: int) -> Parked:
    """A dead letter as a parked delivery that is due now, with all its attempts and a new retry window."""
    return Parked(
        delivery_id=letter.delivery_id,
        position=letter.position,
        key=letter.key,
        mapping=letter.mapping,
        attempts=0,
        due_ms=now_ms,
        first_failed_ms=now_ms,
        outcome=letter.outcome,
    )


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
    """Forget old dead letters and exclusions. Ledgers keep their counts."""
    connection.execute("DELETE FROM dead WHERE last_failed_ms < ?", (dead_before_ms,))
    connection.executemany(
        "DELETE FROM exclusions WHERE place >= ? AND place < ?",
        [
            (place(Position(partition, 0)), place(Position(partition, end)))
            for partition, end in exclusions_before.items()
        ],
    )


def _put_exclusions(connection: sqlite3.Connection, exclusions: Sequence[Exclusion]) -> None:
    if exclusions:
        connection.executemany(
            "INSERT OR REPLACE INTO exclusions VALUES (?, ?, ?, ?)",
            [(place(each.position), each.fate, each.at_ms, _encode(each)) for each in exclusions],
        )


def _move_cursors(connection: sqlite3.Connection, lane: str, cursors: Cursors) -> None:
    connection.executemany(
        "INSERT INTO cursors VALUES (?1, ?2, ?3, 0) ON CONFLICT (lane, partition) DO UPDATE SET next_offset = ?3",
        [(lane, partition, offset) for partition, offset in cursors.items()],
    )


def _add_counts(connection: sqlite3.Connection, lane: str, counts: Mapping[Count, int]) -> None:
    connection.executemany(
        "INSERT INTO ledger VALUES (?1, ?2, ?3, ?4) ON CONFLICT (lane, fate, rule) DO UPDATE SET count = count + ?4",
        [(lane, count.fate, count.rule, difference) for count, difference in counts.items() if difference],
    )


def _unpark(connection: sqlite3.Connection, lane: str, delivery_ids: Iterable[str]) -> None:
    connection.executemany(
        "DELETE FROM parked WHERE lane = ? AND delivery_id = ?", [(lane, delivery_id) for delivery_id in delivery_ids]
    )


def _park(connection: sqlite3.Connection, lane: str, rows: Sequence[Parked]) -> None:
    # Not INSERT OR REPLACE: that would not run the trigger for the row that goes.
    _unpark(connection, lane, [row.delivery_id for row in rows])
    connection.executemany(
        "INSERT INTO parked (lane, delivery_id, key, partition, offset, due_ms, behind, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (lane, row.delivery_id, row.key, *row.position, row.due_ms, row.behind, _encode(row))
            for row in {row.delivery_id: row for row in rows}.values()
        ],
    )


def _bury(connection: sqlite3.Connection, letters: Iterable[DeadLetter]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO dead (lane, delivery_id, letter_class, last_failed_ms, body) VALUES (?, ?, ?, ?, ?)",
        [
            (letter.lane, letter.delivery_id, letter.letter_class, letter.last_failed_ms, _encode(letter))
            for letter in letters
        ],
    )
