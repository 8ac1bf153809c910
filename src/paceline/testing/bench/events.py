"""The load: Order Completed events of 1.2 KB, each with a message id that says when it was sent.

Bodies are built once. For every request only the message ids are patched in place, so that making load stays cheap
beside what is measured. A message id is `plb-`, the request's number (10 hex digits), the scheduled send time in Unix
nanoseconds (16 hex digits) and the event's place in its request (3 digits).
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

MARK = b"plb-"
STAMP_LENGTH = 26
PLACE_LENGTH = 3
ID_LENGTH = len(MARK) + STAMP_LENGTH + PLACE_LENGTH
EVENT_BYTES = 1200


def order_completed(place: int, user: int, *, at: datetime) -> dict[str, object]:
    """One event, padded to 1,200 bytes. `place` is its place in the request."""
    user_id = f"user-{user:06d}"
    event: dict[str, object] = {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"{MARK.decode()}{'0' * STAMP_LENGTH}{place:0{PLACE_LENGTH}d}",
        "userId": user_id,
        "anonymousId": f"8f2d61a0-77c4-4f3e-9a31-{user:012d}",
        "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "properties": {
            "order_id": f"order-{user:06d}-{place:03d}",
            "affiliation": "Example Store",
            "total": 67.5,
            "subtotal": 57.0,
            "shipping": 4.5,
            "tax": 6.0,
            "currency": "EUR",
            "coupon": "SUMMER",
            "products": [product(number) for number in (1, 2, 3)],
        },
        "context": {
            "ip": "203.0.113.7",
            "locale": "de-AT",
            "page": {"path": "/checkout/thanks", "url": "https://shop.example/checkout/thanks"},
            "traits": {"email": f"{user_id}@example.com"},
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        },
    }
    context = event["context"]
    assert isinstance(context, dict)
    context["campaign"] = {"name": ""}
    context["campaign"] = {"name": "x" * (EVENT_BYTES - len(encode(event)))}
    return event


def product(number: int) -> dict[str, object]:
    """One line of the order."""
    return {
        "product_id": f"5f1c2a{number:04d}",
        "sku": f"SKU-{number:04d}",
        "name": f"Enamel mug number {number}",
        "price": 19.0,
        "quantity": number,
        "category": "Kitchen",
    }


def encode(value: object) -> bytes:
    """Compact JSON, as the client libraries write it."""
    return json.dumps(value, separators=(",", ":")).encode()


class RequestTemplate:
    """One HTTP request, ready to be sent again and again: `stamp` gives its events new message ids."""

    def __init__(self, *, host: str, write_key: str, events: int, first_user: int) -> None:
        at = datetime.now(UTC)
        made = [order_completed(place, first_user + place, at=at) for place in range(events)]
        body = encode({"batch": made}) if events > 1 else encode(made[0])
        credentials = base64.b64encode(f"{write_key}:".encode()).decode()
        head = (
            f"POST /v1/{'batch' if events > 1 else 'track'} HTTP/1.1\r\nHost: {host}\r\n"
            f"Authorization: Basic {credentials}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self.events = events
        self.wire = bytearray(head.encode() + body)
        self._slots = [slice(at, at + STAMP_LENGTH) for at in stamp_offsets(self.wire)]
        assert len(self._slots) == events, "every event has exactly one message id"

    def stamp(self, number: int, sent_ns: int) -> None:
        """Make this the request with this number, scheduled at this time."""
        stamp = b"%010x%016x" % (number, sent_ns)
        wire = self.wire
        for slot in self._slots:
            wire[slot] = stamp


def stamp_offsets(wire: bytes | bytearray) -> list[int]:
    """Where the stamps of the message ids begin."""
    offsets: list[int] = []
    found = wire.find(MARK)
    while found >= 0:
        offsets.append(found + len(MARK))
        found = wire.find(MARK, found + 1)
    return offsets


def stamps_in(body: bytes) -> list[bytes]:
    """The message ids in a body, without their mark, in the order in which they stand there."""
    return [part[: STAMP_LENGTH + PLACE_LENGTH] for part in body.split(MARK)[1:]]
