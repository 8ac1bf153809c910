"""Dead letters sent again or discarded: rare, so in a few round trips, but never one for each letter.

All of them wait for each other (an advisory lock), not for lanes: what they share with a lane, its ledger, they touch
last and let go at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from paceline.drivers.postgres_schema import lock_key
from paceline.drivers.store.postgres import reading, writing
from paceline.drivers.store.postgres.database import Connection, Statement, carry_out
from paceline.drivers.store.reviving import revive, taken_over
from paceline.model.delivery import DeadLetter, Fate, LetterState, Parked
from paceline.model.record import Position
from paceline.ports.store import DISCARDED_RULE, Count, Exclusion, ReplayJob, ReplayStep

_encode = msgspec.msgpack.Encoder().encode


def save_replay(job: ReplayJob) -> Statement:
    """Keep a replay as it stands."""
    return Statement(
        "INSERT INTO replays VALUES (%s, %s, %s, %s) ON CONFLICT (id) DO UPDATE"
        " SET started_ms = excluded.started_ms, updated_ms = excluded.updated_ms, body = excluded.body",
        (job.id, job.started_ms, job.updated_ms, _encode(job)),
    )


async def discard(connection: Connection, schema: str, letters: Sequence[DeadLetter], note: str) -> int:
    """Give letters up for good, as far as they are open."""
    _, rows = await carry_out(connection, [_alone(schema), reading.lock_open_letters(map(_name, letters))])
    found = reading.as_open_letters(rows)
    changes: Counter[tuple[str, Count]] = Counter()
    for letter in found.values():
        _move(changes, letter, Count(Fate.SUPPRESSED, DISCARDED_RULE))
    if found:
        await carry_out(
            connection,
            [_settle(list(found.values()), LetterState.DISCARDED, note=note), *writing.add_counts(changes)],
        )
    return len(found)


async def replay(connection: Connection, schema: str, step: ReplayStep) -> ReplayJob:
    """One step of a replay; the job as it then stands. Raises FencedError when somebody else went on with it."""
    job = step.job
    names = [_name(letter) for letter in step.letters]
    lane = job.which.lane
    if lane is not None:
        names += [(lane, row.delivery_id) for row in step.events]
    _, jobs, cursors, parked, letters = await carry_out(
        connection,
        [
            _alone(schema),
            reading.replay_job(job.id),
            # Before the retry table: what the cursor has passed and is parked is then sure to be seen there.
            Statement("SELECT log_partition, next_offset FROM cursors WHERE lane = %s", (lane,)),
            Statement(
                "SELECT delivery_id FROM parked WHERE lane = %s AND delivery_id = ANY(%s::text[])",
                (lane, [row.delivery_id for row in step.events]),
            ),
            reading.lock_open_letters(names),
        ],
    )
    known = reading.as_jobs(jobs)
    if known and known[0].steps != job.steps:
        raise taken_over(job)
    open_letters = reading.as_open_letters(letters)
    places = {letter.position for letter in open_letters.values()}
    (excluded,) = await carry_out(connection, [reading.exclusions_at(places)])
    plan = _Plan(
        job,
        cursors=dict(cursors),
        parked={delivery_id for (delivery_id,) in parked},
        letters=open_letters,
        excluded={one.position: one for one in reading.as_exclusions(excluded)},
    )
    for letter in step.letters:
        plan.take_letter(letter)
    for row in step.events:
        plan.take_event(row)
    done = plan.done()
    await carry_out(connection, [*plan.statements(), save_replay(done)])
    return done


class _Plan:
    """What a step does to each of its letters and events, worked out before anything is written."""

    def __init__(
        self,
        job: ReplayJob,
        *,
        cursors: dict[int, int],
        parked: set[str],
        letters: dict[tuple[str, str], DeadLetter],
        excluded: dict[Position, Exclusion],
    ) -> None:
        self._job = job
        self._cursors = cursors
        self._parked = parked
        self._open = letters
        self._excluded = excluded
        self._counts: Counter[tuple[str, Count]] = Counter()
        self._sent_again: list[DeadLetter] = []
        self._resolved: list[DeadLetter] = []
        self._read_again: list[Parked] = []
        self._left_out = 0

    def take_letter(self, letter: DeadLetter) -> None:
        """Send a letter again, or settle it like the exclusion that its event became."""
        found = self._open.pop(_name(letter), None)
        if found is None:
            return
        excluded = self._excluded.get(found.position)
        if excluded is not None:
            self._resolved.append(found)
            _move(self._counts, found, Count(excluded.fate, excluded.rule))
        else:
            self._send_again(found)

    def take_event(self, row: Parked) -> None:
        """Park an event of the log, or send the letter again that it is."""
        lane = self._job.which.lane
        assert lane is not None
        if row.delivery_id in self._parked or row.position.offset >= self._cursors.get(row.position.partition, 0):
            self._left_out += 1
            return
        found = self._open.pop((lane, row.delivery_id), None)
        if found is not None:
            self._send_again(found)
            return
        self._parked.add(row.delivery_id)
        self._read_again.append(row)
        self._counts[lane, Count(Fate.PARKED)] += 1

    def done(self) -> ReplayJob:
        """The job behind the step."""
        job = self._job
        return msgspec.structs.replace(
            job,
            moved=job.moved + len(self._sent_again),
            read_again=job.read_again + len(self._read_again),
            suppressed=job.suppressed + len(self._resolved),
            left_out=job.left_out + self._left_out,
            steps=job.steps + 1,
        )

    def statements(self) -> list[Statement]:
        """What is to be written, the ledgers last."""
        job = self._job
        rows: dict[str, list[Parked]] = {}
        for letter in self._sent_again:
            rows.setdefault(letter.lane, []).append(revive(letter, job))
        statements: list[Statement] = []
        if self._read_again:
            lane = job.which.lane
            assert lane is not None
            rows.setdefault(lane, []).extend(self._read_again)
            again = (len(self._read_again), lane)
            statements.append(Statement("UPDATE lanes SET read_again = read_again + %s WHERE lane = %s", again))
        for lane, parked in sorted(rows.items()):
            statements += writing.unpark(lane, [row.delivery_id for row in parked])
            statements += writing.park(lane, parked)
        if self._sent_again:
            statements.append(_settle(self._sent_again, LetterState.REPLAYING, job=job.id))
        if self._resolved:
            statements.append(_settle(self._resolved, LetterState.RESOLVED, job=job.id))
        return [*statements, *writing.add_counts(self._counts)]

    def _send_again(self, letter: DeadLetter) -> None:
        if letter.lane == self._job.which.lane:
            self._parked.add(letter.delivery_id)
        self._sent_again.append(letter)
        _move(self._counts, letter, Count(Fate.PARKED))


def _alone(schema: str) -> Statement:
    return Statement("SELECT pg_advisory_xact_lock(%s)", (lock_key(schema, "replays"),))


def _settle(
    letters: Sequence[DeadLetter], state: LetterState, *, job: str | None = None, note: str | None = None
) -> Statement:
    return Statement(
        "UPDATE dead SET state = %s, replay_job = coalesce(%s, replay_job), note = coalesce(%s, note)"
        " FROM unnest(%s::text[], %s::text[]) AS settled(lane, delivery_id)"
        " WHERE dead.lane = settled.lane AND dead.delivery_id = settled.delivery_id",
        (state.value, job, note, *writing.columns(sorted(map(_name, letters)), 2)),
    )


def _name(letter: DeadLetter) -> tuple[str, str]:
    return letter.lane, letter.delivery_id


def _move(changes: Counter[tuple[str, Count]], letter: DeadLetter, count: Count) -> None:
    """In the ledger, from dead to something else."""
    changes[letter.lane, Count(Fate.DEAD, letter.letter_class)] -= 1
    changes[letter.lane, count] += 1
