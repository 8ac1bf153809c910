"""What a mapping costs: CPU microseconds an event, and milliseconds to compile, each beside code written by hand.

Run it with `python benchmarks/mapping.py`. It uses CPU time (`time.process_time`), the best of several runs, one
thread. The event is an "Order Completed" of about 1,200 bytes with three products, already decoded; the mapping has
20 fields of the usual sorts, one of them a list of the products.
"""

from __future__ import annotations

import gc
import hashlib
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.mapping.plan import mapping_faults
from paceline.model.mapping import FieldRule, MappingFile, MappingFrom, MappingTo

EVENT = msgspec.json.decode(b"""{
"type": "track", "event": "Order Completed", "messageId": "ajs-next-1714979289000-0b54", "userId": "u-507f191e81",
"anonymousId": "8f3c1d1e-0f6b-4c39-9a57-2d3b0f6a7c11", "timestamp": "2024-05-06T07:08:09.000Z",
"sentAt": "2024-05-06T07:08:09.100Z", "receivedAt": "2024-05-06T07:08:09.200Z",
"context": {"ip": "203.0.113.9", "locale": "en-GB", "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)",
 "library": {"name": "analytics.js", "version": "4.1.0"},
 "page": {"url": "https://shop.example.com/checkout/done?utm_source=mail", "path": "/checkout/done", "title": "Done"},
 "campaign": {"source": "mail", "medium": "newsletter", "name": "may"},
 "traits": {"email": " Ada@Example.com", "firstName": "Ada", "lastName": "Lovelace", "plan": "gold"}},
"properties": {"order_id": "50314b8e9bcf000000000000", "total": 27.5, "subtotal": 22.5, "tax": 3, "shipping": 2,
 "currency": "EUR", "coupon": "hasbros", "products": [
 {"product_id": "507f1f77bcf86cd799439011", "sku": "45790-32", "name": "Monopoly", "price": 19, "quantity": 1,
  "category": "Games"},
 {"product_id": "505bd76785ebb509fc183733", "sku": "46493-32", "name": "Uno", "price": 3.5, "quantity": 2,
  "category": "Games"},
 {"product_id": "505bd76785ebb509fc183734", "sku": "46493-33", "name": "Dice", "price": 1.5, "quantity": 1,
  "category": "Games"}]}}
""")

FIELDS: dict[str, FieldRule | str] = {
    "identifiers.id": "$.userId ?? $.anonymousId",
    "identifiers.email": "$.context.traits.email | trim | lower",
    "name": "= purchase",
    "timestamp": "$.timestamp | unix_secs",
    "message_id": "$.messageId!",
    "attributes.order_id": "$.properties.order_id",
    "attributes.total": "$.properties.total | number",
    "attributes.tax": "$.properties.tax",
    "attributes.shipping": "$.properties.shipping",
    "attributes.currency": '$.properties.currency ?? "EUR"',
    "attributes.coupon": "$.properties.coupon",
    "attributes.email_hash": "$.context.traits.email | trim | lower | sha256",
    "attributes.is_large": "$.properties.total > 100",
    "attributes.plan": "$.context.traits.plan | switch({gold: 3, silver: 2}, 0)",
    "attributes.item_count": "$.properties.products | length",
    "context.page": "$.context.page.path",
    "context.locale": "$.context.locale",
    "context.campaign": "$.context.campaign.source",
    "context.library": '$.context.library.name ?? "unknown"',
    "attributes.items": FieldRule(
        each="$.properties.products",
        fields={"sku": "$.sku", "name": "$.name", "price": "$.price", "quantity": "$.quantity ?? 1"},
    ),
}
WHEN = '$.type == "track" and exists($.properties.order_id)'


def mapping(name: str = "order_completed.benchmark") -> MappingFile:
    return MappingFile(
        mapping=name,
        version=1,
        from_=MappingFrom(event="Order Completed"),
        to=MappingTo(connector="benchmark", action="track"),
        when=WHEN,
        fields=FIELDS,
    )


def by_hand(event: dict) -> dict | None:  # type: ignore[type-arg]
    """The same mapping, as somebody would write it who trusts the event to have the right types."""
    properties, context = event.get("properties", {}), event.get("context", {})
    traits = context.get("traits", {})
    if event.get("type") != "track" or properties.get("order_id") is None:
        return None
    email = traits.get("email")
    time_ = datetime.fromisoformat(event["timestamp"])
    attributes = {
        "order_id": properties.get("order_id"),
        "total": float(properties["total"]),
        "tax": properties.get("tax"),
        "shipping": properties.get("shipping"),
        "currency": properties.get("currency", "EUR"),
        "coupon": properties.get("coupon"),
        "email_hash": hashlib.sha256(email.strip().lower().encode()).hexdigest(),
        "is_large": properties["total"] > 100,
        "plan": {"gold": 3, "silver": 2}.get(traits.get("plan"), 0),
        "item_count": len(properties["products"]),
        "items": [
            {
                "sku": item.get("sku"),
                "name": item.get("name"),
                "price": item.get("price"),
                "quantity": item.get("quantity", 1),
            }
            for item in properties["products"]
        ],
    }
    return {
        "identifiers": {"id": event.get("userId") or event.get("anonymousId"), "email": email.strip().lower()},
        "name": "purchase",
        "timestamp": int((time_ - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()),
        "message_id": event["messageId"],
        "attributes": attributes,
        "context": {
            "page": context.get("page", {}).get("path"),
            "locale": context.get("locale"),
            "campaign": context.get("campaign", {}).get("source"),
            "library": context.get("library", {}).get("name", "unknown"),
        },
    }


def cpu_micros(run: Callable[[], object], *, times: int, repeats: int = 7) -> float:
    """CPU microseconds of one run: the best of several series."""
    best = float("inf")
    gc.disable()
    for _ in range(repeats):
        started = time.process_time()
        for _ in range(times):
            run()
        best = min(best, time.process_time() - started)
    gc.enable()
    return best / times * 1e6


def main() -> None:
    compiled = compile_mapping(mapping())
    assert isinstance(compiled, CompiledMapping), compiled
    payload = compiled.apply(EVENT, now_ms=0)
    assert payload == by_hand(EVENT), "the two must do the same work"
    if "--source" in sys.argv:
        print(compiled.source)
    print(f"Python {platform.python_version()}, {platform.machine()}, {len(FIELDS)} fields, 3 products, everything on")
    apply = compiled.apply
    print(f"apply, an event           {cpu_micros(lambda: apply(EVENT, now_ms=0), times=20_000):8.2f} CPU us")
    print(f"the same by hand          {cpu_micros(lambda: by_hand(EVENT), times=20_000):8.2f} CPU us")
    other = {**EVENT, "type": "page"}
    print(f"apply, filtered by `when` {cpu_micros(lambda: apply(other, now_ms=0), times=20_000):8.2f} CPU us")
    many = [mapping(f"m{number}.benchmark") for number in range(400)]
    compile_ms = cpu_micros(lambda: [compile_mapping(spec) for spec in many], times=1, repeats=3) / 1e3
    check_ms = cpu_micros(lambda: [mapping_faults(spec) for spec in many], times=1, repeats=3) / 1e3
    print(f"compile 400 mappings      {compile_ms:8.0f} CPU ms")
    print(f"check 400 mappings        {check_ms:8.0f} CPU ms")


if __name__ == "__main__":
    main()
