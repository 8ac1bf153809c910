"""Telemetry events: one frozen value for each thing that happened and is worth telling.

A fact's `fact_name` is its dotted name in the logs and is API, as are its fields. A fact never carries a payload, a
secret or personal data.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """What all facts share: a dotted name and a level (`info`, `warning` or `error`)."""

    fact_name: ClassVar[str] = ""
    level: ClassVar[str] = "info"


class GatewayReady(Fact, frozen=True, kw_only=True):
    """The gateway accepts requests."""

    fact_name: ClassVar[str] = "gateway.ready"
    host: str
    port: int
    workspace: str
    contracts: int
    sources: int


class GatewayStopped(Fact, frozen=True, kw_only=True):
    """The gateway answered everything that it had read and ended."""

    fact_name: ClassVar[str] = "gateway.stopped"
    requests: int
    events: int


class AppendFailed(Fact, frozen=True, kw_only=True):
    """The bus did not take events; their clients got 503 and will send them again."""

    fact_name: ClassVar[str] = "gateway.append_failed"
    level: ClassVar[str] = "error"
    reason: str
    events: int


class WorkerReady(Fact, frozen=True, kw_only=True):
    """The worker processes and delivers. `lanes` are its integrations, `dedup_max_ids` bounds the dedup window."""

    fact_name: ClassVar[str] = "worker.ready"
    workspace: str
    lanes: list[str]
    dedup_window_hours: float
    dedup_max_ids: int


class WorkerStopped(Fact, frozen=True, kw_only=True):
    """The worker finished what was in flight and ended."""

    fact_name: ClassVar[str] = "worker.stopped"


class LoopFailed(Fact, frozen=True, kw_only=True):
    """A loop could not go on (usually storage) and tries again after a pause. Nothing was skipped."""

    fact_name: ClassVar[str] = "worker.loop_failed"
    level: ClassVar[str] = "error"
    loop: str
    reason: str
    pause_secs: float


class LoopTakenOver(Fact, frozen=True, kw_only=True):
    """Another worker runs a loop now. Nothing of what this one had not recorded was written."""

    fact_name: ClassVar[str] = "worker.loop_taken_over"
    level: ClassVar[str] = "warning"
    loop: str


class LeasesChanged(Fact, frozen=True, kw_only=True):
    """Which lanes this worker runs now."""

    fact_name: ClassVar[str] = "worker.leases_changed"
    runs: list[str]


class WorkspaceReloaded(Fact, frozen=True, kw_only=True):
    """A changed workspace is in use."""

    fact_name: ClassVar[str] = "workspace.reloaded"
    workspace: str


class WorkspaceBroken(Fact, frozen=True, kw_only=True):
    """A changed workspace has findings; the last good one stays in use."""

    fact_name: ClassVar[str] = "workspace.broken"
    level: ClassVar[str] = "error"
    workspace: str
    findings: list[str]


class LanePaused(Fact, frozen=True, kw_only=True):
    """A lane makes no calls for a while: the vendor asked for it, refused our credentials, or keeps failing."""

    fact_name: ClassVar[str] = "lane.paused"
    level: ClassVar[str] = "warning"
    lane: str
    reason: str
    pause_secs: float
    status: int = 0


class LaneResumed(Fact, frozen=True, kw_only=True):
    """A paused lane makes calls again."""

    fact_name: ClassVar[str] = "lane.resumed"
    lane: str


class DeliveryDeadLettered(Fact, frozen=True, kw_only=True):
    """A delivery was given up on."""

    fact_name: ClassVar[str] = "delivery.dead_lettered"
    level: ClassVar[str] = "warning"
    lane: str
    delivery_id: str
    event_name: str
    letter_class: str
    status: int
    attempts: int
