"""Tries a ready-made mapping on sample events, so that it has a contract test from its first day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from paceline.assemble.door import record_type
from paceline.assemble.lanes import make_lane_plan
from paceline.assemble.mapping_samples import sample_events
from paceline.connectors.described import DescribedConnector
from paceline.delivery.plan import LanePlan, Refused, plan_delivery
from paceline.model.case import Case, ExpectedRefusal
from paceline.model.delivery import Delivery
from paceline.model.event import EventType, Filtered, parse_time, read_event
from paceline.model.mapping import MappingFile
from paceline.model.record import Position, Record


def first_case(mapping: MappingFile, connector: DescribedConnector) -> Case:
    """The first sample event of which the mapping makes a payload, with that payload; else one that it leaves alone."""
    plan = make_lane_plan("test", [mapping], connector)
    spare: list[Case] = []
    for event in sample_events(mapping):
        match _plan(event, mapping, plan):
            case Delivery() as delivery:
                name = f"what becomes of {event.get('event') or mapping.from_.type.value} stays as it is"
                return Case(name=name, event=event, payload=msgspec.to_builtins(delivery.item.payload))
            case Filtered():
                spare.append(Case(name="another event is left alone", event=event, filtered=True))
            case Refused() as refused:
                expected = ExpectedRefusal(rule=refused.refusal.rule, reason=refused.refusal.reason)
                spare.append(Case(name="an event without what it needs is refused", event=event, refused=expected))
    return spare[0]


def does_the_same(mapping: MappingFile, other: MappingFile, connector: DescribedConnector) -> bool:
    """Whether two mappings make the same of sample events, whole and with single fields taken out.

    A payload must be the same payload, and an event that is left alone is left alone. Only where the first mapping's
    payload is refused may the second one do better.
    """
    first, second = (make_lane_plan("test", [one], connector) for one in (mapping, other))
    for event in sample_events(mapping):
        for tried in (event, *_smaller(event)):
            was, is_now = _plan(tried, mapping, first), _plan(tried, mapping, second)
            if isinstance(was, Refused):
                continue
            if type(was) is not type(is_now):
                return False
            if isinstance(was, Delivery) and isinstance(is_now, Delivery) and was.item.payload != is_now.item.payload:
                return False
    return True


def _smaller(event: Mapping[str, object]) -> Iterator[dict[str, object]]:
    """The event without one of its fields at a time, or of the fields of these."""
    for key, value in event.items():
        if key in {"type", "event"}:
            continue
        yield {name: one for name, one in event.items() if name != key}
        if isinstance(value, Mapping):
            yield from ({**event, key: {name: one for name, one in value.items() if name != gone}} for gone in value)


def _plan(event: dict[str, object], mapping: MappingFile, plan: LanePlan) -> Delivery | Filtered | Refused:
    now = parse_time(Case(name="").now)
    assert now is not None
    now_ms = int(now.timestamp() * 1000)
    name = str(event.get("event", "")) if mapping.from_.type is EventType.TRACK else ""
    record = Record(
        id=str(event.get("messageId", "message-1")),
        source="test",
        type=record_type(mapping.from_.type, name),
        key="",
        received_ms=now_ms,
        data=msgspec.json.encode(event),
    )
    return plan_delivery(read_event(record), record.type, Position(0, 0), plan, now_ms=now_ms)
