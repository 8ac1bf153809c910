"""Counters that one process writes and others read while they run: one 64-bit number a lane in a shared file."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Self

WORD = 8


class SharedCounters:
    """Event counts by lane. One process adds; reading costs no system call."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._numbers = memoryview(memory).cast("Q")

    @classmethod
    def create(cls, path: Path, lanes: int) -> Self:
        """A new file with all counts at 0."""
        path.write_bytes(bytes(WORD * lanes))
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> Self:
        """The counts in a file that exists."""
        with path.open("r+b") as file:
            return cls(mmap.mmap(file.fileno(), 0))

    def add(self, lane: int, count: int) -> None:
        """Count some more events of a lane."""
        self._numbers[lane] += count

    def read(self, lane: int) -> int:
        """How many were counted."""
        return self._numbers[lane]
