"""What was seen, as a journal in a ring of partitions: when a partition is full the oldest is emptied and used next.

Only the worker that runs the process loop writes it, and reads it once when it begins; the index itself is in that
worker's memory. A row holds all fingerprints of one step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString

from paceline.drivers.store.postgres.database import Rows, Statement
from paceline.drivers.store.postgres.schema import SLICES
from paceline.drivers.store.seen import FINGERPRINT_BYTES, SeenIndex

_SLICES_A_WINDOW = 4

_EMPTY: Sequence[LiteralString] = (
    "TRUNCATE seen_0",
    "TRUNCATE seen_1",
    "TRUNCATE seen_2",
    "TRUNCATE seen_3",
    "TRUNCATE seen_4",
    "TRUNCATE seen_5",
    "TRUNCATE seen_6",
    "TRUNCATE seen_7",
)


class Journal:
    """Where the next row goes, and what the index holds of the rows so far."""

    def __init__(self, *, window_ms: int, max_ids: int) -> None:
        self.index = SeenIndex(window_ms=window_ms, max_ids=max_ids)
        self._slice = 0
        self._began_ms: int | None = None
        self._ids = 0
        self._last_mark = [-1] * SLICES
        """By slice, the id of its newest row; -1 where it is empty."""

    @staticmethod
    def rows() -> Statement:
        """The whole journal."""
        return Statement("SELECT slice, id, at_ms, fingerprints FROM seen ORDER BY id")

    def fill(self, rows: Rows) -> None:
        """Take in what was written before. Takes a while for a long window."""
        for number, mark, at_ms, joined in rows:
            fingerprints = [joined[at : at + FINGERPRINT_BYTES] for at in range(0, len(joined), FINGERPRINT_BYTES)]
            self.note(fingerprints, number=number, mark=mark, at_ms=at_ms)

    def place(self, at_ms: int) -> tuple[int, list[Statement]]:
        """The slice for a row at this time, and what must be done first so that it may be used."""
        index = self.index
        if self._began_ms is None:
            return self._slice, []
        is_old = at_ms - self._began_ms >= index.window_ms // _SLICES_A_WINDOW
        is_full = self._ids >= max(1, index.max_ids // _SLICES_A_WINDOW)
        following = (self._slice + 1) % SLICES
        first_needed = index.first_mark
        is_free = first_needed is None or self._last_mark[following] < first_needed
        if not (is_old or is_full) or not is_free:
            return self._slice, []
        return following, [Statement(_EMPTY[following])]

    def note(self, fingerprints: Sequence[bytes], *, number: int, mark: int, at_ms: int) -> None:
        """A row was written to slice `number` with the id `mark`."""
        if number != self._slice or self._began_ms is None:
            self._slice, self._began_ms, self._ids = number, at_ms, 0
        self._ids += len(fingerprints)
        self._last_mark[number] = mark
        self.index.add(fingerprints, at_ms=at_ms, mark=mark)


def insert(number: int, at_ms: int, fingerprints: Sequence[bytes]) -> Statement:
    """One row; answers with its id."""
    return Statement(
        "INSERT INTO seen (slice, at_ms, fingerprints) VALUES (%s, %s, %s) RETURNING id",
        (number, at_ms, b"".join(fingerprints)),
    )
