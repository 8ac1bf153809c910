"""Appending to one topic: groups of appends, sent together and awaited together, on the committing thread."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from paceline.drivers.bus.kafka.client import MAX_MESSAGE_BYTES, Clients
from paceline.drivers.bus.kafka.cluster import Cluster
from paceline.drivers.bus.kafka.faults import Complaints, storage_fault
from paceline.drivers.bus.kafka.lookup import Lookup, Tail
from paceline.drivers.bus.kafka.wire import Wire, encode
from paceline.errors import StorageError
from paceline.model.record import Position, Record

_GRACE_SECS = 2.0
"""Reports of what has timed out come a little later."""

_HEADROOM_BYTES = 16 * 1024


class Append(NamedTuple):
    """Records of one call, each with its partition."""

    records: Sequence[Record]
    partitions: Sequence[int]


class _Sent(NamedTuple):
    """What became of one append: places that are known before the brokers answer, None for Kafka to choose."""

    partitions: Sequence[int]
    places: Sequence[int | None]
    is_sent: Sequence[bool]


class TopicWriter:
    """Sends to one topic. Every method but the constructor runs on the committing thread.

    With the first record that has an origin the topic counts as derived: each record then gets a place, and what has
    an origin that the partition holds already is left out.
    """

    def __init__(
        self,
        clients: Clients,
        cluster: Cluster,
        lookup: Lookup,
        topic: str,
        schema_id: Callable[[str], int | None] | None,
    ) -> None:
        self._clients = clients
        self._cluster = cluster
        self._lookup = lookup
        self._topic = topic
        self._schema_id = schema_id
        self._complaints = Complaints()
        self._producer: Producer | None = None
        self._is_derived = False
        self._tails: dict[int, Tail] = {}
        self._offsets: defaultdict[int, list[int]] = defaultdict(list)
        self._failed: dict[int, KafkaError] = {}

    def commit(self, group: Sequence[Append]) -> list[list[Position] | Exception]:
        """Make a group durable; for each append the positions of its records, or why it must count as not appended."""
        if not self._is_derived and any(record.origin is not None for append in group for record in append.records):
            self._retire()
            self._is_derived = True
        self._offsets.clear()
        self._failed.clear()
        producer = self._connected()
        sent: list[_Sent | StorageError] = []
        for append in group:
            try:
                sent.append(self._send(producer, append))
            except KafkaException as error:
                self._failed.update(dict.fromkeys(append.partitions, error.args[0]))
                sent.append(self._fault(error.args[0]))
            except StorageError as error:
                sent.append(error)
        unanswered = producer.flush(self._clients.settings.delivery_timeout_secs + _GRACE_SECS)
        if unanswered:
            timed_out = KafkaError(KafkaError._MSG_TIMED_OUT)
            self._failed.update({one: timed_out for append in group for one in append.partitions})
        offsets = {partition: iter(placed) for partition, placed in self._offsets.items()}
        results = [one if isinstance(one, Exception) else self._result(one, offsets) for one in sent]
        if unanswered or any(error.fatal() for error in self._failed.values()) or (self._failed and self._is_derived):
            self._retire()
        return results

    def close(self) -> None:
        """Let go of the connections."""
        self._retire()

    def _connected(self) -> Producer:
        if self._producer is None:
            self._producer = self._clients.producer(self._complaints, is_gapless=self._is_derived)
        return self._producer

    def _retire(self) -> None:
        """Forget the producer and what was known of the topic's end; what is still on its way may arrive or not."""
        self._tails.clear()
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()
            producer.flush(_GRACE_SECS)

    def _send(self, producer: Producer, append: Append) -> _Sent:
        """Queue an append. Raises StorageError before anything of it was queued."""
        places: list[int | None] = [None] * len(append.records)
        is_new = [True] * len(append.records)
        tails: dict[int, Tail] = {}
        if self._is_derived:
            tails = self._tails_of(append.partitions)
            for index, (record, partition) in enumerate(zip(append.records, append.partitions, strict=True)):
                tail = tails[partition]
                if record.origin is not None and record.origin.offset <= tail.last_origin:
                    places[index], is_new[index] = tail.next_place - 1, False
                else:
                    last_origin = tail.last_origin if record.origin is None else record.origin.offset
                    places[index] = tail.next_place
                    tails[partition] = Tail(tail.next_place + 1, last_origin)
        wires = [
            self._encode(record, place) if new else None
            for record, place, new in zip(append.records, places, is_new, strict=True)
        ]
        for wire, partition in zip(wires, append.partitions, strict=True):
            if wire is not None:
                self._produce(producer, wire, partition)
        self._tails |= tails
        return _Sent(append.partitions, places, is_new)

    def _encode(self, record: Record, place: int | None) -> Wire:
        schema_id = (
            self._schema_id(record.dataschema) if self._schema_id and record.data and record.dataschema else None
        )
        wire = encode(record, at=place, schema_id=schema_id)
        if len(wire.value) > MAX_MESSAGE_BYTES - _HEADROOM_BYTES:
            raise StorageError(
                f"a record of {len(wire.value)} bytes is larger than a message may be",
                where=f"Kafka topic {self._topic}",
            )
        return wire

    def _produce(self, producer: Producer, wire: Wire, partition: int) -> None:
        deadline = time.monotonic() + self._clients.settings.delivery_timeout_secs
        while True:
            try:
                return producer.produce(
                    self._topic,
                    wire.value,
                    wire.key,
                    partition,
                    on_delivery=self._report,
                    headers=wire.headers,  # type: ignore[arg-type]  # a list is invariant
                )
            except BufferError:
                if time.monotonic() > deadline:
                    raise KafkaException(KafkaError(KafkaError._QUEUE_FULL)) from None
                producer.poll(0.1)

    def _report(self, error: KafkaError | None, message: Message) -> None:
        """Called for every message, in order inside a partition, while flushing."""
        partition: int = message.partition()  # type: ignore[assignment]  # we chose it
        if error is None:
            self._offsets[partition].append(message.offset())  # type: ignore[arg-type]  # it was acknowledged
        else:
            self._failed[partition] = error

    def _result(self, sent: _Sent, offsets: Mapping[int, Iterator[int]]) -> list[Position] | Exception:
        for partition in sent.partitions:
            if partition in self._failed:
                return self._fault(self._failed[partition])
        if self._is_derived:
            return [
                Position(partition, place or 0) for partition, place in zip(sent.partitions, sent.places, strict=True)
            ]
        return [Position(partition, next(offsets[partition])) for partition in sent.partitions]

    def _fault(self, error: KafkaError) -> StorageError:
        doing = f"the topic {self._topic} does not take records"
        return storage_fault(doing, error, self._complaints.take(), self._clients.settings.bootstrap)

    def _tails_of(self, partitions: Sequence[int]) -> dict[int, Tail]:
        """Where these partitions end, read from the topic where it is not known."""
        unknown = set(partitions) - self._tails.keys()
        if unknown:
            self._tails |= self._lookup.tails(self._topic, self._cluster.ends(self._topic, unknown))
        return {partition: self._tails[partition] for partition in set(partitions)}
