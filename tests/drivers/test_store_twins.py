"""The embedded store and its memory twin never disagree, whatever lanes, process loop and people do."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from paceline.drivers.store.memory import MemoryStore
from paceline.drivers.store.sqlite import SqliteStore
from paceline.model.delivery import DeadLetterClass, Fate
from paceline.ports.store import AdmissionCommit, Count, DeadLetterFilter, LaneCommit
from paceline.testing.store_samples import fingerprints, make_exclusion, make_letter, make_parked

lanes = st.sampled_from(["a", "b"])
offsets = st.integers(0, 6)
partitions = st.integers(0, 1)
times = st.integers(0, 40)
cursors = st.dictionaries(partitions, offsets, max_size=2)
counts = st.dictionaries(
    st.builds(Count, st.sampled_from(list(Fate)), st.sampled_from(["", "vendor_permanent", "rule"])),
    st.integers(-3, 5),
    max_size=3,
)
rows = st.builds(
    make_parked,
    offsets,
    partition=partitions,
    due_ms=times,
    key=st.sampled_from(["", "k"]),
    behind=st.booleans(),
    name=st.sampled_from(["1", "2", "3", "4", "5"]),
)
filters = st.builds(
    DeadLetterFilter,
    lane=st.none() | lanes,
    letter_class=st.none() | st.sampled_from(list(DeadLetterClass)),
    delivery_ids=st.none() | st.lists(offsets.map("delivery-{}".format), max_size=3),
    limit=st.integers(1, 4),
)


class Twins(RuleBasedStateMachine):
    """Does everything to both stores and compares what they say."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "store.db"
        self.durable = SqliteStore(self.path)
        self.memory = MemoryStore()

    def teardown(self) -> None:
        self.runner.run(self.durable.close())
        self.runner.close()
        self.folder.cleanup()

    def both(self, method: str, *args: Any, **kwargs: Any) -> Any:
        first, second = (
            self.runner.run(getattr(store, method)(*args, **kwargs)) for store in (self.durable, self.memory)
        )
        assert first == second, (method, args, kwargs)
        return first

    @initialize(start=cursors)
    def open_lanes(self, start: dict[int, int]) -> None:
        for lane in ("a", "b"):
            self.both("open_lane", lane, start)

    @rule(lane=lanes, start=cursors)
    def open_lane(self, lane: str, start: dict[int, int]) -> None:
        self.both("open_lane", lane, start)

    @rule(lane=lanes, moved=cursors, counted=counts)
    def settle(self, lane: str, moved: dict[int, int], counted: dict[Count, int]) -> None:
        self.both("commit", LaneCommit(lane=lane, cursors=moved, counts=counted))

    @rule(
        lane=lanes,
        park=st.lists(rows, max_size=4, unique_by=lambda row: row.delivery_id),
        unpark=st.lists(st.sampled_from(["1", "2", "3", "4", "5", "6"]), max_size=3),
    )
    def park(self, lane: str, park: list[Any], unpark: list[str]) -> None:
        self.both("commit", LaneCommit(lane=lane, park=park, unpark=unpark))

    @rule(lane=lanes, offset=offsets, letter_class=st.sampled_from(list(DeadLetterClass)))
    def give_up(self, lane: str, offset: int, letter_class: DeadLetterClass) -> None:
        letter = make_letter(offset, lane=lane, letter_class=letter_class)
        self.both("commit", LaneCommit(lane=lane, counts={Count(Fate.DEAD, letter_class): 1}, dead=[letter]))

    @rule(which=filters, now_ms=times)
    def replay(self, which: DeadLetterFilter, now_ms: int) -> None:
        self.both("replay", which, now_ms=now_ms)

    @rule(moved=cursors, counted=counts, offset=offsets, partition=partitions, at_ms=times, seen=st.lists(offsets))
    def admit(
        self, moved: dict[int, int], counted: dict[Count, int], offset: int, partition: int, at_ms: int, seen: list[int]
    ) -> None:
        exclusion = make_exclusion(offset, partition=partition, at_ms=at_ms)
        self.both(
            "commit_admission",
            AdmissionCommit(
                cursors=moved, counts=counted, exclusions=[exclusion], seen=fingerprints(seen), at_ms=at_ms
            ),
        )

    @rule(before_ms=offsets, below=cursors)
    def trim(self, before_ms: int, below: dict[int, int]) -> None:
        self.both("trim", dead_before_ms=before_ms, exclusions_before=below)

    @rule()
    def reopen(self) -> None:
        self.runner.run(self.durable.close())
        self.durable = SqliteStore(self.path)

    @rule(lane=lanes, now_ms=times, limit=st.integers(1, 5))
    def ask_lane(self, lane: str, now_ms: int, limit: int) -> None:
        self.both("due", lane, now_ms=now_ms, limit=limit)
        self.both("next_due", lane)
        self.both("parked", lane, limit=limit)

    @rule(first=cursors, end=cursors, which=filters, limit=st.integers(1, 5))
    def ask_for_stopped(self, first: dict[int, int], end: dict[int, int], which: DeadLetterFilter, limit: int) -> None:
        self.both("admission", first, end)
        self.both("exclusions", limit=limit)
        self.both("exclusions", fate=Fate.SUPPRESSED, limit=limit)
        self.both("dead_letters", which)
        self.both("seen", fingerprints(range(8)))

    @invariant()
    def agree_on_every_lane(self) -> None:
        self.both("lanes")
        self.both("open_admission")
        self.both("needed_from")
        for lane in ("a", "b"):
            self.both("due", lane, now_ms=50, limit=50)


TestTwins = Twins.TestCase
TestTwins.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
