"""`paceline` with a fault built in: the worker records deliveries as made while it is still going to make them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from paceline.cli.main import main
from paceline.model.delivery import Delivery, Outcome, OutcomeClass
from paceline.runtime.deliver.dispatch import Dispatcher, Held, Tried

LATER_SECS = 0.2
send = Dispatcher.send
later: set[asyncio.Task[None]] = set()


async def send_later(self: Dispatcher, deliveries: Sequence[Delivery]) -> list[Tried | Held]:
    async def deliver() -> None:
        await asyncio.sleep(LATER_SECS)
        await send(self, deliveries)

    later.add(asyncio.create_task(deliver()))
    return [Tried(delivery, Outcome(outcome_class=OutcomeClass.OK)) for delivery in deliveries]


Dispatcher.send = send_later  # type: ignore[method-assign]
main()
