"""The port of events that outlive their log: those that a dead letter may still need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from paceline.model.record import Position, Record


class KeptBytes(NamedTuple):
    """How much is kept: copies and their bytes."""

    events: int
    total_bytes: int


class KeptEvents(Protocol):
    """Copies of single events, made before the log lets go of them.

    One worker writes; workers and commands read. What is forgotten is overwritten on the disk, not only unlinked.
    """

    async def keep(self, topic: str, records: Mapping[Position, Record]) -> None:
        """Make copies durable; one that is there already stays. Raises StorageError; then none may be counted on."""

    async def fetch(self, topic: str, positions: Sequence[Position]) -> Mapping[Position, Record]:
        """The copies at these places, as far as there are any."""

    async def places(self) -> Sequence[Position]:
        """Where there are copies, of any topic, oldest first."""

    async def forget(self, positions: Sequence[Position]) -> None:
        """Delete the copies at these places, of every topic."""

    async def kept_bytes(self) -> KeptBytes:
        """How much is kept now."""
