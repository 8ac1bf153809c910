"""What Kafka's client says is wrong, in sentences for the person who has to do something about it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from confluent_kafka import KafkaError

from paceline.errors import StorageError, StorageFullError

_REASON = re.compile(r"^(sasl_|ssl:?/*)?(\w+://)?[^\s]*?/[a-z0-9]+: ")

_AFTER = re.compile(r" \(after \d+ms in state \w+\)")
_final = {KafkaError._RESOLVE, KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError._UNSUPPORTED_FEATURE}
_vague = {
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._TIMED_OUT,
    KafkaError._MSG_TIMED_OUT,
    KafkaError._NOENT,
}
"""What says that something did not happen, but not why."""

_full = {KafkaError.KAFKA_STORAGE_ERROR}
_remedies = {
    KafkaError._RESOLVE: "correct bus.bootstrap: no such host is known here",
    KafkaError._AUTHENTICATION: "correct bus.sasl: its mechanism, its user and password, or its token_url and client",
    KafkaError.SASL_AUTHENTICATION_FAILED: "correct the user or the password of bus.sasl",
    KafkaError.UNSUPPORTED_SASL_MECHANISM: "choose a bus.sasl.mechanism that the brokers allow",
    KafkaError._SSL: "correct bus.tls: the authority that signed the brokers' certificates, and the host names in them",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "allow the user to describe, read, write and create topics with this prefix",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "allow the user IdempotentWrite on the cluster",
    KafkaError.NOT_ENOUGH_REPLICAS: "too few brokers are up for min_insync_replicas: start those that are away",
    KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND: "too few brokers are up for min_insync_replicas",
    KafkaError.KAFKA_STORAGE_ERROR: "look at the brokers' disks and logs: a broker cannot write to its disk",
    KafkaError.POLICY_VIOLATION: "a policy forbids it: create the topics by hand, and set create_topics: false",
    KafkaError.INVALID_REPLICATION_FACTOR: "start as many brokers as bus.replication says, or more",
    KafkaError._UNSUPPORTED_FEATURE: "run Apache Kafka 3.5 or later: the brokers are too old",
    KafkaError.UNSUPPORTED_VERSION: "run Apache Kafka 3.5 or later: the brokers are too old",
}
_ACCESS = "check that the brokers run, and that bus.bootstrap, bus.tls and bus.sasl are what they expect"


class Complaints:
    """The last thing that a client complained of: its requests only say that they ran out of time.

    `hear` is the client's error callback and runs on its threads.
    """

    def __init__(self) -> None:
        self._last: KafkaError | None = None
        self._is_away = False

    def hear(self, error: KafkaError) -> None:
        """Remember, preferring what says more than that nobody answers."""
        self._is_away |= error.code() == KafkaError._ALL_BROKERS_DOWN
        if not self.is_final and (error.code() != KafkaError._ALL_BROKERS_DOWN or self._last is None):
            self._last = error

    @property
    def is_final(self) -> bool:
        """Whether it is about something that does not change by waiting."""
        return self._last is not None and self._last.code() in _final

    def take_outage(self) -> bool:
        """Whether no broker could be reached since this was asked last; they may be back."""
        was_away, self._is_away = self._is_away, False
        return was_away

    def take(self) -> KafkaError | None:
        """What was heard last; it is forgotten."""
        heard, self._last = self._last, None
        return heard


def storage_fault(doing: str, error: KafkaError | None, heard: KafkaError | None, where: Sequence[str]) -> StorageError:
    """The exception for a failed call: `error` is what the call said, `heard` what the client complained of before."""
    told = heard if heard is not None and (error is None or error.code() in _vague) else error
    code = told.code() if told is not None else KafkaError._TIMED_OUT
    kind = StorageFullError if code in _full else StorageError
    reason = _plain(told) if told is not None else "nobody answered in time"
    return kind(
        f"{doing}: {reason}",
        where=f"Kafka at {', '.join(where)}",
        remedy=_remedies.get(code, _ACCESS),
    )


def _plain(error: KafkaError) -> str:
    """The client's words without its name for the connection.

    librdkafka begins with `sasl_plaintext://127.0.0.1:9092/bootstrap: `, which the error's place says already.
    """
    if error.code() == KafkaError._ALL_BROKERS_DOWN:
        return "no broker answers; they are down, or end a connection that is not as they expect it"
    return _AFTER.sub("", _REASON.sub("", error.str())).strip()
