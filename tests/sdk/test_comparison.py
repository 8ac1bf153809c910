"""The comparison that the other tests here rely on finds what is different."""

from __future__ import annotations

from typing import Any

import pytest
from client_libraries import SEGMENT_BROWSER, SEGMENT_PYTHON, differences, expected_on_wire

SENT: dict[str, Any] = {
    "type": "track",
    "event": "Order Completed",
    "userId": "user-1",
    "anonymousId": "anon-1",
    "messageId": "m-1",
    "timestamp": "2026-03-29T01:30:00.123Z",
    "context": {"ip": "203.0.113.7", "library": {"name": "ours"}},
    "properties": {"total": 1, "coupon": None, "products": [{"sku": "A"}]},
}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"properties": {"total": 1, "coupon": None, "products": []}}, "properties.products"),
        ({"properties": {"total": True, "coupon": None, "products": [{"sku": "A"}]}}, "properties.total"),
        ({"properties": {"total": "1", "coupon": None, "products": [{"sku": "A"}]}}, "properties.total"),
        ({"properties": {"total": 1, "products": [{"sku": "A"}]}}, "properties.coupon"),
        ({"properties": {"total": 1, "coupon": None, "products": [{"sku": "B"}]}}, "properties.products[0].sku"),
        ({"context": {}}, "context.ip"),
        ({"userId": None}, "userId"),
        ({"timestamp": "2026-03-29T01:30:00.124Z"}, "timestamp"),
    ],
)
def test_a_damaged_field_is_named(change: dict[str, Any], named: str) -> None:
    [difference] = differences(expected_on_wire(SENT, SEGMENT_PYTHON), SENT | change)
    assert difference.startswith(f"{named}: ")


def test_fields_that_a_library_adds_are_no_difference() -> None:
    arrived = SENT | {"context": {"ip": "203.0.113.7", "library": {"name": "theirs"}}, "channel": "server"}
    assert differences(expected_on_wire(SENT, SEGMENT_PYTHON), arrived) == []


def test_the_same_moment_in_another_zone_is_no_difference() -> None:
    arrived = SENT | {"timestamp": "2026-03-29T03:30:00.123+02:00"}
    assert differences(expected_on_wire(SENT, SEGMENT_BROWSER), arrived) == []
