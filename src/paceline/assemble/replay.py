"""Sends dead letters, or events of the log, again: a job in the store, taken step by step, that can be gone on with."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable

import msgspec

from paceline.assemble.lanes import lane_topic
from paceline.assemble.opening import OpenWorkspace
from paceline.assemble.replay_condition import compile_condition
from paceline.assemble.replay_mappings import mappings_at
from paceline.assemble.replay_range import find_start
from paceline.assemble.replay_steps import STEP_ROWS, LetterTaker, LogTaker, integration_of
from paceline.errors import UsageError
from paceline.model.integration import IntegrationFile
from paceline.model.record import Cursors
from paceline.ports.bus import Bus
from paceline.ports.clock import Clock
from paceline.ports.store import DeadLetterFilter, ReplayJob, Store

MOST_WAITING = 5000
"""Events of the log that a replay has waiting in its lane at most: what bounds the store's growth."""

LOOK_SECS = 0.2


class ReplayOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants sent again. `limit` of `which` bounds the letters; of the log everything in range is taken.

    `revision` names a git revision whose mappings are used instead of today's.
    """

    by: str
    which: DeadLetterFilter
    from_log: bool = False
    where: str = ""
    revision: str = ""
    rate: float | None = None


Progress = Callable[[ReplayJob, int], None]
"""Told after every step: the job as it stands, and how many of its deliveries wait in lanes."""


async def make_replay(opened: OpenWorkspace, bus: Bus, store: Store, order: ReplayOrder, *, now_ms: int) -> ReplayJob:
    """Make a job of an order. Nothing is kept or sent yet. Raises UsageError for what cannot be done.

    A job takes the letters that are dead when it begins, or the events that its lane has passed by then; what comes
    later is not part of it.
    """
    compile_condition(order.where)
    which = order.which
    until_ms = now_ms + 1 if which.until_ms is None else which.until_ms
    job = ReplayJob(
        id=f"r-{secrets.token_hex(4)}",
        by=order.by,
        started_ms=now_ms,
        updated_ms=now_ms,
        which=msgspec.structs.replace(which, until_ms=until_ms),
        from_log=order.from_log,
        where=order.where,
        rate=order.rate,
    )
    if order.revision:
        integration = integration_of(opened, which)
        mappings = mappings_at(opened, integration, order.revision)
        job = msgspec.structs.replace(job, revision=order.revision, mappings=mappings)
    if order.from_log:
        integration = integration_of(opened, which)
        end = await passed_by_lane(store, integration)
        start = await find_start(bus, lane_topic(integration), end, since_ms=which.since_ms or 0)
        job = msgspec.structs.replace(job, cursors=start, end=end)
    return job


async def carry_out(
    opened: OpenWorkspace, bus: Bus, store: Store, job: ReplayJob, *, clock: Clock, progress: Progress | None = None
) -> ReplayJob:
    """Keep a job, and hand everything that is left of it to its lanes; the job when that is done.

    Stopped at any moment, it can be called again with what the store has of the job: every step is kept with what it
    did. A job with a rate, or from the log, waits for its lanes, which have to run. Raises StorageError, UsageError;
    FencedError when somebody else carries the job out too.
    """
    if await store.replay_job(job.id) is None:
        await store.save_replay(job)
    take = (LogTaker if job.from_log else LetterTaker)(opened, bus, store, job)
    throttle = _Throttle(job, store, clock)
    while not job.is_done:
        room = await throttle.room(job)
        if room > 0:
            step = await take.step(job, room, now_ms=clock.now_ms())
            job = await store.replay(step)
        else:
            await clock.sleep(LOOK_SECS)
        if progress is not None:
            progress(job, await store.replays_waiting(job.id))
    return job


def handed_over(job: ReplayJob) -> int:
    """How many deliveries of a job went to their lanes."""
    return job.moved + job.read_again


class _Throttle:
    """How many deliveries a job may hand over now, so that neither its rate nor what waits grows too large."""

    def __init__(self, job: ReplayJob, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._began_secs = clock.monotonic_secs()
        self._before = handed_over(job)
        self._most_waiting = MOST_WAITING if job.from_log else None
        if job.rate is not None:
            self._most_waiting = max(1, math.ceil(2 * job.rate))

    async def room(self, job: ReplayJob) -> int:
        room = STEP_ROWS
        if self._most_waiting is not None:
            room = min(room, self._most_waiting - await self._store.replays_waiting(job.id))
        if job.rate is not None:
            due = 1 + int((self._clock.monotonic_secs() - self._began_secs) * job.rate)
            room = min(room, due - (handed_over(job) - self._before))
        return room


async def passed_by_lane(store: Store, integration: IntegrationFile) -> Cursors:
    """How far the integration's lane is: what lies behind it, it will not read again by itself."""
    state = (await store.lanes()).get(integration.integration)
    if state is None:
        raise UsageError(
            f"{integration.integration} has never run here, so nothing of the log is behind it",
            remedy="start a worker once (paceline serve worker, or paceline dev), then call this again",
        )
    return dict(state.cursors)
