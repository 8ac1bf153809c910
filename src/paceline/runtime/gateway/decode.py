"""From a request's body to records and a verdict for every event. Pure: the clock and fresh ids come as arguments."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

import msgspec

from paceline.admission.door_policy import Decision
from paceline.model.event import EventType
from paceline.model.record import Record
from paceline.model.settings import GatewayLimits
from paceline.runtime.gateway.door import Door, Source
from paceline.runtime.gateway.refusal import RequestRefusal

MAX_ID_CHARS = 512
"""Longer message ids, user ids and event names are refused: no client makes them, and they are indexed everywhere."""


class EventVerdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the gateway decided about one event of a request. `verdict` is accepted, quarantined or rejected."""

    id: str
    verdict: str
    reason: str = ""
    detail: str = ""
    warning: str = ""


class DecodedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The records to append and a verdict for each event of the request, in its order."""

    records: list[Record]
    verdicts: list[EventVerdict]


class RequestFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What decoding needs to know beside the body. `call` is the type that the path names, None for batches."""

    call: EventType | None
    source: Source
    received_ms: int
    headers: dict[str, str]


class Envelope(msgspec.Struct, frozen=True):
    """The fields of a request's body that concern the request and not its events."""

    batch: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    writeKey: str | None = None  # noqa: N815  (the field's name on the wire)
    sentAt: str | None = None  # noqa: N815
    context: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    integrations: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def inflate(body: bytes, *, max_bytes: int) -> bytes | RequestRefusal:
    """The decompressed body of a gzip request; stops reading as soon as it is larger than `max_bytes`."""
    inflater = zlib.decompressobj(wbits=31)
    try:
        inflated = inflater.decompress(body, max_bytes + 1)
    except zlib.error:
        return RequestRefusal(status=400, code="bad_gzip", message="the body is not valid gzip")
    if len(inflated) > max_bytes:
        return body_too_large(max_bytes, len(inflated))
    if not inflater.eof or inflater.unused_data:
        return RequestRefusal(
            status=400, code="bad_gzip", message="the gzip body is cut short or has bytes after its end"
        )
    return inflated


def body_too_large(max_bytes: int, actual: int) -> RequestRefusal:
    """The refusal of a body over the limit; `actual` counts the bytes that were read before it was refused."""
    return RequestRefusal(
        status=413,
        code="body_too_large",
        message=f"the body is larger than {max_bytes} bytes after decompression; send smaller batches",
        limit="max_body_bytes",
        value=max_bytes,
        actual=actual,
        closes=True,
    )


def too_deep(limits: GatewayLimits) -> RequestRefusal:
    """The refusal of a body that nests too deep: counting ends at the first bracket too many."""
    return RequestRefusal(
        status=400,
        code="too_deep",
        message=f"the body nests deeper than {limits.max_depth} levels",
        limit="max_depth",
        value=limits.max_depth,
        actual=limits.max_depth + 1,
    )


def read_envelope(body: bytes, limits: GatewayLimits) -> Envelope | RequestRefusal:
    """The request's own fields, with events left as bytes."""
    try:
        body.decode()
        return _decode_envelope(body)
    except UnicodeDecodeError:
        return RequestRefusal(status=400, code="bad_utf8", message="the body is not UTF-8")
    except RecursionError:
        return too_deep(limits)
    except msgspec.ValidationError as error:
        return RequestRefusal(status=400, code="bad_request", message=f"the body does not have the right form: {error}")
    except msgspec.DecodeError:
        return RequestRefusal(status=400, code="bad_json", message="the body is not a JSON object")


def decode_request(
    body: bytes, envelope: Envelope, facts: RequestFacts, door: Door, new_id: Callable[[], str]
) -> DecodedRequest | RequestRefusal:
    """Judge every event of a request. An event that cannot be kept gets a `rejected` verdict; the others are kept."""
    if facts.call is not None:
        events = [body]
    elif isinstance(envelope.batch, list):
        events = [bytes(raw) for raw in envelope.batch]
    else:
        return RequestRefusal(status=400, code="no_batch", message='the body has no list "batch" of events')
    limits = door.limits
    if len(events) > limits.max_batch_events:
        return RequestRefusal(
            status=413,
            code="too_many_events",
            message=f"a batch may have {limits.max_batch_events} events and this one has {len(events)}; send fewer",
            limit="max_batch_events",
            value=limits.max_batch_events,
            actual=len(events),
        )
    shared = _shared_fields(envelope) if facts.call is None else {}
    decoded = DecodedRequest(records=[], verdicts=[])
    sent_at = envelope.sentAt or ""
    for data in events:
        judged = _decode_event(_with_shared(data, shared) if shared else data, facts, door, new_id, sent_at)
        if isinstance(judged, EventVerdict):
            decoded.verdicts.append(judged)
        else:
            record, verdict = judged
            decoded.records.append(record)
            decoded.verdicts.append(verdict)
    return decoded


def _decode_event(
    data: bytes, facts: RequestFacts, door: Door, new_id: Callable[[], str], sent_at: str
) -> tuple[Record, EventVerdict] | EventVerdict:
    limits = door.limits
    if len(data) > limits.max_event_bytes:
        return EventVerdict(
            "",
            "rejected",
            "event_too_large",
            f"{len(data)} bytes, the limit max_event_bytes is {limits.max_event_bytes}",
        )
    if is_too_deep(data, limits.max_depth):
        return EventVerdict("", "rejected", "too_deep", f"the limit max_depth is {limits.max_depth}")
    if data.count(b":") > limits.max_keys and _count_keys(data) > limits.max_keys:
        return EventVerdict("", "rejected", "too_many_keys", f"the limit max_keys is {limits.max_keys}")
    try:
        event = _decode_any(data)
    except msgspec.DecodeError as error:
        return EventVerdict("", "rejected", "bad_json", str(error))
    if type(event) is not dict:
        return EventVerdict("", "rejected", "not_an_object", "an event is a JSON object")

    message_id = event.get("messageId")
    if message_id is None or message_id == "":
        message_id = new_id()
    elif type(message_id) is not str or len(message_id) > MAX_ID_CHARS:
        return EventVerdict("", "rejected", "bad_message_id", f"messageId is text of at most {MAX_ID_CHARS} characters")
    named = _record_type(event, facts.call)
    if isinstance(named, EventVerdict):
        return EventVerdict(message_id, "rejected", named.reason, named.detail)
    key = _ordering_key(event)
    if not key:
        return EventVerdict(message_id, "rejected", "no_user", "userId or anonymousId is missing, empty or not an id")

    judgement = facts.source.judge(named, event)
    verdict = judgement.verdict
    if judgement.decision is Decision.REJECT:
        assert verdict is not None
        return EventVerdict(message_id, "rejected", verdict.rule, verdict.detail)
    record = Record(
        message_id,
        facts.source.name,
        named,
        key,
        facts.received_ms,
        data if judgement.event is None else msgspec.json.encode(judgement.event),
        judgement.dataschema,
        sent_at,
        facts.headers,
        verdict,
    )
    if verdict is not None:
        return record, EventVerdict(message_id, "quarantined", verdict.rule, verdict.detail)
    if len(data) > limits.warn_event_bytes:
        return record, EventVerdict(message_id, "accepted", warning="large_event")
    return record, EventVerdict(message_id, "accepted")


def _record_type(event: dict[str, object], call: EventType | None) -> str | EventVerdict:
    kind = event.get("type") if call is None else call
    if kind == "track":
        name = event.get("event")
        if type(name) is not str or not name or len(name) > MAX_ID_CHARS:
            return EventVerdict(
                "", "rejected", "no_event_name", 'a track call needs "event", the name of what happened'
            )
        return f"track:{name}"
    if type(kind) is str and kind in _call_names:
        return kind
    if isinstance(kind, EventType):
        return kind.value
    return EventVerdict("", "rejected", "unknown_type", f"type is one of {', '.join(sorted(_call_names))}")


def _ordering_key(event: dict[str, object]) -> str:
    for field in ("userId", "anonymousId", "previousId"):
        value = event.get(field)
        if type(value) is str:
            if value and len(value) <= MAX_ID_CHARS:
                return value
        elif type(value) is int:
            return str(value)
    return ""


def is_too_deep(data: bytes, max_depth: int) -> bool:
    """Whether JSON text nests deeper than `max_depth`, without parsing it: linear time, no recursion.

    >>> is_too_deep(b'[[1]]', 2), is_too_deep(b'[[[1]]]', 2), is_too_deep(b'["[[["]', 2)
    (False, True, False)
    """
    if data.count(b"{") + data.count(b"[") <= max_depth:
        return False
    depth = 0
    for bracket in _brackets(_strings(b"", data)):
        if bracket in b"{[":
            depth += 1
            if depth > max_depth:
                return True
        else:
            depth -= 1
    return False


def _count_keys(data: bytes) -> int:
    return _strings(b"", data).count(b":")


def _shared_fields(envelope: Envelope) -> dict[str, object]:
    shared: dict[str, object] = {}
    for name, raw in (("context", envelope.context), ("integrations", envelope.integrations)):
        if isinstance(raw, msgspec.Raw):
            value = _decode_any(bytes(raw))
            if isinstance(value, dict) and value:
                shared[name] = value
    return shared


def _with_shared(data: bytes, shared: dict[str, object]) -> bytes:
    """An event with the batch's context and integrations under its own, as the Segment HTTP API merges them."""
    try:
        event = _decode_any(data)
    except msgspec.DecodeError:
        return data
    if not isinstance(event, dict):
        return data
    for name, value in shared.items():
        own = event.get(name)
        if own is None:
            event[name] = value
        elif isinstance(own, dict) and isinstance(value, dict):
            event[name] = {**value, **own}
    return msgspec.json.encode(event)


_call_names = frozenset(call.value for call in EventType)
_strings = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL).sub
_brackets = re.compile(rb"[\[\]{}]").findall
_decode_envelope = msgspec.json.Decoder(Envelope).decode
_decode_any = msgspec.json.Decoder().decode
