"""A test campaign: a workspace's samples as many users would send them, and what must become of each event."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from paceline.assemble.door import build_door
from paceline.assemble.lanes import lane_plan
from paceline.assemble.opening import OpenWorkspace
from paceline.delivery.plan import Refused, plan_delivery
from paceline.errors import UsageError
from paceline.model.delivery import Delivery
from paceline.model.event import read_event
from paceline.model.record import Position, Record
from paceline.runtime.gateway.decode import DecodedRequest, RequestFacts, decode_request, read_envelope
from paceline.runtime.gateway.door import Source


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """Events to send, in order. `repeated` are sent a second time, with the same message ids."""

    events: list[dict[str, object]]
    repeated: list[dict[str, object]]

    @property
    def sent(self) -> int:
        """How many events the gateway gets altogether."""
        return len(self.events) + len(self.repeated)


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What one integration must deliver: the idempotency keys of its deliveries. `refused` events fit no mapping."""

    integration: str
    connector: str
    delivery_ids: frozenset[str]
    refused: int


def build_campaign(samples: Mapping[str, dict[str, object]], *, users: int, name: str, now_ms: int) -> Campaign:
    """Every sample for every user, with ids of this campaign, and the first user's events once more.

    Raises UsageError when the workspace has no samples.
    """
    if not samples:
        raise UsageError("the workspace has no samples to send", where="samples/", remedy="add one: samples/NAME.json")
    timestamp = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    events = []
    for user in range(1, users + 1):
        for sample_name, sample in sorted(samples.items()):
            event = copy.deepcopy(sample)
            event["messageId"] = f"{name}-{sample_name}-{user:04d}"
            event["timestamp"] = timestamp
            for field in ("userId", "anonymousId"):
                if event.get(field):
                    event[field] = f"{name}-{field}-{user:04d}"
            events.append(event)
    return Campaign(events=events, repeated=events[: len(samples)])


def expect(opened: OpenWorkspace, campaign: Campaign, source: str, now_ms: int) -> list[Expectation]:
    """What must arrive, computed from the files alone: contracts, mappings and connectors, nothing that is running."""
    records = _records(opened, campaign.events, source, now_ms)
    expectations = []
    for integration in opened.workspace.integrations.values():
        plan = lane_plan(opened, integration)
        ids: set[str] = set()
        refused = 0
        for record in records:
            if record.verdict is None and plan.takes(record.type, record.source) is None:
                planned = plan_delivery(read_event(record), record.type, Position(0, 0), plan, now_ms=now_ms)
                if isinstance(planned, Delivery):
                    ids.add(planned.id)
                elif isinstance(planned, Refused):
                    refused += 1
        expectations.append(
            Expectation(
                integration=integration.integration,
                connector=integration.connector,
                delivery_ids=frozenset(ids),
                refused=refused,
            )
        )
    return expectations


def _records(opened: OpenWorkspace, events: Sequence[dict[str, object]], source: str, now_ms: int) -> list[Record]:
    """The records that the gateway will make of the events."""
    door = build_door(opened)
    facts = RequestFacts(call=None, source=Source(name=source), received_ms=now_ms, headers={})
    records: list[Record] = []
    for first in range(0, len(events), door.limits.max_batch_events):
        body = msgspec.json.encode({"batch": events[first : first + door.limits.max_batch_events]})
        envelope = read_envelope(body, door.limits)
        assert not hasattr(envelope, "status"), envelope
        decoded = decode_request(body, envelope, facts, door, lambda: "")
        assert isinstance(decoded, DecodedRequest), decoded
        records += decoded.records
    return records
