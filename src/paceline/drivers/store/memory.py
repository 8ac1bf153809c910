"""A store in plain dictionaries, for tests and simulations: the same promises but durability.

store = MemoryStore()
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice

import msgspec

from paceline.errors import FencedError, UsageError
from paceline.model.delivery import DeadLetter, Fate, Parked
from paceline.model.record import Cursors, Position
from paceline.model.settings import DedupSettings
from paceline.ports.leases import Holding, fair_share
from paceline.ports.store import (
    Admission,
    AdmissionCommit,
    Count,
    DeadLetterFilter,
    Exclusion,
    LaneCommit,
    LaneState,
)
from paceline.ports.throttle import Turns, first_turn_ms

ADMISSION = "admission"


class _Lane:
    def __init__(self) -> None:
        self.cursors: Cursors = {}
        self.start: Cursors = {}
        self.counts: Counter[Count] = Counter()
        self.parked: dict[str, Parked] = {}
        self.first_delivered_ms = 0

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
            parked_keys=dict(Counter(row.key for row in self.parked.values())),
            first_delivered_ms=self.first_delivered_ms,
        )

    def ready(self) -> list[Parked]:
        """Parked rows that do not wait for an earlier one of their key, next due first."""
        first: dict[tuple[str, int], int] = {}
        for row in self.parked.values():
            lane_key = row.key, row.position.partition
            first[lane_key] = min(row.position.offset, first.get(lane_key, row.position.offset))
        return sorted(
            (
                row
                for row in self.parked.values()
                if not row.behind or row.position.offset == first[row.key, row.position.partition]
            ),
            key=_due_order,
        )


class MemoryStore:
    """A store for one process that forgets."""

    def __init__(self, dedup: DedupSettings | None = None) -> None:
        """`dedup` bounds what `seen` remembers, by time and by number."""
        dedup = dedup or DedupSettings()
        self._window_ms = int(dedup.window_hours * 3_600_000)
        self._max_ids = dedup.max_ids
        self._seen: dict[bytes, int] = {}
        self._now_ms = 0
        self._lanes: dict[str, _Lane] = {ADMISSION: _Lane()}
        self._dead: dict[tuple[str, str], DeadLetter] = {}
        self._exclusions: dict[Position, Exclusion] = {}
        self._paused_until: dict[str, int] = {}
        self._next_turn_ms: dict[str, float] = {}
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

    async def pause(self, account: str, *, until_ms: int) -> None:
        """See the port."""
        self._paused_until[account] = max(until_ms, self._paused_until.get(account, 0))

    async def paused_until(self, account: str) -> int:
        """See the port."""
        return self._paused_until.get(account, 0)

    async def take_turns(self, account: str, *, turns: int, interval_ms: float, slack_ms: float, now_ms: int) -> Turns:
        """See the port."""
        first_ms = first_turn_ms(self._next_turn_ms.get(account, 0.0), slack_ms=slack_ms, now_ms=now_ms)
        self._next_turn_ms[account] = first_ms + turns * interval_ms
        return Turns(first_ms=first_ms, paused_until_ms=self._paused_until.get(account, 0))

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
        return list(
            islice((letter for letter in reversed(self._dead.values()) if _matches(letter, which)), which.limit)
        )

    async def replay(self, which: DeadLetterFilter, *, now_ms: int) -> int:
        """See the port."""
        letters = await self.dead_letters(which)
        for letter in letters:
            del self._dead[letter.lane, letter.delivery_id]
            lane = self._lane(letter.lane)
            lane.parked[letter.delivery_id] = _revive(letter, now_ms)
            lane.counts.update({Count(Fate.DEAD, letter.letter_class): -1, Count(Fate.PARKED): 1})
        return len(letters)

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

    async def trim(self, *, dead_before_ms: int, exclusions_before: Cursors) -> None:
        """Forget dead letters that failed last before a time, and exclusions of records that the bus has dropped."""
        self._dead = {name: letter for name, letter in self._dead.items() if letter.last_failed_ms >= dead_before_ms}
        self._exclusions = {
            position: exclusion
            for position, exclusion in self._exclusions.items()
            if position.offset >= exclusions_before.get(position.partition, 0)
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


def _matches(letter: DeadLetter, which: DeadLetterFilter) -> bool:
    return (
        which.lane in (None, letter.lane)
        and which.letter_class in (None, letter.letter_class)
        and (which.delivery_ids is None or letter.delivery_id in which.delivery_ids)
    )


def _revive(letter: DeadLetter, now_ms: int) -> Parked:
    """A dead letter as a parked delivery that is due now, with all its attempts and a new retry window."""
    return Parked(
        delivery_id=letter.delivery_id,
        position=letter.position,
        key=letter.key,
        mapping=letter.mapping,
        attempts=0,
        due_ms=now_ms,
        first_failed_ms=now_ms,
        outcome=letter.outcome,
    )
