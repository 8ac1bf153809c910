"""Records as Kafka messages: CloudEvents 1.0 in binary mode, with a checksum over everything that matters.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md (read 2026-11-23): every
attribute is a header `ce_NAME`, `content-type` says what the value is. Extension attributes of ours: `ce_sentat`,
`ce_requestheaders` and `ce_verdict` (JSON), `ce_origin` (partition:offset in `events`), `ce_at` (the place in this
partition) and, last, `ce_crc32` over the other values, the key and the data. Kafka's own checksum is one for a whole
batch; ours tells which record is damaged, so that its neighbors are read.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

import msgspec
from confluent_kafka import Message

from paceline.exchange.dataschema import dataschema_uri, read_dataschema
from paceline.model.record import Position, Record, Verdict

Header = tuple[str, bytes]

_SPEC_VERSION: Header = ("ce_specversion", b"1.0")
_JSON: Header = ("content-type", b"application/json")
_FRAMED: Header = ("content-type", b"application/vnd.confluent.json")
"""JSON behind a magic byte and a schema id (https://docs.confluent.io/platform/current/schema-registry/fundamentals/
serdes-develop/index.html#wire-format, read 2026-11-23), which no reader should take for plain JSON."""

_FRAME_BYTES = 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode_json = msgspec.json.Encoder().encode
_decode_headers = msgspec.json.Decoder(dict[str, str]).decode
_decode_verdict = msgspec.json.Decoder(Verdict).decode


class Wire(NamedTuple):
    """A record as it goes into a message."""

    key: bytes
    value: bytes
    headers: list[Header]


class Read(NamedTuple):
    """A record as it came out of one; `record` is None when it is damaged, `at` when it has no place of its own."""

    record: Record | None
    at: int | None


def encode(record: Record, *, at: int | None = None, schema_id: int | None = None) -> Wire:
    """The message of a record, with its place in the partition and Confluent's wire format where there are such."""
    key = record.key.encode()
    headers: list[Header] = [
        ("ce_id", record.id.encode()),
        ("ce_source", record.source.encode()),
        ("ce_type", record.type.encode()),
        _time_header(record.received_ms),
    ]
    if record.dataschema:
        headers.append(_dataschema_header(record.dataschema))
    if record.sent_at:
        headers.append(("ce_sentat", record.sent_at.encode()))
    if record.headers:
        headers.append(("ce_requestheaders", _encode_json(record.headers)))
    if record.verdict is not None:
        headers.append(("ce_verdict", _encode_json(record.verdict)))
    if record.origin is not None:
        headers.append(("ce_origin", b"%d:%d" % record.origin))
    if at is not None:
        headers.append(("ce_at", b"%d" % at))
    checksum = crc32(record.data, crc32(b"\0".join([value for _, value in headers]), crc32(key)))
    headers += (_SPEC_VERSION, _JSON if schema_id is None else _FRAMED, ("ce_crc32", b"%08x" % checksum))
    value = record.data if schema_id is None else b"\0" + schema_id.to_bytes(4, "big") + record.data
    return Wire(key, value, headers)


def decode(message: Message) -> Read:
    """The record of a message; one that nobody but us could have written right is damaged."""
    headers: list[tuple[str, bytes]] = message.headers() or []  # type: ignore[assignment]
    key: bytes = message.key() or b""
    data: bytes = message.value() or b""
    if len(headers) < 7 or headers[-1][0] != "ce_crc32":
        return Read(None, None)
    if headers[-2] == _FRAMED:
        data = data[_FRAME_BYTES:]
    checksum = crc32(data, crc32(b"\0".join([value or b"" for _, value in headers[:-3]]), crc32(key)))
    if b"%08x" % checksum != headers[-1][1]:
        return Read(None, None)
    found = dict(headers)
    try:
        return _record_of(found, key, data)
    except (KeyError, ValueError, msgspec.DecodeError):
        return Read(None, None)  # the name of a header is damaged


def _record_of(found: dict[str, bytes], key: bytes, data: bytes) -> Read:
    time = found.get("ce_time")
    dataschema = found.get("ce_dataschema")
    sent_at = found.get("ce_sentat")
    request_headers = found.get("ce_requestheaders")
    verdict = found.get("ce_verdict")
    origin = found.get("ce_origin")
    at = found.get("ce_at")
    record = Record(
        found["ce_id"].decode(),
        found["ce_source"].decode(),
        found["ce_type"].decode(),
        key.decode(),
        int(found["ce_receivedms"]) if time is None else _read_time(time),
        data,
        _read_dataschema(dataschema) if dataschema else "",
        sent_at.decode() if sent_at else "",
        _decode_headers(request_headers) if request_headers else {},
        _decode_verdict(verdict) if verdict else None,
        Position(*map(int, origin.split(b":"))) if origin else None,
    )
    return Read(record, None if at is None else int(at))


@lru_cache(maxsize=4096)
def _time_header(received_ms: int) -> Header:
    """RFC 3339 with milliseconds, as long as the year has four digits.

    >>> _time_header(1_767_225_600_123)
    ('ce_time', b'2026-01-01T00:00:00.123Z')
    """
    try:
        moment = _EPOCH + timedelta(milliseconds=received_ms)
    except OverflowError:
        return "ce_receivedms", b"%d" % received_ms
    return "ce_time", moment.isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()


@lru_cache(maxsize=4096)
def _dataschema_header(dataschema: str) -> Header:
    """A URI, as CloudEvents asks for, where the record names a contract and its version.

    >>> _dataschema_header("order_completed/1.2.0")
    ('ce_dataschema', b'urn:x-paceline:contract:order_completed:1.2.0')
    """
    contract, _, version = dataschema.partition("/")
    uri = dataschema_uri(contract, version)
    return "ce_dataschema", (uri if _read_dataschema(uri.encode()) == dataschema else dataschema).encode()


@lru_cache(maxsize=4096)
def _read_dataschema(uri: bytes) -> str:
    named = read_dataschema(uri.decode()) if uri.startswith(b"urn:") else None
    return uri.decode() if named is None else "/".join(named)


@lru_cache(maxsize=4096)
def _read_time(text: bytes) -> int:
    return (datetime.fromisoformat(text.decode()) - _EPOCH) // timedelta(milliseconds=1)
