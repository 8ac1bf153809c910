"""The file kind `paceline.yaml`: how a workspace runs. Choices are tagged unions (`bus: {type: sqlite, …}`)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

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
    limits: GatewayLimits = GatewayLimits()


class SourceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may send events in.

    `write_keys` are SHA-256 digests (`sha256:` and 64 hex digits; `paceline keys hash` makes one) or secret
    references; two may be active for rotation. `door` changes the rules at the door for this source.
    """

    write_keys: Annotated[
        list[str],
        Meta(
            min_length=1,
            max_length=2,
            description="Digests of write keys (`paceline keys hash` makes one) or secret references; at most two.",
        ),
    ]
    door: Annotated[
        DoorChanges | None, Meta(description="What this source wants otherwise at the door, such as {broken: reject}.")
    ] = None
    description: Annotated[str, Meta(description="Who sends here, and how.")] = ""


class DedupSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a repeated (source, message id) is recognised, and how many ids are remembered at most."""

    window_hours: Annotated[float, Meta(ge=24, le=24 * 31)] = 24.0
    max_ids: Annotated[int, Meta(ge=1000)] = 2_000_000


class Egress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which otherwise denied addresses connectors may call: `host:port` or CIDR ranges inside your own network."""

    allow: Annotated[
        list[str], Meta(description="Ranges such as 10.1.0.0/16, or an address and port such as 127.0.0.1:4011.")
    ] = []


class PacelineFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """paceline.yaml: how this workspace runs."""

    workspace: Annotated[str, Meta(description="The workspace's name.")]
    gateway: GatewaySettings = GatewaySettings()
    bus: SqliteBus | MemoryBus = SqliteBus()
    store: SqliteStore | MemoryStore = SqliteStore()
    sources: Annotated[dict[str, SourceSettings], Meta(description="Who may send events in, by name.")]
    door: DoorSettings = DoorSettings()
    dedup: DedupSettings = DedupSettings()
    egress: Egress = Egress()
