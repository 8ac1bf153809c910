"""The ledger adds up, and twins agree, whatever is delivered, given up on, replayed, read again or discarded."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from paceline.drivers.store.memory import MemoryStore
from paceline.drivers.store.sqlite import SqliteStore
from paceline.errors import FencedError
from paceline.model.delivery import DeadLetterClass, Fate, LetterState, Parked
from paceline.ports.store import AdmissionCommit, Count, DeadLetterFilter, LaneCommit, ReplayJob, ReplayStep
from paceline.testing.store_samples import (
    DEAD,
    DELIVERED,
    LANE,
    PARKED,
    adds_up,
    make_exclusion,
    make_job,
    make_letter,
    make_parked,
)

OF_LANE = DeadLetterFilter(lane=LANE)
EVERY_STATE = DeadLetterFilter(lane=LANE, state=None, limit=1000)
endings = st.sampled_from(["delivered", "filtered", "waits", "dead"])
picks = st.sets(st.integers(0, 11), max_size=6)


class Conservation(RuleBasedStateMachine):
    """One lane, a process loop and people with commands, over both stores; only steps that really happen."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "store.db"
        self.durable = SqliteStore(self.path)
        self.memory = MemoryStore()
        self.next_offset = 0
        self.jobs = 0

    def teardown(self) -> None:
        self.runner.run(self.durable.close())
        self.runner.close()
        self.folder.cleanup()

    def both(self, method: str, *args: object, **kwargs: object):
        first, second = (
            self.runner.run(getattr(store, method)(*args, **kwargs)) for store in (self.durable, self.memory)
        )
        assert first == second, (method, args, kwargs)
        return first

    @initialize()
    def begin(self) -> None:
        self.both("open_lane", LANE, {0: 0})

    @rule(fates=st.lists(endings, min_size=1, max_size=5))
    def deliver_new(self, fates: list[str]) -> None:
        changes = [(offset, fate, "") for offset, fate in enumerate(fates, self.next_offset)]
        self.next_offset += len(fates)
        self.commit(changes, cursors={0: self.next_offset})

    @rule(fates=st.lists(endings, min_size=1, max_size=4))
    def deliver_waiting(self, fates: list[str]) -> None:
        due: list[Parked] = self.both("due", LANE, now_ms=10_000, limit=len(fates))
        changes = [(row.position.offset, fate, row.replay_job) for row, fate in zip(due, fates, strict=False)]
        self.commit(changes, unpark=[row.delivery_id for row in due])

    def commit(
        self,
        changes: list[tuple[int, str, str]],
        *,
        cursors: dict[int, int] | None = None,
        unpark: list[str] | None = None,
    ) -> None:
        counts = Counter({PARKED: -len(unpark or [])})
        park, dead = [], []
        for offset, fate, replay_job in changes:
            match fate:
                case "delivered":
                    counts[DELIVERED] += 1
                case "filtered":
                    counts[Count(Fate.FILTERED, "no_mapping")] += 1
                case "waits":
                    counts[PARKED] += 1
                    park.append(make_parked(offset, replay_job=replay_job))
                case "dead":
                    letter = make_letter(offset, replay_job=replay_job)
                    counts[DEAD] += 1
                    dead.append(letter)
        self.both(
            "commit",
            LaneCommit(
                lane=LANE, cursors=cursors or {}, counts=dict(counts), park=park, unpark=unpark or [], dead=dead
            ),
        )

    def begin_job(self) -> ReplayJob:
        self.jobs += 1
        return make_job(f"job-{self.jobs}", which=OF_LANE)

    @rule(chosen=picks)
    def replay_letters(self, chosen: set[int]) -> None:
        letters = self.both("dead_letters", EVERY_STATE)
        letters = [letter for letter in letters if letter.position.offset % 12 in chosen]
        job = self.both("replay", ReplayStep(job=self.begin_job(), letters=letters))
        assert job.moved + job.suppressed <= len(letters)

    @rule(chosen=picks)
    def read_again(self, chosen: set[int]) -> None:
        job = self.begin_job()
        rows = [
            make_parked(offset, replay_job=job.id) for offset in range(self.next_offset + 2) if offset % 12 in chosen
        ]
        job = self.both("replay", ReplayStep(job=job, events=rows))
        assert job.moved + job.read_again + job.left_out == len(rows)

    @precondition(lambda self: self.jobs)
    @rule()
    def go_on_with_a_job_that_somebody_else_carried_on(self) -> None:
        job = make_job(f"job-{self.jobs}", which=OF_LANE)
        letters = self.both("dead_letters", EVERY_STATE)
        for store in (self.durable, self.memory):
            try:
                self.runner.run(store.replay(ReplayStep(job=job, letters=letters)))
            except FencedError:
                continue
            raise AssertionError("two carried out one job")

    @rule(chosen=picks)
    def discard(self, chosen: set[int]) -> None:
        letters = self.both("dead_letters", EVERY_STATE)
        self.both("discard", [letter for letter in letters if letter.position.offset % 12 in chosen], note="no")

    @rule(offset=st.integers(0, 20))
    def exclude(self, offset: int) -> None:
        """Somebody's consent went after the letter was written."""
        if offset < self.next_offset:
            self.both("commit_admission", AdmissionCommit(cursors={}, exclusions=[make_exclusion(offset)]))

    @rule()
    def end_and_begin_again(self) -> None:
        self.runner.run(self.durable.close())
        self.durable = SqliteStore(self.path)

    @invariant()
    def everything_is_counted_once(self) -> None:
        state = self.both("lanes").get(LANE)
        if state is None:
            return
        assert adds_up(state)
        assert min(state.counts.values(), default=0) >= 0
        parked = self.both("parked", LANE, limit=1000)
        assert state.counts.get(PARKED, 0) == len(parked)
        letters = self.both("dead_letters", EVERY_STATE)
        states = Counter(letter.state for letter in letters)
        assert state.counts.get(DEAD, 0) == states[LetterState.OPEN]
        assert {letter.letter_class for letter in letters} <= {DeadLetterClass.VENDOR_PERMANENT}
        ids = {row.delivery_id for row in parked}
        assert all((letter.delivery_id in ids) for letter in letters if letter.state is LetterState.REPLAYING)


TestConservation = Conservation.TestCase
TestConservation.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
