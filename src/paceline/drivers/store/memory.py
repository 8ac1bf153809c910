"""A store in plain dictionaries, for tests and simulations: the same promises but durability.

store = MemoryStore()
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import msgspec

from paceline.drivers.store.reviving import revive, taken_over
from paceline.drivers.store.throttles import MemoryThrottles
from paceline.errors import FencedError, UsageError
from paceline.model.delivery import DeadLetter, Fate, LetterState, Parked
from paceline.model.record import Cursors, Position
from paceline.model.settings import DedupSettings
from paceline.ports.leases import Holding, fair_share
from paceline.ports.routes import RouteState
from paceline.ports.store import (
    DISCARDED_RULE,
    Admission,
    AdmissionCommit,
    Count,
    DeadLetterFilter,
    Exclusion,
    LaneCommit,
    LaneState,
    ReplayJob,
    ReplayStep,
)

ADMISSION = "admission"


class _Lane:
    def __init__(self) -> None:
        self.cursors: Cursors = {}
        self.start: Cursors = {}
        self.counts: Counter[Count] = Counter()
        self.parked: dict[str, Parked] = {}
        self.first_delivered_ms = 0
        self.read_again = 0

    def begin(self, start: Cursors) -> None:
        for partition, offset in start.items():
            if partition not in self.cursors:
                self.cursors[partition] = self.start[partition] = offset

    def move(self, cursors: Cursors) -> None:
        self.begin(dict.fromkeys(cursors, 0))
        self.cursors.update(cursors)

    def state(self) -> LaneState:
        return LaneState(
            cursors=dict(self.cursors),
            start=dict(self.start),
            counts={count: number for count, number in self.counts.items() if number},
            parked_keys=dict(Counter(row.key for row in self.parked.values() if not row.replay_job)),
            first_delivered_ms=self.first_delivered_ms,
            read_again=self.read_again,
        )

    def ready(self) -> list[Parked]:
        """Parked rows that do not wait for an earlier one of their key, next due first, replays at the end."""
        first: dict[tuple[str, int], int] = {}
        for row in self.parked.values():
            if not row.replay_job:
                lane_key = row.key, row.position.partition
                first[lane_key] = min(row.position.offset, first.get(lane_key, row.position.offset))
        return sorted(
            (
                row
                for row in self.parked.values()
                if row.replay_job or not row.behind or row.position.offset == first[row.key, row.position.partition]
            ),
            key=lambda row: (bool(row.replay_job), *_due_order(row)),
        )


class MemoryStore(MemoryThrottles):
    """A store for one process that forgets."""

    def __init__(self, dedup: DedupSettings | None = None) -> None:
        """`dedup` bounds what `seen` remembers, by time and by number."""
        super().__init__()
        dedup = dedup or DedupSettings()
        self._window_ms = int(dedup.window_hours * 3_600_000)
        self._max_ids = dedup.max_ids
        self._seen: dict[bytes, int] = {}
        self._now_ms = 0
        self._lanes: dict[str, _Lane] = {ADMISSION: _Lane()}
        self._dead: dict[tuple[str, str], DeadLetter] = {}
        self._exclusions: dict[Position, Exclusion] = {}
        self._replays: dict[str, ReplayJob] = {}
        self._routes: dict[str, RouteState] = {}
        self._workers: dict[str, int] = {}
        self._leases: dict[str, tuple[str, int]] = {}

    async def open_lane(self, lane: str, start: Cursors) -> LaneState:
        """See the port."""
        if lane == ADMISSION:
            raise UsageError(f"no integration can be called {lane!r}", remedy="choose another name for it")
        opened = self._lane(lane)
        opened.begin(start)
        return opened.state()

    async def commit(self, change: LaneCommit) -> None:
        """See the port."""
        self._check_fence(change.lane, change.epoch)
        lane = self._lane(change.lane)
        lane.move(change.cursors)
        lane.counts.update(change.counts)
        if change.delivers and not lane.first_delivered_ms:
            lane.first_delivered_ms = change.at_ms
        for delivery_id in change.unpark:
            lane.parked.pop(delivery_id, None)
        lane.parked.update({row.delivery_id: row for row in change.park})
        for letter in change.dead:
            self._dead.pop((letter.lane, letter.delivery_id), None)
            self._dead[letter.lane, letter.delivery_id] = letter

    async def due(self, lane: str, *, now_ms: int, limit: int) -> Sequence[Parked]:
        """See the port."""
        return [row for row in self._lane(lane).ready() if row.due_ms <= now_ms][:limit]

    async def next_due(self, lane: str) -> int | None:
        """See the port."""
        return min((row.due_ms for row in self._lane(lane).ready()), default=None)

    async def admission(self, first: Cursors, end: Cursors) -> Admission:
        """See the port."""
        found = {
            position: exclusion
            for position, exclusion in self._exclusions.items()
            if first.get(position.partition, position.offset + 1) <= position.offset < end.get(position.partition, 0)
        }
        return Admission(cursors=dict(self._lanes[ADMISSION].cursors), exclusions=found)

    async def hold(self, worker: str, names: Sequence[str], *, ttl_ms: int, now_ms: int) -> Holding:
        """See the port."""
        self._workers[worker] = now_ms + ttl_ms
        for other in [other for other, until_ms in self._workers.items() if until_ms < now_ms]:
            await self.leave(other)
        await self.let_go(worker, [name for name, (holder, _) in self._leases.items() if name not in names])
        share = fair_share(len(names), len(self._workers))
        held = {name: epoch for name, (holder, epoch) in self._leases.items() if holder == worker}
        for name in sorted(names):
            holder, epoch = self._leases.setdefault(name, ("", 0))
            if not holder and len(held) < share:
                self._leases[name] = worker, epoch + 1
                held[name] = epoch + 1
        return Holding(leases=held, surplus=sorted(held)[share:])

    async def let_go(self, worker: str, names: Sequence[str]) -> None:
        """See the port."""
        for name in names:
            holder, epoch = self._leases.get(name, ("", 0))
            if holder == worker:
                self._leases[name] = "", epoch

    async def leave(self, worker: str) -> None:
        """See the port."""
        self._workers.pop(worker, None)
        await self.let_go(worker, list(self._leases))

    def _check_fence(self, name: str, epoch: int) -> None:
        if epoch and self._leases.get(name, ("", 0))[1] != epoch:
            raise FencedError(f"another worker runs {name} now", remedy="nothing: this worker gives it up")

    async def open_admission(self) -> Cursors:
        """See the port."""
        return dict(self._lanes[ADMISSION].cursors)

    async def seen(self, fingerprints: Sequence[bytes]) -> set[bytes]:
        """See the port."""
        return {fingerprint for fingerprint in fingerprints if fingerprint in self._seen}

    async def commit_admission(self, change: AdmissionCommit) -> None:
        """See the port."""
        self._check_fence(ADMISSION, change.epoch)
        lane = self._lanes[ADMISSION]
        lane.move(change.cursors)
        lane.counts.update(change.counts)
        self._exclusions.update({exclusion.position: exclusion for exclusion in change.exclusions})
        self._remember(change)

    async def lanes(self) -> Mapping[str, LaneState]:
        """See the port."""
        return {name: lane.state() for name, lane in sorted(self._lanes.items())}

    async def dead_letters(self, which: DeadLetterFilter) -> Sequence[DeadLetter]:
        """See the port."""
        return list(islice((letter for letter in self._behind(which.before) if _matches(letter, which)), which.limit))

    def _behind(self, before: DeadLetter | None) -> Iterator[DeadLetter]:
        """Letters with what has become of them, newest first; only those after `before` when it is given."""
        for letter in sorted(self._dead.values(), key=_age, reverse=True):
            if before is None or _age(letter) < _age(before):
                yield self._as_it_stands(letter)

    def _as_it_stands(self, letter: DeadLetter) -> DeadLetter:
        if letter.state is not LetterState.REPLAYING or letter.delivery_id in self._lane(letter.lane).parked:
            return letter
        return msgspec.structs.replace(letter, state=LetterState.RESOLVED)

    async def discard(self, letters: Sequence[DeadLetter], *, note: str) -> int:
        """See the port."""
        discarded = 0
        for name in dict.fromkeys((letter.lane, letter.delivery_id) for letter in letters):
            letter = self._dead.get(name)
            if letter is not None and letter.state is LetterState.OPEN:
                self._dead[name] = msgspec.structs.replace(letter, state=LetterState.DISCARDED, note=note)
                self._move(letter, Count(Fate.SUPPRESSED, DISCARDED_RULE))
                discarded += 1
        return discarded

    async def save_replay(self, job: ReplayJob) -> None:
        """See the port."""
        self._replays[job.id] = job

    async def replay(self, step: ReplayStep) -> ReplayJob:
        """See the port."""
        moved = read_again = suppressed = left_out = 0
        job = step.job
        known = self._replays.get(job.id)
        if known is not None and known.steps != job.steps:
            raise taken_over(job)
        for letter in step.letters:
            found = self._dead.get((letter.lane, letter.delivery_id))
            if found is None or found.state is not LetterState.OPEN:
                continue
            excluded = self._exclusions.get(found.position)
            if excluded is not None:
                self._settle(found, job, LetterState.RESOLVED, Count(excluded.fate, excluded.rule))
                suppressed += 1
                continue
            self._send_again(found, job)
            moved += 1
        for row in step.events:
            assert job.which.lane is not None
            lane = self._lane(job.which.lane)
            found = self._dead.get((job.which.lane, row.delivery_id))
            if row.delivery_id in lane.parked or row.position.offset >= lane.cursors.get(row.position.partition, 0):
                left_out += 1
            elif found is not None and found.state is LetterState.OPEN:
                self._send_again(found, job)
                moved += 1
            else:
                lane.parked[row.delivery_id] = row
                lane.counts[Count(Fate.PARKED)] += 1
                lane.read_again += 1
                read_again += 1
        self._replays[job.id] = msgspec.structs.replace(
            job,
            moved=job.moved + moved,
            read_again=job.read_again + read_again,
            suppressed=job.suppressed + suppressed,
            left_out=job.left_out + left_out,
            steps=job.steps + 1,
        )
        return self._replays[job.id]

    def _send_again(self, letter: DeadLetter, job: ReplayJob) -> None:
        self._lane(letter.lane).parked[letter.delivery_id] = revive(letter, job)
        self._settle(letter, job, LetterState.REPLAYING, Count(Fate.PARKED))

    def _settle(self, letter: DeadLetter, job: ReplayJob, state: LetterState, count: Count) -> None:
        replaced = msgspec.structs.replace(letter, state=state, replay_job=job.id)
        self._dead[letter.lane, letter.delivery_id] = replaced
        self._move(letter, count)

    def _move(self, letter: DeadLetter, count: Count) -> None:
        """In the ledger, from dead to something else."""
        self._lane(letter.lane).counts.update({Count(Fate.DEAD, letter.letter_class): -1, count: 1})

    async def replay_job(self, job: str) -> ReplayJob | None:
        """See the port."""
        return self._replays.get(job)

    async def replay_jobs(self, *, limit: int) -> Sequence[ReplayJob]:
        """See the port."""
        return sorted(self._replays.values(), key=lambda job: (job.started_ms, job.id), reverse=True)[:limit]

    async def route_states(self) -> Mapping[str, RouteState]:
        """See the port."""
        return dict(self._routes)

    async def save_route_state(self, state: RouteState) -> None:
        """See the port."""
        self._routes[state.integration] = state

    async def replays_waiting(self, job: str) -> int:
        """See the port."""
        return sum(row.replay_job == job for lane in self._lanes.values() for row in lane.parked.values())

    async def parked(self, lane: str, *, limit: int) -> Sequence[Parked]:
        """See the port."""
        return sorted(self._lane(lane).parked.values(), key=_due_order)[:limit]

    async def exclusions(self, *, fate: Fate | None = None, limit: int) -> Sequence[Exclusion]:
        """See the port."""
        wanted = [exclusion for exclusion in self._exclusions.values() if fate in (None, exclusion.fate)]
        return sorted(wanted, key=lambda each: (each.at_ms, each.position), reverse=True)[:limit]

    async def mark_replayed(self, exclusions: Sequence[Exclusion], *, now_ms: int) -> None:
        """See the port."""
        for exclusion in exclusions:
            self._exclusions[exclusion.position] = msgspec.structs.replace(exclusion, replayed_ms=now_ms)

    async def mark_discarded(self, exclusions: Sequence[Exclusion], *, now_ms: int, note: str) -> None:
        """See the port."""
        for exclusion in exclusions:
            self._exclusions[exclusion.position] = msgspec.structs.replace(exclusion, discarded_ms=now_ms, note=note)

    async def trim(self, *, dead_before_ms: int, exclusions_before: Cursors) -> None:
        """Forget dead letters that failed last, and replays that moved last, before a time.

        And exclusions of records that the bus has dropped; those that wait for repair only when they are that old too.
        """
        self._replays = {name: job for name, job in self._replays.items() if job.updated_ms >= dead_before_ms}
        self._dead = {name: letter for name, letter in self._dead.items() if letter.last_failed_ms >= dead_before_ms}
        self._exclusions = {
            position: exclusion
            for position, exclusion in self._exclusions.items()
            if position.offset >= exclusions_before.get(position.partition, 0)
            or (exclusion.waits_for_repair and exclusion.at_ms >= dead_before_ms)
        }

    async def needed_from(self) -> Cursors:
        """By partition, the first offset that some lane, retry or the process loop still needs from the bus."""
        needed: Cursors = {}
        for lane in self._lanes.values():
            for partition, offset in [*lane.cursors.items(), *(row.position for row in lane.parked.values())]:
                needed[partition] = min(offset, needed.get(partition, offset))
        # Where the process loop has not begun it needs everything.
        return {
            partition: offset if partition in self._lanes[ADMISSION].cursors else 0
            for partition, offset in needed.items()
        }

    async def letters_between(self, first: Cursors, end: Cursors) -> Sequence[Position]:
        """Places from `first` to before `end` that an open dead letter, or a quarantined event, is about, in order."""
        return [
            position
            for position in self._letter_places()
            if first.get(position.partition, position.offset + 1) <= position.offset < end.get(position.partition, 0)
        ]

    async def still_needed(self, places: Sequence[Position]) -> set[Position]:
        """Which of these places an open dead letter, a quarantined event, or a replay under way is about."""
        replayed = {row.position for lane in self._lanes.values() for row in lane.parked.values() if row.replay_job}
        return set(places) & {*self._letter_places(), *replayed}

    def _letter_places(self) -> list[Position]:
        places = {letter.position for letter in self._dead.values() if letter.state is LetterState.OPEN}
        return sorted(places | {one.position for one in self._exclusions.values() if one.waits_for_repair})

    async def close(self) -> None:
        """Nothing is held."""

    def _lane(self, name: str) -> _Lane:
        return self._lanes.setdefault(name, _Lane())

    def _remember(self, change: AdmissionCommit) -> None:
        self._now_ms = max(self._now_ms, change.at_ms)
        for fingerprint in change.seen:
            self._seen.pop(fingerprint, None)
            self._seen[fingerprint] = self._now_ms
        while self._seen:
            oldest = next(iter(self._seen))
            if len(self._seen) <= self._max_ids and self._seen[oldest] >= self._now_ms - self._window_ms:
                return
            del self._seen[oldest]


def _due_order(row: Parked) -> tuple[int, Position, str]:
    return row.due_ms, row.position, row.delivery_id


def _age(letter: DeadLetter) -> tuple[int, str, str]:
    return letter.last_failed_ms, letter.lane, letter.delivery_id


def _matches(letter: DeadLetter, which: DeadLetterFilter) -> bool:
    wanted = (
        (which.lane, letter.lane),
        (which.letter_class, letter.letter_class),
        (which.state, letter.state),
        (which.status, letter.outcome.status),
        (which.source, letter.source),
        (which.event_name, letter.event_name),
        (which.replay_job, letter.replay_job),
    )
    return (
        all(asked in (None, has) for asked, has in wanted)
        and (which.delivery_ids is None or letter.delivery_id in which.delivery_ids)
        and (which.since_ms is None or letter.last_failed_ms >= which.since_ms)
        and (which.until_ms is None or letter.last_failed_ms < which.until_ms)
        and (which.not_replay_job is None or letter.replay_job != which.not_replay_job)
    )
