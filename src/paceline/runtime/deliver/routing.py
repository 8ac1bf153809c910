"""A lane whose route is a toggle: each event goes by the direct path or the bus path, never by both.

The lane reads `canonical` with its one cursor, whatever the toggle says. A position means the same event in both
topics, so the direct path takes the raw event from the same place in `events`. That is why a switch loses and doubles
nothing, and keeps the order of every key: there is only one reading, one ledger and one table of retries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from paceline.delivery.payload_preview import preview_of
from paceline.delivery.plan import LanePlan, Refused, plan_delivery
from paceline.lifecycle.parity import Difference, differences
from paceline.lifecycle.route_book import RouteBook
from paceline.model.delivery import Delivery, Outcome, OutcomeClass
from paceline.model.event import Event, Filtered, Refusal
from paceline.model.record import Cursors, Position, Record
from paceline.model.route import Route
from paceline.ports.bus import Bus
from paceline.ports.clock import Clock
from paceline.ports.routes import Toggles
from paceline.runtime.memo import EventMemo
from paceline.runtime.normalize import RequestPlace, request_place
from paceline.runtime.process import CANONICAL_TOPIC, EVENTS_TOPIC

_OTHER_TIME_MS = 86_400_000 + 3_723_004
"""How far the clock is moved to find out which fields depend on it: another day, hour, minute, second and so on."""

SENT_AS_REQUEST = "sent_as_request"
COMES_AS_EVENT = "comes_as_event"
"""Rules by which a lane with a toggle passes over an event whose request was sent, or a request whose event will."""

_blamed = frozenset({OutcomeClass.PERMANENT, OutcomeClass.TOO_BIG, OutcomeClass.POISON})
"""What a vendor or we say about a payload; anything else would have happened to any payload."""


class RoutePlans(msgspec.Struct, frozen=True, kw_only=True):
    """What each path makes of events, and the fields that may differ between them.

    `requests` are the types of requests that adapters make events of and the direct path delivers. From the moment on
    at which the lane has this toggle, they wait for their events, and are delivered in their place; so a request and
    its event are never both delivered.
    """

    direct: LanePlan
    bus: LanePlan
    noise: Sequence[str] = ()
    requests: frozenset[str] = frozenset()


class Routing:
    """What a lane with a toggle knows about its two paths. `book` gathers what is seen of them."""

    def __init__(
        self,
        toggle: str,
        plans: RoutePlans,
        toggles: Toggles,
        *,
        bus: Bus,
        clock: Clock,
        memos: Mapping[str, EventMemo],
    ) -> None:
        self.toggle = toggle
        self.plans = plans
        self.book: RouteBook | None = None
        self.toggles = toggles
        self._bus = bus
        self._clock = clock
        self._memos = memos
        self._by_bus: set[Position] = set()
        self._paired_from: Cursors = {}

    def pair_from(self, cursors: Cursors) -> None:
        """Requests from here on wait for their events; those before were delivered as they are."""
        self._paired_from = cursors

    def is_paired(self, place: Position) -> bool:
        """Whether a request at this place waits for its events."""
        return place.offset >= self._paired_from.get(place.partition, 0)

    async def planner(self, records: Mapping[Position, Record]) -> RoutedPlanner:
        """A planner for these canonical records, each with its route as the toggle stands now."""
        self.toggles.look()
        ways = {place: self._way(place, record) for place, record in records.items()}
        raw_places = {way.raw_place for way in ways.values() if way.route is not Route.BUS}
        raw = await self._bus.fetch(EVENTS_TOPIC, sorted(raw_places)) if raw_places else {}
        return RoutedPlanner(self, ways, raw)

    def _way(self, place: Position, record: Record) -> _Way:
        request = request_place(record) if self.plans.requests else None
        if request is None:
            return _Way(self.toggles.route(self.toggle, record.key), place, None)
        # Events of one request go the same way, whoever they are about: the direct path sends the request as a whole.
        key = record.key if request.of == 1 else f"{request.place.partition}:{request.place.offset}"
        return _Way(self.toggles.route(self.toggle, key), request.place, request)

    def read(self, topic: str, record: Record, position: Position) -> Event:
        """The event in a record of a topic."""
        return self._memos[topic].read(record, position)

    def goes(self, position: Position, route: Route) -> None:
        """A delivery is about to be made by a path."""
        if route is Route.BUS:
            self._by_bus.add(position)
        else:
            self._by_bus.discard(position)

    def fail(self, record: Record, *, by_bus: bool) -> None:
        """A path can make no payload of an event that it should."""
        self._settle(by_bus=by_bus, failed=True, since_ms=record.received_ms)

    def handle(self, record: Record) -> None:
        """The bus path has made a payload in shadow, which nobody gets."""
        self._settle(by_bus=True, failed=False, since_ms=record.received_ms)

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """The vendor has answered about a delivery. What says nothing about the payload is left to later tries."""
        failed = outcome.outcome_class in _blamed
        if failed or outcome.outcome_class is OutcomeClass.OK:
            by_bus = delivery.position in self._by_bus
            self._by_bus.discard(delivery.position)
            self._settle(by_bus=by_bus, failed=failed, since_ms=delivery.item.occurred_ms)

    def compare(self, found: Sequence[Difference], mapping: str) -> None:
        """The payloads of an event were compared."""
        if self.book is not None:
            self.book.compare(found, mapping=mapping, now_ms=self._clock.now_ms())

    def _settle(self, *, by_bus: bool, failed: bool, since_ms: int) -> None:
        if self.book is not None:
            now_ms = self._clock.now_ms()
            self.book.settle(by_bus=by_bus, failed=failed, lag_ms=now_ms - since_ms, now_ms=now_ms)


class _Way(NamedTuple):
    """How an event goes: its route, where its raw record lies, and the request that it was made of, if any."""

    route: Route
    raw_place: Position
    request: RequestPlace | None


class RoutedPlanner:
    """Plans canonical records of one stretch by their ways; `raw` has the raw records of those that need one."""

    def __init__(self, routing: Routing, ways: Mapping[Position, _Way], raw: Mapping[Position, Record]) -> None:
        self._routing = routing
        self._plans = routing.plans
        self._ways = ways
        self._raw = raw

    def takes(self, record: Record, position: Position) -> str | None:
        """See the protocol."""
        way = self._ways[position]
        raw = self._raw.get(way.raw_place)
        if way.request is not None and not self._routing.is_paired(way.raw_place):
            return SENT_AS_REQUEST
        if record.type in self._plans.requests and self._routing.is_paired(position):
            return COMES_AS_EVENT
        by_bus = self._plans.bus.takes(record.type, record.source)
        if way.route is Route.BUS or raw is None:
            return by_bus
        if way.request is not None and way.request.number > 0:
            return SENT_AS_REQUEST
        direct = self._plans.direct.takes(raw.type, raw.source)
        return direct if way.route is Route.DIRECT or by_bus is not None else None

    def plan(self, record: Record, position: Position) -> Delivery | Filtered | Refused:
        """See the protocol."""
        route = self._ways[position].route
        raw = self._raw.get(self._ways[position].raw_place)
        self._routing.goes(position, route)
        if route is Route.BUS:
            planned = self._by_bus(record, position)
            if isinstance(planned, Refused):
                self._routing.fail(record, by_bus=True)
            return planned
        if raw is None:
            return Refused(
                mapping="", refusal=Refusal(rule="", reason="lost", message="the raw event is not in the log")
            )
        planned = self._direct(record, raw, position)
        if isinstance(planned, Refused):
            self._routing.fail(raw, by_bus=False)
        if route is Route.SHADOW:
            self._compare(planned, record, raw, position)
        return planned

    def _direct(
        self, record: Record, raw: Record, position: Position, *, later_ms: int = 0
    ) -> Delivery | Filtered | Refused:
        event = self._routing.read(EVENTS_TOPIC, raw, self._ways[position].raw_place)
        if raw.id != record.id:  # whichever way it goes, it is the delivery of the event, under the same key
            event = msgspec.structs.replace(event, id=record.id, key=record.key)
        return plan_delivery(event, raw.type, position, self._plans.direct, now_ms=event.received_ms + later_ms)

    def _by_bus(self, record: Record, position: Position, *, later_ms: int = 0) -> Delivery | Filtered | Refused:
        event = self._routing.read(CANONICAL_TOPIC, record, position)
        return plan_delivery(event, record.type, position, self._plans.bus, now_ms=event.received_ms + later_ms)

    def _compare(self, direct: Delivery | Filtered | Refused, record: Record, raw: Record, position: Position) -> None:
        """See what the bus path makes of the event. Nothing that happens there may touch the delivery."""
        try:
            bus = self._by_bus(record, position)
            found = _differences(direct, bus, self._plans.noise)
            if found and isinstance(direct, Delivery) and isinstance(bus, Delivery):
                changing = self._changing_fields(direct, bus, record, raw)
                found = [one for one in found if one.path not in changing]
        except Exception as defect:  # noqa: BLE001  (whatever it is, the direct path delivers)
            bus = Refused(mapping="", refusal=Refusal(rule="", reason="defect", message=type(defect).__name__))
            found = _differences(direct, bus, self._plans.noise)
        if isinstance(direct, Filtered) and isinstance(bus, Filtered):
            return
        if isinstance(bus, Refused):
            self._routing.fail(record, by_bus=True)
        else:
            self._routing.handle(record)
        self._routing.compare(found, _mapping_of(direct, bus))

    def _changing_fields(self, direct: Delivery, bus: Delivery, record: Record, raw: Record) -> set[str]:
        """Fields that differ between two runs of the same path: they depend on the clock, and so say nothing."""
        position = direct.position
        again = self._direct(record, raw, position, later_ms=_OTHER_TIME_MS)
        bus_again = self._by_bus(record, position, later_ms=_OTHER_TIME_MS)
        return {one.path for one in (*_differences(direct, again), *_differences(bus, bus_again))}


def _differences(
    direct: Delivery | Filtered | Refused, bus: Delivery | Filtered | Refused, noise: Sequence[str] = ()
) -> list[Difference]:
    if isinstance(direct, Delivery) and isinstance(bus, Delivery):
        found = differences(direct.item.payload, bus.item.payload, show=preview_of, noise=noise)
        return found if direct.action == bus.action else [Difference("(action)", direct.action, bus.action), *found]
    left, right = _fate(direct), _fate(bus)
    return [] if left == right else [Difference("(the whole payload)", left, right)]


def _fate(planned: Delivery | Filtered | Refused) -> str:
    match planned:
        case Delivery():
            return "made"
        case Filtered():
            return f"none: filtered by {planned.rule}"
        case Refused():
            return f"none: {planned.mapping or 'it'} refuses it ({planned.refusal.rule or planned.refusal.reason})"


def _mapping_of(direct: Delivery | Filtered | Refused, bus: Delivery | Filtered | Refused) -> str:
    return next((one.mapping for one in (bus, direct) if not isinstance(one, Filtered) and one.mapping), "")
