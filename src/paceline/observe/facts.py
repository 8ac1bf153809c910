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


class RequestsRefused(Fact, frozen=True, kw_only=True):
    """The gateway turned requests away. One fact for all of one kind within some seconds, not one for each.

    `code` is the code in the answer; `source` is empty where it is not known.
    """

    fact_name: ClassVar[str] = "gateway.requests_refused"
    level: ClassVar[str] = "warning"
    code: str
    source: str
    requests: int


class GatewayFailed(Fact, frozen=True, kw_only=True):
    """A defect of ours while a request was handled; its client got 503. `place` is a line of our code, no data."""

    fact_name: ClassVar[str] = "gateway.failed"
    level: ClassVar[str] = "error"
    defect: str
    place: str


class DiskLow(Fact, frozen=True, kw_only=True):
    """Less is free than the low-water mark: nothing is taken in and no vendor is called until there is room."""

    fact_name: ClassVar[str] = "disk.low"
    level: ClassVar[str] = "error"
    path: str
    free_bytes: int
    low_water_bytes: int


class DiskRoomAgain(Fact, frozen=True, kw_only=True):
    """There is room on the disk again; work goes on."""

    fact_name: ClassVar[str] = "disk.room_again"
    path: str
    free_bytes: int


class WorkerReady(Fact, frozen=True, kw_only=True):
    """The worker processes and delivers. `lanes` are its integrations, `dedup_max_ids` bounds the dedup window."""

    fact_name: ClassVar[str] = "worker.ready"
    workspace: str
    lanes: list[str]
    dedup_window_hours: float
    dedup_max_ids: int


class WorkerPagesReady(Fact, frozen=True, kw_only=True):
    """The worker's own pages answer: /health, /ready and /metrics."""

    fact_name: ClassVar[str] = "worker.pages_ready"
    host: str
    port: int


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
    """A lane makes no calls for a while: the vendor asked for it, refused our credentials, or keeps failing.

    `message` is the outcome's: what the vendor said, without secrets and personal data.
    """

    fact_name: ClassVar[str] = "lane.paused"
    level: ClassVar[str] = "warning"
    lane: str
    reason: str
    pause_secs: float
    status: int = 0
    message: str = ""


class LaneResumed(Fact, frozen=True, kw_only=True):
    """A paused lane makes calls again."""

    fact_name: ClassVar[str] = "lane.resumed"
    lane: str


class RouteMoved(Fact, frozen=True, kw_only=True):
    """A route toggle was moved by paceline, on the evidence of its two paths."""

    fact_name: ClassVar[str] = "route.moved"
    lane: str
    toggle: str
    before: str
    after: str
    reason: str


class RouteReady(Fact, frozen=True, kw_only=True):
    """A route toggle may move on; somebody has to say so, with `paceline route set`."""

    fact_name: ClassVar[str] = "route.ready"
    lane: str
    toggle: str
    step: str
    next_step: str


class RouteBroken(Fact, frozen=True, kw_only=True):
    """The bus path of a route is at odds with what its integration wants; the toggle steps back."""

    fact_name: ClassVar[str] = "route.broken"
    level: ClassVar[str] = "error"
    lane: str
    toggle: str
    step: str
    reason: str


class TogglesBroken(Fact, frozen=True, kw_only=True):
    """The file of toggles cannot be read; the definitions of before stay in force."""

    fact_name: ClassVar[str] = "route.toggles_broken"
    level: ClassVar[str] = "error"
    reason: str


class KeptEventsDropped(Fact, frozen=True, kw_only=True):
    """The copies of dead letters' events outgrew their limit: the oldest letters cannot be sent again any more."""

    fact_name: ClassVar[str] = "dead_letters.events_dropped"
    level: ClassVar[str] = "error"
    events: int
    max_bytes: int


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


class FunctionInvoked(Fact, frozen=True, kw_only=True):
    """A function handled what its platform gave it. `events` is the sum of the counts after it, `unfinished` included.

    `unfinished` events go back to the platform, which brings them again.
    """

    fact_name: ClassVar[str] = "function.invoked"
    lane: str
    trigger: str
    events: int
    delivered: int
    filtered: int
    suppressed: int
    rejected: int
    dead: int
    unfinished: int
    elapsed_ms: int


class FunctionNotDone(Fact, frozen=True, kw_only=True):
    """A function could not do something that belongs to the platform; the platform brings the events again."""

    fact_name: ClassVar[str] = "function.not_done"
    level: ClassVar[str] = "error"
    lane: str
    what: str
    reason: str


class IntegrationEndsSoon(Fact, frozen=True, kw_only=True):
    """An integration ends within 30, 14 or 7 days (`notice_days`). `contact` is where its owner's alerts go."""

    fact_name: ClassVar[str] = "integration.ends_soon"
    level: ClassVar[str] = "warning"
    integration: str
    stage: str
    last_day: str
    notice_days: int
    owner: str
    contact: str
    plan: str


class IntegrationExpired(Fact, frozen=True, kw_only=True):
    """An integration's end has passed: for its owner and the councils that the owner's team is in.

    `after_expiry` says what becomes of its events.
    """

    fact_name: ClassVar[str] = "integration.expired"
    level: ClassVar[str] = "error"
    integration: str
    stage: str
    last_day: str
    after_expiry: str
    owner: str
    contact: str
    councils: list[str]
    plan: str
