"""The store ports over one file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

from paceline.drivers.group_commit import GroupCommit
from paceline.drivers.sqlite_file import connect_reader, connect_writer, prepare_file, read_when_free, storage_errors
from paceline.drivers.store.seen import FINGERPRINT_BYTES, SeenIndex
from paceline.drivers.store.sqlite import leasing, reading, replaying, writing
from paceline.drivers.store.sqlite.schema import ADMISSION, STORE_SCHEMA
from paceline.drivers.store.sqlite.transactions import Change, Transactions
from paceline.drivers.store.sqlite.workers import LivingWorkers
from paceline.drivers.store.sqlite.writing import fill_dead_columns
from paceline.errors import UsageError
from paceline.model.delivery import DeadLetter, Fate, Parked
from paceline.model.record import Cursors, Position
from paceline.model.settings import DedupSettings
from paceline.ports.leases import Holding
from paceline.ports.routes import RouteState
from paceline.ports.store import (
    Admission,
    AdmissionCommit,
    DeadLetterFilter,
    Exclusion,
    LaneCommit,
    LaneState,
    ReplayJob,
    ReplayStep,
)
from paceline.ports.throttle import Turns

MOST_CHANGES_A_GROUP = 256

Result = TypeVar("Result")


class DedupState(NamedTuple):
    """How much deduplication remembers. `covered_secs` is below the window when `max_ids` is too small for it."""

    ids: int
    max_ids: int
    window_secs: float
    covered_secs: float


class SqliteStore:
    """A durable store for one machine. See the ports for its promises, and the package for how to use it."""

    def __init__(self, path: Path | str, dedup: DedupSettings | None = None) -> None:
        """Opens, creates or migrates the file. Raises StorageError."""
        dedup = dedup or DedupSettings()
        self._path = Path(path)
        prepare_file(self._path, STORE_SCHEMA)
        with storage_errors(self._path):
            self._reading = connect_reader(self._path)
            if reading.has_unread_letters(self._reading):
                with closing(connect_writer(self._path)) as connection:
                    fill_dead_columns(connection)
        self._transactions = Transactions(self._path)
        self._commits: GroupCommit[Change, object] = GroupCommit(
            self._transactions.commit,
            name="paceline store",
            most=MOST_CHANGES_A_GROUP,
            afterwards=self._transactions.checkpoint_when_due,
        )
        self._seen = SeenIndex(window_ms=int(dedup.window_hours * 3_600_000), max_ids=dedup.max_ids)
        self._living = LivingWorkers(self._path.with_name(f"{self._path.name}-workers"))
        self._seen_is_loaded = False
        self._loading_seen = asyncio.Lock()
        self._forgotten_before: int | None = None

    @property
    def dedup_state(self) -> DedupState:
        """How many message ids are remembered, and how far back. Complete after `open_admission`."""
        seen = self._seen
        return DedupState(seen.size, seen.max_ids, seen.window_ms / 1000, seen.covered_ms / 1000)

    async def open_lane(self, lane: str, start: Cursors) -> LaneState:
        """See the port."""
        if lane == ADMISSION:
            raise UsageError(f"no integration can be called {lane!r}", remedy="choose another name for it")
        return await self._write(partial(writing.open_lane, lane=lane, start=start))

    async def commit(self, change: LaneCommit) -> None:
        """See the port."""
        await self._write(partial(writing.apply_lane_commit, change=change))

    async def due(self, lane: str, *, now_ms: int, limit: int) -> Sequence[Parked]:
        """See the port."""
        return await self._read(partial(reading.select_due, lane=lane, now_ms=now_ms, limit=limit))

    async def next_due(self, lane: str) -> int | None:
        """See the port."""
        return await self._read(partial(reading.read_next_due, lane=lane))

    async def admission(self, first: Cursors, end: Cursors) -> Admission:
        """See the port."""
        return await self._read(partial(reading.read_admission, first=first, end=end))

    async def pause(self, account: str, *, until_ms: int) -> None:
        """See the port."""
        await self._write(partial(writing.pause, account=account, until_ms=until_ms))

    async def paused_until(self, account: str) -> int:
        """See the port."""
        return await self._read(partial(reading.read_paused_until, account=account))

    async def take_turns(self, account: str, *, turns: int, interval_ms: float, slack_ms: float, now_ms: int) -> Turns:
        """See the port."""
        take = partial(
            writing.take_turns,
            account=account,
            turns=turns,
            interval_ms=interval_ms,
            slack_ms=slack_ms,
            now_ms=now_ms,
        )
        return await self._write(take)

    async def hold(self, worker: str, names: Sequence[str], *, ttl_ms: int, now_ms: int) -> Holding:
        """See the port. A worker of this machine that has ended loses its leases at once."""
        with storage_errors(self._path):
            self._living.register(worker)
        held = partial(leasing.hold, worker=worker, names=names, ttl_ms=ttl_ms, now_ms=now_ms, living=self._living)
        return await self._write(held)

    async def let_go(self, worker: str, names: Sequence[str]) -> None:
        """See the port."""
        await self._write(partial(leasing.let_go, worker=worker, names=names))

    async def leave(self, worker: str) -> None:
        """See the port."""
        await self._write(partial(leasing.leave, worker=worker))
        self._living.leave(worker)

    async def open_admission(self) -> Cursors:
        """See the port. Reads the message ids anew: another worker may have run the process loop meanwhile."""
        self._seen = SeenIndex(window_ms=self._seen.window_ms, max_ids=self._seen.max_ids)
        self._seen_is_loaded = False
        await self._load_seen()
        return await self._read(reading.read_admission_cursors)

    async def seen(self, fingerprints: Sequence[bytes]) -> set[bytes]:
        """See the port."""
        await self._load_seen()
        return self._seen.find(fingerprints)

    async def commit_admission(self, change: AdmissionCommit) -> None:
        """See the port."""
        await self._load_seen()
        first_mark = self._seen.first_mark
        forget_before = first_mark if first_mark != self._forgotten_before else None
        done = self._commits.submit(partial(writing.apply_admission_commit, change=change, forget_before=forget_before))
        done.add_done_callback(partial(self._remember, change, first_mark))
        # A caller that is cancelled does not undo the commit: what it saw must still be remembered.
        await asyncio.shield(done)

    async def lanes(self) -> Mapping[str, LaneState]:
        """See the port."""
        return await self._read(reading.read_lanes)

    async def dead_letters(self, which: DeadLetterFilter) -> Sequence[DeadLetter]:
        """See the port."""
        return await self._read(partial(reading.select_dead_letters, which=which))

    async def discard(self, letters: Sequence[DeadLetter], *, note: str) -> int:
        """See the port."""
        return await self._write(partial(replaying.discard, letters=letters, note=note))

    async def save_replay(self, job: ReplayJob) -> None:
        """See the port."""
        await self._write(partial(replaying.save_replay, job=job))

    async def replay(self, step: ReplayStep) -> ReplayJob:
        """See the port."""
        return await self._write(partial(replaying.replay, step=step))

    async def replay_job(self, job: str) -> ReplayJob | None:
        """See the port."""
        return await self._read(partial(reading.read_replay_job, job=job))

    async def replay_jobs(self, *, limit: int) -> Sequence[ReplayJob]:
        """See the port."""
        return await self._read(partial(reading.select_replay_jobs, limit=limit))

    async def route_states(self) -> Mapping[str, RouteState]:
        """See the port."""
        return await self._read(reading.read_route_states)

    async def save_route_state(self, state: RouteState) -> None:
        """See the port."""
        await self._write(partial(writing.save_route_state, state=state))

    async def replays_waiting(self, job: str) -> int:
        """See the port."""
        return await self._read(partial(reading.count_replays_waiting, job=job))

    async def mark_replayed(self, exclusions: Sequence[Exclusion], *, now_ms: int) -> None:
        """See the port."""
        await self._write(partial(writing.mark_replayed, exclusions=exclusions, now_ms=now_ms))

    async def mark_discarded(self, exclusions: Sequence[Exclusion], *, now_ms: int, note: str) -> None:
        """See the port."""
        await self._write(partial(writing.mark_discarded, exclusions=exclusions, now_ms=now_ms, note=note))

    async def parked(self, lane: str, *, limit: int) -> Sequence[Parked]:
        """See the port."""
        return await self._read(partial(reading.select_parked, lane=lane, limit=limit))

    async def exclusions(self, *, fate: Fate | None = None, limit: int) -> Sequence[Exclusion]:
        """See the port."""
        return await self._read(partial(reading.select_exclusions, fate=fate, limit=limit))

    async def needed_from(self) -> Cursors:
        """By partition, the first offset that some lane, retry or the process loop still needs from the bus.

        What the bus may be trimmed to. Raises StorageError.
        """
        # Counts through the whole retry table, which can be long: on a thread and a connection of its own.
        return await asyncio.to_thread(_read_apart, self._path, reading.read_needed)

    async def letters_between(self, first: Cursors, end: Cursors) -> Sequence[Position]:
        """Places from `first` to before `end` that an open dead letter, or a quarantined event, is about, in order.

        Raises StorageError.
        """
        return await asyncio.to_thread(
            _read_apart, self._path, partial(reading.read_letters_between, first=first, end=end)
        )

    async def still_needed(self, places: Sequence[Position]) -> set[Position]:
        """Which of these places an open dead letter, a quarantined event, or a replay under way is about.

        Raises StorageError.
        """
        return await asyncio.to_thread(_read_apart, self._path, partial(reading.read_still_needed, places=places))

    async def trim(self, *, dead_before_ms: int, exclusions_before: Cursors) -> None:
        """Forget dead letters that failed last, and replays that moved last, before a time.

        And exclusions of records that the bus has dropped; those that wait for repair only when they are that old too.
        The ledgers keep their counts. Raises StorageError.
        """
        await self._write(partial(writing.trim, dead_before_ms=dead_before_ms, exclusions_before=exclusions_before))

    async def close(self) -> None:
        """See the port."""
        await self._commits.close()
        self._reading.close()
        self._living.close()
        self._transactions.close()  # last: only a connection that may write can leave one tidy file behind

    async def _write(self, change: Callable[[sqlite3.Connection], Result]) -> Result:
        return cast("Result", await self._commits.submit(change))

    async def _read(self, read: Callable[[sqlite3.Connection], Result]) -> Result:
        return await read_when_free(self._path, lambda: read(self._reading))

    async def _load_seen(self) -> None:
        if self._seen_is_loaded:
            return
        async with self._loading_seen:
            if not self._seen_is_loaded:
                # On the committing thread, so behind every commit that this process has under way.
                rows = await self._write(reading.read_journal)
                await asyncio.to_thread(_fill, self._seen, rows)
                self._seen_is_loaded = True

    def _remember(self, change: AdmissionCommit, forgotten_before: int | None, done: asyncio.Future[object]) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        self._forgotten_before = forgotten_before
        journal_id = done.result()
        if isinstance(journal_id, int):
            self._seen.add(change.seen, at_ms=change.at_ms, mark=journal_id)


def _read_apart(path: Path, read: Callable[[sqlite3.Connection], Result]) -> Result:
    with storage_errors(path), closing(connect_reader(path)) as connection:
        return read(connection)


def _fill(seen: SeenIndex, rows: Sequence[tuple[int, int, bytes]]) -> None:
    for journal_id, at_ms, joined in rows:
        fingerprints = [joined[at : at + FINGERPRINT_BYTES] for at in range(0, len(joined), FINGERPRINT_BYTES)]
        seen.add(fingerprints, at_ms=at_ms, mark=journal_id)
