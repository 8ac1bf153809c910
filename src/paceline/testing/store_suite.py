"""What every store driver must keep: one test for each promise of the ports.

A driver's test module subclasses `StoreSuite`, or `DurableStoreSuite` of `durable_store_suite`, and supplies the
fixture `site`:

    class TestOurStore(StoreSuite):
        @pytest.fixture
        def site(self, tmp_path: Path) -> OurSite:
            return OurSite(tmp_path)

Needs pytest, and no plugin.
"""

from __future__ import annotations

import asyncio

import pytest

from paceline.errors import UsageError
from paceline.model.delivery import Fate, Outcome, OutcomeClass, Parked
from paceline.model.record import Position
from paceline.model.settings import DedupSettings
from paceline.ports.store import AdmissionCommit, Count, LaneCommit, LaneState
from paceline.testing.coroutines import runs_to_end
from paceline.testing.dead_letter_suite import DeadLetterPromises
from paceline.testing.lease_suite import LeasePromises
from paceline.testing.route_suite import RoutePromises
from paceline.testing.store_samples import (
    DEAD,
    DELIVERED,
    HOUR_MS,
    LANE,
    PARKED,
    StoreSite,
    adds_up,
    fingerprints,
    make_exclusion,
    make_letter,
    make_parked,
    opened,
    parking,
    positions,
    replay_all,
)
from paceline.testing.throttle_suite import ThrottlePromises


class LanePromises:
    """What delivery lanes rely on."""

    @runs_to_end
    async def test_new_lane_begins_at_its_start(self, site: StoreSite) -> None:
        async with opened(site) as store:
            state = await store.open_lane(LANE, {0: 5, 1: 0})
        assert state == LaneState(cursors={0: 5, 1: 0}, start={0: 5, 1: 0}, counts={}, parked_keys={})

    @runs_to_end
    async def test_known_lane_goes_on_where_it_was(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.open_lane(LANE, {0: 5})
            await store.commit(LaneCommit(lane=LANE, cursors={0: 9}, counts={DELIVERED: 4}))
            state = await store.open_lane(LANE, {0: 77})
        assert state == LaneState(cursors={0: 9}, start={0: 5}, counts={DELIVERED: 4}, parked_keys={})

    @runs_to_end
    async def test_first_delivery_keeps_its_time(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.open_lane(LANE, {0: 0})
            await store.commit(LaneCommit(lane=LANE, cursors={0: 1}, at_ms=5))
            await store.commit(LaneCommit(lane=LANE, cursors={0: 2}, counts={DELIVERED: 1}, at_ms=7))
            await store.commit(LaneCommit(lane=LANE, cursors={0: 3}, counts={DELIVERED: 1}, at_ms=9))
            assert (await store.open_lane(LANE, {})).first_delivered_ms == 7
            assert (await store.lanes())[LANE].first_delivered_ms == 7

    @runs_to_end
    async def test_partition_that_is_new_begins_at_its_start(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.open_lane(LANE, {0: 5})
            state = await store.open_lane(LANE, {0: 7, 1: 3})
        assert (state.cursors, state.start) == ({0: 5, 1: 3}, {0: 5, 1: 3})

    @runs_to_end
    async def test_partition_that_the_lane_was_not_opened_with_begins_at_zero(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.open_lane(LANE, {})
            await store.commit(LaneCommit(lane=LANE, cursors={2: 4}))
            state = await store.open_lane(LANE, {})
        assert (state.cursors, state.start) == ({2: 4}, {2: 0})

    @runs_to_end
    async def test_no_lane_can_be_called_admission(self, site: StoreSite) -> None:
        async with opened(site) as store:
            with pytest.raises(UsageError, match="admission"):
                await store.open_lane("admission", {})

    @runs_to_end
    async def test_commit_moves_only_the_given_cursors(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.open_lane(LANE, {0: 0, 1: 0})
            await store.commit(LaneCommit(lane=LANE, cursors={1: 7}))
            assert (await store.open_lane(LANE, {})).cursors == {0: 0, 1: 7}

    @runs_to_end
    async def test_counts_are_differences(self, site: StoreSite) -> None:
        filtered = Count(Fate.FILTERED, "when")
        async with opened(site) as store:
            await store.open_lane(LANE, {0: 0})
            await store.commit(LaneCommit(lane=LANE, counts={DELIVERED: 3, filtered: 1, PARKED: 2}))
            await store.commit(LaneCommit(lane=LANE, counts={DELIVERED: 5, PARKED: -1}))
            counts = (await store.open_lane(LANE, {})).counts
        assert counts == {DELIVERED: 8, filtered: 1, PARKED: 1}

    @runs_to_end
    async def test_time_of_the_first_delivery_is_kept(self, site: StoreSite) -> None:
        filtered = Count(Fate.FILTERED, "when")
        async with opened(site) as store:
            await store.open_lane(LANE, {0: 0})
            for counts, at_ms in (({filtered: 1}, 5), ({DELIVERED: 2}, 7), ({DELIVERED: 1}, 9)):
                await store.commit(LaneCommit(lane=LANE, counts=counts, at_ms=at_ms))
            assert (await store.open_lane(LANE, {})).first_delivered_ms == 7
            assert (await store.lanes())[LANE].first_delivered_ms == 7

    @runs_to_end
    async def test_counts_of_zero_are_not_listed(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.open_lane(LANE, {0: 0})
            await store.commit(LaneCommit(lane=LANE, counts={PARKED: 1, DELIVERED: 0}))
            await store.commit(LaneCommit(lane=LANE, counts={PARKED: -1}))
            assert (await store.open_lane(LANE, {})).counts == {}

    @runs_to_end
    async def test_lanes_share_nothing(self, site: StoreSite) -> None:
        async with opened(site) as store:
            for lane in ("a", "b"):
                await store.open_lane(lane, {0: 0})
            await store.commit(
                LaneCommit(lane="a", cursors={0: 1}, counts={PARKED: 1}, park=[make_parked(1)], dead=[make_letter(2)])
            )
            assert await store.open_lane("b", {}) == LaneState(cursors={0: 0}, start={0: 0}, counts={}, parked_keys={})
            assert list(await store.due("b", now_ms=10**15, limit=10)) == []

    @runs_to_end
    async def test_concurrent_commits_of_many_lanes_all_happen(self, site: StoreSite) -> None:
        lanes = [f"lane{number}" for number in range(8)]
        async with opened(site) as store:

            async def run(lane: str) -> None:
                await store.open_lane(lane, {0: 0})
                for offset in range(1, 21):
                    await store.commit(LaneCommit(lane=lane, cursors={0: offset}, counts={DELIVERED: 1}))

            await asyncio.gather(*map(run, lanes))
            states = await store.lanes()
        assert {lane: (states[lane].cursors, states[lane].counts) for lane in lanes} == {
            lane: ({0: 20}, {DELIVERED: 20}) for lane in lanes
        }

    @runs_to_end
    async def test_ledger_adds_up_through_a_deliverys_life(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.open_lane(LANE, {0: 0})
            await store.commit(
                LaneCommit(lane=LANE, cursors={0: 3}, counts={DELIVERED: 2, PARKED: 1}, park=[make_parked(2)])
            )
            await store.commit(
                LaneCommit(lane=LANE, counts={PARKED: -1, DEAD: 1}, unpark=["delivery-2"], dead=[make_letter(2)])
            )
            assert adds_up(await store.open_lane(LANE, {}))
            await replay_all(store)
            assert adds_up(await store.open_lane(LANE, {}))
            await store.commit(LaneCommit(lane=LANE, counts={PARKED: -1, DELIVERED: 1}, unpark=["delivery-2"]))
            state = await store.open_lane(LANE, {})
        assert state.counts == {DELIVERED: 3}
        assert adds_up(state)


class RetryPromises:
    """What the retry table promises."""

    @runs_to_end
    async def test_parked_row_comes_back_as_it_was(self, site: StoreSite) -> None:
        row = Parked(
            delivery_id="ü/+=",
            position=Position(3, 2**40),
            key="user 🛒",
            mapping="order_completed.customerio",
            attempts=7,
            due_ms=5,
            first_failed_ms=1,
            outcome=Outcome(
                outcome_class=OutcomeClass.THROTTLE, status=429, vendor_code="x", message="wait", retry_after_secs=1.5
            ),
            behind=True,
        )
        async with parking(site, [row]) as store:
            assert list(await store.due(LANE, now_ms=5, limit=10)) == [row]
            assert list(await store.parked(LANE, limit=10)) == [row]

    @runs_to_end
    async def test_row_is_not_due_before_its_time(self, site: StoreSite) -> None:
        async with parking(site, [make_parked(1, due_ms=100)]) as store:
            assert list(await store.due(LANE, now_ms=99, limit=10)) == []
            assert len(await store.due(LANE, now_ms=100, limit=10)) == 1

    @runs_to_end
    async def test_longest_due_comes_first_and_equals_in_log_order(self, site: StoreSite) -> None:
        rows = [
            make_parked(1, due_ms=30),
            make_parked(9, due_ms=10),
            make_parked(5, due_ms=10, partition=1),
            make_parked(4, due_ms=10),
        ]
        async with parking(site, rows) as store:
            due = await store.due(LANE, now_ms=100, limit=3)
        assert [row.position for row in due] == [(0, 4), (0, 9), (1, 5)]

    @runs_to_end
    async def test_asking_for_due_rows_changes_nothing(self, site: StoreSite) -> None:
        async with parking(site, [make_parked(1)]) as store:
            first = await store.due(LANE, now_ms=10, limit=10)
            assert list(await store.due(LANE, now_ms=10, limit=10)) == list(first) != []

    @runs_to_end
    async def test_unparked_row_is_gone(self, site: StoreSite) -> None:
        async with parking(site, [make_parked(1), make_parked(2)]) as store:
            await store.commit(LaneCommit(lane=LANE, unpark=["delivery-1", "never parked"]))
            assert [row.delivery_id for row in await store.parked(LANE, limit=10)] == ["delivery-2"]

    @runs_to_end
    async def test_parking_again_replaces_the_row(self, site: StoreSite) -> None:
        async with parking(site, [make_parked(1, due_ms=10)]) as store:
            again = make_parked(1, due_ms=500, key="user-2")
            await store.commit(LaneCommit(lane=LANE, park=[again]))
            assert list(await store.parked(LANE, limit=10)) == [again]

    @runs_to_end
    async def test_unpark_happens_before_park(self, site: StoreSite) -> None:
        async with parking(site, [make_parked(1)]) as store:
            await store.commit(LaneCommit(lane=LANE, unpark=["delivery-1"], park=[make_parked(1, due_ms=7)]))
            assert [row.due_ms for row in await store.parked(LANE, limit=10)] == [7]

    @runs_to_end
    async def test_keys_with_parked_rows_are_counted(self, site: StoreSite) -> None:
        rows = [make_parked(1, key="a"), make_parked(2, key="b"), make_parked(3, key="a")]
        async with parking(site, rows) as store:
            assert (await store.open_lane(LANE, {})).parked_keys == {"a": 2, "b": 1}

    @runs_to_end
    async def test_row_behind_waits_for_earlier_ones_of_its_key(self, site: StoreSite) -> None:
        rows = [make_parked(3, behind=True), make_parked(1, due_ms=500), make_parked(2, behind=True)]
        async with parking(site, rows) as store:
            assert list(await store.due(LANE, now_ms=499, limit=10)) == []
            assert positions(await store.due(LANE, now_ms=500, limit=10)) == [1]

    @runs_to_end
    async def test_row_behind_comes_when_the_earlier_one_is_gone(self, site: StoreSite) -> None:
        rows = [make_parked(1), make_parked(2, behind=True), make_parked(3, behind=True)]
        async with parking(site, rows) as store:
            await store.commit(LaneCommit(lane=LANE, unpark=["delivery-1"]))
            assert positions(await store.due(LANE, now_ms=10, limit=10)) == [2]

    @runs_to_end
    async def test_row_behind_waits_again_when_an_earlier_one_is_parked(self, site: StoreSite) -> None:
        async with parking(site, [make_parked(5, behind=True)]) as store:
            assert positions(await store.due(LANE, now_ms=10, limit=10)) == [5]
            await store.commit(LaneCommit(lane=LANE, park=[make_parked(2, due_ms=99)]))
            assert list(await store.due(LANE, now_ms=10, limit=10)) == []

    @runs_to_end
    async def test_row_behind_does_not_wait_for_other_keys_or_partitions(self, site: StoreSite) -> None:
        rows = [
            make_parked(1, due_ms=500, key="a"),
            make_parked(2, key="b", behind=True),
            make_parked(3, key="a", partition=1, behind=True),
        ]
        async with parking(site, rows) as store:
            assert positions(await store.due(LANE, now_ms=10, limit=10)) == [2, 3]

    @runs_to_end
    async def test_row_that_is_not_behind_waits_for_nobody(self, site: StoreSite) -> None:
        async with parking(site, [make_parked(1, due_ms=500), make_parked(2)]) as store:
            assert positions(await store.due(LANE, now_ms=10, limit=10)) == [2]

    @runs_to_end
    async def test_deliveries_of_one_event_do_not_wait_for_each_other(self, site: StoreSite) -> None:
        rows = [make_parked(1, behind=True, name=name) for name in ("x", "y")]
        async with parking(site, rows) as store:
            assert [row.delivery_id for row in await store.due(LANE, now_ms=10, limit=10)] == ["x", "y"]

    @runs_to_end
    async def test_next_due_is_none_when_nothing_is_parked(self, site: StoreSite) -> None:
        async with parking(site, []) as store:
            assert await store.next_due(LANE) is None

    @runs_to_end
    async def test_next_due_leaves_out_rows_that_wait_behind(self, site: StoreSite) -> None:
        async with parking(site, [make_parked(1, due_ms=700), make_parked(2, due_ms=5, behind=True)]) as store:
            assert await store.next_due(LANE) == 700
            await store.commit(LaneCommit(lane=LANE, unpark=["delivery-1"]))
            assert await store.next_due(LANE) == 5


class AdmissionPromises:
    """What the process loop, and lanes that read behind it, rely on."""

    @runs_to_end
    async def test_admission_begins_without_cursors(self, site: StoreSite) -> None:
        async with opened(site) as store:
            assert await store.open_admission() == {}

    @runs_to_end
    async def test_admission_goes_on_where_it_was(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.open_admission()
            await store.commit_admission(AdmissionCommit(cursors={0: 5, 2: 1}))
            await store.commit_admission(AdmissionCommit(cursors={2: 4}))
            assert await store.open_admission() == {0: 5, 2: 4}

    @runs_to_end
    async def test_lanes_see_exclusions_from_the_first_to_before_the_end(self, site: StoreSite) -> None:
        excluded = [make_exclusion(number) for number in range(6)]
        elsewhere = make_exclusion(3, partition=1)
        async with opened(site) as store:
            await store.commit_admission(AdmissionCommit(cursors={0: 10, 1: 10}, exclusions=[*excluded, elsewhere]))
            found = await store.admission({0: 2, 1: 0}, {0: 4, 1: 3})
        assert found.cursors == {0: 10, 1: 10}
        assert found.exclusions == {each.position: each for each in excluded[2:4]}

    @runs_to_end
    async def test_exclusions_are_listed_newest_first(self, site: StoreSite) -> None:
        async with opened(site) as store:
            for number in (2, 0, 1):
                exclusion = make_exclusion(number, at_ms=number * 10)
                await store.commit_admission(AdmissionCommit(cursors={0: number}, exclusions=[exclusion]))
            assert positions(await store.exclusions(limit=2)) == [2, 1]

    @runs_to_end
    async def test_replayed_exclusion_says_when_and_stays_an_exclusion(self, site: StoreSite) -> None:
        excluded = [make_exclusion(0), make_exclusion(1)]
        async with opened(site) as store:
            await store.commit_admission(AdmissionCommit(cursors={0: 2}, exclusions=excluded))
            await store.mark_replayed(excluded[:1], now_ms=77)
            listed = {one.position.offset: one.replayed_ms for one in await store.exclusions(limit=10)}
            found = await store.admission({0: 0}, {0: 2})
        assert listed == {0: 77, 1: 0}
        assert len(found.exclusions) == 2

    @runs_to_end
    async def test_exclusions_are_listed_by_fate(self, site: StoreSite) -> None:
        excluded = [make_exclusion(1, fate=Fate.REJECTED), make_exclusion(2, fate=Fate.SUPPRESSED)]
        async with opened(site) as store:
            await store.commit_admission(AdmissionCommit(cursors={0: 3}, exclusions=excluded))
            assert positions(await store.exclusions(fate=Fate.REJECTED, limit=10)) == [1]

    @runs_to_end
    async def test_repeated_step_keeps_one_exclusion_a_place(self, site: StoreSite) -> None:
        change = AdmissionCommit(cursors={0: 1}, exclusions=[make_exclusion(0)])
        async with opened(site) as store:
            await store.commit_admission(change)
            await store.commit_admission(change)
            assert list(await store.exclusions(limit=10)) == list(change.exclusions)

    @runs_to_end
    async def test_admission_is_listed_among_the_lanes(self, site: StoreSite) -> None:
        suppressed = Count(Fate.SUPPRESSED, "duplicate")
        async with opened(site) as store:
            await store.open_lane(LANE, {0: 0})
            await store.commit_admission(AdmissionCommit(cursors={0: 3}, counts={DELIVERED: 2, suppressed: 1}))
            lanes = await store.lanes()
        assert set(lanes) == {LANE, "admission"}
        assert lanes["admission"].counts == {DELIVERED: 2, suppressed: 1}
        assert adds_up(lanes["admission"])


class DedupPromises:
    """What deduplication promises."""

    @runs_to_end
    async def test_fingerprint_is_seen_once_it_is_committed(self, site: StoreSite) -> None:
        known, unknown = fingerprints(range(100)), fingerprints(range(100, 200))
        async with opened(site) as store:
            await store.open_admission()
            assert await store.seen(known) == set()
            await store.commit_admission(AdmissionCommit(cursors={}, seen=known, at_ms=1))
            assert await store.seen([*unknown, *known]) == set(known)

    @runs_to_end
    async def test_asking_does_not_make_it_seen(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.open_admission()
            await store.seen(fingerprints([1]))
            assert await store.seen(fingerprints([1])) == set()

    @runs_to_end
    async def test_fingerprint_is_seen_until_the_window_ends(self, site: StoreSite) -> None:
        async with opened(site, DedupSettings(window_hours=24)) as store:
            await store.open_admission()
            for hour in range(25):
                await store.commit_admission(
                    AdmissionCommit(cursors={}, seen=fingerprints([hour]), at_ms=hour * HOUR_MS)
                )
            assert await store.seen(fingerprints(range(25))) == set(fingerprints(range(25)))

    @runs_to_end
    async def test_fingerprint_is_forgotten_long_after_the_window(self, site: StoreSite) -> None:
        async with opened(site, DedupSettings(window_hours=24)) as store:
            await store.open_admission()
            for hour in range(0, 72, 3):
                await store.commit_admission(
                    AdmissionCommit(cursors={}, seen=fingerprints([hour]), at_ms=hour * HOUR_MS)
                )
            assert await store.seen(fingerprints(range(24))) == set()

    @runs_to_end
    async def test_oldest_fingerprints_go_when_there_are_too_many(self, site: StoreSite) -> None:
        async with opened(site, DedupSettings(max_ids=1000)) as store:
            await store.open_admission()
            for start in range(0, 5000, 100):
                await store.commit_admission(
                    AdmissionCommit(cursors={}, seen=fingerprints(range(start, start + 100)), at_ms=start)
                )
            assert await store.seen(fingerprints(range(4000))) == set()
            assert await store.seen(fingerprints(range(4500, 5000))) == set(fingerprints(range(4500, 5000)))


class StoreSuite(
    LanePromises,
    RetryPromises,
    DeadLetterPromises,
    AdmissionPromises,
    DedupPromises,
    ThrottlePromises,
    RoutePromises,
    LeasePromises,
):
    """The promises of every store."""

    @pytest.fixture
    def site(self) -> StoreSite:
        """Supplied by the driver's test module."""
        raise NotImplementedError
