"""Questions to the cluster, and the care for topics: created when missing, refused when they cannot keep a promise."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, OffsetSpec, TopicMetadata

from paceline.drivers.bus.kafka.client import MAX_MESSAGE_BYTES, REQUEST_SECS, Clients, refused
from paceline.drivers.bus.kafka.faults import Complaints
from paceline.errors import StorageError
from paceline.model.kafka_settings import Durability, KafkaBus, Unread
from paceline.model.record import Cursors, PartitionEnds

_HOUR_MS = 3_600_000
_APPEARS_SECS = 10.0
_ATTEMPT_SECS = 1.0
_ASK_AGAIN_SECS = 0.05

_passing = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.OFFSET_NOT_AVAILABLE,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.REPLICA_NOT_AVAILABLE,
    KafkaError.BROKER_NOT_AVAILABLE,
    KafkaError._NOENT,  # "no leaders found"
    KafkaError._UNKNOWN_PARTITION,
    KafkaError._TRANSPORT,
}
Key = TypeVar("Key")
Answer = TypeVar("Answer")


class Cluster:
    """One cluster, asked by blocking calls. Used from several threads."""

    def __init__(self, clients: Clients, *, max_record_bytes: int) -> None:
        """`max_record_bytes` is what the largest record may come to."""
        self._clients = clients
        self._settings = clients.settings
        self._max_record_bytes = max_record_bytes
        self._complaints = Complaints()
        self._client: AdminClient | None = None

    def prepare(self, topic: str) -> None:
        """Create the topic when it is missing, and check it. Raises StorageError with everything that is wrong."""
        found = self._describe(topic)
        if found is None:
            if not self._settings.create_topics:
                raise self._missing(topic)
            self._create(topic)
            found = self._wait_for(topic)
        wrong = [*_wrong_layout(found, self._settings), *self._wrong_configuration(topic)]
        if wrong:
            raise StorageError(
                "; ".join(wrong),
                where=f"Kafka topic {topic}",
                remedy="change the topic (kafka-configs.sh, kafka-topics.sh), or what paceline.yaml says of the bus",
            )

    def ends(self, topic: str, partitions: Iterable[int]) -> dict[int, PartitionEnds]:
        """For every partition Kafka's first kept offset and the next one."""
        wanted = list(partitions)
        first = self._offsets(topic, wanted, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        following = self._offsets(topic, wanted, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return {partition: PartitionEnds(first[partition], following[partition]) for partition in wanted}

    def offsets_at(self, topic: str, partitions: Iterable[int], at_ms: int) -> dict[int, int]:
        """The offset of the first record that was appended at that time or later; -1 where there is none."""
        return self._offsets(topic, list(partitions), OffsetSpec.for_timestamp(at_ms))

    def delete_before(self, topic: str, limits: Cursors) -> None:
        """Drop every record before these offsets, on all replicas."""
        wanted = [TopicPartition(topic, partition, offset) for partition, offset in limits.items()]
        self._answers(lambda: self._admin().delete_records(wanted), f"the topic {topic} could not be shortened")

    def _admin(self) -> AdminClient:
        if self._client is None:
            self._client = self._clients.admin(self._complaints)
        return self._client

    def _describe(self, topic: str) -> TopicMetadata | None:
        found = self._reach(topic)
        if found.error is None:
            return found
        if found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return None
        if found.error.code() == KafkaError.LEADER_NOT_AVAILABLE:
            return found  # some partition has none at the moment, and requests will wait for it
        doing = f"the topic {topic} cannot be used"
        raise refused(doing, KafkaException(found.error), self._complaints, self._settings)

    def _reach(self, topic: str) -> TopicMetadata:
        """What a broker that answers says of the topic. Waits for one, but not when waiting cannot help."""
        client = self._admin()
        deadline = time.monotonic() + self._settings.delivery_timeout_secs
        while True:
            try:
                return client.list_topics(topic, timeout=_ATTEMPT_SECS).topics[topic]
            except KafkaException as error:
                client.poll(0)  # what it complains of comes by its callback
                if self._complaints.is_final or time.monotonic() > deadline:
                    raise refused("the cluster cannot be reached", error, self._complaints, self._settings) from None

    def _missing(self, topic: str) -> StorageError:
        chosen = self._settings
        configuration = " ".join(f"--config {name}={value}" for name, value in _configuration(chosen).items())
        return StorageError(
            f"there is no topic {topic}, and create_topics is false",
            where=f"Kafka at {', '.join(chosen.bootstrap)}",
            remedy=f"run: kafka-topics.sh --bootstrap-server {chosen.bootstrap[0]} --create --topic {topic}"
            f" --partitions {chosen.partitions} --replication-factor {chosen.replication} {configuration}",
        )

    def _create(self, topic: str) -> None:
        chosen = self._settings
        wanted = NewTopic(topic, chosen.partitions, chosen.replication, config=_configuration(chosen))
        (made,) = self._admin().create_topics([wanted], operation_timeout=REQUEST_SECS).values()
        try:
            made.result(2 * REQUEST_SECS)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                doing = f"the topic {topic} could not be created"
                raise refused(doing, error, self._complaints, chosen) from None

    def _wait_for(self, topic: str) -> TopicMetadata:
        """Brokers hear of a new topic one after the other."""
        deadline = time.monotonic() + _APPEARS_SECS
        while True:
            found = self._describe(topic)
            if found is not None and found.partitions and all(one.leader >= 0 for one in found.partitions.values()):
                return found
            if time.monotonic() > deadline:
                raise StorageError(
                    f"the topic {topic} was created, and its partitions have no leader yet", where="Kafka"
                )
            time.sleep(_ASK_AGAIN_SECS)

    def _wrong_configuration(self, topic: str) -> list[str]:
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        described = self._answers(
            lambda: self._admin().describe_configs([resource], request_timeout=REQUEST_SECS),
            f"the settings of topic {topic} could not be read",
        )[resource]
        has = {name: str(entry.value) for name, entry in described.items()}
        chosen = self._settings
        wrong = []
        if "compact" in has["cleanup.policy"]:
            wrong.append("cleanup.policy is compact, which removes events; set delete")
        if has["unclean.leader.election.enable"] == "true":
            wrong.append("unclean.leader.election.enable is true, which loses acknowledged events; set false")
        if int(has["min.insync.replicas"]) < chosen.min_insync_replicas:
            wrong.append(
                f"min.insync.replicas is {has['min.insync.replicas']} and bus.min_insync_replicas"
                f" {chosen.min_insync_replicas}: fewer brokers than promised would have an acknowledged event"
            )
        if chosen.durability is Durability.SINGLE_NODE and has["flush.messages"] != "1":
            wrong.append("flush.messages is not 1: a power cut of the one broker would lose acknowledged events")
        if int(has["max.message.bytes"]) < self._max_record_bytes:
            wrong.append(
                f"max.message.bytes is {has['max.message.bytes']} and a record may have {self._max_record_bytes} bytes"
            )
        return [*wrong, *_wrong_retention(has, chosen)]

    def _offsets(self, topic: str, partitions: list[int], spec: OffsetSpec) -> dict[int, int]:
        asked = {TopicPartition(topic, partition): spec for partition in partitions}
        found = self._answers(
            lambda: self._admin().list_offsets(asked, request_timeout=REQUEST_SECS),
            f"the ends of topic {topic} could not be read",
        )
        return {place.partition: answer.offset for place, answer in found.items()}

    def _answers(self, ask: Callable[[], Mapping[Key, Future[Answer]]], doing: str) -> dict[Key, Answer]:
        """What the brokers say, asked again while they are busy with changing over to one another."""
        deadline = time.monotonic() + REQUEST_SECS
        while True:
            try:
                return {one: answer.result(2 * REQUEST_SECS) for one, answer in ask().items()}
            except KafkaException as error:
                self._admin().poll(0)
                if error.args[0].code() not in _passing or time.monotonic() > deadline:
                    raise refused(doing, error, self._complaints, self._settings) from None
                time.sleep(_ASK_AGAIN_SECS)


def _wrong_layout(found: TopicMetadata, chosen: KafkaBus) -> list[str]:
    wrong = []
    if len(found.partitions) != chosen.partitions:
        wrong.append(
            f"it has {len(found.partitions)} partitions and bus.partitions says {chosen.partitions}: keys would move"
        )
    replicas = min((len(one.replicas) for one in found.partitions.values()), default=0)
    if replicas < chosen.replication:
        wrong.append(
            f"it has {replicas} replicas and bus.replication says {chosen.replication}: the loss of a broker would lose"
            " acknowledged events or stop the gateway"
        )
    return wrong


def _wrong_retention(has: Mapping[str, str], chosen: KafkaBus) -> list[str]:
    age_ms, most_bytes = int(has["retention.ms"]), int(has["retention.bytes"])
    if chosen.retention.unread is Unread.KEPT:
        limits = [("retention.ms", age_ms), ("retention.bytes", most_bytes)]
        return [
            f"{name} is {value}: brokers would drop events that a lane still needs; set -1 (a worker then drops what is"
            " older than retention.max_age_hours and needed by no lane), or accept it with retention: {unread: dropped}"
            for name, value in limits
            if value >= 0
        ]
    promised_ms = int(chosen.retention.max_age_hours * _HOUR_MS)
    if 0 <= age_ms < promised_ms:
        return [f"retention.ms is {age_ms} and retention.max_age_hours promises {promised_ms}"]
    return []


def _configuration(chosen: KafkaBus) -> dict[str, str]:
    """What a topic is created with."""
    keeps = chosen.retention.unread is Unread.KEPT
    flush = {"flush.messages": "1"} if chosen.durability is Durability.SINGLE_NODE else {}
    return {
        "cleanup.policy": "delete",
        "retention.ms": "-1" if keeps else str(int(chosen.retention.max_age_hours * _HOUR_MS)),
        "retention.bytes": "-1",
        "min.insync.replicas": str(chosen.min_insync_replicas),
        "unclean.leader.election.enable": "false",
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        **flush,
    }
