"""Joins integrations, mappings, connectors and senders into lanes."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import msgspec

from paceline.assemble.adapters import adapter_lanes, events_vendor, normalized_types, retired_lane, waiting_sources
from paceline.assemble.door import record_type
from paceline.assemble.lane_parts import (
    LaidMapping,
    account_of,
    connector_version,
    credentials_of,
    lay_out,
    rate_limits,
)
from paceline.assemble.opening import OpenWorkspace
from paceline.assemble.routes import is_toggle, open_toggles, route_rules
from paceline.connectors.described import DescribedConnector
from paceline.delivery.egress import EgressPolicy, parse_egress
from paceline.delivery.plan import LanePlan
from paceline.delivery.retry import RetryPolicy
from paceline.drivers.sender.curl import CurlSender
from paceline.drivers.sender.redirect import FakeVendorSender
from paceline.errors import UsageError
from paceline.lifecycle.expiry import last_moment_ms
from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.model.integration import AfterExpiry, IntegrationFile, Ordering
from paceline.model.mapping import EVERY_EVENT, MappingFile
from paceline.observe.telemetry import Telemetry
from paceline.ports.bus import Bus
from paceline.ports.clock import Clock
from paceline.ports.marks import Marks
from paceline.ports.routes import Toggles
from paceline.ports.sender import Sender
from paceline.ports.store import ReplayJob, Store
from paceline.runtime.deliver.credentials import Credentials
from paceline.runtime.deliver.dispatch import Vendor
from paceline.runtime.deliver.gate import Gate, Gates
from paceline.runtime.deliver.lane import Lane
from paceline.runtime.deliver.lane_settings import LanePorts, LaneSettings
from paceline.runtime.deliver.replay_plans import ReplayPlans
from paceline.runtime.deliver.route_watch import RouteWatch
from paceline.runtime.deliver.routing import RoutePlans, Routing
from paceline.runtime.memo import EventMemo
from paceline.runtime.normalize import lane_name
from paceline.runtime.process import CANONICAL_TOPIC, EVENTS_TOPIC
from paceline.runtime.worker import LaneSet
from paceline.workspace.calendar import day_or_none


class SharedParts(msgspec.Struct, frozen=True, kw_only=True):
    """What all lanes of a worker share. `memos` holds decoded events by topic; `gates` and `marks` outlive a reload."""

    bus: Bus
    store: Store
    clock: Clock
    telemetry: Telemetry
    memos: Mapping[str, EventMemo]
    gates: Gates
    marks: Marks

    def ports(self, topic: str, gate: Gate, replay_plans: ReplayPlans | None = None) -> LanePorts:
        """What a lane on `topic` works with that uses the account of `gate`."""
        return LanePorts(
            bus=self.bus,
            store=self.store,
            clock=self.clock,
            telemetry=self.telemetry,
            jitter=random.random,
            memo=self.memos[topic],
            gate=gate,
            marks=self.marks,
            replay_plans=replay_plans,
        )


def build_lanes(opened: OpenWorkspace, parts: SharedParts, *, fake_vendors: str = "") -> LaneSet:
    """One lane for every integration. `fake_vendors` is the URL of fake vendors that get every request instead.

    Raises UsageError or MissingSecretError for what keeps an integration from running. Call it inside a running loop.
    """
    policy = _egress(opened, fake_vendors)
    lanes: list[Lane] = []
    senders: list[Sender] = []
    accounts: dict[str, Credentials] = {}
    toggles = _toggles(opened, parts)
    for integration in opened.workspace.integrations.values():
        connector = opened.catalog.load(integration.connector)
        settings = resolved_settings(opened, integration)
        account = account_of(connector.name, settings)
        sender: Sender = CurlSender(policy, max_connections=integration.limits.max_requests)
        if fake_vendors:
            sender = FakeVendorSender(sender, base_url=fake_vendors, connector=connector.name)
        senders.append(sender)
        if account not in accounts:
            accounts[account] = credentials_of(connector, settings, sender, parts.clock)
        vendor = Vendor(connector=connector, credentials=accounts[account], sender=sender, limits=integration.limits)
        gate = parts.gates.gate(account, rate_limits(connector.manifest, integration))
        ports = parts.ports(lane_topic(integration), gate, replay_plans(opened, integration, parts.store))
        if toggles is not None and is_toggle(integration):
            ports = with_routing(opened, integration, parts, toggles, ports)
        lanes.append(Lane(lane_settings(opened, integration), vendor, ports))

    inner = [*adapter_lanes(opened, parts.bus)]
    gone = [name for name in opened.workspace.retired if name not in opened.workspace.integrations]
    inner += [(retired_lane(name), events_vendor(parts.bus)) for name in gone]
    gate = parts.gates.gate("events", [])
    lanes += [Lane(own, events, parts.ports(own.topic, gate)) for own, events in inner]

    async def close() -> None:
        for sender in senders:
            await sender.close()

    waiting = [lane_name(source) for source in waiting_sources(opened.workspace.settings.sources)]
    return LaneSet(lanes=lanes, close=close, waiting=waiting)


def with_routing(
    opened: OpenWorkspace, integration: IntegrationFile, parts: SharedParts, toggles: Toggles, ports: LanePorts
) -> LanePorts:
    """What a lane works with whose route is a toggle."""
    routing = Routing(
        integration.route,
        route_plans(opened, integration),
        toggles,
        bus=parts.bus,
        clock=parts.clock,
        memos=parts.memos,
    )
    watch = RouteWatch(
        route_rules(opened, integration), routing, parts.store, clock=parts.clock, telemetry=parts.telemetry
    )
    return msgspec.structs.replace(ports, routing=routing, route_watch=watch)


def route_plans(opened: OpenWorkspace, integration: IntegrationFile) -> RoutePlans:
    """What the two paths of an integration's toggle make of events."""
    by_bus = lane_plan(opened, integration)
    mappings = [opened.workspace.mappings[name] for name in integration.direct_events]
    own = plan_with(opened, integration, mappings)
    direct = msgspec.structs.replace(
        by_bus,
        transforms={**by_bus.transforms, **own.transforms},
        every_track=own.every_track or by_bus.every_track,
        versions={**by_bus.versions, **own.versions},
    )
    requests = normalized_types(opened.workspace) & frozenset(own.transforms)
    return RoutePlans(direct=direct, bus=by_bus, noise=integration.noise, requests=requests)


def _toggles(opened: OpenWorkspace, parts: SharedParts) -> Toggles | None:
    """The workspace's toggles, if a route is one."""
    if not any(is_toggle(integration) for integration in opened.workspace.integrations.values()):
        return None
    return open_toggles(opened, parts.telemetry, parts.clock)


def lane_settings(opened: OpenWorkspace, integration: IntegrationFile) -> LaneSettings:
    """What a lane has to know about its integration."""
    return LaneSettings(
        name=integration.integration,
        topic=lane_topic(integration),
        plan=lane_plan(opened, integration),
        retry=RetryPolicy(window_secs=integration.limits.retry_window_hours * 3600),
        keeps_order=integration.ordering is not Ordering.NONE,
        is_strict=integration.ordering is Ordering.STRICT,
        connector_version=connector_version(opened.catalog.load(integration.connector)),
        parks_after_ms=_end_ms(integration, AfterExpiry.PARK),
    )


def _end_ms(integration: IntegrationFile, choice: AfterExpiry) -> int | None:
    """When an integration that chose this for the time after its end is over; None for one that did not."""
    end = day_or_none(integration.expires)
    return last_moment_ms(end) if end is not None and integration.after_expiry is choice else None


def replay_plans(opened: OpenWorkspace, integration: IntegrationFile, store: Store) -> ReplayPlans:
    """The plans of replays of an integration that are made with mappings of another revision."""

    def make(job: ReplayJob) -> LanePlan:
        names = set(integration.events)
        mappings = [mapping for mapping in job.mappings if mapping.mapping in names]
        return plan_with(opened, integration, mappings)

    return ReplayPlans(store, make)


def lane_plan(opened: OpenWorkspace, integration: IntegrationFile) -> LanePlan:
    """Which events the integration takes, and the mappings for each."""
    return plan_with(opened, integration, [opened.workspace.mappings[name] for name in integration.events])


def plan_with(opened: OpenWorkspace, integration: IntegrationFile, mappings: Sequence[MappingFile]) -> LanePlan:
    """The integration's plan with these mappings. Raises UsageError for one that does not compile."""
    plan = make_lane_plan(
        integration.integration,
        mappings,
        opened.catalog.load(integration.connector),
        sources=frozenset(integration.sources) if integration.sources else None,
    )
    return msgspec.structs.replace(
        plan, normalized=normalized_types(opened.workspace), last_ms=_end_ms(integration, AfterExpiry.REFUSE)
    )


def make_lane_plan(
    name: str, mappings: Sequence[MappingFile], connector: DescribedConnector, *, sources: frozenset[str] | None = None
) -> LanePlan:
    """Lay out mappings for a lane: by event, in their order, with those for every track event after those that name it.

    Raises UsageError for a mapping that does not compile.
    """
    laid = [laid_mapping(compiled_mapping(spec)) for spec in mappings]
    return lay_out(name, laid, connector, sources=sources)


def laid_mapping(compiled: CompiledMapping) -> LaidMapping:
    """A compiled mapping as a lane is laid out with it."""
    spec = compiled.spec
    return LaidMapping(
        name=compiled.name,
        version=compiled.version,
        takes="" if spec.from_.event_name == EVERY_EVENT else record_type(spec.from_.type, spec.from_.event),
        action=spec.to.action,
        apply=compiled.apply,
    )


def compiled_mapping(spec: MappingFile) -> CompiledMapping:
    """The mapping, compiled. Raises UsageError with its first fault; `paceline check` shows all of them."""
    compiled = compile_mapping(spec)
    if isinstance(compiled, CompiledMapping):
        return compiled
    fault = compiled[0]
    place = ".".join(fault.path)
    raise UsageError(fault.message, where=f"mappings/{spec.mapping}.yaml ({place})", remedy=fault.hint)


def resolved_settings(opened: OpenWorkspace, integration: IntegrationFile) -> Mapping[str, object]:
    """The integration's settings with secrets resolved and checked by the connector.

    Raises MissingSecretError for a reference that points at nothing, UsageError for what the connector refuses.
    """
    where = f"integrations/{integration.integration}.yaml"
    needed_by = f"integration {integration.integration}"
    settings = opened.resolve_secrets(integration.settings, where=where, needed_by=needed_by)
    assert isinstance(settings, dict)
    faults = opened.catalog.load(integration.connector).settings_faults(settings)
    if faults:
        place = ".".join(str(step) for step in ("settings", *faults[0].path))
        raise UsageError(faults[0].message, where=f"{where} ({place})", remedy=faults[0].hint)
    return settings


def lane_topic(integration: IntegrationFile) -> str:
    """The topic that the integration's lane reads; with a toggle it has the raw event from the other one as well."""
    return EVENTS_TOPIC if integration.route == "direct" else CANONICAL_TOPIC


def _egress(opened: OpenWorkspace, fake_vendors: str) -> EgressPolicy:
    egress = opened.workspace.settings.egress
    allow: Sequence[str] = egress.allow
    if fake_vendors:
        allow = [*allow, fake_vendors.partition("://")[2].rstrip("/")]
    return parse_egress(allow, ports=egress.ports)
