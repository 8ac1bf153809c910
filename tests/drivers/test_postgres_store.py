"""The PostgreSQL store keeps the promises of every durable store, and its own."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, LiteralString

import msgspec
import psycopg
import pytest
from postgres_server import PostgresServer

from paceline.drivers.store.postgres import PostgresStore
from paceline.drivers.store.postgres.writing import lane_commit
from paceline.errors import DefectError
from paceline.model.delivery import Fate
from paceline.model.settings import DedupSettings
from paceline.ports.store import AdmissionCommit, Count, DeadLetterFilter, LaneCommit, ReplayStep
from paceline.testing.coroutines import runs_to_end
from paceline.testing.durable_store_suite import DurableStoreSuite
from paceline.testing.openers import Opener
from paceline.testing.store_samples import (
    DEAD,
    DELIVERED,
    HOUR_MS,
    LANE,
    PARKED,
    adds_up,
    fingerprints,
    make_job,
    make_letter,
    make_parked,
    opened,
)


class PostgresSite:
    """A schema of its own in one database: much cheaper than a database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.schema = f"test_{secrets.token_hex(6)}"

    def open(self, dedup: DedupSettings | None = None) -> PostgresStore:
        return PostgresStore(self.url, dedup, schema=self.schema)

    def opener(self) -> Opener:
        return Opener(
            target="paceline.drivers.store.postgres:PostgresStore", arguments={"url": self.url, "schema": self.schema}
        )

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A look into the tables."""
        return psycopg.connect(self.url, autocommit=True, options=f"-c search_path={self.schema}")


@pytest.fixture
def site(postgres_server: PostgresServer) -> PostgresSite:
    return PostgresSite(postgres_server.url)


class TestPostgresStore(DurableStoreSuite):
    @pytest.fixture
    def site(self, postgres_server: PostgresServer) -> PostgresSite:
        return PostgresSite(postgres_server.url)


@runs_to_end
async def test_commit_that_arrives_when_the_lane_was_opened_again_is_refused(site: PostgresSite) -> None:
    async with opened(site) as store:
        epoch = (await store.hold("w1", (LANE,), ttl_ms=10_000, now_ms=1)).leases[LANE]
        await store.open_lane(LANE, {0: 0})
        late = LaneCommit(lane=LANE, cursors={0: 3}, counts={DELIVERED: 3}, epoch=epoch)
        delayed = lane_commit(late, store._opened[LANE])  # as one that the network held back
        await store.open_lane(LANE, {})
        with pytest.raises(DefectError) as caught:
            await store._database.run(*delayed)
        assert isinstance(caught.value.__cause__, psycopg.errors.DivisionByZero)
        await store.commit(late)
        assert (await store.lanes())[LANE].counts == {DELIVERED: 3}


@runs_to_end
async def test_lane_is_not_opened_while_a_commit_of_before_is_under_way(site: PostgresSite) -> None:
    async with opened(site) as store:
        epoch = (await store.hold("w1", (LANE, "admission"), ttl_ms=10_000, now_ms=1)).leases[LANE]
        await store.open_lane(LANE, {0: 0})
        blocked = await hold_row(site, "SELECT FROM leases FOR UPDATE")
        late = asyncio.create_task(
            store.commit(LaneCommit(lane=LANE, cursors={0: 3}, counts={DELIVERED: 3}, epoch=epoch))
        )
        await asyncio.sleep(0.1)
        late.cancel()  # as a lane does when another of its commits fails
        opening = asyncio.create_task(store.open_lane(LANE, {}))
        await asyncio.sleep(0.1)
        await blocked.close()
        state = await opening
        await store.commit(LaneCommit(lane=LANE, cursors={0: 3}, counts={DELIVERED: 3 - state.cursors[0]}, epoch=epoch))
        assert adds_up((await store.lanes())[LANE])


async def hold_row(site: PostgresSite, statement: LiteralString) -> psycopg.AsyncConnection[tuple[object, ...]]:
    """A connection in whose transaction rows of the store are locked."""
    connection = await psycopg.AsyncConnection.connect(site.url, options=f"-c search_path={site.schema}")
    await connection.execute(statement)
    return connection


@runs_to_end
async def test_key_may_hold_any_character_and_be_of_any_length(site: PostgresSite) -> None:
    keys = ["a\0b", "a", "", "🛒" * 20_000]
    rows = [make_parked(number, key=key) for number, key in enumerate(keys)]
    async with opened(site) as store:
        await store.open_lane(LANE, {0: 0})
        await store.commit(LaneCommit(lane=LANE, counts={PARKED: len(rows)}, park=rows))
        assert (await store.open_lane(LANE, {})).parked_keys == dict.fromkeys(keys, 1)
        assert list(await store.parked(LANE, limit=10)) == rows


@runs_to_end
async def test_letter_of_an_event_whose_name_holds_a_nul_is_kept_and_found(site: PostgresSite) -> None:
    letter = msgspec.structs.replace(make_letter(1), event_name="track:Order\0Completed", source="we\0b")
    async with opened(site) as store:
        await store.commit(LaneCommit(lane=LANE, dead=[letter]))
        assert list(await store.dead_letters(DeadLetterFilter(event_name=letter.event_name))) == [letter]


@runs_to_end
async def test_commit_that_cannot_be_kept_leaves_nothing_behind(site: PostgresSite) -> None:
    async with opened(site) as store:
        await store.open_lane(LANE, {0: 0})
        with pytest.raises(DefectError, match="cannot keep"):
            await store.commit(LaneCommit(lane=LANE, cursors={0: 5}, counts={DELIVERED: 2**70}))
        with pytest.raises(DefectError, match="cannot keep"):
            await store.commit(
                LaneCommit(lane=LANE, cursors={0: 5}, dead=[make_letter(1)], park=[make_parked(1, partition=2**40)])
            )
        assert (await store.open_lane(LANE, {})).cursors == {0: 0}
        assert list(await store.dead_letters(DeadLetterFilter())) == []


@runs_to_end
async def test_cancelled_step_is_remembered_when_it_was_committed(site: PostgresSite) -> None:
    async with opened(site) as store:
        await store.open_admission()
        step = asyncio.create_task(store.commit_admission(AdmissionCommit(cursors={0: 1}, seen=fingerprints([1]))))
        await asyncio.sleep(0)
        step.cancel()
        await asyncio.gather(step, return_exceptions=True)
        async with asyncio.timeout(10):
            while await store.open_admission() != {0: 1}:  # noqa: ASYNC110  (another connection writes it)
                await asyncio.sleep(0.01)
        assert await store.seen(fingerprints([1])) == set(fingerprints([1]))


@runs_to_end
async def test_journal_goes_round_in_its_partitions_and_deletes_no_row(site: PostgresSite) -> None:
    async with opened(site) as store:
        await store.open_admission()
        for hour in range(0, 200, 2):
            seen = fingerprints(range(hour * 10, hour * 10 + 10))
            await store.commit_admission(AdmissionCommit(cursors={}, seen=seen, at_ms=hour * HOUR_MS))
    with site.connect() as connection:
        rows = connection.execute("SELECT slice, count(*) FROM seen GROUP BY slice").fetchall()
        (deleted,) = connection.execute(
            "SELECT sum(n_tup_del) FROM pg_stat_user_tables WHERE schemaname = %s AND relname LIKE 'seen_%%'",
            (site.schema,),
        ).fetchone()
    assert len(rows) > 4
    assert sum(number for _, number in rows) <= 26
    assert deleted == 0


@runs_to_end
async def test_worker_whose_connection_ends_loses_its_leases_at_once(site: PostgresSite) -> None:
    names = ("admission", LANE)
    async with opened(site) as survivor:
        async with opened(site) as ended:
            assert len((await ended.hold("w1", names, ttl_ms=10**9, now_ms=1)).leases) == 2
            assert not (await survivor.hold("w2", names, ttl_ms=10**9, now_ms=1)).leases
        async with asyncio.timeout(10):  # until the server has noticed
            while not (await survivor.hold("w2", names, ttl_ms=10**9, now_ms=2)).leases:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@runs_to_end
async def test_worker_that_lives_keeps_its_leases_when_the_connection_is_lost_between_renewals(
    site: PostgresSite,
) -> None:
    async with opened(site) as store:
        before = await store.hold("w1", (LANE,), ttl_ms=10_000, now_ms=1)
        with site.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'paceline'"
            )
        assert await store.hold("w1", (LANE,), ttl_ms=10_000, now_ms=2) == before


@runs_to_end
async def test_lanes_do_not_wait_for_a_lane_whose_commit_is_stuck(site: PostgresSite) -> None:
    async with opened(site) as store, opened(site) as other:
        for lane in ("stuck", "free"):
            await store.open_lane(lane, {0: 0})
        blocked = await hold_row(site, "SELECT FROM cursors WHERE lane = 'stuck' FOR UPDATE")
        waiting = asyncio.create_task(store.commit(LaneCommit(lane="stuck", cursors={0: 1})))
        async with asyncio.timeout(5):
            for owner in (store, other):
                await owner.commit(LaneCommit(lane="free", cursors={0: 1}, counts={DELIVERED: 1}))
        assert not waiting.done()
        await blocked.close()
        await waiting


@runs_to_end
async def test_replay_that_was_stopped_halfway_does_not_hold_up_its_lane(site: PostgresSite) -> None:
    async with opened(site) as store:
        await store.open_lane(LANE, {0: 0})
        await store.commit(LaneCommit(lane=LANE, counts={DEAD: 1}, dead=[make_letter(1)]))
        stopped = await hold_row(site, "SELECT FROM dead FOR UPDATE")
        async with asyncio.timeout(5):
            await store.commit(LaneCommit(lane=LANE, cursors={0: 1}, counts={DELIVERED: 1}, park=[make_parked(2)]))
        await stopped.close()


@runs_to_end
async def test_replays_at_the_same_time_move_each_letter_once(site: PostgresSite) -> None:
    letters = [make_letter(number) for number in range(20)]
    async with opened(site) as store, opened(site) as other:
        await store.open_lane(LANE, {0: 0})
        await store.commit(LaneCommit(lane=LANE, counts={DEAD: 20}, dead=letters))
        jobs = await asyncio.gather(
            *(
                one.replay(ReplayStep(job=make_job(f"job-{number}"), letters=letters[number:]))
                for number, one in enumerate((store, other, store, other))
            )
        )
        assert sum(job.moved for job in jobs) == 20
        assert (await store.lanes())[LANE].counts == {PARKED: 20}


@runs_to_end
async def test_step_without_failures_is_one_statement_however_many_events_it_settles(site: PostgresSite) -> None:
    counts = {DELIVERED: 99, Count(Fate.FILTERED, "when"): 1}
    change = LaneCommit(lane=LANE, cursors=dict.fromkeys(range(16), 100), counts=counts, epoch=1, at_ms=5)
    assert len(lane_commit(change, opened=1)) == 1


def test_step_with_a_thousand_failures_is_four_statements() -> None:
    rows = [make_parked(number) for number in range(1000)]
    letters = [make_letter(number) for number in range(1000, 2000)]
    change = LaneCommit(lane=LANE, cursors={0: 1}, park=rows, unpark=["x"], dead=letters)
    assert len(lane_commit(change, opened=None)) == 4
