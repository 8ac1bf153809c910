"""Joins integrations, mappings, connectors and senders into lanes."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence

import msgspec

from paceline.assemble.door import record_type
from paceline.assemble.opening import OpenWorkspace
from paceline.connectors.described import DescribedConnector
from paceline.delivery.egress import EgressPolicy, parse_egress
from paceline.delivery.plan import TRACK_PREFIX, LanePlan, Transform
from paceline.delivery.retry import RetryPolicy
from paceline.drivers.sender.curl import CurlSender
from paceline.drivers.sender.redirect import FakeVendorSender
from paceline.errors import UsageError
from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.model.connector import Manifest, OAuth2Auth, RateLimit
from paceline.model.event import Filtered, Refusal
from paceline.model.integration import IntegrationFile, Ordering
from paceline.model.mapping import EVERY_EVENT, MappingFile
from paceline.observe.telemetry import Telemetry
from paceline.ports.bus import Bus
from paceline.ports.clock import Clock
from paceline.ports.marks import Marks
from paceline.ports.sender import Sender
from paceline.ports.store import LaneStore
from paceline.runtime.deliver.credentials import Credentials, FixedCredentials, TokenCredentials
from paceline.runtime.deliver.dispatch import Vendor
from paceline.runtime.deliver.gate import Gate, Gates
from paceline.runtime.deliver.lane import Lane, LanePorts, LaneSettings
from paceline.runtime.memo import EventMemo
from paceline.runtime.process import CANONICAL_TOPIC, EVENTS_TOPIC
from paceline.runtime.worker import LaneSet


class SharedParts(msgspec.Struct, frozen=True, kw_only=True):
    """What all lanes of a worker share. `memos` holds decoded events by topic; `gates` and `marks` outlive a reload."""

    bus: Bus
    store: LaneStore
    clock: Clock
    telemetry: Telemetry
    memos: Mapping[str, EventMemo]
    gates: Gates
    marks: Marks

    def ports(self, topic: str, gate: Gate) -> LanePorts:
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
        )


def build_lanes(opened: OpenWorkspace, parts: SharedParts, *, fake_vendors: str = "") -> LaneSet:
    """One lane for every integration. `fake_vendors` is the URL of fake vendors that get every request instead.

    Raises UsageError or MissingSecretError for what keeps an integration from running. Call it inside a running loop.
    """
    policy = _egress(opened, fake_vendors)
    lanes: list[Lane] = []
    senders: list[Sender] = []
    accounts: dict[str, Credentials] = {}
    for integration in opened.workspace.integrations.values():
        connector = opened.catalog.load(integration.connector)
        settings = resolved_settings(opened, integration)
        account = account_of(connector.name, settings)
        sender: Sender = CurlSender(policy, max_connections=integration.limits.max_requests)
        if fake_vendors:
            sender = FakeVendorSender(sender, base_url=fake_vendors, connector=connector.name)
        senders.append(sender)
        if account not in accounts:
            accounts[account] = _credentials(connector, settings, sender, parts.clock)
        vendor = Vendor(connector=connector, credentials=accounts[account], sender=sender, limits=integration.limits)
        gate = parts.gates.gate(account, rate_limits(connector.manifest, integration))
        lanes.append(Lane(lane_settings(opened, integration), vendor, parts.ports(_topic(integration), gate)))

    async def close() -> None:
        for sender in senders:
            await sender.close()

    return LaneSet(lanes=lanes, close=close)


def account_of(connector: str, settings: Mapping[str, object]) -> str:
    """A name for one account at a vendor: equal settings are the same account. Tells nothing of the secrets.

    >>> account_of("webhook", {"url": "https://a.example"})
    'webhook:5f4c9f2e5d6a'
    """
    digest = hashlib.sha256(msgspec.json.encode(["paceline account", connector, settings], order="deterministic"))
    return f"{connector}:{digest.hexdigest()[:12]}"


def rate_limits(manifest: Manifest, integration: IntegrationFile) -> Sequence[RateLimit]:
    """What the vendor allows, and what the integration's file allows on top of it."""
    own = integration.limits.max_requests_per_sec
    return [*manifest.rate_limits, *([] if own is None else [RateLimit(requests=1, per_secs=1 / own)])]


def _credentials(
    connector: DescribedConnector, settings: Mapping[str, object], sender: Sender, clock: Clock
) -> Credentials:
    auth = connector.manifest.auth
    if isinstance(auth, OAuth2Auth) and settings.get("access_token") is None:
        return TokenCredentials(auth, settings, sender, clock)
    return FixedCredentials(settings)


def lane_settings(opened: OpenWorkspace, integration: IntegrationFile) -> LaneSettings:
    """What a lane has to know about its integration."""
    return LaneSettings(
        name=integration.integration,
        topic=_topic(integration),
        plan=lane_plan(opened, integration),
        retry=RetryPolicy(window_secs=integration.limits.retry_window_hours * 3600),
        keeps_order=integration.ordering is Ordering.PER_KEY,
    )


def lane_plan(opened: OpenWorkspace, integration: IntegrationFile) -> LanePlan:
    """Which events the integration takes, and the mappings for each."""
    return make_lane_plan(
        integration.integration,
        [opened.workspace.mappings[name] for name in integration.events],
        opened.catalog.load(integration.connector),
        sources=frozenset(integration.sources) if integration.sources else None,
    )


def make_lane_plan(
    name: str, mappings: Sequence[MappingFile], connector: DescribedConnector, *, sources: frozenset[str] | None = None
) -> LanePlan:
    """Lay out mappings for a lane: by event, in their order, with those for every track event after those that name it.

    Raises UsageError for a mapping that does not compile.
    """
    transforms: dict[str, list[Transform]] = {}
    every_track: list[Transform] = []
    for spec in mappings:
        transform = CheckedTransform(compiled_mapping(spec), connector)
        if spec.from_.event_name == EVERY_EVENT:
            every_track.append(transform)
        else:
            transforms.setdefault(record_type(spec.from_.type, spec.from_.event), []).append(transform)
    for key, named in transforms.items():
        if key.startswith(TRACK_PREFIX):
            named.extend(every_track)
    return LanePlan(integration=name, sources=sources, transforms=transforms, every_track=every_track)


def compiled_mapping(spec: MappingFile) -> CompiledMapping:
    """The mapping, compiled. Raises UsageError with its first fault; `paceline check` shows all of them."""
    compiled = compile_mapping(spec)
    if isinstance(compiled, CompiledMapping):
        return compiled
    fault = compiled[0]
    place = ".".join(fault.path)
    raise UsageError(fault.message, where=f"mappings/{spec.mapping}.yaml ({place})", remedy=fault.hint)


class CheckedTransform:
    """A compiled mapping whose payloads are checked against the vendor's action before they are sent.

    Some vendors answer 2xx to payloads that they then drop (GA4's Measurement Protocol does), so what the action's
    schema refuses is refused here, with the rule's name.
    """

    def __init__(self, mapping: CompiledMapping, connector: DescribedConnector) -> None:
        self.name = mapping.name
        self.action = mapping.spec.to.action
        self._apply = mapping.apply
        self._refusal_of = connector.payload_refusal

    def apply(self, event: dict[str, object], *, now_ms: int) -> dict[str, object] | Filtered | Refusal:
        """The payload that the vendor takes, or why there is none."""
        payload = self._apply(event, now_ms=now_ms)
        if type(payload) is dict:
            return self._refusal_of(self.action, payload) or payload
        return payload


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


def _topic(integration: IntegrationFile) -> str:
    return CANONICAL_TOPIC if integration.route == "bus" else EVENTS_TOPIC


def _egress(opened: OpenWorkspace, fake_vendors: str) -> EgressPolicy:
    allow: Sequence[str] = opened.workspace.settings.egress.allow
    if fake_vendors:
        allow = [*allow, fake_vendors.partition("://")[2].rstrip("/")]
    return parse_egress(allow)
