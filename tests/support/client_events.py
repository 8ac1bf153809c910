"""Events for the client libraries to send: our own, and those of the public Segment spec where they are at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Event = dict[str, Any]


def own_events() -> list[Event]:
    """One of each call, with values that are easily damaged on the way."""
    who = {"userId": "user-1", "anonymousId": "0b8c1a5e-2a53-4f0e-8f0a-2f6f3f6a7d10"}
    at = {"timestamp": "2026-03-29T01:30:00.123Z"}
    context = {"context": {"ip": "203.0.113.7", "campaign": {"name": "spring", "source": "newsletter"}}}
    bodies: list[Event] = [
        {"type": "track", "event": "Order Completed", "properties": {"total": 67.5, "products": [{"sku": "A"}, {}]}},
        {
            "type": "track",
            "event": "Größe gewählt 👟",
            "properties": {"größe": "43½", "note": "a\u2028b\u0000c\t\"'<&>\\"},
        },
        {
            "type": "track",
            "event": "Edge Values",
            "properties": {
                "zero": 0,
                "negative": -1.5,
                "largest_exact": 9007199254740991,
                "tiny": 5e-324,
                "yes": True,
                "no": False,
                "nothing": None,
                "empty": "",
                "nested": {"a": {"b": {"c": [[], {}, [1, [2]]]}}},
                "looks_like_a_number": "007",
                "key with spaces": 1,
                "a.b": 2,
            },
        },
        {"type": "track", "event": "Long Text", "properties": {"text": "lorem ipsum " * 500}},
        {"type": "identify", "traits": {"email": "jo@example.com", "plan": None, "address": {"city": "Wien"}}},
        {"type": "group", "groupId": "group-7", "traits": {"name": "Initech", "employees": 329}},
        {"type": "page", "name": "Home", "category": "Shop", "properties": {"url": "https://shop.example/?q=1#top"}},
        {"type": "screen", "name": "Basket", "properties": {"items": 3}},
        {"type": "alias", "previousId": "guest-1"},
    ]
    return [who | at | context | body | {"messageId": f"own-{number}"} for number, body in enumerate(bodies)]


def spec_events(folder: Path) -> list[Event]:
    """The events of the Segment spec's documentation."""
    rows = (folder / "segment_spec_events.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(row)["event"] for row in rows]
