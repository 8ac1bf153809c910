"""`paceline` with a fault built in: the bus says that records are stored while it is still going to store them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from paceline.cli.main import main
from paceline.drivers.bus.sqlite import SqliteBus
from paceline.model.record import Position, Record

LATER_SECS = 0.2
append = SqliteBus.append
later: set[asyncio.Task[None]] = set()


async def append_later(self: SqliteBus, topic: str, records: Sequence[Record]) -> Sequence[Position]:
    async def store() -> None:
        await asyncio.sleep(LATER_SECS)
        await append(self, topic, records)

    later.add(asyncio.create_task(store()))
    return [Position(0, 0) for _ in records]


SqliteBus.append = append_later  # type: ignore[method-assign]
main()
