"""Gives dead letters up for good, because a person said so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from paceline.assemble.dead_letters import fetch_events, fetch_quarantined, quarantined
from paceline.assemble.opening import OpenWorkspace
from paceline.assemble.replay_condition import compile_condition
from paceline.assemble.replay_forecast import pages_of
from paceline.model.delivery import DeadLetter
from paceline.ports.bus import Bus
from paceline.ports.store import DeadLetterFilter, Exclusion, Store

STEP_LETTERS = 500


class Discardable(msgspec.Struct, frozen=True, kw_only=True):
    """What a discard would give up: letters of lanes, and events in quarantine."""

    letters: Sequence[DeadLetter]
    exclusions: Sequence[Exclusion]

    @property
    def number(self) -> int:
        """How many."""
        return len(self.letters) + len(self.exclusions)

    def by_class(self) -> dict[str, int]:
        """How many of each integration and class."""
        counted = Counter(f"{letter.lane}: {letter.letter_class}" for letter in self.letters)
        counted["contract"] += len(self.exclusions)
        return {name: number for name, number in sorted(counted.items()) if number}


async def find_discardable(
    opened: OpenWorkspace, bus: Bus, store: Store, which: DeadLetterFilter, where: str
) -> Discardable:
    """Open letters, and events in quarantine, that a filter and a condition name.

    A condition holds for no event that is no longer kept. Raises UsageError for one that cannot be used.
    """
    is_wanted = compile_condition(where)
    letters: list[DeadLetter] = []
    if which.letter_class != "contract":
        async for page in pages_of(store, which):
            records = await fetch_events(opened, bus, page) if where else {}
            letters += (
                one for one in page if not where or (one.position in records and is_wanted(records[one.position]))
            )
    exclusions = [one for one in await quarantined(store, which) if one.waits_for_repair]
    if where:
        events = await fetch_quarantined(bus, exclusions)
        exclusions = [one for one in exclusions if one.position in events and is_wanted(events[one.position])]
    return Discardable(letters=letters, exclusions=exclusions)


async def discard(store: Store, found: Discardable, *, note: str, now_ms: int) -> int:
    """Give these up; how many still were to be given up. Stopped half-way, the rest stays as it was."""
    number = 0
    for first in range(0, len(found.letters), STEP_LETTERS):
        number += await store.discard(found.letters[first : first + STEP_LETTERS], note=note)
    for first in range(0, len(found.exclusions), STEP_LETTERS):
        some = found.exclusions[first : first + STEP_LETTERS]
        await store.mark_discarded(some, now_ms=now_ms, note=note)
        number += len(some)
    return number
