"""Which message ids were seen inside a window: an index in memory, small and quick, that forgets in whole segments."""

from __future__ import annotations

import struct
from array import array
from collections import deque
from collections.abc import Iterable, Sequence

FINGERPRINT_BYTES = 12

_MOST_FULL = 0.6
_SMALLEST_SLOTS = 1 << 14
_GROWTH = 4
_SEGMENTS_A_WINDOW = 4
_BITS = 8


class _Segment:
    """An open-addressing table that is only added to. A free slot has 0 in its 8-byte part.

    Two arrays (8 and 4 bytes a slot) instead of a set: about 20 bytes an id instead of 90.
    """

    def __init__(self, slots: int, *, bit: int, first_mark: int) -> None:
        self.bit = bit
        self.capacity = int(slots * _MOST_FULL)
        self.count = 0
        self.first_mark = first_mark
        self.oldest_ms = 0
        self.newest_ms = 0
        self._mask = slots - 1
        self._longs = array("Q", bytes(8 * slots))
        self._shorts = array("I", bytes(4 * slots))

    @property
    def slots(self) -> int:
        return self._mask + 1

    def find(self, keys: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
        longs, shorts, mask = self._longs, self._shorts, self._mask
        found = set()
        for key in keys:
            long, short = key
            slot = long & mask
            while there := longs[slot]:
                if there == long and shorts[slot] == short:
                    found.add(key)
                    break
                slot = (slot + 1) & mask
        return found

    def add(self, keys: Iterable[tuple[int, int]]) -> int:
        """Add keys; how many were new."""
        longs, shorts, mask = self._longs, self._shorts, self._mask
        added = 0
        for long, short in keys:
            slot = long & mask
            while there := longs[slot]:
                if there == long and shorts[slot] == short:
                    break
                slot = (slot + 1) & mask
            else:
                longs[slot] = long
                shorts[slot] = short
                added += 1
        self.count += added
        return added


class SeenIndex:
    """Remembers fingerprints (12 well-mixed bytes, such as a hash) for at least `window_ms`, and at most `max_ids`.

    Times come from the caller and count only forwards. Fingerprints are forgotten in segments, so one may be
    remembered for up to a quarter of the window longer; when there are more than `max_ids`, the oldest segment goes
    early and `covered_ms` is shorter than the window.

    `mark` is any number that grows (the id of a journal row): what lies before `first_mark` was forgotten.

    >>> index = SeenIndex(window_ms=1000, max_ids=1000)
    >>> index.add([b"fingerprint1"], at_ms=0, mark=0)
    >>> index.find([b"fingerprint1", b"fingerprint2"])
    {b'fingerprint1'}
    """

    def __init__(self, *, window_ms: int, max_ids: int) -> None:
        self.window_ms = window_ms
        self.max_ids = max_ids
        self.size = 0
        self._now_ms = 0
        self._has_shrunk = False
        self._most_a_segment = max(1, max_ids // _SEGMENTS_A_WINDOW)
        self._segments: deque[_Segment] = deque()
        # A byte a place, a bit a segment: most new ids need no look into any segment, others into one or two.
        self._hints = bytearray(1 << (2 * max_ids - 1).bit_length())
        self._hint_mask = len(self._hints) - 1
        self._opened = 0

    @property
    def covered_ms(self) -> int:
        """How far back every id is remembered: the window, or less when `max_ids` was too small for it."""
        if not self._has_shrunk or not self._segments:
            return self.window_ms
        return min(self.window_ms, self._now_ms - self._segments[0].oldest_ms)

    @property
    def first_mark(self) -> int | None:
        """The mark of the oldest additions that are still remembered; None when nothing is."""
        return self._segments[0].first_mark if self._segments else None

    def find(self, fingerprints: Sequence[bytes]) -> set[bytes]:
        """Which of these are remembered."""
        if not self._segments or not fingerprints:
            return set()
        hints, mask = self._hints, self._hint_mask
        keys = _split(fingerprints)
        hinted = [key for key in keys if hints[key[1] & mask]]
        found: set[tuple[int, int]] = set()
        for segment in self._segments:
            bit = segment.bit
            found |= segment.find([key for key in hinted if hints[key[1] & mask] & bit])
        if not found:
            return set()
        return {fingerprint for fingerprint, key in zip(fingerprints, keys, strict=True) if key in found}

    def add(self, fingerprints: Sequence[bytes], *, at_ms: int, mark: int) -> None:
        """Remember these, and forget what is older than the window by `at_ms`."""
        self._now_ms = max(self._now_ms, at_ms)
        self._expire()
        keys = _split(fingerprints)
        start = 0
        while start < len(keys):
            segment = self._open_segment(mark)
            room = min(segment.capacity, self._most_a_segment) - segment.count
            some = keys[start : start + room]
            self.size += segment.add(some)
            self._hint(some, segment.bit)
            segment.newest_ms = self._now_ms
            start += room
        while self.size > self.max_ids and len(self._segments) > 1:
            self._has_shrunk = True
            self._forget_oldest()

    def _open_segment(self, mark: int) -> _Segment:
        last = self._segments[-1] if self._segments else None
        slots = _SMALLEST_SLOTS
        if last is not None:
            is_full = last.count >= min(last.capacity, self._most_a_segment)
            if not is_full and self._now_ms - last.oldest_ms < self.window_ms // _SEGMENTS_A_WINDOW:
                return last
            slots = last.slots
            if is_full and last.capacity < self._most_a_segment:
                slots *= _GROWTH
            elif last.count * _GROWTH < last.capacity:
                slots = max(_SMALLEST_SLOTS, slots // 2)
        segment = _Segment(slots, bit=1 << self._opened % _BITS, first_mark=mark)
        self._opened += 1
        segment.oldest_ms = self._now_ms
        self._segments.append(segment)
        return segment

    def _expire(self) -> None:
        while self._segments and self._segments[0].newest_ms < self._now_ms - self.window_ms:
            self._forget_oldest()
            self._has_shrunk = False

    def _forget_oldest(self) -> None:
        forgotten = self._segments.popleft()
        self.size -= forgotten.count
        if all(segment.bit != forgotten.bit for segment in self._segments):
            self._hints = self._hints.translate(bytes(hint & ~forgotten.bit for hint in range(256)))

    def _hint(self, keys: Iterable[tuple[int, int]], bit: int) -> None:
        hints, mask = self._hints, self._hint_mask
        for _, short in keys:
            hints[short & mask] |= bit


def _split(fingerprints: Sequence[bytes]) -> list[tuple[int, int]]:
    """Each as a number of 8 bytes (never 0, which marks a free slot; so 0 and 1 are one) and one of 4 bytes."""
    numbers = struct.unpack("<" + "QI" * len(fingerprints), b"".join(fingerprints))
    longs: Sequence[int] = numbers[::2]
    if 0 in longs:
        longs = [long or 1 for long in longs]
    return list(zip(longs, numbers[1::2], strict=True))
