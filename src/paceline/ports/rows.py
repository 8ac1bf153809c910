"""The port of what a job reads: events or rows that lie somewhere, numbered from 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Rows(Protocol):
    """A source that stays as it is while it is read. One thread at a time calls it; it may block.

    A job reads it from the front, goes back to single rows that a vendor did not take, and after a crash begins where
    it was: row 17 has to be the same row each time.
    """

    @property
    def description(self) -> str:
        """What it is, for people; no secrets."""

    def count(self) -> int:
        """How many rows there are. Called once, before anything is read. Raises UsageError, EnvironmentFaultError."""

    def read(self, first: int, most: int) -> Sequence[bytes]:
        """At most `most` rows from number `first` on, each an event as JSON; none behind the end. A row that is no
        event comes as it is: the door refuses it. Raises UsageError, EnvironmentFaultError."""

    def close(self) -> None:
        """Let go of files and connections. Called once."""
