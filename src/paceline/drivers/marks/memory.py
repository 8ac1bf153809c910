"""Marks that are forgotten with the process, for workspaces without a disk and for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from paceline.model.record import Position


class MemoryMarks:
    """Gives every lane a mark that remembers nothing."""

    def lane(self, name: str) -> MemoryMark:
        """See the port."""
        return MemoryMark()


class MemoryMark:
    """A lane's mark. `strikes` can be given, to show what a lane does with them."""

    def __init__(self, strikes: Mapping[Position, int] | None = None) -> None:
        self.strikes: Mapping[Position, int] = dict(strikes or {})
        self.marked: Sequence[Position] = ()

    def begin(self, positions: Sequence[Position]) -> None:
        """See the port."""
        self.marked = positions

    def end(self) -> None:
        """See the port."""
        self.marked = ()

    def forgive(self, position: Position) -> None:
        """See the port."""
        self.strikes = {one: number for one, number in self.strikes.items() if one != position}

    def close(self) -> None:
        """See the port."""
