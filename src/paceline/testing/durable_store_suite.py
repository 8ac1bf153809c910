"""What a store must keep beyond `StoreSuite` when it outlives its processes.

It starts child processes and kills them.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Protocol

import pytest

from paceline.ports.store import AdmissionCommit, DeadLetterFilter, LaneCommit
from paceline.runtime.children import Child, module
from paceline.testing.coroutines import runs_to_end
from paceline.testing.openers import Opener
from paceline.testing.store_committer import ADMISSION, LANES, make_fingerprint
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
    positions,
    replay_all,
)
from paceline.testing.store_suite import StoreSuite

KILLS = 10
_PATIENCE_SECS = 20.0


class DurableStoreSite(StoreSite, Protocol):
    """A place that outlives a process."""

    def opener(self) -> Opener:
        """How another process opens the same store."""


class DurableStoreSuite(StoreSuite):
    """The further promises of a store that outlives its processes."""

    @pytest.fixture
    def site(self) -> DurableStoreSite:
        """Supplied by the driver's test module."""
        raise NotImplementedError

    @runs_to_end
    async def test_everything_survives_reopening(self, site: DurableStoreSite) -> None:
        rows, letter, exclusion = [make_parked(1), make_parked(2, behind=True)], make_letter(3), make_exclusion(4)
        async with opened(site) as store:
            await store.open_lane(LANE, {0: 0})
            await store.commit(
                LaneCommit(lane=LANE, cursors={0: 4}, counts={DELIVERED: 1, PARKED: 2}, park=rows, dead=[letter])
            )
            await store.commit_admission(AdmissionCommit(cursors={0: 5}, exclusions=[exclusion]))
            before = await store.lanes()
        async with opened(site) as store:
            assert await store.lanes() == before
            assert positions(await store.due(LANE, now_ms=10, limit=10)) == [1]
            assert list(await store.dead_letters(DeadLetterFilter())) == [letter]
            assert list(await store.exclusions(limit=10)) == [exclusion]
            assert await store.open_admission() == {0: 5}

    @runs_to_end
    async def test_pauses_and_turns_survive_reopening(self, site: DurableStoreSite) -> None:
        async with opened(site) as store:
            await store.pause("a:1", until_ms=5000)
            await store.take_turns("a:1", turns=10, interval_ms=100.0, slack_ms=0.0, now_ms=1000)
        async with opened(site) as store:
            turns = await store.take_turns("a:1", turns=1, interval_ms=100.0, slack_ms=0.0, now_ms=1000)
            assert (turns.first_ms, turns.paused_until_ms, await store.paused_until("a:1")) == (2000, 5000, 5000)

    @runs_to_end
    async def test_fingerprints_are_seen_after_a_restart(self, site: DurableStoreSite) -> None:
        async with opened(site) as store:
            for start in range(0, 300, 30):
                await store.commit_admission(
                    AdmissionCommit(cursors={}, seen=fingerprints(range(start, start + 30)), at_ms=start)
                )
        async with opened(site) as store:
            await store.open_admission()
            assert await store.seen(fingerprints(range(400))) == set(fingerprints(range(300)))

    @runs_to_end
    async def test_forgotten_fingerprints_stay_forgotten_after_a_restart(self, site: DurableStoreSite) -> None:
        async with opened(site) as store:
            for hour in range(0, 72, 3):
                await store.commit_admission(
                    AdmissionCommit(cursors={}, seen=fingerprints([hour]), at_ms=hour * HOUR_MS)
                )
        async with opened(site) as store:
            await store.open_admission()
            assert await store.seen(fingerprints(range(24))) == set()

    @runs_to_end
    async def test_replay_by_another_process_reaches_the_lane(self, site: DurableStoreSite) -> None:
        async with opened(site) as worker, opened(site) as command:
            await worker.open_lane(LANE, {0: 0})
            await worker.commit(LaneCommit(lane=LANE, counts={DEAD: 1}, dead=[make_letter(1)]))
            await replay_all(command, now_ms=5)
            assert positions(await worker.due(LANE, now_ms=5, limit=10)) == [1]
            await worker.commit(LaneCommit(lane=LANE, counts={PARKED: -1, DELIVERED: 1}, unpark=["delivery-1"]))
            assert (await command.lanes())[LANE].counts == {DELIVERED: 1}

    def test_every_step_happened_wholly_or_not_when_the_process_is_killed(
        self, site: DurableStoreSite, tmp_path: Path
    ) -> None:
        argv = module("paceline.testing.store_committer", site.opener().as_argument())
        for kill in range(KILLS):
            with Child.start(argv, log=tmp_path / f"kill{kill}.log") as child:
                _wait_for_lines(child, 6 + kill)
                child.kill()
                reached = {line["lane"]: line["cursor"] for line in child.log_lines()}
            asyncio.run(self._check_steps(site, reached))

    @staticmethod
    async def _check_steps(site: DurableStoreSite, reached: dict[str, int]) -> None:
        async with opened(site) as store:
            lanes = await store.lanes()
            for lane, cursor in reached.items():
                assert lanes[lane].cursors.get(0, 0) >= cursor, "an acknowledged step is lost"
            assert all(adds_up(state) for state in lanes.values()), "a cursor moved without its count"
            for lane in LANES:
                rows = await store.parked(lane, limit=10**6)
                assert len(rows) == lanes[lane].counts.get(PARKED, 0), "a row was parked without its count"
            cursor = (await store.open_admission()).get(0, 0)
            assert cursor == lanes[ADMISSION].cursors.get(0, 0)
            steps = [make_fingerprint(number) for number in range(1, cursor + 3)]
            assert await store.seen(steps) == set(steps[:cursor]), "a cursor moved without its fingerprints"


def _wait_for_lines(child: Child, count: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECS
    while len(child.log_lines()) < count:
        assert time.monotonic() < deadline, "the child commits nothing"
        time.sleep(0.005)
