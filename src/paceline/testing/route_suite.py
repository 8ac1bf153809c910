"""What every store must keep of routes: a part of `StoreSuite`."""

from __future__ import annotations

import msgspec

from paceline.lifecycle.parity import Difference
from paceline.lifecycle.route_book import RouteBook
from paceline.lifecycle.route_evidence import Evidence, judge
from paceline.model.route import ReadyWhen
from paceline.ports.routes import RouteChange, RouteState
from paceline.testing.coroutines import runs_to_end
from paceline.testing.store_samples import StoreSite, opened

NOW_MS = 1_700_000_000_000


def make_state(integration: str, *, events: int = 3) -> RouteState:
    """A route with evidence and one change."""
    book = RouteBook(Evidence(step=0, since_ms=NOW_MS, fingerprint="f"), ReadyWhen())
    for number in range(events):
        now_ms = NOW_MS + number
        book.compare([Difference("total", "49.99", "4999")], mapping="order.crm", now_ms=now_ms)
        book.settle(by_bus=True, failed=False, lag_ms=5.5, now_ms=now_ms)
    evidence = book.evidence(now_ms=NOW_MS + events)
    change = RouteChange(
        at_ms=NOW_MS,
        before="direct",
        after="shadow",
        who="ada",
        why="the adapter is there",
        judgement=judge(evidence, ReadyWhen(), now_ms=NOW_MS + events),
    )
    return RouteState(integration=integration, toggle="crm_route", step="shadow", evidence=evidence, changes=(change,))


class RoutePromises:
    """What a lane with a toggle relies on."""

    @runs_to_end
    async def test_route_that_was_never_kept_is_not_there(self, site: StoreSite) -> None:
        async with opened(site) as store:
            assert await store.route_states() == {}

    @runs_to_end
    async def test_routes_come_back_as_they_were_by_integration(self, site: StoreSite) -> None:
        first, second = make_state("crm"), make_state("ads", events=1)
        async with opened(site) as store:
            await store.save_route_state(first)
            await store.save_route_state(second)
            assert await store.route_states() == {"crm": first, "ads": second}

    @runs_to_end
    async def test_route_takes_the_place_of_what_was_kept_of_it(self, site: StoreSite) -> None:
        changed = msgspec.structs.replace(make_state("crm"), step="bus")
        async with opened(site) as store:
            await store.save_route_state(make_state("crm"))
            await store.save_route_state(changed)
            assert await store.route_states() == {"crm": changed}
