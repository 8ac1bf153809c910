"""The embedded store keeps the promises of every durable store, and its own."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from paceline.drivers.store.sqlite import SqliteStore
from paceline.errors import DefectError
from paceline.model.delivery import Fate
from paceline.model.settings import DedupSettings
from paceline.ports.store import AdmissionCommit, Count, DeadLetterFilter, LaneCommit
from paceline.testing.coroutines import runs_to_end
from paceline.testing.durable_store_suite import DurableStoreSuite
from paceline.testing.openers import Opener
from paceline.testing.store_samples import (
    DELIVERED,
    HOUR_MS,
    LANE,
    fingerprints,
    make_exclusion,
    make_letter,
    make_parked,
    opened,
    positions,
)


class SqliteSite:
    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, dedup: DedupSettings | None = None) -> SqliteStore:
        return SqliteStore(self.path, dedup)

    def opener(self) -> Opener:
        return Opener(target="paceline.drivers.store.sqlite:SqliteStore", arguments={"path": str(self.path)})


class TestSqliteStore(DurableStoreSuite):
    @pytest.fixture
    def site(self, tmp_path: Path) -> SqliteSite:
        return SqliteSite(tmp_path / "store.db")


@pytest.fixture
def site(tmp_path: Path) -> SqliteSite:
    return SqliteSite(tmp_path / "store.db")


TOO_LARGE = 2**70


@runs_to_end
async def test_commit_that_cannot_be_kept_takes_no_other_with_it(site: SqliteSite) -> None:
    async with opened(site) as store:
        await store.open_lane(LANE, {0: 0})
        good = [LaneCommit(lane=LANE, cursors={partition: 1}, counts={DELIVERED: 1}) for partition in range(3)]
        bad = LaneCommit(lane=LANE, cursors={0: TOO_LARGE}, counts={DELIVERED: 100})
        results = await asyncio.gather(*map(store.commit, [*good[:2], bad, good[2]]), return_exceptions=True)
        state = await store.open_lane(LANE, {})
    assert [type(result) for result in results] == [type(None), type(None), DefectError, type(None)]
    assert (state.cursors, state.counts) == ({0: 1, 1: 1, 2: 1}, {DELIVERED: 3})


@runs_to_end
async def test_commit_that_cannot_be_kept_leaves_nothing_behind(site: SqliteSite) -> None:
    async with opened(site) as store:
        await store.open_lane(LANE, {0: 0})
        with pytest.raises(DefectError, match="cannot keep"):
            await store.commit(LaneCommit(lane=LANE, cursors={0: 5}, counts={DELIVERED: TOO_LARGE}))
        assert (await store.open_lane(LANE, {})).cursors == {0: 0}


@runs_to_end
async def test_cancelled_step_is_remembered_when_it_was_committed(site: SqliteSite) -> None:
    async with opened(site) as store:
        await store.open_admission()
        step = asyncio.create_task(store.commit_admission(AdmissionCommit(cursors={0: 1}, seen=fingerprints([1]))))
        await asyncio.sleep(0)
        step.cancel()
        await asyncio.gather(step, return_exceptions=True)
        await store.commit_admission(AdmissionCommit(cursors={0: 2}))
        assert await store.seen(fingerprints([1])) == set(fingerprints([1]))


@runs_to_end
async def test_dedup_says_how_much_it_remembers(site: SqliteSite) -> None:
    async with opened(site, DedupSettings(window_hours=24, max_ids=1000)) as store:
        await store.open_admission()
        await store.commit_admission(AdmissionCommit(cursors={}, seen=fingerprints(range(300)), at_ms=1000))
        assert store.dedup_state == (300, 1000, 86400, 86400)


@runs_to_end
async def test_dedup_says_when_its_window_shrank(site: SqliteSite) -> None:
    async with opened(site, DedupSettings(window_hours=24, max_ids=1000)) as store:
        await store.open_admission()
        for second in range(20):
            seen = fingerprints(range(second * 100, second * 100 + 100))
            await store.commit_admission(AdmissionCommit(cursors={}, seen=seen, at_ms=second * 1000))
        state = store.dedup_state
    assert state.ids <= 1000
    assert 7 <= state.covered_secs <= 10


@runs_to_end
async def test_journal_shrinks_with_the_window(site: SqliteSite) -> None:
    async with opened(site) as store:
        await store.open_admission()
        for hour in range(200):
            seen = fingerprints(range(hour * 100, hour * 100 + 100))
            await store.commit_admission(AdmissionCommit(cursors={}, seen=seen, at_ms=hour * HOUR_MS))
    with closing(sqlite3.connect(site.path)) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM seen").fetchone()
    assert 24 <= rows <= 24 * 1.5


@runs_to_end
async def test_parked_records_and_the_slowest_reader_are_still_needed(site: SqliteSite) -> None:
    async with opened(site) as store:
        await store.open_lane("fast", {0: 50, 1: 50})
        await store.open_lane("slow", {0: 7, 1: 50})
        await store.commit_admission(AdmissionCommit(cursors={0: 60, 1: 60}))
        await store.commit(LaneCommit(lane="fast", park=[make_parked(3, partition=1)]))
        assert await store.needed_from() == {0: 7, 1: 3}


@runs_to_end
async def test_everything_is_needed_where_the_process_loop_has_not_begun(site: SqliteSite) -> None:
    async with opened(site) as store:
        await store.open_lane(LANE, {0: 50, 1: 50})
        await store.commit_admission(AdmissionCommit(cursors={0: 60}))
        assert await store.needed_from() == {0: 50, 1: 0}


@runs_to_end
async def test_trim_forgets_old_dead_letters_and_keeps_their_counts(site: SqliteSite) -> None:
    dead = Count(Fate.DEAD, "vendor_permanent")
    async with opened(site) as store:
        await store.open_lane(LANE, {})
        await store.commit(LaneCommit(lane=LANE, counts={dead: 3}, dead=[make_letter(n) for n in (10, 20, 30)]))
        await store.trim(dead_before_ms=20, exclusions_before={})
        assert positions(await store.dead_letters(DeadLetterFilter())) == [30, 20]
        assert (await store.lanes())[LANE].counts == {dead: 3}


@runs_to_end
async def test_trim_forgets_exclusions_of_dropped_records(site: SqliteSite) -> None:
    excluded = [make_exclusion(number) for number in range(4)] + [make_exclusion(0, partition=1)]
    async with opened(site) as store:
        await store.commit_admission(AdmissionCommit(cursors={0: 4}, exclusions=excluded))
        await store.trim(dead_before_ms=0, exclusions_before={0: 3})
        left = {each.position for each in await store.exclusions(limit=10)}
    assert left == {(0, 3), (1, 0)}
