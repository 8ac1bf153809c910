"""Kept events in a dictionary, for tests and workspaces that forget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from paceline.model.record import Position, Record
from paceline.ports.kept import KeptBytes


class MemoryKeptEvents:
    """Copies for one process."""

    def __init__(self) -> None:
        self._copies: dict[tuple[str, Position], Record] = {}

    async def keep(self, topic: str, records: Mapping[Position, Record]) -> None:
        """See the port."""
        for position, record in records.items():
            self._copies.setdefault((topic, position), record)

    async def fetch(self, topic: str, positions: Sequence[Position]) -> Mapping[Position, Record]:
        """See the port."""
        return {position: self._copies[topic, position] for position in positions if (topic, position) in self._copies}

    async def places(self) -> Sequence[Position]:
        """See the port."""
        by_age = sorted(self._copies.items(), key=lambda copy: copy[1].received_ms)
        return list(dict.fromkeys(position for (_, position), _ in by_age))

    async def forget(self, positions: Sequence[Position]) -> None:
        """See the port."""
        gone = set(positions)
        self._copies = {name: record for name, record in self._copies.items() if name[1] not in gone}

    async def kept_bytes(self) -> KeptBytes:
        """See the port."""
        return KeptBytes(len(self._copies), sum(len(record.data) for record in self._copies.values()))
