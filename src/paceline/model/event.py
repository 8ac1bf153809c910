"""Events as the pipeline sees them, and what can be said about one that is wrong."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from paceline.model.record import Record


class EventType(enum.StrEnum):
    """The six calls of the Segment spec (https://segment.com/docs/connections/spec/, read 2026-11-23)."""

    TRACK = "track"
    IDENTIFY = "identify"
    PAGE = "page"
    SCREEN = "screen"
    GROUP = "group"
    ALIAS = "alias"


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An immutable fact in the shape of the Segment spec.

    `id` is the message id that its client gave (or the gateway, when the client gave none), `name` is the event name
    of a track call and the type for every other call, `key` orders it (userId, or else anonymousId), `source` says who
    sent it. `contract` is the contract and version that it was judged by, empty without one. `payload` is the whole
    event as a JSON object (`payload["properties"]["total"]`); nobody may change it.
    """

    id: str
    name: str
    key: str
    source: str
    received_ms: int
    payload: dict[str, object]
    contract: str = ""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a rule stopped an event. A value, never raised.

    `rule` names the rule (a mapping field, a contract's JSON pointer, a limit), `reason` is a stable word
    (`missing`, `wrong_type`, `refused`, …), `message` is the sentence that a person reads; it never quotes the
    event's values.
    """

    rule: str
    reason: str
    message: str


class Filtered(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping's `when` was false, or no mapping takes this event: nothing is to be delivered, on purpose."""

    rule: str


def read_event(record: Record) -> Event:
    """The event in a record, completed as Segment completes it: message id, type, receivedAt and a corrected timestamp.

    A canonical record (one with an origin) is complete already. `timestamp` becomes
    `receivedAt - (sentAt - timestamp)`, which takes the client's wrong clock out
    (https://segment.com/docs/connections/spec/common/#timestamps, read 2026-11-23); what the client said is kept as
    `originalTimestamp`. Raises msgspec.DecodeError when the data is not a JSON object, which the gateway never lets in.
    """
    payload = decode_object(record.data)
    call, _, name = record.type.partition(":")
    if record.origin is None:
        payload |= _completion(record, payload.get)
    return Event(
        id=record.id,
        name=name or call,
        key=record.key,
        source=record.source,
        received_ms=record.received_ms,
        payload=payload,
        contract=record.dataschema,
    )


def complete_data(record: Record) -> bytes:
    """The same completion on the bytes of a record, for the canonical topic: what is inside the fields stays as it is.

    Costs a third of decoding the event and writing it again. Raises msgspec.DecodeError as `read_event` does.
    """
    fields = _decode_fields(record.data)

    def get(name: str) -> object:
        raw = fields.get(name)
        return None if raw is None else _decode_any(raw)

    completed: dict[str, msgspec.Raw] = fields
    for name, value in _completion(record, get).items():
        completed[name] = msgspec.Raw(_encode(value))
    return _encode(completed)


def _completion(record: Record, get: Callable[[str], object]) -> dict[str, object]:
    """The fields that an event gets, or gets anew, from its record. `get` gives what the client sent."""
    original = get("originalTimestamp") or get("timestamp")
    sent_at = record.sent_at or get("sentAt")
    completion: dict[str, object] = {
        "type": record.type.partition(":")[0],
        "messageId": record.id,
        "receivedAt": isoformat_ms(record.received_ms),
        "timestamp": corrected_timestamp(original, sent_at, record.received_ms),
    }
    if original:
        completion["originalTimestamp"] = original
    if sent_at:
        completion["sentAt"] = sent_at
    return completion


def corrected_timestamp(original: object, sent_at: object, received_ms: int) -> str:
    """When the event happened, by our clock, as ISO 8601 in UTC with milliseconds.

    Without an `original` time it is when we received the event; without a readable `sent_at`, what the client said.

    >>> corrected_timestamp("2026-01-01T00:00:00Z", "2026-01-01T00:00:05Z", 1767225606000)
    '2026-01-01T00:00:01.000Z'
    """
    happened_ms = _parse_ms(original)
    if happened_ms is None:
        return isoformat_ms(received_ms)
    sent_ms = _parse_sent_ms(sent_at) if isinstance(sent_at, str) else None
    if sent_ms is None:
        return isoformat_ms(happened_ms)
    corrected_ms = received_ms - (sent_ms - happened_ms)
    return isoformat_ms(corrected_ms if _FIRST_MS <= corrected_ms <= _LAST_MS else happened_ms)


def parse_time(value: object) -> datetime | None:
    """An aware time from ISO 8601 text (UTC where no offset is given); None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def isoformat_ms(ms: int) -> str:
    """Unix milliseconds as ISO 8601 in UTC.

    >>> isoformat_ms(1767225600500)
    '2026-01-01T00:00:00.500Z'
    """
    secs, rest = divmod(ms, 1000)
    return f"{_isoformat_secs(secs)}.{rest:03d}Z"


@functools.lru_cache(maxsize=4096)
def _isoformat_secs(secs: int) -> str:
    return (_EPOCH + timedelta(seconds=secs)).isoformat()[:19]


def _parse_ms(value: object) -> int | None:
    moment = parse_time(value)
    return None if moment is None else (moment - _EPOCH) // _MILLISECOND


_parse_sent_ms = functools.lru_cache(maxsize=4096)(_parse_ms)
"""A batch's events share the time at which they were sent."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_FIRST_MS = (datetime(1, 1, 2, tzinfo=UTC) - _EPOCH) // _MILLISECOND
_LAST_MS = (datetime(9999, 12, 30, tzinfo=UTC) - _EPOCH) // _MILLISECOND
decode_object = msgspec.json.Decoder(dict[str, object]).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_any = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
