"""What a lane is told, and what it works with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from paceline.delivery.plan import LanePlan
from paceline.delivery.retry import RetryPolicy
from paceline.observe.telemetry import Telemetry
from paceline.ports.bus import Bus
from paceline.ports.clock import Clock
from paceline.ports.marks import Marks
from paceline.ports.store import LaneStore
from paceline.runtime.deliver.gate import Gate
from paceline.runtime.deliver.replay_plans import ReplayPlans
from paceline.runtime.memo import EventMemo

if TYPE_CHECKING:  # a packed function has no routes
    from paceline.runtime.deliver.route_watch import RouteWatch
    from paceline.runtime.deliver.routing import Routing


class LaneSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a lane is told. `topic` is `events` for a direct route, `canonical` for the bus.

    With `keeps_order`, deliveries of a key wait for earlier ones of it. With `is_strict` as well, those of a partition
    do: one is sent at a time, the next when its outcome is on disk, and a failed one holds up everything behind it.
    `connector_version` is for people who look at a dead letter later.
    `look_secs` is how often an idle lane looks whether somebody replays dead letters or wants it to end. With
    `begins_at_first` a lane that was never seen before begins with the first event that is kept, and not with the next.
    After `parks_after_ms` (Unix milliseconds) it delivers nothing: its events wait in the log.
    """

    name: str
    topic: str
    plan: LanePlan
    retry: RetryPolicy
    keeps_order: bool
    is_strict: bool = False
    connector_version: str = ""
    look_secs: float = 0.5
    begins_at_first: bool = False
    parks_after_ms: int | None = None


class LanePorts(msgspec.Struct, frozen=True, kw_only=True):
    """What a lane works with. `jitter` gives a random number in [0, 1); `memo` is the one of the lane's topic.

    `gate` is shared by all lanes that use the same account. `replay_plans` knows the replays that are to be made with
    other mappings than today's. `routing` and `route_watch` are there where the route is a toggle.
    """

    bus: Bus
    store: LaneStore
    clock: Clock
    telemetry: Telemetry
    jitter: Callable[[], float]
    memo: EventMemo
    gate: Gate
    marks: Marks
    replay_plans: ReplayPlans | None = None
    routing: Routing | None = None
    route_watch: RouteWatch | None = None
