"""Records: what lies on a bus, and where."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import NamedTuple

import msgspec


class Position(NamedTuple):
    """A place in a topic: offsets count up by one inside a partition, from 0."""

    partition: int
    offset: int


class Verdict(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Why an accepted event must not be delivered to anybody.

    The gateway gives one to an event that breaks its contract; the process loop gives one to duplicates. `rule` names
    the rule, `fate` is `rejected` or `suppressed`, `detail` the sentence for people (no values of the event).
    """

    rule: str
    fate: str = "rejected"
    detail: str = ""


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One CloudEvents 1.0 record in binary mode: context attributes beside the data as bytes.

    `id`, `source`, `type` and `dataschema` are the CloudEvents attributes (`type` is the event name under which
    contracts and mappings look it up, after its call: `track:Order Completed`, `identify`); `key` is the partition key;
    `received_ms` is Unix milliseconds. The rest are extension attributes: `sent_at` is the client's clock when it sent
    (ISO 8601, empty when unknown), `headers` the kept request headers, `verdict` why nobody may have the event, and
    `origin` the place in `events` that a canonical record was made from.
    """

    id: str
    source: str
    type: str
    key: str
    received_ms: int
    data: bytes
    dataschema: str = ""
    sent_at: str = ""
    headers: dict[str, str] = {}
    verdict: Verdict | None = None
    origin: Position | None = None


class StoredRecord(NamedTuple):
    """A record with the place where it lies. `record` is None where the stored bytes fail their checksum."""

    position: Position
    record: Record | None


class PartitionEnds(NamedTuple):
    """The first offset that is still kept and the offset that the next record will get."""

    first: int
    next: int


Cursors = dict[int, int]
"""By partition, the offset of the next record to read."""


def advance(cursors: Cursors, read: Iterable[StoredRecord]) -> Cursors:
    """Cursors moved past what was read."""
    moved = dict(cursors)
    for one in read:
        moved[one.position.partition] = one.position.offset + 1
    return moved


def choose_partition(source: str, key: str, partitions: int) -> int:
    """The partition of an ordering key: the same for every process, version and driver.

    >>> choose_partition("web", "user-1", 4) == choose_partition("web", "user-1", 4)
    True
    """
    return zlib.crc32(f"{source}\0{key}".encode(errors="surrogatepass")) % partitions
