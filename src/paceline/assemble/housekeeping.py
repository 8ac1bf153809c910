"""Lets go of what is old and what nobody needs any more, and keeps what dead letters need."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import islice

import msgspec

from paceline.model.record import Cursors, Position
from paceline.model.settings import LetterRetention
from paceline.observe.facts import KeptEventsDropped
from paceline.observe.telemetry import Telemetry
from paceline.ports.bus import Bus, ExpiringBus, TrimmedBus
from paceline.ports.clock import Clock
from paceline.ports.kept import KeptEvents
from paceline.ports.store import LetterPlaces, Store, TrimmedStore
from paceline.runtime.process import CANONICAL_TOPIC, EVENTS_TOPIC

DAY_MS = 24 * 3_600_000
COPIED_AT_ONCE = 500


class House(msgspec.Struct, frozen=True, kw_only=True):
    """What housekeeping works on. `retention` is that of dead letters; a bus has its own."""

    bus: Bus
    store: Store
    kept: KeptEvents
    clock: Clock
    telemetry: Telemetry
    retention: LetterRetention


def housekeeping(house: House) -> Callable[[], Awaitable[None]]:
    """What a worker does once a minute for drivers that do not keep house themselves.

    The log loses what is beyond its retention and before what any lane or retry needs; before that, events of open dead
    letters and in quarantine are copied to `kept`. The store loses dead letters and quarantined events beyond their own
    retention, and exclusions whose events are gone from the log; copies that nobody needs any more go with them.
    """

    async def keep_house() -> None:
        bus, store = house.bus, house.store
        if not isinstance(bus, TrimmedBus) or not isinstance(store, TrimmedStore):
            return
        needed = await store.needed_from()
        for topic in (EVENTS_TOPIC, CANONICAL_TOPIC):
            if isinstance(bus, ExpiringBus) and isinstance(store, LetterPlaces):
                await _trim(bus, store, house.kept, topic, needed)
            else:
                await bus.trim(topic, needed)
        ends = await house.bus.ends(EVENTS_TOPIC)
        await store.trim(
            dead_before_ms=house.clock.now_ms() - int(house.retention.dead_letters_days * DAY_MS),
            exclusions_before={partition: end.first for partition, end in ends.items()},
        )
        if isinstance(store, LetterPlaces):
            await _tidy(store, house)

    return keep_house


async def _trim(bus: ExpiringBus, store: LetterPlaces, kept: KeptEvents, topic: str, needed: Cursors) -> None:
    """Step by step: copy what letters need of what is to go next, then let that go."""
    while expiring := await bus.expiring(topic, needed):
        ends = await bus.ends(topic)
        places = await store.letters_between({partition: ends[partition].first for partition in expiring}, expiring)
        for first in range(0, len(places), COPIED_AT_ONCE):
            records = await bus.fetch(topic, places[first : first + COPIED_AT_ONCE])
            await kept.keep(
                topic, {position: one for position, one in records.items() if _has_event(topic, one.verdict)}
            )
        trimmed = await bus.trim(topic, expiring)
        if trimmed is None or not trimmed.records:
            return


def _has_event(topic: str, verdict: object) -> bool:
    """A canonical record of an event that nobody may have says only that; the event is in the other topic."""
    return topic == EVENTS_TOPIC or verdict is None


async def _tidy(store: LetterPlaces, house: House) -> None:
    """Forget copies that nobody needs, and the oldest ones where they are too many."""
    places = await house.kept.places()
    if not places:
        return
    needed = await store.still_needed(places)
    await house.kept.forget([position for position in places if position not in needed])
    left: list[Position] = [position for position in places if position in needed]
    dropped = 0
    while left and (await house.kept.kept_bytes()).total_bytes > house.retention.dead_letters_max_bytes:
        some = list(islice(left, max(1, len(left) // 10)))
        await house.kept.forget(some)
        dropped += len(some)
        left = left[len(some) :]
    if dropped:
        house.telemetry.record(KeptEventsDropped(events=dropped, max_bytes=house.retention.dead_letters_max_bytes))
