"""Turns stored webhooks into events: a lane whose vendor is the topic `events` itself.

Being a lane it has what every lane has: its own cursor, so that requests which came before their adapter are made into
events once it is there; a ledger; dead letters for what the adapter refuses, which can be replayed; and idempotency,
for every event has an id that follows from its request, and admission lets each id pass once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from paceline.admission.door_policy import Decision
from paceline.errors import StorageError
from paceline.mapping.adapter import CompiledAdapter
from paceline.mapping.foreign_request import request_of_record
from paceline.model.delivery import Answer, Item, Outcome, OutcomeClass, Request, WireRequest
from paceline.model.event import EventType, Filtered, Refusal
from paceline.model.record import Position, Record, Verdict
from paceline.ports.bus import Bus
from paceline.ports.connector import BatchLimits
from paceline.runtime.gateway.door import Source
from paceline.runtime.process import EVENTS_TOPIC

LANE_PREFIX: Final = "adapter."
CONNECTOR_NAME: Final = "events"
ACTION: Final = "append"
REQUEST_HEADER: Final = "paceline-request"
"""Kept with a record that an adapter made: where its request lies, which of its events it is, and of how many."""

_URL = "http://events.invalid/append"


class _NewRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record on its way to the bus; what all records of a request share is beside them."""

    id: str
    type: str
    key: str
    data: msgspec.Raw
    dataschema: str = ""
    verdict: Verdict | None = None


class _NewRecords(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    received_ms: int
    headers: dict[str, str]
    records: list[_NewRecord]


class _Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The records of one request, and where the request lies."""

    place: Position
    batch: _NewRecords


class RequestPlace(NamedTuple):
    """Where the request lies in `events` that an event was made of: the event is `number` of `of`, from 0."""

    place: Position
    number: int
    of: int


def request_place(record: Record) -> RequestPlace | None:
    """Where the request lies that an adapter made a record of; None for other records.

    >>> headers = {REQUEST_HEADER: "1:40:0:2"}
    >>> made = Record(id="m", source="s", type="identify", key="u", received_ms=1, data=b"", headers=headers)
    >>> request_place(made)
    RequestPlace(place=Position(partition=1, offset=40), number=0, of=2)
    """
    text = record.headers.get(REQUEST_HEADER)
    if text is None:
        return None
    partition, offset, number, of = map(int, text.split(":"))
    return RequestPlace(Position(partition, offset), number, of)


class AdapterTransform:
    """An adapter as a lane sees it: the records of a request's events, or why there are none."""

    action = ACTION

    def __init__(self, adapter: CompiledAdapter, source: Source, *, max_event_bytes: int) -> None:
        self.name = f"adapter {adapter.name}"
        self._adapter = adapter
        self._source = source
        self._max_event_bytes = max_event_bytes

    def apply(self, event: dict[str, object], *, now_ms: int) -> dict[str, object] | Filtered | Refusal:
        """`event` is a webhook event, complete; `now_ms` is when it was received."""
        request = request_of_record(event, self._source.name)
        events = self._adapter.adapt(request, now_ms=now_ms)
        if isinstance(events, Filtered | Refusal):
            return events
        records: list[_NewRecord] = []
        for one in events:
            record = self._record(one)
            if isinstance(record, Refusal):
                return record
            records.append(record)
        headers = request["headers"]
        kept = {
            name: str(value)[:512]
            for name, value in (headers.items() if isinstance(headers, dict) else ())
            if name in ("user-agent", "origin", "referer")
        }
        batch = _NewRecords(source=self._source.name, received_ms=now_ms, headers=kept, records=records)
        return {"batch": msgspec.Raw(_encode(batch))}

    def _record(self, event: dict[str, object]) -> _NewRecord | Refusal:
        """One event, judged by its contract as the gateway would. What that would refuse is kept in quarantine."""
        call, name = EventType(str(event["type"])), str(event.get("event", ""))
        kind = f"track:{name}" if call is EventType.TRACK else call.value
        judgement = self._source.judge(kind, event)
        whole = event if judgement.event is None else judgement.event
        try:
            data = _encode(whole)
        except (RecursionError, msgspec.EncodeError):
            return Refusal(rule="event", reason="too_deep", message="the event cannot be written as JSON")
        if len(data) > self._max_event_bytes:
            message = f"the event has {len(data)} bytes, the limit max_event_bytes is {self._max_event_bytes}"
            return Refusal(rule="event", reason="event_too_large", message=message)
        is_stopped = judgement.decision is not Decision.ACCEPT
        return _NewRecord(
            id=str(event["messageId"]),
            type=kind,
            key=_ordering_key(event) or f"webhook.{self._source.name}",
            data=msgspec.Raw(data),
            dataschema=judgement.dataschema,
            verdict=judgement.verdict if is_stopped else None,
        )


class EventsConnector:
    """The topic `events` as a connector: one request appends the events of many webhooks."""

    name = CONNECTOR_NAME

    def batch_limits(self, action: str) -> BatchLimits:
        """See the port."""
        return BatchLimits(max_items=100, max_bytes=64 * 1024**2)

    def batch_key(self, action: str, payload: Mapping[str, object]) -> object:
        """See the port."""
        return None

    def build(self, action: str, items: Sequence[Item], settings: Mapping[str, object], *, now_ms: int) -> Request:
        """See the port."""
        body = [{"place": item.position, "batch": item.payload["batch"]} for item in items]
        return Request(method="POST", url=_URL, body=body)

    def follow_up(
        self, action: str, items: Sequence[Item], settings: Mapping[str, object], answer: Answer, *, now_ms: int
    ) -> None:
        """See the port."""

    def read(self, action: str, items: Sequence[Item], answer: Answer, *, now_ms: int) -> Sequence[Outcome]:
        """See the port."""
        if answer.status == 200:
            return [Outcome(outcome_class=OutcomeClass.OK, status=200)] * len(items)
        message = answer.body.decode(errors="replace")
        failed = Outcome(
            outcome_class=OutcomeClass.TRANSIENT, status=answer.status, message=message, is_whole_request=True
        )
        return [failed] * len(items)


class EventsSender:
    """Appends what `EventsConnector` builds; 200 when it is durable."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def send(self, request: WireRequest, *, timeout_secs: float) -> Answer:
        """See the port."""
        records = [
            Record(
                id=one.id,
                source=batch.source,
                type=one.type,
                key=one.key,
                received_ms=batch.received_ms,
                data=bytes(one.data),
                dataschema=one.dataschema,
                headers={**batch.headers, REQUEST_HEADER: _place_text(placed.place, number, len(batch.records))},
                verdict=one.verdict,
            )
            for placed in _decode(request.body)
            for batch in (placed.batch,)
            for number, one in enumerate(batch.records)
        ]
        try:
            await self._bus.append(EVENTS_TOPIC, records)
        except StorageError as error:
            return Answer(status=503, body=str(error).encode())
        return Answer(status=200)

    async def close(self) -> None:
        """See the port."""


def lane_name(source: str) -> str:
    """The lane that normalizes a source's webhooks."""
    return f"{LANE_PREFIX}{source}"


def _place_text(place: Position, number: int, of: int) -> str:
    return f"{place.partition}:{place.offset}:{number}:{of}"


def _ordering_key(event: Mapping[str, object]) -> str:
    for field in ("userId", "anonymousId", "previousId"):
        value = event.get(field)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)
    return ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[_Placed]).decode
