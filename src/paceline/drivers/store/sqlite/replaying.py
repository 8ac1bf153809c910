"""Dead letters sent again or discarded: each function runs inside a transaction of somebody else."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence

import msgspec

from paceline.drivers.store.reviving import revive, taken_over
from paceline.drivers.store.sqlite.reading import find_exclusion, find_open_letter, read_replay_job
from paceline.drivers.store.sqlite.writing import add_counts, park
from paceline.model.delivery import DeadLetter, Fate, LetterState, Parked
from paceline.ports.store import DISCARDED_RULE, Count, ReplayJob, ReplayStep

_encode = msgspec.msgpack.Encoder().encode


def discard(connection: sqlite3.Connection, letters: Sequence[DeadLetter], note: str) -> int:
    """Give letters up for good, as far as they are open."""
    discarded = 0
    for letter in letters:
        found = find_open_letter(connection, letter.lane, letter.delivery_id)
        if found is not None:
            connection.execute(
                "UPDATE dead SET state = 'discarded', note = ? WHERE lane = ? AND delivery_id = ?",
                (note, letter.lane, letter.delivery_id),
            )
            _move(connection, found, Count(Fate.SUPPRESSED, DISCARDED_RULE))
            discarded += 1
    return discarded


def save_replay(connection: sqlite3.Connection, job: ReplayJob) -> None:
    """Keep a replay as it stands."""
    connection.execute(
        "INSERT OR REPLACE INTO replays VALUES (?, ?, ?, ?)", (job.id, job.started_ms, job.updated_ms, _encode(job))
    )


def replay(connection: sqlite3.Connection, step: ReplayStep) -> ReplayJob:
    """One step of a replay; the job as it then stands."""
    job = step.job
    known = read_replay_job(connection, job.id)
    if known is not None and known.steps != job.steps:
        raise taken_over(job)
    done = Counter(_replay_letter(connection, letter, job) for letter in step.letters)
    done.update(_replay_event(connection, row, job) for row in step.events)
    job = msgspec.structs.replace(
        job,
        moved=job.moved + done["moved"],
        read_again=job.read_again + done["read_again"],
        suppressed=job.suppressed + done["suppressed"],
        left_out=job.left_out + done["left_out"],
        steps=job.steps + 1,
    )
    save_replay(connection, job)
    return job


def _replay_letter(connection: sqlite3.Connection, letter: DeadLetter, job: ReplayJob) -> str:
    found = find_open_letter(connection, letter.lane, letter.delivery_id)
    if found is None:
        return "passed_over"
    excluded = find_exclusion(connection, found.position)
    if excluded is not None:
        _settle(connection, found, job, LetterState.RESOLVED, Count(excluded.fate, excluded.rule))
        return "suppressed"
    return _send_again(connection, found, job)


def _replay_event(connection: sqlite3.Connection, row: Parked, job: ReplayJob) -> str:
    lane = job.which.lane
    assert lane is not None
    is_parked = connection.execute(
        "SELECT 1 FROM parked WHERE lane = ? AND delivery_id = ?", (lane, row.delivery_id)
    ).fetchone()
    is_behind_cursor = connection.execute(
        "SELECT 1 FROM cursors WHERE lane = ? AND partition = ? AND next_offset > ?", (lane, *row.position)
    ).fetchone()
    if is_parked or not is_behind_cursor:
        return "left_out"
    letter = find_open_letter(connection, lane, row.delivery_id)
    if letter is not None:
        return _send_again(connection, letter, job)
    park(connection, lane, [row])
    add_counts(connection, lane, {Count(Fate.PARKED): 1})
    connection.execute("UPDATE lanes SET read_again = read_again + 1 WHERE lane = ?", (lane,))
    return "read_again"


def _send_again(connection: sqlite3.Connection, letter: DeadLetter, job: ReplayJob) -> str:
    park(connection, letter.lane, [revive(letter, job)])
    _settle(connection, letter, job, LetterState.REPLAYING, Count(Fate.PARKED))
    return "moved"


def _settle(
    connection: sqlite3.Connection, letter: DeadLetter, job: ReplayJob, state: LetterState, count: Count
) -> None:
    connection.execute(
        "UPDATE dead SET state = ?, replay_job = ? WHERE lane = ? AND delivery_id = ?",
        (state, job.id, letter.lane, letter.delivery_id),
    )
    _move(connection, letter, count)


def _move(connection: sqlite3.Connection, letter: DeadLetter, count: Count) -> None:
    """In the ledger, from dead to something else."""
    add_counts(connection, letter.lane, {Count(Fate.DEAD, letter.letter_class): -1, count: 1})
