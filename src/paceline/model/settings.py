"""The file kind `paceline.yaml`: how a workspace runs. Choices are tagged unions (`bus: {type: sqlite, …}`)."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from paceline.model.debt import DebtSettings
from paceline.model.door import DoorChanges, DoorSettings
from paceline.model.kafka_settings import KafkaBus

Positive = Annotated[int, Meta(ge=1)]
Port = Annotated[int, Meta(ge=0, le=65535)]


class Retention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a topic is kept: whichever limit is reached first. Records that a lane still needs are never dropped."""

    max_age_hours: Annotated[float, Meta(gt=0)] = 168.0
    max_bytes: Positive = 10 * 1024**3


class SqliteBus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="sqlite"):
    """The embedded bus: one SQLite file a topic below `path`, WAL, synchronous=FULL."""

    path: str = ".paceline/bus"
    partitions: Annotated[int, Meta(ge=1, le=256)] = 4
    retention: Retention = Retention()


class MemoryBus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="memory"):
    """A bus for tests: forgets everything when its process ends."""

    partitions: Annotated[int, Meta(ge=1, le=256)] = 4


class SqliteStore(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="sqlite"
):
    """The embedded store: one SQLite file, WAL, synchronous=FULL."""

    path: str = ".paceline/store.db"


class MemoryStore(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="memory"
):
    """A store for tests: forgets everything when its process ends."""


class PostgresStore(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="postgres"
):
    """A store in PostgreSQL, for workers on many machines. Needs the extra `postgres`."""

    url: Annotated[
        str,
        Meta(
            min_length=1,
            description="A secret reference such as ${env:PACELINE_POSTGRES}; without a password, the URL itself.",
        ),
    ]
    schema: Annotated[
        str,
        Meta(pattern=r"^[a-z_][a-z0-9_]{0,62}$", description="Where the tables are; one for each workspace."),
    ] = "paceline"
    connections: Annotated[
        int, Meta(ge=1, le=100, description="How many a worker opens at most, beside the one of its leases.")
    ] = 4


StoreSettings = SqliteStore | MemoryStore | PostgresStore


class GatewayLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits at the door. A refused request says which one, its value and how full it was."""

    max_body_bytes: Annotated[int, Meta(ge=1024, le=4 * 1024**2)] = 1024**2
    max_event_bytes: Annotated[int, Meta(ge=1024, le=1024**2)] = 256 * 1024
    warn_event_bytes: Annotated[int, Meta(ge=1024)] = 32 * 1024
    max_batch_events: Annotated[int, Meta(ge=1, le=10_000)] = 500
    max_depth: Annotated[int, Meta(ge=4, le=64)] = 32
    max_keys: Annotated[int, Meta(ge=16, le=100_000)] = 10_000
    max_pending_events: Annotated[int, Meta(ge=500)] = 20_000
    max_header_bytes: Annotated[int, Meta(ge=1024, le=64 * 1024)] = 16 * 1024
    max_connections: Annotated[int, Meta(ge=1, le=60_000)] = 4_096
    header_read_secs: Annotated[float, Meta(gt=0, le=60)] = 10.0
    body_read_secs: Annotated[float, Meta(gt=0, le=300)] = 30.0
    max_commit_ms: Annotated[
        float, Meta(gt=0, description="New requests are turned away while the 99th percentile of commits is slower.")
    ] = 500.0


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the HTTP door listens and whom it lets in from browsers."""

    host: Annotated[str, Meta(description="The address to listen on; 0.0.0.0 for every one of this machine.")] = (
        "127.0.0.1"
    )
    port: Port = 8080
    cors_origins: Annotated[
        list[str],
        Meta(description="Web pages that may send events from browsers, such as https://shop.example; * for all."),
    ] = msgspec.field(default_factory=lambda: ["*"])
    public_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^/?#@\s\\]+)?$",
            description="How the world reaches the gateway, such as https://events.shop.example; HubSpot signs it.",
        ),
    ] = ""
    limits: GatewayLimits = GatewayLimits()


class Quota(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many events a source may send to one gateway: so many a second, and `burst` at once after a quiet time.

    `burst` is two seconds' worth when it is not given. Beyond it, requests are answered 429 with Retry-After.
    """

    events_per_sec: Annotated[float, Meta(gt=0, description="Events a second, in the long run.")]
    burst: Annotated[Positive | None, Meta(description="Events at once; two seconds' worth by default.")] = None

    @property
    def most_at_once(self) -> int:
        """The burst, also when it is not given.

        >>> Quota(events_per_sec=100).most_at_once
        200
        """
        return self.burst or max(1, int(2 * self.events_per_sec))


class WebhookScheme(enum.StrEnum):
    """Whose way of signing webhooks a source uses."""

    STANDARD_WEBHOOKS = "standard_webhooks"
    STRIPE = "stripe"
    SHOPIFY = "shopify"
    HUBSPOT = "hubspot"
    SLACK = "slack"
    GITHUB = "github"
    TYPEFORM = "typeform"
    SEGMENT = "segment"
    CUSTOMERIO = "customerio"
    INTERCOM = "intercom"
    SENDGRID = "sendgrid"
    TOKEN = "token"  # noqa: S105 - the name of a scheme
    """No signature: the secret itself comes with each request, for what can be told nothing but an address."""


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source whose requests are signed by a vendor, at /v1/in/<source>.

    Both secrets are accepted, so that one can be replaced while the other still signs. `adapter` turns the requests
    into events, those too that came before it was there; with `wait_for_adapter` they are kept until then.
    """

    scheme: Annotated[WebhookScheme, Meta(description="Whose way of signing it is.")]
    secret: Annotated[str, Meta(min_length=1, description="A secret reference, such as ${env:STRIPE_SECRET}.")]
    previous_secret: Annotated[
        str, Meta(description="The secret of before, accepted as well while it is being replaced.")
    ] = ""
    tolerance_secs: Annotated[
        int, Meta(ge=1, le=3600, description="How far a signed timestamp may lie from our clock, before and after.")
    ] = 300
    adapter: Annotated[
        str, Meta(description="What turns its requests into events: a file of adapters/, or one that comes along.")
    ] = ""
    wait_for_adapter: Annotated[
        bool,
        Meta(description="Keep its requests in the log for as long as there is no adapter, whatever retention says."),
    ] = False


class SourceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may send events in.

    `write_keys` are SHA-256 digests (`sha256:` and 64 hex digits; `paceline keys hash` makes one) or secret
    references; two may be active for rotation. `door` changes the rules at the door for this source.
    """

    write_keys: Annotated[
        list[str],
        Meta(
            max_length=2,
            description="Digests of write keys (`paceline keys new` makes one) or secret references; at most two.",
        ),
    ] = []
    webhook: Annotated[WebhookSettings | None, Meta(description="Signed requests of a vendor, at /v1/in/<source>.")] = (
        None
    )
    quota: Annotated[Quota | None, Meta(description="How many events it may send; no limit by default.")] = None
    door: Annotated[
        DoorChanges | None, Meta(description="What this source wants otherwise at the door, such as {broken: reject}.")
    ] = None
    description: Annotated[str, Meta(description="Who sends here, and how.")] = ""

    def __post_init__(self) -> None:
        if not self.write_keys and self.webhook is None:
            raise ValueError("a source needs write_keys or a webhook, or nobody can send")


class DiskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much room stays free on the disk of the bus and the store.

    Below the low-water mark the gateway takes nothing in and no vendor is called, until there is room again. The
    ballast is a file that a running gateway gives up when the disk is full all the same, so that commands can write.
    """

    low_water_bytes: Annotated[
        Positive | None, Meta(description="Free bytes; the larger of 5 % and 256 MiB by default.")
    ] = None
    ballast_bytes: Annotated[int, Meta(ge=0, description="The size of the ballast file; 0 for none.")] = 64 * 1024**2

    def low_water_of(self, disk_bytes: int) -> int:
        """The mark for a disk of that size.

        >>> DiskSettings().low_water_of(10 * 1024**3)
        536870912
        """
        return self.low_water_bytes or max(disk_bytes // 20, 256 * 1024**2)


class LetterRetention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long dead letters are kept, events in quarantine too. The bus has a retention of its own, which is shorter.

    When the bus lets go of an event that an open dead letter needs, a copy stays beside the store. Beyond
    `dead_letters_max_bytes` the oldest copies go; their letters stay listed, and cannot be sent again.
    """

    dead_letters_days: Annotated[
        float, Meta(gt=0, le=366, description="Days since the last failure after which a dead letter is forgotten.")
    ] = 30.0
    dead_letters_max_bytes: Annotated[
        int, Meta(ge=1024**2, description="The most that copies of dead letters' events may take; the oldest go first.")
    ] = 1024**3


class DedupSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a repeated (source, message id) is recognised, and how many ids are remembered at most."""

    window_hours: Annotated[float, Meta(ge=24, le=24 * 31)] = 24.0
    max_ids: Annotated[int, Meta(ge=1000)] = 2_000_000


class Egress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which otherwise denied addresses connectors may call (`host:port` or CIDR ranges inside your own network), and
    on which ports public addresses may be called."""

    allow: Annotated[
        list[str], Meta(description="Ranges such as 10.1.0.0/16, or an address and port such as 127.0.0.1:4011.")
    ] = []
    ports: Annotated[
        list[Annotated[int, Meta(ge=1, le=65535)]],
        Meta(min_length=1, description="Ports on which public addresses may be called; 443 and 80 by default."),
    ] = msgspec.field(default_factory=lambda: [443, 80])


class FlagdFile(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="flagd_file"
):
    """Route toggles in a file of flagd definitions, of the workspace or of a folder that several machines share."""

    path: Annotated[str, Meta(description="The file, below the workspace or absolute.")] = "toggles.flagd.json"


class OpenFeatureProvider(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="openfeature"
):
    """Route toggles of any OpenFeature provider. Its flags have the values `direct`, `shadow` and `bus`."""

    provider: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
            description="Where its class is, such as openfeature.contrib.provider.flagd:FlagdProvider.",
        ),
    ]
    settings: Annotated[dict[str, object], Meta(description="What the class is made with; secrets as references.")] = {}


class LifecycleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long what is temporary may last."""

    hybrid_days: Annotated[
        int, Meta(ge=1, le=366, description="How long a hybrid may last from its start; each extension adds as much.")
    ] = 90


class PacelineFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """paceline.yaml: how this workspace runs."""

    workspace: Annotated[str, Meta(description="The workspace's name.")]
    gateway: GatewaySettings = GatewaySettings()
    bus: SqliteBus | MemoryBus | KafkaBus = SqliteBus()
    store: StoreSettings = SqliteStore()
    sources: Annotated[dict[str, SourceSettings], Meta(description="Who may send events in, by name.")]
    door: DoorSettings = DoorSettings()
    dedup: DedupSettings = DedupSettings()
    retention: LetterRetention = LetterRetention()
    disk: DiskSettings = DiskSettings()
    egress: Egress = Egress()
    toggles: FlagdFile | OpenFeatureProvider = FlagdFile()
    debt: DebtSettings = DebtSettings()
    lifecycle: LifecycleSettings = LifecycleSettings()
