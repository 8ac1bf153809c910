"""Events on which a ready-made mapping can be tried: those of the Segment spec, and whatever its condition asks for.

Source: https://segment.com/docs/connections/spec/ (its six calls, e-commerce and mobile events), read 2026-11-23.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from paceline.model.event import EventType
from paceline.model.mapping import EVERY_EVENT, MappingFile

_LITERAL = re.compile(r"\"([^\"\\]{1,80})\"|'([^'\\]{1,80})'")

_PRODUCT: Mapping[str, object] = {
    "product_id": "P-77",
    "sku": "P-77-GRN",
    "name": "Rain jacket",
    "brand": "Acme",
    "category": "Jackets",
    "variant": "green",
    "price": 289.95,
    "quantity": 2,
    "currency": "EUR",
}
_PROPERTIES: Mapping[str, object] = {
    **_PRODUCT,
    "order_id": "A-20417",
    "total": 579.9,
    "query": "jacket",
    "list_id": "autumn",
    "promotion_id": "rain",
    "products": [_PRODUCT],
}
_TRAITS: Mapping[str, object] = {"email": "alma.berg@example.com", "name": "Alma Berg", "plan": "free"}
_CONTEXT: Mapping[str, object] = {
    "device": {"id": "device-1", "token": "token-1", "type": "ios"},
    "page": {"url": "https://shop.example.com/jackets", "title": "Jackets", "referrer": "https://www.example.com/"},
    "traits": _TRAITS,
    "externalId": [{"type": "ga4AppInstanceId", "id": "f0dd99b6f979fb551ce583373900f937"}],
}
_IDS: Mapping[str, object] = {"userId": "customer-1001", "anonymousId": "browser-1001"}
_CALLS: Mapping[EventType, Mapping[str, object]] = {
    EventType.IDENTIFY: {"traits": _TRAITS},
    EventType.PAGE: {"name": "Jackets", "properties": {"url": "https://shop.example.com/jackets", "title": "Jackets"}},
    EventType.SCREEN: {"name": "Jackets", "properties": {"title": "Jackets"}},
    EventType.GROUP: {"groupId": "acme", "traits": {"name": "Acme", "employees": 12}},
    EventType.ALIAS: {"previousId": "browser-1001"},
}
_TRACKED = (
    *("Something Done", "Order Completed", "Product Viewed", "Product Added", "Checkout Started", "Signed Up"),
    *("Order Refunded", "Products Searched", "Product List Viewed", "Application Installed"),
)


def sample_events(mapping: MappingFile) -> Iterator[dict[str, object]]:
    """Events that the mapping might take, the plainest first; without times, which a test gives."""
    literals = [one or other for one, other in _LITERAL.findall(mapping.when or "")]
    for ids in (_IDS, {"anonymousId": "browser-1001"}):
        if mapping.from_.type is not EventType.TRACK:
            call: dict[str, object] = {"type": mapping.from_.type.value, **ids, **_CALLS[mapping.from_.type]}
            yield call
            yield {**call, "context": _CONTEXT}
            yield from ({**call, **_marked(literal)} for literal in literals)
            continue
        named = [mapping.from_.event] if mapping.from_.event != EVERY_EVENT else [*literals, *_TRACKED]
        for name in named:
            event = {"type": "track", "event": name, **ids}
            yield {**event, "properties": {"plan": "free"}}
            yield {**event, "properties": _PROPERTIES}
            yield {**event, "properties": _PROPERTIES, "context": _CONTEXT}


def _marked(literal: str) -> dict[str, object]:
    """The parts of a call in which a text makes a difference: what is to be done, and whether a field is mapped."""
    return {
        "traits": {"name": "Acme", "action": literal, "email": "alma.berg@example.com"},
        "context": {**_CONTEXT, "mappedToDestination": "true"},
    }
