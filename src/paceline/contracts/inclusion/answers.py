"""What a search can answer, and how much work it may do."""

from __future__ import annotations

import msgspec


class Found(msgspec.Struct, frozen=True):
    """A value that meets the goal. It is a proposal: only a validator makes it a proof."""

    value: object


class Empty(msgspec.Struct, frozen=True):
    """Proof that no value meets the goal."""


class Unknown(msgspec.Struct, frozen=True):
    """Neither a value nor a proof. `reason` says what could not be decided."""

    reason: str


Answer = Found | Empty | Unknown
EMPTY = Empty()


class ExhaustedError(Exception):
    """The budget is used up."""


class Budget:
    """A number of steps. Steps are counted, not seconds, so that the same question always has the same answer."""

    def __init__(self, steps: int) -> None:
        self._allowed = steps
        self._left = steps

    @property
    def left(self) -> int:
        """How many steps may still be taken."""
        return max(0, self._left)

    @property
    def used(self) -> int:
        """How many steps were taken, all of them at most."""
        return self._allowed - self.left

    def spend(self, steps: int = 1) -> None:
        """Use some of the budget. Raises ExhaustedError when nothing is left."""
        self._left -= steps
        if self._left < 0:
            raise ExhaustedError(f"more than {self._allowed} steps of search")
