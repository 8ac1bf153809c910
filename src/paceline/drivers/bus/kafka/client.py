"""How clients are configured: addresses, TLS, SASL, and the waits that bound how long anybody is kept in doubt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, assert_never

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from paceline.drivers.bus.kafka.faults import Complaints, storage_fault
from paceline.errors import StorageError
from paceline.model.kafka_settings import (
    KafkaBus,
    KafkaTls,
    SaslOAuthBearer,
    SaslPlain,
    SaslScram256,
    SaslScram512,
)

REQUEST_SECS = 10.0
"""How long a question to the cluster may take."""

PREFETCH_KBYTES = 8 * 1024
"""What a reader may hold that nobody has asked for yet; it stops fetching then."""

MAX_MESSAGE_BYTES = 4 * 1024**2


Client = TypeVar("Client")


class Clients:
    """Makes the clients of one bus. `settings` has its secrets in place; file names are below `root`."""

    def __init__(self, settings: KafkaBus, root: Path) -> None:
        self.settings = settings
        self._common: dict[str, Any] = {
            "bootstrap.servers": ",".join(settings.bootstrap),
            "client.id": "paceline",
            "log_level": 0,  # standard error is for our own lines; what matters comes as errors
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 1_000,
            "socket.timeout.ms": 6_000,
            "socket.keepalive.enable": True,
            **_security(settings, root),
        }

    def admin(self, complaints: Complaints) -> AdminClient:
        """For questions and for topics."""
        return self._make(AdminClient, complaints, {})

    def producer(self, complaints: Complaints, *, is_gapless: bool) -> Producer:
        """Acknowledged by every replica in sync, in order, each message once.

        A gapless one fails as a whole rather than leave out a message and go on with later ones.
        """
        timeout_ms = int(self.settings.delivery_timeout_secs * 1000)
        return self._make(
            Producer,
            complaints,
            {
                "acks": "all",
                "enable.idempotence": True,
                "enable.gapless.guarantee": is_gapless,
                "message.timeout.ms": timeout_ms,
                "request.timeout.ms": min(5_000, timeout_ms),
                "message.max.bytes": MAX_MESSAGE_BYTES,
                "linger.ms": 5,  # a group is flushed when it is complete, which waits for nothing
                "compression.type": str(self.settings.compression),
                "queue.buffering.max.kbytes": 64 * 1024,
                "retry.backoff.ms": 50,
            },
        )

    def consumer(self, complaints: Complaints, *, fetch_bytes: int = 1024**2, fetch_wait_ms: int = 250) -> Consumer:
        """For partitions and offsets that are assigned by hand: it joins no group and commits nothing.

        A broker keeps a question open for `fetch_wait_ms` when there is nothing new; nothing else is asked until then.
        """
        return self._make(
            Consumer,
            complaints,
            {
                "group.id": f"{self.settings.topic_prefix}readers",  # never joined; the client wants a name
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "check.crcs": False,  # one for a whole batch; every record has its own
                "max.poll.interval.ms": 86_400_000,
                "fetch.message.max.bytes": fetch_bytes,
                "fetch.wait.max.ms": fetch_wait_ms,
                "queued.max.messages.kbytes": PREFETCH_KBYTES,
                "fetch.queue.backoff.ms": 10,
                "fetch.error.backoff.ms": 100,
                "receive.message.max.bytes": 100_000_000,
            },
        )

    def _make(self, client: Callable[[dict[str, Any]], Client], complaints: Complaints, more: dict[str, Any]) -> Client:
        try:
            return client({**self._common, "error_cb": complaints.hear, **more})
        except KafkaException as error:
            raise StorageError(
                f"Kafka's client refuses its settings: {error.args[0].str()}",
                where="bus",
                remedy="correct bus.tls and bus.sasl: a file may be missing or not be what it should",
            ) from None


def _security(settings: KafkaBus, root: Path) -> dict[str, Any]:
    tls, sasl = settings.tls, settings.sasl
    protocol = {(False, False): "plaintext", (True, False): "ssl", (False, True): "sasl_plaintext"}
    chosen: dict[str, Any] = {"security.protocol": protocol.get((tls is not None, sasl is not None), "sasl_ssl")}
    if tls is not None:
        chosen |= _tls(tls, root)
    match sasl:
        case None:
            pass
        case SaslPlain() | SaslScram256() | SaslScram512():
            mechanism = {SaslPlain: "PLAIN", SaslScram256: "SCRAM-SHA-256", SaslScram512: "SCRAM-SHA-512"}[type(sasl)]
            chosen |= {"sasl.mechanism": mechanism, "sasl.username": sasl.username, "sasl.password": sasl.password}
        case SaslOAuthBearer():
            chosen |= {
                "sasl.mechanism": "OAUTHBEARER",
                "sasl.oauthbearer.method": "oidc",
                "sasl.oauthbearer.token.endpoint.url": sasl.token_url,
                "sasl.oauthbearer.client.id": sasl.client_id,
                "sasl.oauthbearer.client.secret": sasl.client_secret,
            }
            if sasl.scope:
                chosen["sasl.oauthbearer.scope"] = sasl.scope
            if sasl.extensions:
                written = ",".join(f"{name}={value}" for name, value in sasl.extensions.items())
                chosen["sasl.oauthbearer.extensions"] = written
        case _:
            assert_never(sasl)
    return chosen


def _tls(tls: KafkaTls, root: Path) -> dict[str, Any]:
    named = {
        "ssl.ca.location": tls.ca_file,
        "ssl.certificate.location": tls.certificate_file,
        "ssl.key.location": tls.key_file,
    }
    chosen: dict[str, Any] = {"ssl.endpoint.identification.algorithm": "https"}
    for option, name in named.items():
        if name:
            path = root / name
            if not path.is_file():
                raise StorageError(f"the file {path} of bus.tls is not there", where="paceline.yaml")
            chosen[option] = str(path)
    if tls.key_password:
        chosen["ssl.key.password"] = tls.key_password
    return chosen


def refused(doing: str, error: KafkaException, complaints: Complaints, settings: KafkaBus) -> StorageError:
    """The exception for a call that failed."""
    return storage_fault(doing, error.args[0], complaints.take(), settings.bootstrap)
