"""The part of paceline.yaml that says how a workspace runs on Kafka: `bus: {type: kafka, …}`.

What a cluster could not keep is refused here, with the reason, before anything connects.
"""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

Secret = Annotated[
    str,
    Meta(pattern=r"^\$\{(env|file):[^${}]+\}$", description="A secret reference, such as ${env:KAFKA_PASSWORD}."),
]
Address = Annotated[
    str, Meta(pattern=r"^(\[[0-9A-Fa-f:]+\]|[^\s:/,]+):[0-9]{1,5}$", description="host:port of a broker.")
]

_LOOPBACK = ("127.", "localhost:", "[::1]:")


class Durability(enum.StrEnum):
    """What an acknowledged event survives.

    `replicated`: the loss of any single broker, for at least `min_insync_replicas` have it. `single_node`: a power cut
    of the one broker, which writes to its disk before it acknowledges (`flush.messages=1`), but not that disk's loss.
    """

    REPLICATED = "replicated"
    SINGLE_NODE = "single_node"


class Unread(enum.StrEnum):
    """What becomes of records beyond retention that a lane still needs."""

    KEPT = "kept"
    DROPPED = "dropped"


class WireFormat(enum.StrEnum):
    """What lies in front of an event's JSON: nothing, or Confluent's magic byte and the schema's id in our registry."""

    PLAIN = "plain"
    CONFLUENT = "confluent"


class Compression(enum.StrEnum):
    """How batches are compressed on their way and in the topic."""

    NONE = "none"
    LZ4 = "lz4"
    ZSTD = "zstd"
    SNAPPY = "snappy"
    GZIP = "gzip"


class KafkaRetention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a topic is kept. With `unread: kept` the topic itself has no limit (`retention.ms=-1`) and a worker
    drops what is older and needed by no lane; with `dropped` the brokers drop by age, whoever still needs it."""

    max_age_hours: Annotated[float, Meta(gt=0)] = 168.0
    unread: Unread = Unread.KEPT


class KafkaTls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encrypted connections. Files are looked up from the workspace's folder; without `ca_file` the system's
    authorities are trusted."""

    ca_file: str = ""
    certificate_file: Annotated[str, Meta(description="The client's own certificate, where brokers ask for one.")] = ""
    key_file: str = ""
    key_password: Secret | None = None

    def __post_init__(self) -> None:
        if bool(self.certificate_file) != bool(self.key_file):
            raise ValueError("certificate_file and key_file go together")


class _Password(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="mechanism"):
    username: str
    password: Secret


class SaslPlain(_Password, frozen=True, tag="plain"):
    """User and password as they are; needs TLS, or brokers on this machine."""


class SaslScram256(_Password, frozen=True, tag="scram-sha-256"):
    """User and password by challenge, SHA-256."""


class SaslScram512(_Password, frozen=True, tag="scram-sha-512"):
    """User and password by challenge, SHA-512."""


class SaslOAuthBearer(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="mechanism", tag="oauthbearer"
):
    """Tokens from an OAuth 2.0 server by client credentials (OIDC), renewed before they end."""

    token_url: Annotated[str, Meta(pattern=r"^https?://")]
    client_id: str
    client_secret: Secret
    scope: str = ""
    extensions: Annotated[
        dict[str, str], Meta(description="SASL extensions, such as logicalCluster and identityPoolId.")
    ] = {}


Sasl = SaslPlain | SaslScram256 | SaslScram512 | SaslOAuthBearer


class KafkaBus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="kafka"):
    """The bus on an Apache Kafka cluster (3.5 or later): needs `pip install "paceline[kafka]"`.

    Topics are called `topic_prefix` and then `events` or `canonical`. They are created when they are not there, and
    checked in any case: a topic that could not keep what is said here is refused at start.
    """

    bootstrap: Annotated[list[Address], Meta(min_length=1, description="Some brokers of the cluster, as host:port.")]
    topic_prefix: Annotated[
        str,
        Meta(
            pattern=r"^[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,99}$",
            description="Begins the names of all topics, such as `shop.`; each workspace of a cluster needs its own.",
        ),
    ]
    partitions: Annotated[int, Meta(ge=1, le=256)] = 12
    replication: Annotated[int, Meta(ge=1, le=32, description="How many brokers have each record.")] = 3
    min_insync_replicas: Annotated[
        int, Meta(ge=1, le=32, description="How many of them must have it before it is acknowledged.")
    ] = 2
    durability: Durability = Durability.REPLICATED
    create_topics: Annotated[bool, Meta(description="Whether missing topics are created; false where others do.")] = (
        True
    )
    retention: KafkaRetention = KafkaRetention()
    compression: Compression = Compression.NONE
    wire_format: WireFormat = WireFormat.PLAIN
    delivery_timeout_secs: Annotated[
        float, Meta(ge=1, le=120, description="After so long without the brokers' word, events count as not stored.")
    ] = 10.0
    tls: KafkaTls | None = None
    sasl: Sasl | None = None

    def __post_init__(self) -> None:
        if self.durability is Durability.SINGLE_NODE:
            if self.replication != 1 or self.min_insync_replicas != 1:
                raise ValueError("durability single_node goes with replication: 1 and min_insync_replicas: 1")
        elif self.min_insync_replicas < 2:
            raise ValueError(
                "min_insync_replicas below 2 acknowledges events that one broker alone has, and its end would lose"
                " them; set replication: 3 and min_insync_replicas: 2, or accept it with durability: single_node"
            )
        elif self.replication <= self.min_insync_replicas:
            raise ValueError(
                "replication must be larger than min_insync_replicas, or nothing is taken in while one broker is away;"
                " set replication: 3 and min_insync_replicas: 2"
            )
        in_the_clear = self.tls is None and not all(one.startswith(_LOOPBACK) for one in self.bootstrap)
        if in_the_clear and isinstance(self.sasl, SaslPlain | SaslOAuthBearer):
            raise ValueError("sasl plain and oauthbearer send the secret itself: add tls, or use scram-sha-512")
