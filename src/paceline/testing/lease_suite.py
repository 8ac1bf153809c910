"""What every store must keep of leases: a part of `StoreSuite`."""

from __future__ import annotations

import asyncio

import pytest

from paceline.errors import FencedError
from paceline.ports.store import AdmissionCommit, LaneCommit
from paceline.testing.coroutines import runs_to_end
from paceline.testing.store_samples import DELIVERED, LANE, StoreSite, opened

NOW_MS = 1_700_000_000_000
TTL_MS = 10_000
NAMES = ("admission", "a", "b", "c", "d")


class LeasePromises:
    """What several workers of one workspace rely on."""

    @runs_to_end
    async def test_only_worker_holds_everything(self, site: StoreSite) -> None:
        async with opened(site) as store:
            holding = await store.hold("w1", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS)
        assert (set(holding.leases), list(holding.surplus)) == (set(NAMES), [])

    @runs_to_end
    async def test_renewed_lease_keeps_its_epoch(self, site: StoreSite) -> None:
        async with opened(site) as store:
            first = await store.hold("w1", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS)
            assert await store.hold("w1", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS + 9000) == first

    @runs_to_end
    async def test_worker_that_comes_gets_its_share_when_the_other_lets_go(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.hold("w1", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS)
            assert not (await store.hold("w2", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS)).leases
            surplus = (await store.hold("w1", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS)).surplus
            await store.let_go("w1", surplus)
            first = await store.hold("w1", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS)
            second = await store.hold("w2", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS)
        assert len(surplus) == len(second.leases) == 2
        assert set(first.leases) | set(second.leases) == set(NAMES)
        assert not set(first.leases) & set(second.leases)

    @runs_to_end
    async def test_leases_of_a_silent_worker_are_free_after_their_time_and_not_before(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.hold("w1", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS)
            early = await store.hold("w2", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS + TTL_MS - 1)
            late = await store.hold("w2", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS + TTL_MS + 1)
        assert (len(early.leases), set(late.leases)) == (0, set(NAMES))

    @runs_to_end
    async def test_leases_of_a_worker_that_leaves_are_free_at_once(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.hold("w1", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS)
            await store.leave("w1")
            assert set((await store.hold("w2", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS)).leases) == set(NAMES)

    @runs_to_end
    async def test_worker_cannot_let_go_of_anothers_lease(self, site: StoreSite) -> None:
        async with opened(site) as store:
            before = await store.hold("w1", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS)
            await store.let_go("w2", NAMES)
            assert await store.hold("w1", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS) == before

    @runs_to_end
    async def test_lease_of_an_integration_that_is_gone_is_let_go(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.hold("w1", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS)
            await store.hold("w1", NAMES[:2], ttl_ms=TTL_MS, now_ms=NOW_MS)
            holding = await store.hold("w2", ("d",), ttl_ms=TTL_MS, now_ms=NOW_MS)
        assert set(holding.leases) == {"d"}

    @runs_to_end
    async def test_workers_that_begin_at_the_same_time_never_hold_the_same(self, site: StoreSite) -> None:
        async with opened(site) as store:
            holdings = await asyncio.gather(
                *(store.hold(f"w{number}", NAMES, ttl_ms=TTL_MS, now_ms=NOW_MS) for number in range(4))
            )
        held = [name for holding in holdings for name in holding.leases]
        assert len(held) == len(set(held))

    @runs_to_end
    async def test_commit_under_a_lease_that_went_to_another_worker_writes_nothing(self, site: StoreSite) -> None:
        async with opened(site) as store:
            names = ("admission", LANE)
            old = await store.hold("w1", names, ttl_ms=TTL_MS, now_ms=NOW_MS)
            await store.open_lane(LANE, {0: 0})
            await store.hold("w2", names, ttl_ms=TTL_MS, now_ms=NOW_MS + 2 * TTL_MS)
            before = await store.lanes()
            late = LaneCommit(lane=LANE, cursors={0: 3}, counts={DELIVERED: 3}, epoch=old.leases[LANE])
            with pytest.raises(FencedError):
                await store.commit(late)
            with pytest.raises(FencedError):
                await store.commit_admission(AdmissionCommit(cursors={0: 3}, epoch=old.leases["admission"]))
            assert await store.lanes() == before

    @runs_to_end
    async def test_commit_under_the_lease_is_written(self, site: StoreSite) -> None:
        async with opened(site) as store:
            lease = (await store.hold("w1", (LANE,), ttl_ms=TTL_MS, now_ms=NOW_MS)).leases[LANE]
            await store.open_lane(LANE, {0: 0})
            await store.commit(LaneCommit(lane=LANE, cursors={0: 3}, counts={DELIVERED: 3}, epoch=lease))
            assert (await store.lanes())[LANE].cursors == {0: 3}
