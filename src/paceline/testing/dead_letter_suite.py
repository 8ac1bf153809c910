"""What every store driver must keep for deliveries that were given up on, and for sending them again.

Part of `StoreSuite`. Needs pytest, and no plugin.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from paceline.errors import FencedError
from paceline.model.delivery import DeadLetterClass, Fate, LetterState
from paceline.model.mapping import FieldRule, MappingFile, MappingFrom, MappingTo
from paceline.ports.store import AdmissionCommit, Count, DeadLetterFilter, LaneCommit, ReplayStep, Store
from paceline.testing.coroutines import runs_to_end
from paceline.testing.store_samples import (
    DEAD,
    DELIVERED,
    LANE,
    PARKED,
    StoreSite,
    adds_up,
    make_exclusion,
    make_job,
    make_letter,
    make_parked,
    opened,
    positions,
    replay_all,
)

EVERY_STATE = DeadLetterFilter(state=None)
OF_LANE = DeadLetterFilter(lane=LANE)


class LetterPromises:
    """What dead letters promise to those who look for them."""

    @runs_to_end
    async def test_dead_letters_come_back_as_they_were_newest_first(self, site: StoreSite) -> None:
        letters = [make_letter(number) for number in range(3)]
        async with opened(site) as store:
            for letter in letters:
                await store.commit(LaneCommit(lane=LANE, dead=[letter]))
            assert list(await store.dead_letters(DeadLetterFilter())) == letters[::-1]
            assert list(await store.dead_letters(DeadLetterFilter(limit=1))) == letters[2:]

    @pytest.mark.parametrize(
        ("which", "found"),
        [
            (DeadLetterFilter(lane="a"), [3, 1]),
            (DeadLetterFilter(letter_class="mapping"), [3, 2]),
            (DeadLetterFilter(lane="a", letter_class="mapping"), [3]),
            (DeadLetterFilter(delivery_ids=["delivery-2", "delivery-1", "other"]), [2, 1]),
            (DeadLetterFilter(delivery_ids=[]), []),
            (DeadLetterFilter(lane="nobody"), []),
            (DeadLetterFilter(status=503), [2]),
            (DeadLetterFilter(source="app"), [3]),
            (DeadLetterFilter(event_name="track:Order Completed"), [3, 2, 1]),
            (DeadLetterFilter(event_name="track:Other"), []),
            (DeadLetterFilter(since_ms=2, until_ms=3), [2]),
            (DeadLetterFilter(replay_job="job-7"), [2]),
            (DeadLetterFilter(not_replay_job="job-7"), [3, 1]),
            (DeadLetterFilter(state=LetterState.DISCARDED), []),
        ],
    )
    @runs_to_end
    async def test_every_condition_of_a_filter_must_hold(
        self, site: StoreSite, which: DeadLetterFilter, found: list[int]
    ) -> None:
        letters = [
            make_letter(1, lane="a"),
            make_letter(2, lane="b", letter_class=DeadLetterClass.MAPPING, status=503, replay_job="job-7"),
            make_letter(3, lane="a", letter_class=DeadLetterClass.MAPPING, source="app"),
        ]
        async with opened(site) as store:
            for letter in letters:
                await store.commit(LaneCommit(lane=letter.lane, dead=[letter]))
            assert positions(await store.dead_letters(which)) == found

    @runs_to_end
    async def test_pages_follow_each_other(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.commit(LaneCommit(lane=LANE, dead=[make_letter(number) for number in range(5)]))
            first = await store.dead_letters(DeadLetterFilter(limit=2))
            second = await store.dead_letters(DeadLetterFilter(limit=2, before=first[-1]))
            third = await store.dead_letters(DeadLetterFilter(limit=2, before=second[-1]))
        assert [positions(page) for page in (first, second, third)] == [[4, 3], [2, 1], [0]]

    @runs_to_end
    async def test_page_goes_on_behind_a_letter_that_was_sent_again_meanwhile(self, site: StoreSite) -> None:
        async with burying(site, 4) as store:
            first = await store.dead_letters(DeadLetterFilter(limit=2))
            await store.replay(ReplayStep(job=make_job(), letters=first))
            assert positions(await store.dead_letters(DeadLetterFilter(before=first[-1]))) == [1, 0]

    @runs_to_end
    async def test_discarded_letter_keeps_its_reason_and_is_not_open(self, site: StoreSite) -> None:
        async with burying(site, 2) as store:
            letters = await store.dead_letters(DeadLetterFilter(delivery_ids=["delivery-1"]))
            assert await store.discard(letters, note="test data") == 1
            assert positions(await store.dead_letters(DeadLetterFilter())) == [0]
            (discarded,) = await store.dead_letters(DeadLetterFilter(state=LetterState.DISCARDED))
        assert (discarded.delivery_id, discarded.note) == ("delivery-1", "test data")

    @runs_to_end
    async def test_discarding_moves_counts_from_dead_to_suppressed_once(self, site: StoreSite) -> None:
        async with burying(site, 3) as store:
            letters = await store.dead_letters(DeadLetterFilter(limit=2))
            assert await store.discard(letters, note="no") == 2
            assert await store.discard(letters, note="no") == 0
            counts = (await store.open_lane(LANE, {})).counts
        assert counts == {DEAD: 1, Count(Fate.SUPPRESSED, "discarded"): 2}

    @runs_to_end
    async def test_discarded_letter_is_not_sent_again(self, site: StoreSite) -> None:
        async with burying(site, 1) as store:
            letters = await store.dead_letters(DeadLetterFilter())
            await store.discard(letters, note="no")
            assert (await store.replay(ReplayStep(job=make_job(), letters=letters))).moved == 0
            assert list(await store.parked(LANE, limit=10)) == []


class ReplayPromises:
    """What sending again promises."""

    @runs_to_end
    async def test_replay_parks_the_delivery_due_now_under_its_id(self, site: StoreSite) -> None:
        letter = make_letter(7)
        async with opened(site) as store:
            await store.open_lane(LANE, {0: 0})
            await store.commit(LaneCommit(lane=LANE, counts={DEAD: 1}, dead=[letter]))
            assert await replay_all(store, now_ms=1234) == 1
            (row,) = await store.due(LANE, now_ms=1234, limit=10)
        assert (row.delivery_id, row.position, row.key, row.mapping) == (
            letter.delivery_id,
            letter.position,
            letter.key,
            letter.mapping,
        )
        assert (row.attempts, row.first_failed_ms, row.behind, row.replay_job) == (0, 1234, False, "job-1")
        assert row.history == letter.history

    @runs_to_end
    async def test_replay_moves_counts_from_dead_to_parked(self, site: StoreSite) -> None:
        mapping = Count(Fate.DEAD, DeadLetterClass.MAPPING)
        letters = [make_letter(1), make_letter(2, letter_class=DeadLetterClass.MAPPING), make_letter(3)]
        async with opened(site) as store:
            await store.open_lane(LANE, {0: 0})
            await store.commit(LaneCommit(lane=LANE, counts={DEAD: 2, mapping: 1}, dead=letters))
            await replay_all(store, DeadLetterFilter(delivery_ids=["delivery-1", "delivery-2"]))
            counts = (await store.open_lane(LANE, {})).counts
        assert counts == {DEAD: 1, PARKED: 2}

    @runs_to_end
    async def test_replay_takes_only_the_letters_it_is_given(self, site: StoreSite) -> None:
        async with burying(site, 4) as store:
            assert await replay_all(store, DeadLetterFilter(limit=3)) == 3
            assert positions(await store.dead_letters(DeadLetterFilter())) == [0]

    @runs_to_end
    async def test_replaying_twice_moves_nothing_more(self, site: StoreSite) -> None:
        async with burying(site, 1) as store:
            letters = await store.dead_letters(DeadLetterFilter())
            job = await store.replay(ReplayStep(job=make_job(), letters=letters))
            assert (await store.replay(ReplayStep(job=job, letters=letters))).moved == 1
            assert (await store.open_lane(LANE, {})).counts == {PARKED: 1}

    @runs_to_end
    async def test_letter_tells_what_has_become_of_it(self, site: StoreSite) -> None:
        async with burying(site, 2) as store:
            await replay_all(store)
            await store.commit(LaneCommit(lane=LANE, counts={PARKED: -1, DELIVERED: 1}, unpark=["delivery-0"]))
            states = {one.delivery_id: one.state for one in await store.dead_letters(EVERY_STATE)}
            replaying = await store.dead_letters(DeadLetterFilter(state=LetterState.REPLAYING))
            resolved = await store.dead_letters(DeadLetterFilter(state=LetterState.RESOLVED, replay_job="job-1"))
        assert states == {"delivery-0": LetterState.RESOLVED, "delivery-1": LetterState.REPLAYING}
        assert (positions(replaying), positions(resolved)) == ([1], [0])

    @runs_to_end
    async def test_letter_may_die_again_after_a_replay(self, site: StoreSite) -> None:
        letter = make_letter(0, replay_job="job-1")
        async with burying(site, 1) as store:
            await replay_all(store)
            await store.commit(
                LaneCommit(lane=LANE, counts={PARKED: -1, DEAD: 1}, unpark=[letter.delivery_id], dead=[letter])
            )
            assert list(await store.dead_letters(DeadLetterFilter())) == [letter]
            assert list(await store.dead_letters(DeadLetterFilter(not_replay_job="job-1"))) == []
            assert (await store.open_lane(LANE, {})).counts == {DEAD: 1}

    @runs_to_end
    async def test_letter_whose_event_became_an_exclusion_is_not_sent_again(self, site: StoreSite) -> None:
        async with burying(site, 2) as store:
            await store.commit_admission(AdmissionCommit(cursors={0: 2}, exclusions=[make_exclusion(1)]))
            job = await store.replay(ReplayStep(job=make_job(), letters=await store.dead_letters(DeadLetterFilter())))
            state = await store.open_lane(LANE, {})
            (resolved,) = await store.dead_letters(DeadLetterFilter(state=LetterState.RESOLVED))
        assert (job.moved, job.suppressed, resolved.delivery_id) == (1, 1, "delivery-1")
        assert state.counts == {PARKED: 1, Count(Fate.SUPPRESSED, "dedup"): 1}

    @runs_to_end
    async def test_replays_come_after_the_lanes_own_retries(self, site: StoreSite) -> None:
        async with burying(site, 2) as store:
            await replay_all(store, now_ms=1)
            await store.commit(LaneCommit(lane=LANE, counts={PARKED: 1}, park=[make_parked(9, due_ms=50)]))
            assert positions(await store.due(LANE, now_ms=60, limit=2)) == [9, 0]
            assert await store.next_due(LANE) == 1

    @runs_to_end
    async def test_replays_have_no_part_in_the_order_of_keys(self, site: StoreSite) -> None:
        async with burying(site, 1) as store:
            await replay_all(store)
            await store.commit(LaneCommit(lane=LANE, counts={PARKED: 1}, park=[make_parked(9, behind=True)]))
            assert positions(await store.due(LANE, now_ms=10, limit=5)) == [9, 0]
            assert (await store.open_lane(LANE, {})).parked_keys == {"user-1": 1}

    @runs_to_end
    async def test_job_says_what_its_steps_did_and_what_waits(self, site: StoreSite) -> None:
        async with burying(site, 5) as store:
            letters = await store.dead_letters(DeadLetterFilter())
            job = await store.replay(ReplayStep(job=make_job("one"), letters=letters[:2]))
            job = await store.replay(ReplayStep(job=job, letters=letters[2:]))
            await store.commit(LaneCommit(lane=LANE, counts={PARKED: -1, DELIVERED: 1}, unpark=["delivery-3"]))
            assert await store.replay_job("one") == job
            assert await store.replay_job("other") is None
            assert (job.moved, await store.replays_waiting("one"), await store.replays_waiting("other")) == (5, 4, 0)

    @runs_to_end
    async def test_second_one_that_carries_out_a_job_is_stopped(self, site: StoreSite) -> None:
        async with burying(site, 2) as store:
            letters = await store.dead_letters(DeadLetterFilter())
            await store.replay(ReplayStep(job=make_job(), letters=letters[:1]))
            with pytest.raises(FencedError, match="job-1"):
                await store.replay(ReplayStep(job=make_job(), letters=letters[1:]))
            assert (await store.open_lane(LANE, {})).counts == {PARKED: 1, DEAD: 1}

    @runs_to_end
    async def test_job_comes_back_as_it_was(self, site: StoreSite) -> None:
        mapping = MappingFile(
            mapping="a.b",
            version=2,
            from_=MappingFrom(event="A"),
            to=MappingTo(connector="b", action="c"),
            fields={"id": "$.userId", "total": FieldRule(value="$.properties.total", note="net")},
        )
        which = DeadLetterFilter(lane=LANE, delivery_ids=["x"], state=LetterState.OPEN, since_ms=5)
        async with opened(site) as store:
            older, newer = make_job("older", which=which, now_ms=1), make_job("newer", now_ms=2)
            await store.save_replay(older)
            await store.save_replay(newer)
            job = type(older)(
                id="older",
                by="somebody",
                started_ms=1,
                updated_ms=9,
                which=which,
                from_log=True,
                where="$.properties.total > 100",
                revision="HEAD~1",
                mappings=(mapping,),
                rate=2.5,
                cursors={0: 5},
                end={0: 9},
                gone=3,
                is_done=True,
            )
            await store.save_replay(job)
            assert list(await store.replay_jobs(limit=10)) == [newer, job]
            assert list(await store.replay_jobs(limit=1)) == [newer]


class LogReplayPromises:
    """What sending events of the log again promises."""

    @runs_to_end
    async def test_event_counts_once_more_and_the_ledger_adds_up(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.open_lane(LANE, {0: 0})
            await store.commit(LaneCommit(lane=LANE, cursors={0: 3}, counts={DELIVERED: 3}))
            rows = [make_parked(offset, replay_job="job-1") for offset in range(2)]
            job = await store.replay(ReplayStep(job=make_job(which=OF_LANE), events=rows))
            state = (await store.lanes())[LANE]
        assert (job.read_again, state.read_again, state.counts) == (2, 2, {DELIVERED: 3, PARKED: 2})
        assert adds_up(state)

    @runs_to_end
    async def test_event_that_waits_already_is_left_out(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.open_lane(LANE, {0: 0})
            waiting = make_parked(0, due_ms=77)
            await store.commit(LaneCommit(lane=LANE, cursors={0: 1}, counts={PARKED: 1}, park=[waiting]))
            step = ReplayStep(job=make_job(which=OF_LANE), events=[make_parked(0, replay_job="job-1")])
            assert (await store.replay(step)).left_out == 1
            assert list(await store.parked(LANE, limit=10)) == [waiting]
            assert adds_up((await store.lanes())[LANE])

    @runs_to_end
    async def test_event_that_the_lane_has_not_reached_is_left_out(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.open_lane(LANE, {0: 0})
            await store.commit(LaneCommit(lane=LANE, cursors={0: 1}, counts={DELIVERED: 1}))
            rows = [make_parked(offset, replay_job="job-1") for offset in (0, 1)]
            rows.append(make_parked(0, partition=1, name="elsewhere", replay_job="job-1"))
            job = await store.replay(ReplayStep(job=make_job(which=OF_LANE), events=rows))
        assert (job.read_again, job.left_out) == (1, 2)

    @runs_to_end
    async def test_event_that_is_a_dead_letter_counts_as_that_letter(self, site: StoreSite) -> None:
        async with burying(site, 1) as store:
            step = ReplayStep(job=make_job(which=OF_LANE), events=[make_parked(0, replay_job="job-1")])
            job = await store.replay(step)
            state = (await store.lanes())[LANE]
            assert list(await store.dead_letters(DeadLetterFilter())) == []
        assert (job.moved, job.read_again, state.read_again, state.counts) == (1, 0, 0, {PARKED: 1})

    @runs_to_end
    async def test_new_lane_takes_events_of_before_its_start(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.open_lane(LANE, {0: 9})
            rows = [make_parked(offset, replay_job="job-1") for offset in range(4)]
            await store.replay(ReplayStep(job=make_job(which=OF_LANE), events=rows))
            state = (await store.lanes())[LANE]
        assert (state.counts, state.read_again, adds_up(state)) == ({PARKED: 4}, 4, True)


class QuarantinePromises:
    """What quarantined events promise to those who repair contracts."""

    @runs_to_end
    async def test_discarded_exclusion_says_when_and_why_and_stays_an_exclusion(self, site: StoreSite) -> None:
        excluded = [make_exclusion(number, rule="contract:order_completed/1.0.0") for number in range(2)]
        async with opened(site) as store:
            await store.commit_admission(AdmissionCommit(cursors={0: 2}, exclusions=excluded))
            await store.mark_discarded(excluded[:1], now_ms=77, note="bots")
            listed = {one.position.offset: one for one in await store.exclusions(limit=10)}
            found = await store.admission({0: 0}, {0: 2})
        assert (listed[0].discarded_ms, listed[0].note, listed[0].waits_for_repair) == (77, "bots", False)
        assert listed[1].waits_for_repair
        assert len(found.exclusions) == 2


class DeadLetterPromises(LetterPromises, ReplayPromises, LogReplayPromises, QuarantinePromises):
    """All of them."""


@asynccontextmanager
async def burying(site: StoreSite, number: int) -> AsyncIterator[Store]:
    """A store whose lane has just given up on so many deliveries, one after the other."""
    async with opened(site) as store:
        await store.open_lane(LANE, {0: 0})
        for offset in range(number):
            letter = make_letter(offset)
            await store.commit(LaneCommit(lane=LANE, cursors={0: offset + 1}, counts={DEAD: 1}, dead=[letter]))
        yield store
