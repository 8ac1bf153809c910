"""The file kind `paceline.yaml`: how a workspace runs. Choices are tagged unions (`bus: {type: sqlite, …}`)."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from paceline.model.debt import DebtSettings
from paceline.model.door import DoorChanges, DoorSettings

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


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source whose requests are signed by a vendor, at /v1/in/<source>.

    Both secrets are accepted, so that one can be replaced while the other still signs.
    """

    scheme: Annotated[WebhookScheme, Meta(description="Whose way of signing it is.")]
    secret: Annotated[str, Meta(min_length=1, description="A secret reference, such as ${env:STRIPE_SECRET}.")]
    previous_secret: Annotated[
        str, Meta(description="The secret of before, accepted as well while it is being replaced.")
    ] = ""
    tolerance_secs: Annotated[
        int, Meta(ge=1, le=3600, description="How far a signed timestamp may lie from our clock, before and after.")
    ] = 300


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


class PacelineFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """paceline.yaml: how this workspace runs."""

    workspace: Annotated[str, Meta(description="The workspace's name.")]
    gateway: GatewaySettings = GatewaySettings()
    bus: SqliteBus | MemoryBus = SqliteBus()
    store: SqliteStore | MemoryStore = SqliteStore()
    sources: Annotated[dict[str, SourceSettings], Meta(description="Who may send events in, by name.")]
    door: DoorSettings = DoorSettings()
    dedup: DedupSettings = DedupSettings()
    disk: DiskSettings = DiskSettings()
    egress: Egress = Egress()
    debt: DebtSettings = DebtSettings()
