"""What is asked of the store: each function reads on a connection that somebody else opened."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

import msgspec

from paceline.drivers.store.sqlite.schema import ADMISSION, OFFSET_BITS, place, position_of
from paceline.model.delivery import DeadLetter, Fate, LetterState, Parked
from paceline.model.record import Cursors, Position
from paceline.ports.routes import RouteState
from paceline.ports.store import Admission, Count, DeadLetterFilter, Exclusion, LaneState, ReplayJob

_decode_parked = msgspec.msgpack.Decoder(Parked).decode
_decode_dead_letter = msgspec.msgpack.Decoder(DeadLetter).decode
_decode_exclusion = msgspec.msgpack.Decoder(Exclusion).decode
_decode_route_state = msgspec.msgpack.Decoder(RouteState).decode
_decode_replay_job = msgspec.msgpack.Decoder(ReplayJob).decode


def read_lane(connection: sqlite3.Connection, lane: str) -> LaneState:
    """Where one lane stands."""
    cursors = connection.execute(
        "SELECT partition, next_offset, start_offset FROM cursors WHERE lane = ?", (lane,)
    ).fetchall()
    counts = connection.execute("SELECT fate, rule, count FROM ledger WHERE lane = ? AND count != 0", (lane,))
    keys = connection.execute("SELECT key, count(*) FROM parked WHERE lane = ? AND NOT replayed GROUP BY key", (lane,))
    known = connection.execute("SELECT first_delivered_ms, read_again FROM lanes WHERE lane = ?", (lane,)).fetchone()
    first_delivered_ms, read_again = known or (0, 0)
    return LaneState(
        cursors={partition: offset for partition, offset, _ in cursors},
        start={partition: start for partition, _, start in cursors},
        counts={Count(Fate(fate), rule): count for fate, rule, count in counts},
        parked_keys=dict(keys.fetchall()),
        first_delivered_ms=first_delivered_ms,
        read_again=read_again,
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
    """Parked deliveries whose time has come: first the lane's own retries, then replays."""
    found: list[Parked] = []
    for replayed in (0, 1):
        rows = connection.execute(
            "SELECT body FROM parked WHERE lane = ? AND waiting = 0 AND replayed = ? AND due_ms <= ?"
            " ORDER BY due_ms, partition, offset, delivery_id LIMIT ?",
            (lane, replayed, now_ms, limit - len(found)),
        )
        found += [_decode_parked(body) for (body,) in rows.fetchall()]
        if len(found) >= limit:
            break
    return found


def read_next_due(connection: sqlite3.Connection, lane: str) -> int | None:
    """When the next parked delivery that does not wait for another is due."""
    times = [
        connection.execute(
            "SELECT min(due_ms) FROM parked WHERE lane = ? AND waiting = 0 AND replayed = ?", (lane, replayed)
        ).fetchone()[0]
        for replayed in (0, 1)
    ]
    return min((due_ms for due_ms in times if due_ms is not None), default=None)


def select_parked(connection: sqlite3.Connection, lane: str, limit: int) -> list[Parked]:
    """What waits in a lane's retry table."""
    rows = connection.execute(
        "SELECT body FROM parked WHERE lane = ? ORDER BY due_ms, partition, offset, delivery_id LIMIT ?", (lane, limit)
    )
    return [_decode_parked(body) for (body,) in rows.fetchall()]


_STANDS = (
    "CASE WHEN state = 'replaying' AND NOT EXISTS (SELECT 1 FROM parked"
    " WHERE parked.lane = dead.lane AND parked.delivery_id = dead.delivery_id) THEN 'resolved' ELSE state END"
)
"""What has become of a letter: one that was sent again and is not parked any more is resolved."""


def select_dead_letters(connection: sqlite3.Connection, which: DeadLetterFilter) -> list[DeadLetter]:
    """Dead letters, newest first: a page begins behind the last letter of the one before, wherever that is now."""
    conditions: list[tuple[str, object]] = [
        ("+lane = ?", which.lane),  # the plus: pages come by age from an index, and are not sorted each time
        ("letter_class = ?", which.letter_class),
        # `state` beside what it stands for: the open ones have an index.
        ("state = ?", which.state if which.state in (LetterState.OPEN, LetterState.DISCARDED) else None),
        (f"{_STANDS} = ?", which.state if which.state in (LetterState.REPLAYING, LetterState.RESOLVED) else None),
        ("status = ?", which.status),
        ("source = ?", which.source),
        ("event_name = ?", which.event_name),
        ("last_failed_ms >= ?", which.since_ms),
        ("last_failed_ms < ?", which.until_ms),
        ("replay_job = ?", which.replay_job),
        ("replay_job != ?", which.not_replay_job),
        (
            "delivery_id IN (SELECT value FROM json_each(?))",
            None if which.delivery_ids is None else json.dumps(list(which.delivery_ids)),
        ),
    ]
    given = [(condition, value) for condition, value in conditions if value is not None]
    texts, values = [condition for condition, _ in given], [value for _, value in given]
    if which.before is not None:
        texts.append("(last_failed_ms, lane, delivery_id) < (?, ?, ?)")
        values += [which.before.last_failed_ms, which.before.lane, which.before.delivery_id]
    rows = connection.execute(
        # The conditions are the texts above; what was asked for is bound.
        f"SELECT body, {_STANDS}, replay_job, note FROM dead WHERE {' AND '.join(texts) or '1'}"  # noqa: S608
        " ORDER BY last_failed_ms DESC, lane DESC, delivery_id DESC LIMIT ?",
        (*values, which.limit),
    )
    return [_letter(*row) for row in rows.fetchall()]


def _letter(body: bytes, state: str, replay_job: str, note: str) -> DeadLetter:
    letter = _decode_dead_letter(body)
    if state == LetterState.OPEN:
        return letter
    return msgspec.structs.replace(letter, state=LetterState(state), replay_job=replay_job, note=note)


def has_unread_letters(connection: sqlite3.Connection) -> bool:
    """Whether an older version wrote letters without the columns by which they are looked for."""
    return connection.execute("SELECT 1 FROM dead WHERE place IS NULL LIMIT 1").fetchone() is not None


def find_open_letter(connection: sqlite3.Connection, lane: str, delivery_id: str) -> DeadLetter | None:
    """A letter that nobody has sent again or discarded."""
    row = connection.execute(
        "SELECT body FROM dead WHERE lane = ? AND delivery_id = ? AND state = 'open'", (lane, delivery_id)
    ).fetchone()
    return None if row is None else _decode_dead_letter(row[0])


def find_exclusion(connection: sqlite3.Connection, position: Position) -> Exclusion | None:
    """The exclusion of one event."""
    row = connection.execute("SELECT body FROM exclusions WHERE place = ?", (place(position),)).fetchone()
    return None if row is None else _decode_exclusion(row[0])


def read_replay_job(connection: sqlite3.Connection, job: str) -> ReplayJob | None:
    """The replay of that id."""
    row = connection.execute("SELECT body FROM replays WHERE id = ?", (job,)).fetchone()
    return None if row is None else _decode_replay_job(row[0])


def select_replay_jobs(connection: sqlite3.Connection, limit: int) -> list[ReplayJob]:
    """Replays, newest first."""
    rows = connection.execute("SELECT body FROM replays ORDER BY started_ms DESC, id DESC LIMIT ?", (limit,))
    return [_decode_replay_job(body) for (body,) in rows.fetchall()]


def read_route_states(connection: sqlite3.Connection) -> dict[str, RouteState]:
    """Every route, by integration."""
    rows = connection.execute("SELECT integration, body FROM routes ORDER BY integration").fetchall()
    return {integration: _decode_route_state(body) for integration, body in rows}


def count_replays_waiting(connection: sqlite3.Connection, job: str) -> int:
    """How many deliveries of a replay are parked."""
    (number,) = connection.execute("SELECT count(*) FROM parked WHERE replayed AND replay_job = ?", (job,)).fetchone()
    waiting: int = number
    return waiting


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


def read_letters_between(connection: sqlite3.Connection, first: Cursors, end: Cursors) -> list[Position]:
    """Places of open letters and quarantined events in a range of each partition."""
    found: set[Position] = set()
    for partition in first.keys() & end.keys():
        rows = connection.execute(
            "SELECT place FROM dead WHERE state = 'open' AND place >= ?1 AND place < ?2"
            " UNION SELECT place FROM exclusions WHERE waits AND place >= ?1 AND place < ?2",
            (place(Position(partition, first[partition])), place(Position(partition, end[partition]))),
        )
        found.update(position_of(number) for (number,) in rows)
    return sorted(found)


def read_still_needed(connection: sqlite3.Connection, places: Sequence[Position]) -> set[Position]:
    """Those of `places` that an open letter, a quarantined event or a replay under way is about."""
    # One statement, so one moment: a letter may just be on its way from one of the tables to another.
    rows = connection.execute(
        "SELECT value FROM json_each(?1) WHERE value IN ("
        " SELECT place FROM dead WHERE state = 'open' UNION ALL SELECT place FROM exclusions WHERE waits"
        " UNION ALL SELECT partition << ?2 | offset FROM parked WHERE replayed)",
        (json.dumps([place(position) for position in places]), OFFSET_BITS),
    )
    return {position_of(number) for (number,) in rows}


def read_journal(connection: sqlite3.Connection) -> Sequence[tuple[int, int, bytes]]:
    """The rows of seen fingerprints: id, when, and the fingerprints one after another."""
    return connection.execute("SELECT id, at_ms, fingerprints FROM seen ORDER BY id").fetchall()
