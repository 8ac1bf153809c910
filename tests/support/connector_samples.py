"""For every in-tree connector: settings that are right, and for every action a payload that its vendor takes."""

from __future__ import annotations

from typing import Any

from paceline.model.delivery import Item

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW_MS = 1_767_225_600_000

SETTINGS: dict[str, dict[str, object]] = {
    "webhook": {"url": "https://hooks.example.com/in?team=1", "secret": SECRET},
    "segment": {"write_key": "wk-1"},
    "customerio": {"site_id": "site-1", "api_key": "key-1"},
    "ga4": {"api_secret": "s-1", "measurement_id": "G-ABC123"},
}

PERSON = {"identifiers": {"id": "u-1"}}
OBJECT = {"identifiers": {"object_type_id": "1", "object_id": "acme"}}

PAYLOADS: dict[str, dict[str, dict[str, Any]]] = {
    "webhook": {"send": {"total": 12.5}, "send_batch": {"total": 12.5}},
    "segment": {
        "track": {"userId": "u-1", "event": "Order Completed", "properties": {"total": 12.5}},
        "identify": {"userId": "u-1", "traits": {"plan": "gold"}},
        "page": {"anonymousId": "a-1", "name": "Home"},
        "screen": {"anonymousId": "a-1", "name": "Cart"},
        "group": {"userId": "u-1", "groupId": "g-1", "traits": {"seats": 3}},
        "alias": {"userId": "u-1", "previousId": "a-1"},
    },
    "customerio": {
        "track_event": {**PERSON, "name": "purchase", "timestamp": 1767225600, "attributes": {"total": 12.5}},
        "track_page": {**PERSON, "name": "https://shop.example.com/"},
        "track_screen": {**PERSON, "name": "Cart"},
        "track_anonymous_event": {"anonymous_id": "a-1", "name": "viewed", "data": {"sku": "s-1"}},
        "identify_person": {"identifiers": {"email": "ada@example.com"}, "attributes": {"plan": "gold"}},
        "add_relationships": {**PERSON, "cio_relationships": [OBJECT]},
        "delete_relationships": {**PERSON, "cio_relationships": [OBJECT]},
        "add_device": {**PERSON, "device": {"token": "t-1", "platform": "ios"}},
        "delete_device": {**PERSON, "device": {"token": "t-1"}},
        "merge_people": {"primary": {"id": "u-1"}, "secondary": {"email": "ada@example.com"}},
        "identify_object": {**OBJECT, "attributes": {"name": "Acme"}},
        "delete_object": OBJECT,
        "suppress_person": PERSON,
        "unsuppress_person": PERSON,
        "delete_person": PERSON,
    },
    "ga4": {
        "send_event": {
            "client_id": "c.1",
            "name": "purchase",
            "params": {"currency": "EUR", "value": 12.5, "items": [{"item_id": "s-1", "price": 12.5}]},
        }
    },
}

EVERY_ACTION = [(connector, action) for connector, actions in PAYLOADS.items() for action in actions]


def make_items(connector: str, action: str, count: int = 1) -> list[Item]:
    """Some deliveries of one action, each with its own id."""
    payload = PAYLOADS[connector][action]
    return [Item(delivery_id=f"delivery-{n}", payload=dict(payload), occurred_ms=NOW_MS) for n in range(count)]
