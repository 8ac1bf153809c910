"""What became of single events: recomputed from the files and looked up where a lane keeps exceptions.

Nothing is written for a delivery that went well, so its fate is derived: the lane's cursor has passed the event, its
plan wants it, and neither the retry table nor the dead letters have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from paceline.delivery.plan import EXPIRED_RULE, LanePlan, Refused, make_delivery_id, plan_delivery
from paceline.model.delivery import Fate
from paceline.model.event import Filtered, read_event
from paceline.model.record import Cursors, Position, Record, StoredRecord
from paceline.ports.store import DeadLetterFilter, Store

MAX_PARKED_LOOKED_AT = 10_000


class EventFate(msgspec.Struct, frozen=True, kw_only=True):
    """One event in one integration. `rule` says why it is not delivered, empty otherwise."""

    integration: str
    fate: Fate
    rule: str = ""


class TracedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event with the gateway's verdict and its fate in every integration."""

    position: Position
    id: str
    type: str
    source: str
    received_ms: int
    verdict: str
    fates: list[EventFate]

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return all(one.fate not in {Fate.IN_FLIGHT, Fate.PARKED} for one in self.fates)


async def trace(stored: Sequence[StoredRecord], plans: Mapping[str, LanePlan], store: Store) -> list[TracedEvent]:
    """Where each of these events of the `events` topic is now, for every integration in `plans`."""
    if not stored:
        return []
    first, end = _span(stored)
    exclusions = (await store.admission(first, end)).exclusions
    lanes = await store.lanes()
    traced = []
    held = {name: await _exceptions(name, store) for name in plans}
    for one in stored:
        record = one.record
        if record is None:
            continue
        fates = []
        for name, plan in plans.items():
            cursors = lanes[name].cursors if name in lanes else {}
            excluded = exclusions.get(one.position)
            if excluded is not None:
                fates.append(EventFate(integration=name, fate=excluded.fate, rule=excluded.rule))
            elif one.position.offset >= cursors.get(one.position.partition, 0):
                fates.append(EventFate(integration=name, fate=Fate.IN_FLIGHT))
            else:
                fates.append(_past(record, one.position, name, plan, held[name]))
        traced.append(
            TracedEvent(
                position=one.position,
                id=record.id,
                type=record.type,
                source=record.source,
                received_ms=record.received_ms,
                verdict="accepted" if record.verdict is None else "quarantined",
                fates=fates,
            )
        )
    return traced


def _past(record: Record, position: Position, name: str, plan: LanePlan, held: Mapping[str, EventFate]) -> EventFate:
    exception = held.get(make_delivery_id(record.source, name, record.id))
    if exception is not None:
        return exception
    rule = plan.takes(record.type, record.source)
    if rule is not None:
        return EventFate(integration=name, fate=Fate.FILTERED, rule=rule)
    if plan.is_over(record.received_ms):
        return EventFate(integration=name, fate=Fate.SUPPRESSED, rule=EXPIRED_RULE)
    match plan_delivery(read_event(record), record.type, position, plan, now_ms=record.received_ms):
        case Filtered() as filtered:
            return EventFate(integration=name, fate=Fate.FILTERED, rule=filtered.rule)
        case Refused() as refused:
            return EventFate(integration=name, fate=Fate.DEAD, rule=refused.refusal.rule)
        case _:
            return EventFate(integration=name, fate=Fate.DELIVERED)


async def _exceptions(name: str, store: Store) -> dict[str, EventFate]:
    """Parked and dead deliveries of a lane, by delivery id."""
    parked = await store.parked(name, limit=MAX_PARKED_LOOKED_AT)
    dead = await store.dead_letters(DeadLetterFilter(lane=name, limit=MAX_PARKED_LOOKED_AT))
    held = {
        one.delivery_id: EventFate(integration=name, fate=Fate.PARKED, rule=one.outcome.outcome_class) for one in parked
    }
    return held | {one.delivery_id: EventFate(integration=name, fate=Fate.DEAD, rule=one.letter_class) for one in dead}


def _span(stored: Sequence[StoredRecord]) -> tuple[Cursors, Cursors]:
    first: Cursors = {}
    end: Cursors = {}
    for one in stored:
        partition, offset = one.position
        first[partition] = min(offset, first.get(partition, offset))
        end[partition] = max(offset + 1, end.get(partition, 0))
    return first, end
