"""What the next step of a replay takes: a page of open dead letters, or events of the log that its lane has passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec

from paceline.assemble.adapters import normalized_sources
from paceline.assemble.dead_letters import fetch_events, topic_of
from paceline.assemble.lanes import lane_plan, plan_with
from paceline.assemble.opening import OpenWorkspace
from paceline.assemble.replay_condition import compile_condition
from paceline.delivery.plan import make_delivery_id
from paceline.errors import UnknownNameError, UsageError
from paceline.model.delivery import DeadLetter, Outcome, OutcomeClass, Parked
from paceline.model.integration import IntegrationFile
from paceline.model.mapping import MappingFile
from paceline.model.record import Cursors, Position, Record, StoredRecord
from paceline.ports.bus import Bus
from paceline.ports.store import DeadLetterFilter, Exclusion, ReplayJob, ReplayStep, Store
from paceline.runtime.normalize import lane_name

STEP_ROWS = 100
"""Lanes wait while a step is committed: so many rows take some 5 ms."""


def integration_of(opened: OpenWorkspace, which: DeadLetterFilter) -> IntegrationFile:
    """The one integration that a filter is about. Raises UsageError, UnknownNameError."""
    if which.lane is None:
        raise UsageError("say which integration", remedy="add --integration NAME")
    integrations = opened.workspace.integrations
    if which.lane not in integrations:
        raise UnknownNameError("integration", which.lane, integrations)
    return integrations[which.lane]


class LetterTaker:
    """Takes open dead letters, page by page, newest first."""

    def __init__(self, opened: OpenWorkspace, bus: Bus, store: Store, job: ReplayJob) -> None:
        self._opened = opened
        self._bus = bus
        self._store = store
        self._is_wanted = compile_condition(job.where)

    async def step(self, job: ReplayJob, room: int, *, now_ms: int) -> ReplayStep:
        """The next letters: at most `room`, of those that this job has not sent again already."""
        most = min(room, job.which.limit - job.moved)
        which = msgspec.structs.replace(job.which, not_replay_job=job.id, limit=max(most, 1))
        page = await self._store.dead_letters(which) if most > 0 else ()
        chosen, fates = await choose_letters(self._opened, self._bus, page, self._is_wanted)
        return ReplayStep(
            job=msgspec.structs.replace(
                job,
                updated_ms=now_ms,
                which=msgspec.structs.replace(job.which, before=page[-1] if page else None),
                gone=job.gone + fates["gone"],
                left_out=job.left_out + fates["left_out"],
                is_done=not page,
                where=job.where if page else _worn(job),
            ),
            letters=[letter for letter, _ in chosen],
        )


async def choose_letters(
    opened: OpenWorkspace, bus: Bus, letters: Sequence[DeadLetter], is_wanted: Callable[[Record], bool]
) -> tuple[list[tuple[DeadLetter, Record]], Counter[str]]:
    """Those that can and shall be sent again, with their events, and how many are `gone` or `left_out`."""
    records = await fetch_events(opened, bus, letters)
    running = {lane_name(source) for source in normalized_sources(opened.workspace)}
    chosen: list[tuple[DeadLetter, Record]] = []
    fates: Counter[str] = Counter()
    for letter in letters:
        record = records.get(letter.position)
        if letter.lane not in opened.workspace.integrations and letter.lane not in running:
            fates["left_out"] += 1  # nobody would ever send it
        elif record is None:
            fates["gone"] += 1
        elif not is_wanted(record):
            fates["left_out"] += 1
        else:
            chosen.append((letter, record))
    return chosen, fates


class LogRange:
    """Which events of the log an order is about, for one integration, with today's mappings or these."""

    def __init__(
        self, opened: OpenWorkspace, which: DeadLetterFilter, where: str, mappings: Sequence[MappingFile] = ()
    ) -> None:
        integration = integration_of(opened, which)
        self.topic = topic_of(opened, integration.integration)
        self._plan = plan_with(opened, integration, mappings) if mappings else lane_plan(opened, integration)
        self._which = which
        self._is_fulfilled = compile_condition(where)

    def is_in_time(self, record: Record) -> bool:
        """Whether the event came in the range of time, from the source and under the name that are asked for."""
        which = self._which
        return (
            (which.since_ms is None or record.received_ms >= which.since_ms)
            and (which.until_ms is None or record.received_ms < which.until_ms)
            and which.source in {None, record.source}
            and which.event_name in {None, record.type}
        )

    def is_wanted(self, one: StoredRecord, excluded: Mapping[Position, Exclusion]) -> bool:
        """Whether the integration may have the event, and it fulfills the condition."""
        record = one.record
        return (
            record is not None
            and record.verdict is None
            and one.position not in excluded
            and self._plan.takes(record.type, record.source) is None
            and self._is_fulfilled(record)
        )


class LogTaker:
    """Takes events of the log that the lane has passed, oldest first in each partition."""

    def __init__(self, opened: OpenWorkspace, bus: Bus, store: Store, job: ReplayJob) -> None:
        self._range = LogRange(opened, job.which, job.where, job.mappings)
        self._reader = bus.reader(self._range.topic, "replay")
        self._store = store

    async def step(self, job: ReplayJob, room: int, *, now_ms: int) -> ReplayStep:
        """The next events, at most `room` of them, and the cursors behind all that was looked at."""
        open_cursors = {partition: at for partition, at in job.cursors.items() if at < job.end.get(partition, 0)}
        stored = await self._reader.read(open_cursors, max_records=STEP_ROWS, wait_secs=0.0) if open_cursors else ()
        excluded = await exclusions_among(self._store, stored)
        cursors = dict(job.cursors)
        rows: list[Parked] = []
        left_out = gone = 0
        for one in stored:
            partition, offset = one.position
            if offset >= job.end[partition] or len(rows) >= room:
                continue
            gone += offset - cursors[partition]
            cursors[partition] = offset + 1
            if one.record is None or not self._range.is_in_time(one.record):
                continue
            if self._range.is_wanted(one, excluded):
                assert job.which.lane is not None
                rows.append(_make_row(one, one.record, job, now_ms))
            else:
                left_out += 1
        is_done = not stored or all(at >= job.end[partition] for partition, at in cursors.items())
        changed = msgspec.structs.replace(
            job,
            cursors=cursors if stored else dict(job.end),
            updated_ms=now_ms,
            gone=job.gone + gone,
            left_out=job.left_out + left_out,
            is_done=is_done,
            where=_worn(job) if is_done else job.where,
        )
        return ReplayStep(job=changed, events=rows)


async def exclusions_among(store: Store, stored: Sequence[StoredRecord]) -> Mapping[Position, Exclusion]:
    """The exclusions of these records, which lie in the order of the log in each partition."""
    first: Cursors = {}
    end: Cursors = {}
    for one in stored:
        first.setdefault(one.position.partition, one.position.offset)
        end[one.position.partition] = one.position.offset + 1
    return (await store.admission(first, end)).exclusions


def _make_row(one: StoredRecord, record: Record, job: ReplayJob, now_ms: int) -> Parked:
    return Parked(
        delivery_id=make_delivery_id(record.source, job.which.lane or "", record.id),
        position=one.position,
        key=record.key,
        mapping="",
        attempts=0,
        due_ms=now_ms,
        first_failed_ms=0,
        outcome=Outcome(outcome_class=OutcomeClass.THROTTLE, message="not sent yet: read again from the log"),
        replay_job=job.id,
    )


def _worn(job: ReplayJob) -> str:
    """The condition of a job that is done, without what it compared with: that may be personal."""
    return "(not kept)" if job.where else ""
