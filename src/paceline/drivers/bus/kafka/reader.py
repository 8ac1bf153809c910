"""Reading for one group: partitions and offsets assigned by hand, messages taken in large batches on an own thread."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from paceline.drivers.bus.kafka.client import Clients, refused
from paceline.drivers.bus.kafka.cluster import Cluster
from paceline.drivers.bus.kafka.faults import Complaints
from paceline.drivers.bus.kafka.lookup import PATIENCE_SECS
from paceline.drivers.bus.kafka.wire import decode
from paceline.errors import StorageError
from paceline.model.record import Cursors, PartitionEnds, Position, StoredRecord

_SLICE_SECS = 0.2
"""How long the thread waits before it looks whether anybody still waits for it."""

_MESSAGES_A_TURN = 1000
_MOST_HELD = 8_000
"""A partition with more records than this that nobody has asked for is paused until a quarter is left."""


class _Place:
    """Where reading of one partition stands. `held` has the records from `base` to before `expected`."""

    def __init__(self, cursor: int, ends: PartitionEnds) -> None:
        self.held: deque[StoredRecord] = deque()
        self.base = self.expected = cursor
        self.end = ends.next
        self.next_offset = max(cursor, ends.first)
        self.behind = 0
        self.is_paused = False

    @property
    def is_behind(self) -> bool:
        """Whether something is there that has not come yet."""
        return self.next_offset < self.end


class KafkaReader:
    """One group's reading of one topic. Every reader may read every partition; the store says who runs a lane."""

    def __init__(
        self, clients: Clients, cluster: Cluster, topic: str, partitions: int, prepare: Callable[[], Awaitable[object]]
    ) -> None:
        """`prepare` makes sure that the topic is there and as it should be."""
        self._clients = clients
        self._cluster = cluster
        self._topic = topic
        self._partitions = partitions
        self._prepare = prepare
        self._is_prepared = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"paceline reader {topic}")
        self._complaints = Complaints()
        self._consumer: Consumer | None = None
        self._places: dict[int, _Place] = {}
        self._turn = 0

    def assignment(self) -> frozenset[int]:
        """All partitions: cursors live in the store, and one worker runs a lane."""
        return frozenset(range(self._partitions))

    async def read(self, cursors: Cursors, *, max_records: int, wait_secs: float) -> Sequence[StoredRecord]:
        """See the port."""
        if not self._is_prepared:
            await self._prepare()
            self._is_prepared = True
        abandoned = threading.Event()
        wanted = {partition: cursor for partition, cursor in cursors.items() if 0 <= partition < self._partitions}
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._read, wanted, max_records, wait_secs, abandoned)
        except asyncio.CancelledError:
            abandoned.set()
            raise

    async def close(self) -> None:
        """See the port."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown(wait=False)

    def _disconnect(self) -> None:
        consumer, self._consumer = self._consumer, None
        self._places.clear()
        if consumer is not None:
            consumer.close()

    def _read(
        self, cursors: Cursors, max_records: int, wait_secs: float, abandoned: threading.Event
    ) -> list[StoredRecord]:
        try:
            self._settle_at(cursors)
            self._await_records(cursors, wait_secs, abandoned)
        except KafkaException as error:
            self._disconnect()
            raise refused(
                f"the topic {self._topic} cannot be read", error, self._complaints, self._clients.settings
            ) from None
        except StorageError:
            self._disconnect()
            raise
        return self._share(cursors, max_records)

    def _settle_at(self, cursors: Cursors) -> None:
        """Let go of what lies before the cursors, and move where reading does not stand at one."""
        moved = []
        for partition, cursor in cursors.items():
            place = self._places.get(partition)
            if place is None or not place.base <= cursor <= place.expected:
                moved.append(partition)
                continue
            while place.held and place.held[0].position.offset < cursor:
                place.held.popleft()
            place.base = cursor
        if moved or self._places.keys() - cursors.keys():
            self._assign(cursors, moved)

    def _assign(self, cursors: Cursors, moved: Sequence[int]) -> None:
        ends = self._cluster.ends(self._topic, moved)
        for partition, end in ends.items():
            if cursors[partition] > end.next:
                raise StorageError(
                    f"partition {partition} ends at {end.next}, and was read up to {cursors[partition]} before",
                    where=f"Kafka topic {self._topic}",
                    remedy="the topic was made anew or has lost records: bring back its brokers or a copy of it,"
                    " or start the store and both topics anew",
                )
            self._places[partition] = _Place(cursors[partition], end)
        self._places = {partition: self._places[partition] for partition in cursors}
        if self._consumer is None:
            self._consumer = self._clients.consumer(self._complaints)
        for place in self._places.values():
            place.is_paused = False
        self._consumer.assign(
            [TopicPartition(self._topic, partition, place.next_offset) for partition, place in self._places.items()]
        )

    def _await_records(self, cursors: Cursors, wait_secs: float, abandoned: threading.Event) -> None:
        """Take in what has come. Ends when there is something for everybody who has a backlog, or the time is over."""
        assert self._consumer is not None or not cursors
        deadline = time.monotonic() + wait_secs
        patience = time.monotonic() + PATIENCE_SECS
        has_looked = False
        self._pump(0)
        while not abandoned.is_set():
            is_hungry = any(place.is_behind and not place.held for place in self._places.values())
            has_some = any(place.held for place in self._places.values())
            now = time.monotonic()
            if has_some and not is_hungry:
                return
            if is_hungry:
                if now > patience:
                    raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
                self._pump(min(_SLICE_SECS, patience - now))
            elif now < deadline:
                self._pump(min(_SLICE_SECS, deadline - now))
            elif has_looked or wait_secs:
                self._make_sure_of_brokers()
                return
            else:  # nobody waits, and something may have come since the ends were looked at
                has_looked = True
                for partition, end in self._cluster.ends(self._topic, self._places).items():
                    self._places[partition].end = end.next

    def _make_sure_of_brokers(self) -> None:
        """Nothing has come: because nothing is there, or because nobody is? Raises StorageError."""
        if self._complaints.take_outage():
            self._cluster.ends(self._topic, self._places)

    def _pump(self, secs: float) -> None:
        """Take in a batch, waiting for its first message."""
        consumer = self._consumer
        if consumer is None:
            return
        self._hold_back(consumer)
        first = consumer.poll(secs)
        if first is not None:
            for message in [first, *consumer.consume(_MESSAGES_A_TURN, 0)]:
                self._take(message)

    def _hold_back(self, consumer: Consumer) -> None:
        """Pause partitions of which more is held than anybody asks for, so that the others' records come."""
        for partition, place in self._places.items():
            if not place.is_paused and len(place.held) > _MOST_HELD:
                consumer.pause([TopicPartition(self._topic, partition)])
                place.is_paused = True
            elif place.is_paused and len(place.held) < _MOST_HELD // 4:
                consumer.resume([TopicPartition(self._topic, partition)])
                place.is_paused = False

    def _take(self, message: Message) -> None:
        error = message.error()
        if error is not None:
            raise KafkaException(error)
        partition: int = message.partition()  # type: ignore[assignment]  # it was read
        offset: int = message.offset()  # type: ignore[assignment]
        place = self._places.get(partition)
        if place is None:
            return
        read = decode(message)
        at = read.at
        if at is None:
            at = offset if read.record is not None else offset - place.behind
        place.next_offset = offset + 1
        if at < place.expected:
            return  # appended a second time by a worker that was thought dead
        if at > place.expected:
            self._check_gap(partition, offset, place, at)
        place.behind = offset - at
        place.expected = at + 1
        place.held.append(StoredRecord(Position(partition, at), read.record))

    def _check_gap(self, partition: int, offset: int, place: _Place, at: int) -> None:
        """Records are missing: retention may have dropped them, anything else would be a loss."""
        if self._cluster.ends(self._topic, [partition])[partition].first < offset:
            raise StorageError(
                f"partition {partition} goes on with {at} where {place.expected} should follow",
                where=f"Kafka topic {self._topic}",
                remedy="something else wrote to the topic or removed records from it; give paceline a topic of its own",
            )

    def _share(self, cursors: Cursors, max_records: int) -> list[StoredRecord]:
        """Up to `max_records`, shared out so that a partition with a backlog does not keep the others waiting."""
        waiting = [partition for partition in cursors if self._places[partition].held]
        self._turn += 1
        found: list[StoredRecord] = []
        for index in range(len(waiting)):
            share = -(-(max_records - len(found)) // (len(waiting) - index))
            held = self._places[waiting[(index + self._turn) % len(waiting)]].held
            found += islice(held, share)
        return found
