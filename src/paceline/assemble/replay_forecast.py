"""What a replay would send, without sending anything: counts, and a few payloads with every value replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence

import msgspec

from paceline.assemble.lanes import lane_plan, lane_topic, plan_with
from paceline.assemble.opening import OpenWorkspace
from paceline.assemble.replay import ReplayOrder, passed_by_lane
from paceline.assemble.replay_condition import compile_condition
from paceline.assemble.replay_mappings import mappings_at
from paceline.assemble.replay_range import find_start
from paceline.assemble.replay_steps import STEP_ROWS, LogRange, choose_letters, exclusions_among, integration_of
from paceline.delivery.payload_preview import preview_of
from paceline.delivery.plan import LanePlan, Refused, make_delivery_id, plan_delivery
from paceline.model.delivery import DeadLetter, Delivery
from paceline.model.event import Filtered, read_event
from paceline.model.mapping import MappingFile
from paceline.model.record import Position, Record
from paceline.ports.bus import Bus
from paceline.ports.store import DeadLetterFilter, Store

MOST_SAMPLES = 3
FROM_LOG = "(log)"


class ForecastRow(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries of one integration, class and event would be sent. `letter_class` is `(log)` for events."""

    integration: str
    letter_class: str
    event_name: str
    count: int


class ReplaySample(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery as it would go out: `payload` as JSON without its values, or why there would be none."""

    delivery_id: str
    integration: str
    event_id: str
    mapping: str
    payload: str = ""
    reason: str = ""


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay would do.

    `sent` would go to their lanes, `suppressed` are about events that nobody may have any more, `gone` are no longer
    kept, `left_out` do not fulfill the condition or have no integration any more.
    """

    sent: int
    suppressed: int
    gone: int
    left_out: int
    rows: Sequence[ForecastRow]
    samples: Sequence[ReplaySample]


async def forecast(opened: OpenWorkspace, bus: Bus, store: Store, order: ReplayOrder) -> Forecast:
    """What `order` would do now. Raises UsageError for what cannot be done."""
    tally = _Forecaster(opened, order)
    if order.from_log:
        await _look_at_log(opened, bus, store, order, tally)
    else:
        await _look_at_letters(opened, bus, store, order, tally)
    return tally.forecast()


class _Forecaster:
    def __init__(self, opened: OpenWorkspace, order: ReplayOrder) -> None:
        self._opened = opened
        self._plans: dict[str, LanePlan] = {}
        self.mappings: Sequence[MappingFile] = ()
        self._rows: Counter[tuple[str, str, str]] = Counter()
        self._samples: list[ReplaySample] = []
        self.fates: Counter[str] = Counter()
        if order.revision:
            integration = integration_of(opened, order.which)
            self.mappings = mappings_at(opened, integration, order.revision)
            self._plans[integration.integration] = plan_with(opened, integration, self.mappings)

    def send(self, integration: str, letter_class: str, position: Position, record: Record) -> None:
        """A delivery that would be sent."""
        self._rows[integration, letter_class, record.type] += 1
        if len(self._samples) < MOST_SAMPLES:
            self._samples.append(_sample(self._plan(integration), position, record))

    def forecast(self) -> Forecast:
        """Everything so far."""
        rows = [
            ForecastRow(integration=integration, letter_class=letter_class, event_name=event_name, count=count)
            for (integration, letter_class, event_name), count in sorted(self._rows.items())
        ]
        return Forecast(
            sent=self._rows.total(),
            suppressed=self.fates["suppressed"],
            gone=self.fates["gone"],
            left_out=self.fates["left_out"],
            rows=rows,
            samples=self._samples,
        )

    def _plan(self, integration: str) -> LanePlan:
        if integration not in self._plans:
            self._plans[integration] = lane_plan(self._opened, self._opened.workspace.integrations[integration])
        return self._plans[integration]


async def pages_of(store: Store, which: DeadLetterFilter) -> AsyncIterator[Sequence[DeadLetter]]:
    """Everything that a filter names, newest first, page by page."""
    left, before = which.limit, which.before
    while left > 0:
        page = await store.dead_letters(msgspec.structs.replace(which, before=before, limit=min(left, STEP_ROWS)))
        if not page:
            return
        yield page
        left, before = left - len(page), page[-1]


async def _look_at_letters(
    opened: OpenWorkspace, bus: Bus, store: Store, order: ReplayOrder, tally: _Forecaster
) -> None:
    is_wanted = compile_condition(order.where)
    async for page in pages_of(store, order.which):
        chosen, fates = await choose_letters(opened, bus, page, is_wanted)
        tally.fates.update(fates)
        for letter, record in chosen:
            partition, offset = letter.position
            if (await store.admission({partition: offset}, {partition: offset + 1})).exclusions:
                tally.fates["suppressed"] += 1
            else:
                tally.send(letter.lane, letter.letter_class, letter.position, record)


async def _look_at_log(opened: OpenWorkspace, bus: Bus, store: Store, order: ReplayOrder, tally: _Forecaster) -> None:
    integration = integration_of(opened, order.which)
    topic = lane_topic(integration)
    end = await passed_by_lane(store, integration)
    cursors = await find_start(bus, topic, end, since_ms=order.which.since_ms or 0)
    scope = LogRange(opened, order.which, order.where, tally.mappings)
    reader = bus.reader(topic, "replay")
    while wanted := {partition: at for partition, at in cursors.items() if at < end[partition]}:
        stored = await reader.read(wanted, max_records=STEP_ROWS, wait_secs=0.0)
        if not stored:
            return
        excluded = await exclusions_among(store, stored)
        for one in stored:
            partition, offset = one.position
            cursors[partition] = offset + 1
            if one.record is None or offset >= end[partition] or not scope.is_in_time(one.record):
                continue
            if scope.is_wanted(one, excluded):
                tally.send(integration.integration, FROM_LOG, one.position, one.record)
            else:
                tally.fates["left_out"] += 1


def _sample(plan: LanePlan, position: Position, record: Record) -> ReplaySample:
    sample = ReplaySample(
        delivery_id=make_delivery_id(record.source, plan.integration, record.id),
        integration=plan.integration,
        event_id=record.id,
        mapping="",
    )
    try:
        event = read_event(record)
        planned = plan_delivery(event, record.type, position, plan, now_ms=event.received_ms)
    except Exception as defect:  # noqa: BLE001  (a defect in a mapping is what whoever looks here wants to know)
        return msgspec.structs.replace(sample, reason=f"the mapping raised {type(defect).__name__}")
    match planned:
        case Delivery():
            return msgspec.structs.replace(sample, mapping=planned.mapping, payload=preview_of(planned.item.payload))
        case Refused(mapping=mapping, refusal=refusal):
            return msgspec.structs.replace(sample, mapping=mapping, reason=f"{refusal.rule}: {refusal.message}")
        case Filtered(rule=rule):
            return msgspec.structs.replace(sample, reason=f"filtered by {rule}")
