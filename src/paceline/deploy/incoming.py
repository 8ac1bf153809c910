"""What a platform brings: events in whatever wrapping, each with an id and a time that stay when it comes again.

Pure. Wrappings that are taken off, in any order: an SNS notification inside an SQS message
(https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html), an EventBridge event
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html), a CloudEvent in structured mode
(https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md) and a dead letter of ours with its
event. All read 2026-11-23.
"""

from __future__ import annotations

import msgspec

MOST_WRAPPINGS = 4


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """One message, record or object that a platform brought.

    `body` is an event, or a batch of events as the gateway takes it. `token` is the platform's name for it, `id` an id
    that is the same when it comes again (for events without a message id of their own). `received_ms` is when the
    platform took it in. `first_tried_ms` is set when it has come before. With `is_last_chance` the platform will not
    bring it once more. `source` is named by the message itself, empty when it is not. `is_replay`: it is a dead
    letter that somebody sends again.
    """

    body: bytes
    id: str
    received_ms: int
    token: str = ""
    source: str = ""
    first_tried_ms: int = 0
    is_last_chance: bool = False
    is_replay: bool = False


def unwrap(incoming: Incoming) -> Incoming:
    """The message with its event or batch as `body`, out of whatever it was wrapped in. What is no JSON stays as it is.

    >>> unwrap(Incoming(body=b'{"detail-type":"event","detail":{"type":"page"}}', id="1", received_ms=0)).body
    b'{"type":"page"}'
    """
    for _ in range(MOST_WRAPPINGS):
        try:
            wrapped = _decode(incoming.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return incoming
        inner = _inner(wrapped)
        if inner is None:
            return incoming
        incoming = msgspec.structs.replace(incoming, body=inner)
        if isinstance(wrapped.dead_letter, _Letter):
            incoming = _sent_again(incoming, wrapped.dead_letter, wrapped.received_ms)
    return incoming


def _sent_again(incoming: Incoming, letter: _Letter, received_ms: int | msgspec.UnsetType) -> Incoming:
    """A dead letter that somebody sends once more: as it came first, so that it makes the same payload and key."""
    return msgspec.structs.replace(
        incoming,
        source=letter.source,
        id=letter.event_id or incoming.id,
        is_replay=True,
        received_ms=incoming.received_ms if received_ms is msgspec.UNSET else received_ms,
    )


class _Letter(msgspec.Struct):
    event_id: str = ""
    source: str = ""


class _Wrapped(msgspec.Struct):
    """Fields by which wrappings are recognized; an event in the shape of the Segment spec has none of these pairs."""

    kind: msgspec.Raw | msgspec.UnsetType = msgspec.field(name="Type", default=msgspec.UNSET)
    message: msgspec.Raw | msgspec.UnsetType = msgspec.field(name="Message", default=msgspec.UNSET)
    detail_type: msgspec.Raw | msgspec.UnsetType = msgspec.field(name="detail-type", default=msgspec.UNSET)
    detail: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    specversion: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    dead_letter: _Letter | msgspec.UnsetType | None = msgspec.UNSET
    event: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    received_ms: int | msgspec.UnsetType = msgspec.UNSET


def _inner(wrapped: _Wrapped) -> bytes | None:
    match wrapped:
        case _Wrapped(kind=msgspec.Raw(), message=msgspec.Raw() as message):
            return _text(message)
        case _Wrapped(detail_type=msgspec.Raw(), detail=msgspec.Raw() as detail):
            return bytes(detail)
        case _Wrapped(specversion=msgspec.Raw(), data=msgspec.Raw() as data):
            return _text(data)
        case _Wrapped(dead_letter=_Letter(), event=msgspec.Raw() as event):
            return bytes(event)
    return None


def _text(raw: msgspec.Raw) -> bytes:
    """JSON text inside of JSON text, or the JSON itself."""
    value = bytes(raw)
    return msgspec.json.decode(value, type=str).encode() if value[:1] == b'"' else value


_decode = msgspec.json.Decoder(_Wrapped).decode
