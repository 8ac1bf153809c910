"""What every store must keep of the pauses and the pace of accounts: a part of `StoreSuite`."""

from __future__ import annotations

import asyncio

from paceline.ports.throttle import Turns
from paceline.testing.coroutines import runs_to_end
from paceline.testing.store_samples import StoreSite, opened

NOW_MS = 1_700_000_000_000


class ThrottlePromises:
    """What lanes of one account rely on."""

    @runs_to_end
    async def test_account_that_never_was_paused_is_not(self, site: StoreSite) -> None:
        async with opened(site) as store:
            assert await store.paused_until("a:1") == 0

    @runs_to_end
    async def test_pause_is_seen_with_the_next_turns(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.pause("a:1", until_ms=NOW_MS + 5000)
            turns = await store.take_turns("a:1", turns=1, interval_ms=10.0, slack_ms=0.0, now_ms=NOW_MS)
            assert (turns.paused_until_ms, await store.paused_until("a:1")) == (NOW_MS + 5000, NOW_MS + 5000)

    @runs_to_end
    async def test_shorter_pause_does_not_end_a_longer_one(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.pause("a:1", until_ms=NOW_MS + 5000)
            await store.pause("a:1", until_ms=NOW_MS + 1000)
            assert await store.paused_until("a:1") == NOW_MS + 5000

    @runs_to_end
    async def test_accounts_do_not_share_pauses_or_turns(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.pause("a:1", until_ms=NOW_MS + 5000)
            await store.take_turns("a:1", turns=100, interval_ms=10.0, slack_ms=0.0, now_ms=NOW_MS)
            turns = await store.take_turns("a:2", turns=1, interval_ms=10.0, slack_ms=0.0, now_ms=NOW_MS)
            assert turns == Turns(first_ms=NOW_MS, paused_until_ms=0)

    @runs_to_end
    async def test_turns_come_one_behind_another(self, site: StoreSite) -> None:
        async with opened(site) as store:
            firsts = [
                (await store.take_turns("a:1", turns=4, interval_ms=2.5, slack_ms=0.0, now_ms=NOW_MS)).first_ms
                for _ in range(3)
            ]
            assert firsts == [NOW_MS, NOW_MS + 10, NOW_MS + 20]

    @runs_to_end
    async def test_late_caller_keeps_its_pace_and_an_idle_one_gets_no_credit(self, site: StoreSite) -> None:
        async with opened(site) as store:
            await store.take_turns("a:1", turns=1, interval_ms=100.0, slack_ms=50.0, now_ms=NOW_MS)
            late = await store.take_turns("a:1", turns=1, interval_ms=100.0, slack_ms=50.0, now_ms=NOW_MS + 140)
            idle = await store.take_turns("a:1", turns=1, interval_ms=100.0, slack_ms=50.0, now_ms=NOW_MS + 9000)
            assert (late.first_ms, idle.first_ms) == (NOW_MS + 100, NOW_MS + 9000)

    @runs_to_end
    async def test_turns_taken_at_the_same_time_are_different_ones(self, site: StoreSite) -> None:
        async with opened(site) as store:
            taken = await asyncio.gather(
                *(store.take_turns("a:1", turns=1, interval_ms=1.0, slack_ms=0.0, now_ms=NOW_MS) for _ in range(50))
            )
            assert sorted(one.first_ms for one in taken) == [NOW_MS + number for number in range(50)]
