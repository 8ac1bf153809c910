"""The store ports over PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from paceline.drivers.postgres_schema import prepare_schema
from paceline.drivers.postgres_server import Address
from paceline.drivers.store.postgres import leasing, reading, replaying, writing
from paceline.drivers.store.postgres.database import Database, Rows, Statement
from paceline.drivers.store.postgres.journal import Journal, insert
from paceline.drivers.store.postgres.presence import Presence
from paceline.drivers.store.postgres.schema import ADMISSION, MIGRATIONS
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

CONNECTIONS = 4


class DedupState(NamedTuple):
    """How much deduplication remembers. `covered_secs` is below the window when `max_ids` is too small for it."""

    ids: int
    max_ids: int
    window_secs: float
    covered_secs: float


class PostgresStore:
    """A durable store for many machines. See the ports for its promises, and the package for how to use it."""

    def __init__(
        self,
        url: str,
        dedup: DedupSettings | None = None,
        *,
        schema: str = "paceline",
        connections: int = CONNECTIONS,
    ) -> None:
        """Looks whether the server can be used, and makes the tables where there are none.

        Raises StorageError, and UsageError for a URL that is none.
        """
        dedup = dedup or DedupSettings()
        self._address = Address(url, schema)
        prepare_schema(self._address, MIGRATIONS)
        self._database = Database(self._address, most=connections)
        self._presence = Presence(self._address)
        self._window_ms = int(dedup.window_hours * 3_600_000)
        self._max_ids = dedup.max_ids
        self._opened: dict[str, int] = {}
        """By lease, how often its lane had been opened when this process last did."""
        self._journal = self._new_journal()
        self._journal_is_loaded = False
        self._loading_journal = asyncio.Lock()

    @property
    def dedup_state(self) -> DedupState:
        """How many message ids are remembered, and how far back. Complete after `open_admission`."""
        index = self._journal.index
        return DedupState(index.size, index.max_ids, index.window_ms / 1000, index.covered_ms / 1000)

    async def open_lane(self, lane: str, start: Cursors) -> LaneState:
        """See the port."""
        if lane == ADMISSION:
            raise UsageError(f"no integration can be called {lane!r}", remedy="choose another name for it")
        began, *_, rows = await self._database.run(
            leasing.begin(lane, self._presence.workers), *writing.open_lane(lane, start), *reading.lanes(lane)
        )
        self._note_beginning(lane, began)
        return reading.as_lanes(rows)[lane]

    async def commit(self, change: LaneCommit) -> None:
        """See the port."""
        with leasing.fence(change.lane):
            await self._database.run(*writing.lane_commit(change, self._opened.get(change.lane)))

    async def due(self, lane: str, *, now_ms: int, limit: int) -> Sequence[Parked]:
        """See the port."""
        return reading.as_parked(await self._ask(reading.due(lane, now_ms, limit)))

    async def next_due(self, lane: str) -> int | None:
        """See the port."""
        ((due_ms,),) = await self._ask(reading.next_due(lane))
        found: int | None = due_ms
        return found

    async def admission(self, first: Cursors, end: Cursors) -> Admission:
        """See the port."""
        return reading.as_admission(await self._ask(reading.admission(first, end)))

    async def pause(self, account: str, *, until_ms: int) -> None:
        """See the port."""
        await self._ask(writing.pause(account, until_ms))

    async def paused_until(self, account: str) -> int:
        """See the port."""
        rows = await self._ask(reading.paused_until(account))
        return rows[0][0] if rows else 0

    async def take_turns(self, account: str, *, turns: int, interval_ms: float, slack_ms: float, now_ms: int) -> Turns:
        """See the port."""
        taken = writing.take_turns(account, turns=turns, interval_ms=interval_ms, slack_ms=slack_ms, now_ms=now_ms)
        ((first_ms, paused_until_ms),) = await self._ask(taken)
        return Turns(first_ms=first_ms, paused_until_ms=paused_until_ms)

    async def hold(self, worker: str, names: Sequence[str], *, ttl_ms: int, now_ms: int) -> Holding:
        """See the port. A worker whose process has ended loses its leases at once."""
        return await self._database.shielded(self._presence.hold(worker, names, ttl_ms=ttl_ms, now_ms=now_ms))

    async def let_go(self, worker: str, names: Sequence[str]) -> None:
        """See the port."""
        await self._database.run(*leasing.let_go(worker, names))

    async def leave(self, worker: str) -> None:
        """See the port."""
        await self._database.run(*leasing.leave(self._address.schema, worker))
        await self._database.shielded(self._presence.forget(worker))

    async def open_admission(self) -> Cursors:
        """See the port. Reads the message ids anew: another worker may have run the process loop meanwhile."""
        self._note_beginning(ADMISSION, await self._ask(leasing.begin(ADMISSION, self._presence.workers)))
        self._journal_is_loaded = False
        await self._load_journal()
        return dict(await self._ask(reading.admission_cursors()))

    async def seen(self, fingerprints: Sequence[bytes]) -> set[bytes]:
        """See the port."""
        await self._load_journal()
        return self._journal.index.find(fingerprints)

    async def commit_admission(self, change: AdmissionCommit) -> None:
        """See the port."""
        await self._load_journal()
        with leasing.fence(ADMISSION):
            # A caller that is cancelled does not undo the commit: what it saw must still be remembered.
            await self._database.shielded(self._admit(change))

    async def lanes(self) -> Mapping[str, LaneState]:
        """See the port."""
        return reading.as_lanes(await self._ask(*reading.lanes()))

    async def dead_letters(self, which: DeadLetterFilter) -> Sequence[DeadLetter]:
        """See the port."""
        return reading.as_letters(await self._ask(reading.dead_letters(which)))

    async def discard(self, letters: Sequence[DeadLetter], *, note: str) -> int:
        """See the port."""
        work = partial(replaying.discard, schema=self._address.schema, letters=letters, note=note)
        return await self._database.in_transaction(work)

    async def save_replay(self, job: ReplayJob) -> None:
        """See the port."""
        await self._ask(replaying.save_replay(job))

    async def replay(self, step: ReplayStep) -> ReplayJob:
        """See the port."""
        work = partial(replaying.replay, schema=self._address.schema, step=step)
        return await self._database.in_transaction(work)

    async def replay_job(self, job: str) -> ReplayJob | None:
        """See the port."""
        found = reading.as_jobs(await self._ask(reading.replay_job(job)))
        return found[0] if found else None

    async def replay_jobs(self, *, limit: int) -> Sequence[ReplayJob]:
        """See the port."""
        return reading.as_jobs(await self._ask(reading.replay_jobs(limit)))

    async def route_states(self) -> Mapping[str, RouteState]:
        """See the port."""
        return reading.as_route_states(await self._ask(reading.route_states()))

    async def save_route_state(self, state: RouteState) -> None:
        """See the port."""
        await self._ask(writing.save_route_state(state))

    async def replays_waiting(self, job: str) -> int:
        """See the port."""
        ((number,),) = await self._ask(reading.replays_waiting(job))
        waiting: int = number
        return waiting

    async def mark_replayed(self, exclusions: Sequence[Exclusion], *, now_ms: int) -> None:
        """See the port."""
        await self._database.run(*writing.mark_replayed(exclusions, now_ms))

    async def mark_discarded(self, exclusions: Sequence[Exclusion], *, now_ms: int, note: str) -> None:
        """See the port."""
        await self._database.run(*writing.mark_discarded(exclusions, now_ms, note))

    async def parked(self, lane: str, *, limit: int) -> Sequence[Parked]:
        """See the port."""
        return reading.as_parked(await self._ask(reading.parked(lane, limit)))

    async def exclusions(self, *, fate: Fate | None = None, limit: int) -> Sequence[Exclusion]:
        """See the port."""
        return reading.as_exclusions(await self._ask(reading.exclusions(fate, limit)))

    async def needed_from(self) -> Cursors:
        """By partition, the first offset that some lane, retry or the process loop still needs from the bus.

        What the bus may be trimmed to. Raises StorageError.
        """
        return dict(await self._ask(reading.needed_from()))

    async def letters_between(self, first: Cursors, end: Cursors) -> Sequence[Position]:
        """See `LetterPlaces`. Raises StorageError."""
        return reading.as_positions(await self._ask(reading.letters_between(first, end)))

    async def still_needed(self, places: Sequence[Position]) -> set[Position]:
        """See `LetterPlaces`. Raises StorageError."""
        return set(reading.as_positions(await self._ask(reading.still_needed(places))))

    async def trim(self, *, dead_before_ms: int, exclusions_before: Cursors) -> None:
        """Forget dead letters that failed last, and replays that moved last, before a time.

        And exclusions of records that the bus has dropped; those that wait for repair only when they are that old too.
        The ledgers keep their counts. Raises StorageError.
        """
        await self._database.run(*writing.trim(dead_before_ms, exclusions_before))

    async def close(self) -> None:
        """See the port."""
        await self._database.close()
        await self._presence.close()

    async def _ask(self, statement: Statement) -> Rows:
        (rows,) = await self._database.run(statement)
        return rows

    async def _admit(self, change: AdmissionCommit) -> None:
        journal = self._journal
        statements = writing.admission_commit(change, self._opened.get(ADMISSION))
        if not change.seen:
            await self._database.run(*statements)
            return
        number, first = journal.place(change.at_ms)
        row = insert(number, change.at_ms, change.seen)
        *_, ((mark,),) = await self._database.run(*statements, *first, row)
        journal.note(change.seen, number=number, mark=mark, at_ms=change.at_ms)

    def _note_beginning(self, name: str, rows: Rows) -> None:
        self._opened.pop(name, None)
        for (opened,) in rows:
            self._opened[name] = opened

    def _new_journal(self) -> Journal:
        return Journal(window_ms=self._window_ms, max_ids=self._max_ids)

    async def _load_journal(self) -> None:
        if self._journal_is_loaded:
            return
        async with self._loading_journal:
            if not self._journal_is_loaded:
                journal = self._new_journal()
                await asyncio.to_thread(journal.fill, await self._ask(Journal.rows()))
                self._journal = journal
                self._journal_is_loaded = True
