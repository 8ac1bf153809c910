"""Single messages by their place: for retries and replays, and for where a topic with origins ends.

A message of such a topic says its own place (`ce_at`). It is Kafka's offset, unless a worker that was thought dead
appended something a second time: from there on the place is lower by what was repeated. It is never higher, and from
one message to the next it grows by one at most; so going on by as many as are missing never goes too far.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from paceline.drivers.bus.kafka.client import Clients, refused
from paceline.drivers.bus.kafka.faults import Complaints
from paceline.drivers.bus.kafka.wire import decode
from paceline.model.record import PartitionEnds, Position, Record

PATIENCE_SECS = 20.0
NO_ORIGIN = -1
_FETCH_BYTES = 128 * 1024
_NEAR = 100
"""Messages that lie this close together are read in one go."""

_TAIL_RECORDS = 20_000
"""How far back the end of a topic is searched when something was repeated: many times what a worker has on its way."""

_MESSAGES_A_TURN = 500


class Tail(NamedTuple):
    """Where a partition ends: the place of the next record, and the offset of the last origin it has.

    `NO_ORIGIN` says that the last record has none. Of an empty partition every place so far counts as had.
    """

    next_place: int
    last_origin: int


class Lookup:
    """Reads messages here and there by blocking calls, one at a time."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._complaints = Complaints()
        self._consumer: Consumer | None = None
        self._lock = threading.Lock()

    def records(
        self, topic: str, positions: Sequence[Position], ends: Mapping[int, PartitionEnds]
    ) -> dict[Position, Record]:
        """The records at these places. What is gone, damaged or was never there is left out."""
        wanted: dict[int, deque[int]] = {}
        for position in sorted(set(positions)):
            if position.partition in ends:
                wanted.setdefault(position.partition, deque()).append(position.offset)
        found: dict[Position, Record] = {}
        behind = dict.fromkeys(wanted, 0)

        def take(partition: int, message: Message) -> bool:
            record, place = _placed(message)
            offset, places = _offset(message), wanted[partition]
            place = offset - behind[partition] if place is None else place
            behind[partition] = offset - place
            while places and places[0] < place:
                places.popleft()
            if places and places[0] == place:
                places.popleft()
                if record is not None:
                    found[Position(partition, place)] = record
            return bool(places) and places[0] - place <= _NEAR

        while wanted:
            starts = {}
            for partition, places in list(wanted.items()):
                start = max(places[0] + behind[partition], ends[partition].first) if places else -1
                if 0 <= start < ends[partition].next:
                    starts[partition] = start
                else:
                    del wanted[partition]
            self._read(topic, starts, ends, take)
        return found

    def tails(self, topic: str, ends: Mapping[int, PartitionEnds]) -> dict[int, Tail]:
        """Where each partition ends, as its last records say."""
        tails = {partition: Tail(end.next, end.next - 1) for partition, end in ends.items()}
        starts = {partition: end.next - 1 for partition, end in ends.items() if end.first < end.next}
        doubtful: list[int] = []

        def take(partition: int, message: Message) -> bool:
            record, place = _placed(message)
            if record is None or (place is not None and place != _offset(message)):
                doubtful.append(partition)
            else:
                origin = NO_ORIGIN if record.origin is None else record.origin.offset
                tails[partition] = Tail(ends[partition].next, origin)
            return False

        self._read(topic, starts, ends, take)
        if doubtful:
            tails |= self._search(topic, {partition: ends[partition] for partition in doubtful})
        return tails

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            consumer, self._consumer = self._consumer, None
            if consumer is not None:
                consumer.close()

    def _search(self, topic: str, ends: Mapping[int, PartitionEnds]) -> dict[int, Tail]:
        """The highest places of the last records, whatever was repeated behind them."""
        tails = {partition: Tail(0, NO_ORIGIN) for partition in ends}

        def take(partition: int, message: Message) -> bool:
            record, place = _placed(message)
            if record is not None and place is not None and place >= tails[partition].next_place:
                origin = tails[partition].last_origin if record.origin is None else record.origin.offset
                tails[partition] = Tail(place + 1, origin)
            return True

        starts = {partition: max(end.first, end.next - _TAIL_RECORDS) for partition, end in ends.items()}
        self._read(topic, starts, ends, take)
        return {
            partition: tail if tail.next_place else Tail(ends[partition].next, ends[partition].next - 1)
            for partition, tail in tails.items()
        }

    def _read(
        self,
        topic: str,
        starts: Mapping[int, int],
        ends: Mapping[int, PartitionEnds],
        take: Callable[[int, Message], bool],
    ) -> None:
        """Hand messages of each partition to `take`, from its start until that returns False or the end is there."""
        if not starts:
            return
        with self._lock:
            if self._consumer is None:
                self._consumer = self._clients.consumer(self._complaints, fetch_bytes=_FETCH_BYTES, fetch_wait_ms=10)
            consumer = self._consumer
            try:
                consumer.assign([TopicPartition(topic, partition, offset) for partition, offset in starts.items()])
                self._follow(consumer, set(starts), ends, take)
                consumer.unassign()
            except KafkaException as error:
                raise refused(
                    f"the topic {topic} cannot be read", error, self._complaints, self._clients.settings
                ) from None

    @staticmethod
    def _follow(
        consumer: Consumer,
        going: set[int],
        ends: Mapping[int, PartitionEnds],
        take: Callable[[int, Message], bool],
    ) -> None:
        deadline = time.monotonic() + PATIENCE_SECS
        while going:
            first = consumer.poll(0.2)
            if first is None:
                if time.monotonic() > deadline:
                    raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
                continue
            deadline = time.monotonic() + PATIENCE_SECS
            for message in [first, *consumer.consume(_MESSAGES_A_TURN, 0)]:
                error = message.error()
                if error is not None:
                    raise KafkaException(error)
                partition = _partition(message)
                if partition in going and not (
                    take(partition, message) and _offset(message) + 1 < ends[partition].next
                ):
                    going.discard(partition)


def _placed(message: Message) -> tuple[Record | None, int | None]:
    """The record of a message and its place; one of a topic without origins has Kafka's offset for its place."""
    read = decode(message)
    place = _offset(message) if read.record is not None and read.at is None else read.at
    return read.record, place


def _offset(message: Message) -> int:
    return message.offset()  # type: ignore[return-value]  # a message that was read has one


def _partition(message: Message) -> int:
    return message.partition()  # type: ignore[return-value]
