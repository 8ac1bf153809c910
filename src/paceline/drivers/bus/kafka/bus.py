"""The bus port over Kafka topics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from paceline.drivers.bus.kafka.client import Clients
from paceline.drivers.bus.kafka.cluster import Cluster
from paceline.drivers.bus.kafka.lookup import NO_ORIGIN, Lookup, Tail
from paceline.drivers.bus.kafka.reader import KafkaReader
from paceline.drivers.bus.kafka.writer import Append, TopicWriter
from paceline.drivers.group_commit import GroupCommit
from paceline.errors import DefectError
from paceline.model import kafka_settings
from paceline.model.kafka_settings import Unread
from paceline.model.record import Cursors, PartitionEnds, Position, Record, choose_partition
from paceline.ports.bus import BusCapabilities

MOST_BYTES_A_GROUP = 4 * 1024**2
LEAST_BYTES_A_RECORD = 1024
DEFAULT_RECORD_BYTES = 576 * 1024
_HOUR_MS = 3_600_000


class _Topic:
    """A topic that was found as it should be, and its writer."""

    def __init__(self, name: str, writer: TopicWriter) -> None:
        self.writer = writer
        self.commits: GroupCommit[Append, list[Position]] = GroupCommit(
            writer.commit, name=f"paceline bus {name}", most=MOST_BYTES_A_GROUP
        )

    async def close(self) -> None:
        await self.commits.close()
        await asyncio.to_thread(self.writer.close)


class KafkaBus:
    """A bus on a Kafka cluster. See the port for its promises, and the package for how they are kept."""

    def __init__(
        self,
        settings: kafka_settings.KafkaBus,
        *,
        root: Path = Path(),
        schema_id: Callable[[str], int | None] | None = None,
        max_record_bytes: int = DEFAULT_RECORD_BYTES,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """Connects when it is first used. `settings` has its secrets in place; files of TLS are below `root`.

        `schema_id` gives a dataschema's id for Confluent's wire format; `max_record_bytes` is what a topic must take
        at least. Raises StorageError when the client refuses the settings.
        """
        self._settings = settings
        self._clients = Clients(settings, root)
        self._cluster = Cluster(self._clients, max_record_bytes=max_record_bytes)
        self._lookup = Lookup(self._clients)
        self._schema_id = schema_id
        self._now_ms = now_ms
        self._topics: dict[str, _Topic] = {}
        self._opening: dict[str, asyncio.Task[_Topic]] = {}
        self._plain: set[str] = set()
        self._tails: dict[tuple[str, int], tuple[int, Tail]] = {}
        self._under_way = 0
        self._idle: asyncio.Future[None] | None = None
        self._is_closed = False

    @property
    def capabilities(self) -> BusCapabilities:
        """See the port."""
        return BusCapabilities(name="kafka", durable=True, shared=True, dense_offsets=True)

    async def append(self, topic: str, records: Sequence[Record]) -> Sequence[Position]:
        """See the port."""
        if not records:
            return []
        append = Append(records, [self._partition_of(record) for record in records])
        weight = sum([max(len(record.data), LEAST_BYTES_A_RECORD) for record in records])
        self._under_way += 1
        try:
            opened = self._topics.get(topic) or await self._open(topic)
            return await opened.commits.submit(append, weight=weight)
        finally:
            self._under_way -= 1
            if self._idle is not None and not self._under_way:
                self._idle.set_result(None)

    def reader(self, topic: str, group: str) -> KafkaReader:
        """See the port."""
        prepare = partial(self._open, topic)
        return KafkaReader(self._clients, self._cluster, self._name(topic), self._settings.partitions, prepare)

    async def fetch(self, topic: str, positions: Sequence[Position]) -> Mapping[Position, Record]:
        """See the port."""
        if not positions:
            return {}
        await self._open(topic)
        return await asyncio.to_thread(self._fetch, self._name(topic), positions)

    async def ends(self, topic: str) -> Mapping[int, PartitionEnds]:
        """See the port."""
        await self._open(topic)
        return await asyncio.to_thread(self._ends, self._name(topic))

    async def trim(self, topic: str, keep_from: Cursors) -> None:
        """Drop what is beyond retention and lies before `keep_from`: what no reader and no retry needs any more.

        The last record of a partition stays: it says where the next one belongs. With `unread: dropped` the brokers do
        this by themselves. Raises StorageError.
        """
        if self._settings.retention.unread is Unread.KEPT:
            await self._open(topic)
            await asyncio.to_thread(self._trim, self._name(topic), keep_from)

    async def close(self) -> None:
        """See the port."""
        self._is_closed = True
        if self._under_way:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle
        await asyncio.gather(*self._opening.values(), return_exceptions=True)
        topics, self._topics = self._topics, {}
        for topic in topics.values():
            await topic.close()
        await asyncio.to_thread(self._lookup.close)

    async def _open(self, topic: str) -> _Topic:
        """The topic, checked once. Whoever comes while it is being checked waits for the same answer."""
        opened = self._topics.get(topic)
        if opened is not None:
            return opened
        if self._is_closed:
            raise DefectError("the bus was used after it was closed")
        opening = self._opening.get(topic)
        if opening is None:
            opening = self._opening[topic] = asyncio.create_task(self._prepare(topic))
            opening.add_done_callback(lambda _: self._opening.pop(topic, None))
        return await asyncio.shield(opening)

    async def _prepare(self, topic: str) -> _Topic:
        name = self._name(topic)
        await asyncio.to_thread(self._cluster.prepare, name)
        writer = TopicWriter(self._clients, self._cluster, self._lookup, name, self._schema_id)
        opened = self._topics[topic] = _Topic(name, writer)
        return opened

    def _name(self, topic: str) -> str:
        return f"{self._settings.topic_prefix}{topic}"

    def _partition_of(self, record: Record) -> int:
        partitions = self._settings.partitions
        if record.origin is None:
            return choose_partition(record.source, record.key, partitions)
        if record.origin.partition >= partitions:
            raise DefectError(
                f"a record's origin is in partition {record.origin.partition}, and the topic has {partitions}"
            )
        return record.origin.partition

    def _fetch(self, name: str, positions: Sequence[Position]) -> dict[Position, Record]:
        ends = self._cluster.ends(name, {position.partition for position in positions} & set(self._partitions()))
        return self._lookup.records(name, positions, ends)

    def _ends(self, name: str) -> dict[int, PartitionEnds]:
        """Kafka's own ends, and for a topic with origins the places that its last records have."""
        ends = self._cluster.ends(name, self._partitions())
        if name in self._plain:
            return ends
        moved = {p: end for p, end in ends.items() if self._tails.get((name, p), (-1,))[0] != end.next}
        for partition, tail in self._lookup.tails(name, moved).items():
            self._tails[name, partition] = (ends[partition].next, tail)
            if tail.last_origin == NO_ORIGIN:
                self._plain.add(name)
        following = {partition: self._tails[name, partition][1].next_place for partition in ends}
        return {p: PartitionEnds(min(end.first, following[p]), following[p]) for p, end in ends.items()}

    def _trim(self, name: str, keep_from: Cursors) -> None:
        ends = self._cluster.ends(name, keep_from)
        oldest_ms = self._now_ms() - int(self._settings.retention.max_age_hours * _HOUR_MS)
        young = self._cluster.offsets_at(name, keep_from, oldest_ms)
        limits: Cursors = {}
        for partition, end in ends.items():
            too_old = end.next if young[partition] < 0 else young[partition]
            limit = min(keep_from[partition], too_old, end.next - 1)
            if limit > end.first:
                limits[partition] = limit
        if limits:
            self._cluster.delete_before(name, limits)

    def _partitions(self) -> range:
        return range(self._settings.partitions)
