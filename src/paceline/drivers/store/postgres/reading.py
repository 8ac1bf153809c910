"""What is asked of the store: statements, and what their rows mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, LiteralString

import msgspec

from paceline.drivers.store.postgres.database import Rows, Statement
from paceline.drivers.store.postgres.schema import ADMISSION, OFFSET_MASK, partition_of, place
from paceline.drivers.store.postgres.writing import columns, searchable
from paceline.model.delivery import DeadLetter, Fate, LetterState, Parked
from paceline.model.record import Cursors, Position
from paceline.ports.routes import RouteState
from paceline.ports.store import Admission, Count, DeadLetterFilter, Exclusion, LaneState, ReplayJob

_decode_parked = msgspec.msgpack.Decoder(Parked).decode
_decode_dead_letter = msgspec.msgpack.Decoder(DeadLetter).decode
_decode_exclusion = msgspec.msgpack.Decoder(Exclusion).decode
_decode_route_state = msgspec.msgpack.Decoder(RouteState).decode
_decode_replay_job = msgspec.msgpack.Decoder(ReplayJob).decode


def lanes(only: str | None = None) -> list[Statement]:
    """Where every lane stands, or one, at a single moment."""
    asked = (only, only)
    one: LiteralString = "WHERE (%s::text IS NULL OR lane = %s)"
    # One statement, so one snapshot: a cursor and its counts belong together.
    return [
        Statement(
            "SELECT 'lane', lane, NULL::bytea, '', first_delivered_ms, read_again FROM lanes "  # noqa: S608  (all literal)
            + one
            + " UNION ALL SELECT 'cursor', lane, NULL, log_partition::text, next_offset, start_offset FROM cursors "
            + one
            + " UNION ALL SELECT fate, lane, NULL, rule, count, 1 FROM ledger "
            + one
            + " AND count != 0 UNION ALL SELECT 'key', lane, key, '', count(*), 0 FROM parked "
            + one
            + " AND NOT replayed GROUP BY lane, key",
            asked * 4,
        )
    ]


def as_lanes(rows: Rows) -> dict[str, LaneState]:
    """The states in the rows, in order of name."""
    empty: dict[str, Any] = {"first_delivered_ms": 0, "read_again": 0}
    found: dict[str, dict[str, Any]] = {}
    for kind, lane, key, text, first, second in rows:
        if lane not in found:
            found[lane] = {**empty, "cursors": {}, "start": {}, "counts": {}, "parked_keys": {}}
        state = found[lane]
        match kind:
            case "lane":
                state["first_delivered_ms"], state["read_again"] = first, second
            case "cursor":
                state["cursors"][int(text)], state["start"][int(text)] = first, second
            case "key":
                state["parked_keys"][key.decode()] = first
            case fate:
                state["counts"][Count(Fate(fate), text)] = first
    return {lane: LaneState(**found[lane]) for lane in sorted(found)}


def admission_cursors() -> Statement:
    """How far the process loop is."""
    return Statement("SELECT log_partition, next_offset FROM cursors WHERE lane = %s", (ADMISSION,))


def admission(first: Cursors, end: Cursors) -> Statement:
    """How far the process loop is, and what it excluded between two places a partition."""
    ranges = [
        (place(Position(partition, offset)), place(Position(partition, end[partition])))
        for partition, offset in first.items()
        if offset < end.get(partition, 0)
    ]
    return Statement(
        "SELECT log_partition, next_offset, NULL::bytea FROM cursors WHERE lane = %s"
        " UNION ALL SELECT 0, 0, body FROM unnest(%s::bigint[], %s::bigint[]) AS asked(first, before)"
        " JOIN exclusions ON place >= first AND place < before",
        (ADMISSION, *columns(ranges, 2)),
    )


def as_admission(rows: Rows) -> Admission:
    """The cursors and exclusions in the rows."""
    exclusions = [_decode_exclusion(body) for _, _, body in rows if body is not None]
    return Admission(
        cursors={partition: offset for partition, offset, body in rows if body is None},
        exclusions={exclusion.position: exclusion for exclusion in exclusions},
    )


def due(lane: str, now_ms: int, limit: int) -> Statement:
    """Parked deliveries whose time has come: first the lane's own retries, then replays."""
    one: LiteralString = (
        "(SELECT replayed, due_ms, log_partition, log_offset, delivery_id, body FROM parked"
        " WHERE lane = %s AND NOT waiting AND replayed = {} AND due_ms <= %s"
        " ORDER BY due_ms, log_partition, log_offset, delivery_id LIMIT %s)"
    )
    text: LiteralString = (
        "SELECT body FROM ("  # noqa: S608  (all of it stands here; values are bound)
        + one.replace("{}", "false")
        + " UNION ALL "
        + one.replace("{}", "true")
        + ") AS found ORDER BY replayed, due_ms, log_partition, log_offset, delivery_id LIMIT %s"
    )
    return Statement(text, (lane, now_ms, limit, lane, now_ms, limit, limit))


def next_due(lane: str) -> Statement:
    """When the next parked delivery that does not wait for another is due."""
    one: LiteralString = "(SELECT min(due_ms) FROM parked WHERE lane = %s AND NOT waiting AND replayed = {})"
    text: LiteralString = "SELECT least(" + one.replace("{}", "false") + ", " + one.replace("{}", "true") + ")"
    return Statement(text, (lane, lane))


def parked(lane: str, limit: int) -> Statement:
    """What waits in a lane's retry table."""
    return Statement(
        "SELECT body FROM parked WHERE lane = %s ORDER BY due_ms, log_partition, log_offset, delivery_id LIMIT %s",
        (lane, limit),
    )


def as_parked(rows: Rows) -> list[Parked]:
    """The rows of a retry table."""
    return [_decode_parked(body) for (body,) in rows]


_STANDS: LiteralString = (
    "CASE WHEN state = 'replaying' AND NOT EXISTS (SELECT 1 FROM parked"
    " WHERE parked.lane = dead.lane AND parked.delivery_id = dead.delivery_id) THEN 'resolved' ELSE state END"
)
"""What has become of a letter: one that was sent again and is not parked any more is resolved."""


def dead_letters(which: DeadLetterFilter) -> Statement:
    """Dead letters, newest first."""
    is_stored = which.state in (LetterState.OPEN, LetterState.DISCARDED)
    conditions: list[tuple[LiteralString, object]] = [
        ("lane = %s", which.lane),
        ("letter_class = %s", which.letter_class and str(which.letter_class)),
        # `state` beside what it stands for: the open ones have an index.
        ("state = %s", which.state.value if which.state is not None and is_stored else None),
        (_STANDS + " = %s", which.state.value if which.state is not None and not is_stored else None),
        ("status = %s", which.status),
        ("source = %s", None if which.source is None else searchable(which.source)),
        ("event_name = %s", None if which.event_name is None else searchable(which.event_name)),
        ("last_failed_ms >= %s", which.since_ms),
        ("last_failed_ms < %s", which.until_ms),
        ("replay_job = %s", which.replay_job),
        ("replay_job != %s", which.not_replay_job),
        ("delivery_id = ANY(%s::text[])", None if which.delivery_ids is None else list(which.delivery_ids)),
    ]
    given = [(condition, value) for condition, value in conditions if value is not None]
    texts, values = [condition for condition, _ in given], [value for _, value in given]
    if which.before is not None:
        texts.append("(last_failed_ms, lane, delivery_id) < (%s, %s, %s)")
        values += [which.before.last_failed_ms, which.before.lane, which.before.delivery_id]
    text: LiteralString = (
        "SELECT body, "  # noqa: S608  (the conditions are the texts above; what was asked for is bound)
        + _STANDS
        + ", replay_job, note FROM dead WHERE "
        + (" AND ".join(texts) or "true")
    )
    order: LiteralString = " ORDER BY last_failed_ms DESC, lane DESC, delivery_id DESC LIMIT %s"
    return Statement(text + order, (*values, which.limit))


def as_letters(rows: Rows) -> list[DeadLetter]:
    """Dead letters with what has become of them."""
    return [_letter(*row) for row in rows]


def _letter(body: bytes, state: str, replay_job: str, note: str) -> DeadLetter:
    letter = _decode_dead_letter(body)
    if state == LetterState.OPEN:
        return letter
    return msgspec.structs.replace(letter, state=LetterState(state), replay_job=replay_job, note=note)


def lock_open_letters(names: Iterable[tuple[str, str]]) -> Statement:
    """Those of the letters (lane and delivery id) that nobody has sent again or discarded; nobody else may now."""
    return Statement(
        "SELECT body FROM unnest(%s::text[], %s::text[]) AS asked(lane, delivery_id)"
        " JOIN dead USING (lane, delivery_id) WHERE state = 'open' ORDER BY lane, delivery_id FOR UPDATE OF dead",
        columns(sorted(set(names)), 2),
    )


def as_open_letters(rows: Rows) -> dict[tuple[str, str], DeadLetter]:
    """Open letters by lane and delivery id."""
    letters = [_decode_dead_letter(body) for (body,) in rows]
    return {(letter.lane, letter.delivery_id): letter for letter in letters}


def exclusions_at(positions: Iterable[Position]) -> Statement:
    """The exclusions at some places."""
    return Statement(
        "SELECT body FROM exclusions WHERE place = ANY(%s::bigint[])", ([place(position) for position in positions],)
    )


def exclusions(fate: Fate | None, limit: int) -> Statement:
    """What admission stopped, newest first."""
    return Statement(
        "SELECT body FROM exclusions WHERE (%s::text IS NULL OR fate = %s) ORDER BY at_ms DESC, place DESC LIMIT %s",
        (fate and fate.value, fate and fate.value, limit),
    )


def as_exclusions(rows: Rows) -> list[Exclusion]:
    """The exclusions in the rows."""
    return [_decode_exclusion(body) for (body,) in rows]


def replay_job(job: str) -> Statement:
    """The replay of that id."""
    return Statement("SELECT body FROM replays WHERE id = %s", (job,))


def replay_jobs(limit: int) -> Statement:
    """Replays, newest first."""
    return Statement("SELECT body FROM replays ORDER BY started_ms DESC, id DESC LIMIT %s", (limit,))


def as_jobs(rows: Rows) -> list[ReplayJob]:
    """The replays in the rows."""
    return [_decode_replay_job(body) for (body,) in rows]


def route_states() -> Statement:
    """Every route."""
    return Statement("SELECT integration, body FROM routes ORDER BY integration")


def as_route_states(rows: Rows) -> dict[str, RouteState]:
    """The routes in the rows, by integration."""
    return {integration: _decode_route_state(body) for integration, body in rows}


def replays_waiting(job: str) -> Statement:
    """How many deliveries of a replay are parked."""
    return Statement("SELECT count(*) FROM parked WHERE replayed AND replay_job = %s", (job,))


def paused_until(account: str) -> Statement:
    """Until when an account is paused."""
    return Statement("SELECT paused_until_ms FROM throttles WHERE account = %s", (account,))


def needed_from() -> Statement:
    """By partition, the lowest cursor or parked position; 0 where the process loop has not begun."""
    return Statement(
        "SELECT log_partition, CASE WHEN EXISTS (SELECT 1 FROM cursors c WHERE c.lane = %s"
        " AND c.log_partition = found.log_partition) THEN min(first) ELSE 0 END FROM ("
        " SELECT log_partition, min(next_offset) AS first FROM cursors GROUP BY log_partition"
        " UNION ALL SELECT log_partition, min(log_offset) FROM parked GROUP BY log_partition) AS found"
        " GROUP BY log_partition",
        (ADMISSION,),
    )


def letters_between(first: Cursors, end: Cursors) -> Statement:
    """Places of open letters and quarantined events in a range of each partition, in order."""
    ranges = [
        (place(Position(partition, first[partition])), place(Position(partition, end[partition])))
        for partition in sorted(first.keys() & end.keys())
    ]
    return Statement(
        "SELECT DISTINCT place FROM (SELECT place FROM dead WHERE state = 'open'"
        " UNION ALL SELECT place FROM exclusions WHERE waits) AS needed"
        " JOIN unnest(%s::bigint[], %s::bigint[]) AS asked(first, before) ON place >= first AND place < before"
        " ORDER BY place",
        columns(ranges, 2),
    )


def still_needed(places: Sequence[Position]) -> Statement:
    """Those of `places` that an open letter, a quarantined event or a replay under way is about."""
    return Statement(
        "SELECT asked FROM unnest(%s::bigint[]) AS asked WHERE asked IN ("
        " SELECT place FROM dead WHERE state = 'open' UNION ALL SELECT place FROM exclusions WHERE waits"
        " UNION ALL SELECT (log_partition::bigint << 48) | log_offset FROM parked WHERE replayed)",
        ([place(position) for position in places],),
    )


def as_positions(rows: Rows) -> list[Position]:
    """The places in the rows."""
    return [Position(partition_of(number), number & OFFSET_MASK) for (number,) in rows]
