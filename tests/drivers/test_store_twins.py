"""Durable stores and their memory twin never disagree, whatever lanes, process loop and people do."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from postgres_server import PostgresServer

from paceline.drivers.store.memory import MemoryStore
from paceline.drivers.store.postgres import PostgresStore
from paceline.drivers.store.sqlite import SqliteStore
from paceline.model.delivery import DeadLetterClass, Fate, LetterState
from paceline.model.record import Position
from paceline.ports.store import AdmissionCommit, Count, DeadLetterFilter, LaneCommit, ReplayStep
from paceline.testing.store_samples import fingerprints, make_exclusion, make_job, make_letter, make_parked

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
    name=st.sampled_from(["1", "2", "delivery-3", "4", "5"]),
    replay_job=st.sampled_from(["", "", "job-1"]),
)
filters = st.builds(
    DeadLetterFilter,
    lane=st.none() | lanes,
    letter_class=st.none() | st.sampled_from(list(DeadLetterClass)),
    delivery_ids=st.none() | st.lists(offsets.map("delivery-{}".format), max_size=3),
    state=st.none() | st.sampled_from(list(LetterState)),
    status=st.none() | st.sampled_from([400, 503]),
    since_ms=st.none() | offsets,
    until_ms=st.none() | offsets,
    replay_job=st.none() | st.sampled_from(["", "job-1"]),
    not_replay_job=st.none() | st.sampled_from(["job-1", "job-2"]),
    before=st.none() | st.builds(make_letter, offsets, lane=lanes),
    limit=st.integers(1, 4),
)


class Twins(RuleBasedStateMachine):
    """Does everything to both stores and compares what they say."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.durable = self.open_durable()
        self.memory = MemoryStore()

    def open_durable(self) -> Any:
        """The durable twin, the same data each time."""
        return SqliteStore(Path(self.folder.name) / "store.db")

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

    @rule(which=filters, now_ms=times, name=st.sampled_from(["job-1", "job-2"]))
    def replay(self, which: DeadLetterFilter, now_ms: int, name: str) -> None:
        letters = self.both("dead_letters", which)
        job = self.both("replay_job", name) or make_job(name, which=which, now_ms=now_ms)
        self.both("replay", ReplayStep(job=job, letters=letters))

    @rule(lane=lanes, events=st.lists(rows, max_size=4), name=st.sampled_from(["job-1", "job-3"]))
    def read_again(self, lane: str, events: list[Any], name: str) -> None:
        job = self.both("replay_job", name) or make_job(name)
        job = msgspec.structs.replace(job, which=DeadLetterFilter(lane=lane))
        self.both("replay", ReplayStep(job=job, events=events))

    @rule(which=filters)
    def discard(self, which: DeadLetterFilter) -> None:
        self.both("discard", self.both("dead_letters", which), note="no")

    @rule(moved=cursors, counted=counts, offset=offsets, partition=partitions, at_ms=times, seen=st.lists(offsets))
    def admit(
        self, moved: dict[int, int], counted: dict[Count, int], offset: int, partition: int, at_ms: int, seen: list[int]
    ) -> None:
        rule = "contract:order/1.0.0" if at_ms % 2 else "dedup"
        exclusion = make_exclusion(offset, partition=partition, at_ms=at_ms, rule=rule)
        self.both(
            "commit_admission",
            AdmissionCommit(
                cursors=moved, counts=counted, exclusions=[exclusion], seen=fingerprints(seen), at_ms=at_ms
            ),
        )

    @rule(limit=st.integers(1, 3), now_ms=times, is_discarded=st.booleans())
    def repair(self, limit: int, now_ms: int, is_discarded: bool) -> None:
        exclusions = self.both("exclusions", limit=limit)
        if is_discarded:
            self.both("mark_discarded", exclusions, now_ms=now_ms, note="bots")
        else:
            self.both("mark_replayed", exclusions, now_ms=now_ms)

    @rule(before_ms=offsets, below=cursors)
    def trim(self, before_ms: int, below: dict[int, int]) -> None:
        self.both("trim", dead_before_ms=before_ms, exclusions_before=below)

    @rule()
    def reopen(self) -> None:
        self.runner.run(self.durable.close())
        self.durable = self.open_durable()

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
        self.both("letters_between", first, end)
        self.both("still_needed", [Position(partition, offset) for partition in range(2) for offset in range(7)])
        self.both("replay_jobs", limit=limit)
        self.both("seen", fingerprints(range(8)))

    @invariant()
    def agree_on_every_lane(self) -> None:
        self.both("lanes")
        self.both("open_admission")
        self.both("needed_from")
        self.both("letters_between", {0: 0, 1: 0}, {0: 9, 1: 9})
        self.both("dead_letters", DeadLetterFilter(state=None))
        self.both("replays_waiting", "job-1")
        for lane in ("a", "b"):
            self.both("due", lane, now_ms=50, limit=50)


class PostgresTwins(Twins):
    """The same with PostgreSQL, a schema for each example."""

    url = ""

    def __init__(self) -> None:
        self.schema = f"twins_{secrets.token_hex(6)}"
        super().__init__()

    def open_durable(self) -> Any:
        return PostgresStore(self.url, schema=self.schema)


class TestPostgresTwins(PostgresTwins.TestCase):  # type: ignore[misc]  # made by hypothesis
    settings = settings(
        max_examples=6, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )

    @pytest.fixture(autouse=True)
    def server(self, postgres_server: PostgresServer) -> None:
        PostgresTwins.url = postgres_server.url


TestTwins = Twins.TestCase
TestTwins.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
