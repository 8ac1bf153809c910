"""A bus that also has the events which the log has let go of, as far as dead letters need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from paceline.model.record import PartitionEnds, Position, Record
from paceline.ports.bus import Bus, BusCapabilities, Reader
from paceline.ports.kept import KeptEvents


class KeptBus:
    """`bus`, whose `fetch` finds kept events too. Closes the bus with it."""

    def __init__(self, bus: Bus, kept: KeptEvents) -> None:
        self._bus = bus
        self._kept = kept

    @property
    def capabilities(self) -> BusCapabilities:
        """See the port."""
        return self._bus.capabilities

    async def append(self, topic: str, records: Sequence[Record]) -> Sequence[Position]:
        """See the port."""
        return await self._bus.append(topic, records)

    def reader(self, topic: str, group: str) -> Reader:
        """See the port."""
        return self._bus.reader(topic, group)

    async def fetch(self, topic: str, positions: Sequence[Position]) -> Mapping[Position, Record]:
        """See the port; what the log has no longer may have been kept."""
        found = await self._bus.fetch(topic, positions)
        if len(found) == len(positions):
            return found
        missing = [position for position in positions if position not in found]
        return {**found, **await self._kept.fetch(topic, missing)}

    async def ends(self, topic: str) -> Mapping[int, PartitionEnds]:
        """See the port."""
        return await self._bus.ends(topic)

    async def close(self) -> None:
        """See the port."""
        await self._bus.close()
