"""The port of the in-progress mark: what a lane is working on, so that an event that ends the process is recognized."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from paceline.model.record import Position


class LaneMark(Protocol):
    """One lane's mark. A lane calls `begin` and `end` around every computation that an event's content can break.

    What is marked when the process ends, by whatever cause, is a strike against those events. Both calls are on the hot
    path: they must not wait for a disk. A kill at the wrong moment may strike an innocent event once, so one strike
    only makes an event a suspect, which is then handled alone.
    """

    @property
    def strikes(self) -> Mapping[Position, int]:
        """How often handling an event ended a process; events without a strike are not in it. Does not change."""

    def begin(self, positions: Sequence[Position]) -> None:
        """The lane now computes on the events at these positions."""

    def end(self) -> None:
        """It is done with that, well or not."""

    def forgive(self, position: Position) -> None:
        """Forget the strikes of an event that was set aside: a replay begins anew. Takes effect with the next start."""

    def close(self) -> None:
        """The lane ends in an orderly way."""


class Marks(Protocol):
    """Where the marks of a worker are kept."""

    def lane(self, name: str) -> LaneMark:
        """The lane's mark, with the strikes of processes that ended before. Raises StorageError."""
