"""The port of the durable ordered log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import msgspec

from paceline.model.record import Cursors, PartitionEnds, Position, Record, StoredRecord


class BusCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver can promise. `assemble` refuses a workspace that needs more.

    `durable`: an acknowledged record survives a power cut of this machine. `shared`: several processes may append and
    read. `dense_offsets`: offsets of a partition have no gaps, so counts can be taken from them.
    """

    name: str
    durable: bool
    shared: bool
    dense_offsets: bool


class Trimmed(NamedTuple):
    """What a run of retention dropped, and how many bytes the topic still uses; for drivers that keep house."""

    records: int
    kept_bytes: int


@runtime_checkable
class TrimmedBus(Protocol):
    """A bus that somebody who knows the lanes' cursors must keep house for, now and then."""

    async def trim(self, topic: str, keep_from: Cursors) -> Trimmed | None:
        """Drop what is beyond retention and lies before `keep_from`; what was dropped, as far as it is known."""


@runtime_checkable
class ExpiringBus(Protocol):
    """A bus for all topics that says what `trim` would drop next, so that something of it can be copied before."""

    async def expiring(self, topic: str, keep_from: Cursors) -> Cursors:
        """What `trim` with the same `keep_from` would drop first: by partition, the offset behind it.

        A step's worth, empty when nothing is to go. Raises StorageError.
        """

    async def ends(self, topic: str) -> Mapping[int, PartitionEnds]:
        """See `Bus`."""

    async def fetch(self, topic: str, positions: Sequence[Position]) -> Mapping[Position, Record]:
        """See `Bus`."""

    async def trim(self, topic: str, keep_from: Cursors) -> Trimmed | None:
        """See `TrimmedBus`."""


class Reader(Protocol):
    """One group's reading of one topic. Positions live with the caller, who says each time where to go on.

    A reader belongs to one task; two readers of the same topic never disturb each other.
    """

    def assignment(self) -> frozenset[int]:
        """The partitions that this reader may read now. Called before every read; may change between reads."""

    async def read(self, cursors: Cursors, *, max_records: int, wait_secs: float) -> Sequence[StoredRecord]:
        """The next records at or after `cursors`, at most `max_records` altogether, in offset order inside a partition.

        Partitions missing in `cursors` are not read. Waits up to `wait_secs` for the first record, then returns what
        there is, possibly nothing. A record whose bytes are damaged comes as `record=None`. A cursor before the first
        kept offset goes on at the first kept one. Raises StorageError when the log cannot be read.
        """

    async def close(self) -> None:
        """Give up the assignment. Called once."""


class Bus(Protocol):
    """A durable log of topics, each in partitions.

    The gateway appends to `events`; the process loop reads it and appends to `canonical`; lanes read either. A driver
    creates a topic when it is first used.
    """

    @property
    def capabilities(self) -> BusCapabilities:
        """What this driver promises."""

    async def append(self, topic: str, records: Sequence[Record]) -> Sequence[Position]:
        """Make the records durable, in the order given, and return their positions, one for each.

        Returns only when the records would survive the driver's promise (see `durable`). Concurrent calls are committed
        as a group. A record goes to the partition of its (source, key); a record with an `origin` goes to the origin's
        partition and is skipped (the position returned is the partition's last) when the topic already holds that
        origin or a later one from the same partition: that makes a repeated append after a crash harmless.
        Raises StorageFullError or StorageError; then none of the records may be taken as appended.
        """

    def reader(self, topic: str, group: str) -> Reader:
        """A reader of `topic` for `group`. Cheap; connects when first read."""

    async def fetch(self, topic: str, positions: Sequence[Position]) -> Mapping[Position, Record]:
        """The records at single positions, for retries and replays. What is gone or damaged is left out."""

    async def ends(self, topic: str) -> Mapping[int, PartitionEnds]:
        """For every partition, where it begins and where the next record will go. For lag and for counts."""

    async def close(self) -> None:
        """Flush and let go of files and connections. Called once; appends under way finish first."""
