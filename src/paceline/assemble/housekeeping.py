"""Lets go of what is old and what nobody needs any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from paceline.drivers.bus.memory import MemoryBus
from paceline.drivers.bus.sqlite import SqliteBus
from paceline.drivers.store.memory import MemoryStore
from paceline.drivers.store.sqlite import SqliteStore
from paceline.ports.bus import Bus
from paceline.ports.clock import Clock
from paceline.ports.store import Store
from paceline.runtime.process import CANONICAL_TOPIC, EVENTS_TOPIC

DEAD_LETTER_DAYS = 30
DAY_MS = 24 * 3_600_000


def housekeeping(bus: Bus, store: Store, clock: Clock) -> Callable[[], Awaitable[None]]:
    """What a worker does once a minute for embedded drivers; other technologies keep house themselves.

    The log loses what is beyond its retention and before what any lane or retry needs; the store loses dead letters of
    more than 30 days and exclusions whose events are gone from the log.
    """

    async def keep_house() -> None:
        if isinstance(bus, SqliteBus | MemoryBus) and isinstance(store, SqliteStore | MemoryStore):
            needed = await store.needed_from()
            for topic in (EVENTS_TOPIC, CANONICAL_TOPIC):
                await bus.trim(topic, needed)
            ends = await bus.ends(EVENTS_TOPIC)
            await store.trim(
                dead_before_ms=clock.now_ms() - DEAD_LETTER_DAYS * DAY_MS,
                exclusions_before={partition: end.first for partition, end in ends.items()},
            )

    return keep_house
