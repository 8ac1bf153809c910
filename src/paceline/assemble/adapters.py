"""Joins webhook sources and adapters into lanes that make events of stored requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from paceline.assemble.door import build_sources
from paceline.assemble.opening import OpenWorkspace
from paceline.delivery.plan import LanePlan
from paceline.delivery.retry import RetryPolicy
from paceline.errors import UsageError
from paceline.mapping.adapter import CompiledAdapter, compile_adapter
from paceline.model.adapter import AdapterFile
from paceline.model.integration import DeliveryLimits
from paceline.model.settings import SourceSettings
from paceline.ports.bus import Bus
from paceline.runtime.deliver.credentials import FixedCredentials
from paceline.runtime.deliver.dispatch import Vendor
from paceline.runtime.deliver.lane_settings import LaneSettings
from paceline.runtime.gateway.door import Source
from paceline.runtime.normalize import AdapterTransform, EventsConnector, EventsSender, lane_name
from paceline.runtime.process import EVENTS_TOPIC
from paceline.workspace.adapter_catalog import find_adapter
from paceline.workspace.workspace import Workspace


def compiled_adapter(spec: AdapterFile, *, file: str) -> CompiledAdapter:
    """The adapter, compiled. Raises UsageError with its first fault; `paceline check` shows all of them."""
    compiled = compile_adapter(spec)
    if isinstance(compiled, CompiledAdapter):
        return compiled
    fault = compiled[0]
    raise UsageError(fault.message, where=f"{file} ({'.'.join(fault.path)})", remedy=fault.hint)


def normalized_sources(workspace: Workspace) -> Mapping[str, str]:
    """By source, the adapter that makes events of its requests."""
    found = {}
    for name, source in workspace.settings.sources.items():
        if source.webhook is not None and source.webhook.adapter:
            found[name] = source.webhook.adapter
    return found


def normalized_types(workspace: Workspace) -> frozenset[str]:
    """The types of the records that adapters make events of."""
    return frozenset(webhook_type(source) for source in normalized_sources(workspace))


def waiting_sources(sources: Mapping[str, SourceSettings]) -> Sequence[str]:
    """The sources whose requests are kept for an adapter that is not there yet."""
    return [
        name
        for name, source in sources.items()
        if source.webhook is not None and source.webhook.wait_for_adapter and not source.webhook.adapter
    ]


def webhook_type(source: str) -> str:
    """The type of the records that hold a source's requests as they came."""
    return f"track:webhook.{source}"


def adapter_lanes(opened: OpenWorkspace, bus: Bus) -> Sequence[tuple[LaneSettings, Vendor]]:
    """One lane a source with an adapter. Raises UsageError for an adapter that does not compile."""
    wanted = normalized_sources(opened.workspace)
    sources = build_sources(opened) if wanted else {}
    return [(adapter_lane(opened, sources[name], adapter), events_vendor(bus)) for name, adapter in wanted.items()]


def adapter_lane(opened: OpenWorkspace, source: Source, adapter: str) -> LaneSettings:
    """How a source's requests are made into events: all that is kept, in order."""
    known = find_adapter(opened.workspace, adapter)
    transform = AdapterTransform(
        compiled_adapter(known.spec, file=known.file.file),
        source,
        max_event_bytes=opened.workspace.settings.gateway.limits.max_event_bytes,
    )
    return LaneSettings(
        name=lane_name(source.name),
        topic=EVENTS_TOPIC,
        plan=LanePlan(
            integration=lane_name(source.name),
            sources=frozenset({source.name}),
            transforms={webhook_type(source.name): [transform]},
            versions={transform.name: known.spec.version},
        ),
        retry=RetryPolicy(),
        keeps_order=True,
        connector_version=f"adapter {adapter}/{known.spec.version}",
        begins_at_first=True,
    )


def retired_lane(name: str) -> LaneSettings:
    """The lane of an integration that is no more: it lets everything pass, so that nothing is kept for it."""
    return LaneSettings(
        name=name,
        topic=EVENTS_TOPIC,
        plan=LanePlan(integration=name, sources=None, transforms={}),
        retry=RetryPolicy(),
        keeps_order=False,
    )


def events_vendor(bus: Bus) -> Vendor:
    """The topic `events` as what a lane delivers to."""
    return Vendor(
        connector=EventsConnector(),
        credentials=FixedCredentials({}),
        sender=EventsSender(bus),
        limits=DeliveryLimits(max_requests=1),
    )
