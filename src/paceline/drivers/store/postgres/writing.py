"""What changes the store: each function makes the statements of one transaction, however much it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import LiteralString

import msgspec

from paceline.drivers.store.postgres.database import Statement
from paceline.drivers.store.postgres.schema import ADMISSION, first_place, place
from paceline.model.delivery import DeadLetter, Parked
from paceline.model.record import Cursors
from paceline.ports.routes import RouteState
from paceline.ports.store import AdmissionCommit, Count, Exclusion, LaneCommit

_encode = msgspec.msgpack.Encoder().encode

# The lease's row stays locked until the transaction ends, so nobody else gets the lane meanwhile. A lease that is over
# divides by zero: that ends the transaction without a round trip to ask first, and the caller knows what it means.
_FENCE: LiteralString = """
    WITH fence AS (
        SELECT 1 / count(*) AS held FROM (SELECT 1 FROM leases WHERE name = %s AND epoch = %s
            AND (%s::bigint IS NULL OR opened = %s) FOR SHARE) AS lease
    ),
"""
_NO_FENCE: LiteralString = """
    WITH fence AS (SELECT 1),
"""
_STEP: LiteralString = """
    moved AS (
        INSERT INTO cursors
        SELECT %s, given.*, 0 FROM unnest(%s::int[], %s::bigint[]) AS given
        ON CONFLICT (lane, log_partition) DO UPDATE SET next_offset = excluded.next_offset
    ), begun AS (
        UPDATE lanes SET first_delivered_ms = %s WHERE lane = %s AND first_delivered_ms = 0 AND %s > 0
    ), counted AS (
        INSERT INTO ledger
        SELECT %s, fate, rule, difference
        FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS given(fate, rule, difference)
        ON CONFLICT (lane, fate, rule) DO UPDATE SET count = ledger.count + excluded.count
    )
    SELECT (SELECT * FROM fence) IS NOT NULL
"""
_FENCED_STEP: LiteralString = _FENCE + _STEP
_FREE_STEP: LiteralString = _NO_FENCE + _STEP


def lane_commit(change: LaneCommit, opened: int | None) -> list[Statement]:
    """One step of a lane that began as `opened` says: a single statement as long as nothing fails."""
    first_ms = change.at_ms if change.delivers else 0
    fence = (change.lane, change.epoch, opened, opened) if change.epoch else ()
    statements = [_step(change.lane, fence, change.cursors, change.counts, first_ms)]
    parked = {row.delivery_id: row for row in change.park}
    statements += unpark(change.lane, [*change.unpark, *parked])
    statements += park(change.lane, list(parked.values()))
    statements += _bury(change.dead)
    return statements


def admission_commit(change: AdmissionCommit, opened: int | None) -> list[Statement]:
    """One step of the process loop, but for what was seen."""
    fence = (ADMISSION, change.epoch, opened, opened) if change.epoch else ()
    return [
        _step(ADMISSION, fence, change.cursors, change.counts, 0),
        *put_exclusions(change.exclusions),
    ]


def _step(
    lane: str, fence: Sequence[object], cursors: Cursors, counts: Mapping[Count, int], first_delivered_ms: int
) -> Statement:
    # Everybody changes rows of the ledger in the same order, so that nobody waits in a circle.
    counted = sorted((count.fate.value, count.rule, number) for count, number in counts.items() if number)
    moved = sorted(cursors.items())
    return Statement(
        _FENCED_STEP if fence else _FREE_STEP,
        (
            *fence,
            lane,
            _numbers(partition for partition, _ in moved),
            _numbers(offset for _, offset in moved),
            first_delivered_ms,
            lane,
            first_delivered_ms,
            lane,
            [fate for fate, _, _ in counted],
            [rule for _, rule, _ in counted],
            _numbers(number for _, _, number in counted),
        ),
    )


def add_counts(differences: Mapping[tuple[str, Count], int]) -> list[Statement]:
    """Change the ledgers of several lanes by these differences."""
    rows = sorted((lane, count.fate.value, count.rule, number) for (lane, count), number in differences.items())
    if not rows:
        return []
    return [
        Statement(
            "INSERT INTO ledger"
            " SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[]) AS given(lane, fate, rule, number)"
            " ON CONFLICT (lane, fate, rule) DO UPDATE SET count = ledger.count + excluded.count",
            columns(rows, 4),
        )
    ]


def open_lane(lane: str, start: Cursors) -> list[Statement]:
    """Create the lane, or the partitions of it that are new."""
    return [
        Statement("INSERT INTO lanes (lane) VALUES (%s) ON CONFLICT DO NOTHING", (lane,)),
        Statement(
            "INSERT INTO cursors SELECT %s, log_partition, first, first"
            " FROM unnest(%s::int[], %s::bigint[]) AS given(log_partition, first) ON CONFLICT DO NOTHING",
            (lane, *columns(sorted(start.items()), 2)),
        ),
    ]


def unpark(lane: str, delivery_ids: Sequence[str]) -> list[Statement]:
    """Take rows out of a lane's retry table."""
    if not delivery_ids:
        return []
    text: LiteralString = "DELETE FROM parked WHERE lane = %s AND delivery_id = ANY(%s::text[])"
    return [Statement(text, (lane, list(delivery_ids)))]


def park(lane: str, rows: Sequence[Parked]) -> list[Statement]:
    """Add rows to a lane's retry table; none of their ids may be in it."""
    if not rows:
        return []
    keys = [row.key.encode() for row in rows]
    return [
        Statement(
            "INSERT INTO parked (lane, delivery_id, key, key_id, log_partition, log_offset, due_ms, behind, replayed,"
            " replay_job, body)"
            " SELECT %s, given.* FROM unnest(%b::text[], %b::bytea[], %b::bytea[], %s::int[], %s::bigint[],"
            " %s::bigint[], %s::boolean[], %s::boolean[], %b::text[], %b::bytea[]) AS given",
            (
                lane,
                [row.delivery_id for row in rows],
                keys,
                [key_id(key) for key in keys],
                [row.position.partition for row in rows],
                [row.position.offset for row in rows],
                [row.due_ms for row in rows],
                [row.behind for row in rows],
                [bool(row.replay_job) for row in rows],
                [row.replay_job for row in rows],
                [_encode(row) for row in rows],
            ),
        )
    ]


def key_id(key: bytes) -> bytes:
    """What an ordering key is looked up by."""
    return hashlib.blake2b(key, digest_size=16).digest()


def searchable(text: str) -> str:
    """A client's text in a column that is only looked for; the body has it as it is."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _bury(letters: Sequence[DeadLetter]) -> list[Statement]:
    latest: dict[tuple[str, str], DeadLetter] = {}
    for letter in letters:
        latest.pop((letter.lane, letter.delivery_id), None)
        latest[letter.lane, letter.delivery_id] = letter
    if not latest:
        return []
    rows = list(latest.values())
    return [
        Statement(
            "INSERT INTO dead (lane, delivery_id, letter_class, last_failed_ms, replay_job, status, source, event_name,"
            " place, body)"
            " SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %s::bigint[], %b::text[], %s::int[], %b::text[],"
            " %b::text[], %s::bigint[], %b::bytea[])"
            " ON CONFLICT (lane, delivery_id) DO UPDATE SET id = excluded.id, letter_class = excluded.letter_class,"
            " last_failed_ms = excluded.last_failed_ms, state = 'open', replay_job = excluded.replay_job, note = '',"
            " status = excluded.status, source = excluded.source, event_name = excluded.event_name,"
            " place = excluded.place, body = excluded.body",
            (
                [letter.lane for letter in rows],
                [letter.delivery_id for letter in rows],
                [letter.letter_class.value for letter in rows],
                [letter.last_failed_ms for letter in rows],
                [letter.replay_job for letter in rows],
                [letter.outcome.status for letter in rows],
                [searchable(letter.source) for letter in rows],
                [searchable(letter.event_name) for letter in rows],
                [place(letter.position) for letter in rows],
                [_encode(letter) for letter in rows],
            ),
        )
    ]


def put_exclusions(exclusions: Iterable[Exclusion]) -> list[Statement]:
    """Write exclusions, in the place of what there was at their places."""
    rows = sorted({place(each.position): each for each in exclusions}.items())
    if not rows:
        return []
    return [
        Statement(
            "INSERT INTO exclusions SELECT * FROM"
            " unnest(%s::bigint[], %s::text[], %s::bigint[], %s::boolean[], %b::bytea[])"
            " ON CONFLICT (place) DO UPDATE SET fate = excluded.fate, at_ms = excluded.at_ms, waits = excluded.waits,"
            " body = excluded.body",
            (
                [number for number, _ in rows],
                [each.fate.value for _, each in rows],
                [each.at_ms for _, each in rows],
                [each.waits_for_repair for _, each in rows],
                [_encode(each) for _, each in rows],
            ),
        )
    ]


def mark_replayed(exclusions: Sequence[Exclusion], now_ms: int) -> list[Statement]:
    """Write the exclusions again, with the time at which their events were appended again."""
    return put_exclusions(msgspec.structs.replace(each, replayed_ms=now_ms) for each in exclusions)


def mark_discarded(exclusions: Sequence[Exclusion], now_ms: int, note: str) -> list[Statement]:
    """Write the exclusions again, with the time at which somebody gave them up."""
    return put_exclusions(msgspec.structs.replace(each, discarded_ms=now_ms, note=note) for each in exclusions)


def save_route_state(state: RouteState) -> Statement:
    """What is known of an integration's route."""
    return Statement(
        "INSERT INTO routes VALUES (%s, %s) ON CONFLICT (integration) DO UPDATE SET body = excluded.body",
        (state.integration, _encode(state)),
    )


def pause(account: str, until_ms: int) -> Statement:
    """Nobody calls the account before `until_ms`."""
    return Statement(
        "INSERT INTO throttles (account, paused_until_ms) VALUES (%s, %s) ON CONFLICT (account) DO UPDATE"
        " SET paused_until_ms = greatest(throttles.paused_until_ms, excluded.paused_until_ms)",
        (account, until_ms),
    )


def take_turns(account: str, *, turns: int, interval_ms: float, slack_ms: float, now_ms: int) -> Statement:
    """Reserve calls behind those that were reserved before; as `first_turn_ms` says, but without a round trip."""
    return Statement(
        "INSERT INTO throttles AS known (account, first_turn_ms, next_turn_ms)"
        " SELECT account, first_ms, first_ms + length_ms FROM ("
        "  SELECT %s AS account, CASE WHEN 0 >= oldest_ms THEN 0 ELSE now_ms END AS first_ms, length_ms"
        "  FROM (SELECT %s::float8 AS now_ms, %s::float8 AS oldest_ms, %s::float8 AS length_ms) AS given) AS new"
        " ON CONFLICT (account) DO UPDATE SET"
        "  first_turn_ms = CASE WHEN known.next_turn_ms >= %s::float8 THEN known.next_turn_ms ELSE %s::float8 END,"
        "  next_turn_ms = %s::float8"
        "   + CASE WHEN known.next_turn_ms >= %s::float8 THEN known.next_turn_ms ELSE %s::float8 END"
        " RETURNING first_turn_ms, paused_until_ms",
        (
            account,
            now_ms,
            now_ms - slack_ms,
            turns * interval_ms,
            now_ms - slack_ms,
            now_ms,
            turns * interval_ms,
            now_ms - slack_ms,
            now_ms,
        ),
    )


def trim(dead_before_ms: int, exclusions_before: Cursors) -> list[Statement]:
    """Forget old dead letters, replays and exclusions. Ledgers keep their counts."""
    return [
        Statement("DELETE FROM dead WHERE last_failed_ms < %s", (dead_before_ms,)),
        Statement("DELETE FROM replays WHERE updated_ms < %s", (dead_before_ms,)),
        Statement(
            "DELETE FROM exclusions USING unnest(%s::bigint[], %s::bigint[]) AS dropped(first, before)"
            " WHERE place >= first AND place < before AND (NOT waits OR at_ms < %s)",
            (
                [first_place(partition) for partition in exclusions_before],
                [first_place(partition) + offset for partition, offset in exclusions_before.items()],
                dead_before_ms,
            ),
        ),
    ]


def _numbers(values: Iterable[int]) -> str:
    """An array as PostgreSQL writes it; the driver's own way looks at each element three times."""
    return f"{{{','.join(map(str, values))}}}"


def columns(rows: Sequence[tuple[object, ...]], width: int) -> tuple[list[object], ...]:
    """Rows as arrays, one a column.

    >>> columns([("a", 1), ("b", 2)], 2)
    (['a', 'b'], [1, 2])
    """
    return tuple([row[number] for row in rows] for number in range(width))
