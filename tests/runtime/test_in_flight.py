"""The bound on deliveries in flight."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from paceline.runtime.deliver.in_flight import InFlight


@given(most=st.integers(1, 20), wishes=st.lists(st.integers(1, 20), max_size=40))
def test_never_more_are_out_than_the_bound_and_everybody_gets_a_turn(most: int, wishes: list[int]):
    out = 0
    highest = 0
    order: list[int] = []

    async def use(bound: InFlight, index: int, number: int) -> None:
        nonlocal out, highest
        await bound.take(number)
        order.append(index)
        out += number
        highest = max(highest, out)
        await asyncio.sleep(0)
        out -= number
        bound.give_back(number)

    async def story() -> None:
        bound = InFlight(most)
        await asyncio.gather(*(use(bound, index, min(number, most)) for index, number in enumerate(wishes)))

    asyncio.run(story())
    assert highest <= most
    assert order == list(range(len(wishes)))


def test_who_gives_up_waiting_takes_nothing():
    async def story() -> None:
        bound = InFlight(1)
        await bound.take(1)
        waiting = asyncio.create_task(bound.take(1))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        bound.give_back(1)
        await asyncio.wait_for(bound.take(1), 1)

    asyncio.run(story())
