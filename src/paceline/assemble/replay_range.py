"""Finds where in the log a time begins, without reading all of it."""

from __future__ import annotations

from paceline.model.record import Cursors, Position
from paceline.ports.bus import Bus

SLACK_MS = 300_000
"""Records lie in the order in which they were appended; their times may be a little out of order."""

_PROBES = 8


async def find_start(bus: Bus, topic: str, end: Cursors, *, since_ms: int) -> Cursors:
    """By partition of `end`, an offset before which nothing was received at or after `since_ms`."""
    ends = await bus.ends(topic)
    start: Cursors = {}
    for partition, limit in end.items():
        first = ends[partition].first if partition in ends else limit
        start[partition] = await _search(bus, topic, partition, (min(first, limit), limit), since_ms - SLACK_MS)
    return start


async def _search(bus: Bus, topic: str, partition: int, span: tuple[int, int], since_ms: int) -> int:
    """Binary search by the time of receipt."""
    low, high = span
    while low < high:
        middle = (low + high) // 2
        places = [Position(partition, offset) for offset in range(middle, min(middle + _PROBES, high))]
        found = await bus.fetch(topic, places)
        # Where nothing can be read, rather begin too early.
        is_older = bool(found) and found[min(found)].received_ms < since_ms
        low, high = (middle + 1, high) if is_older else (low, middle)
    return low
