"""Segment's own library (segment-analytics-python) against the fake vendor, and its requests beside ours.

Left out of the comparison: what the library says about itself (`context.library`), its empty `integrations`, the write
key that it repeats in the body, and the time of sending.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from vendor_sdks import Seen, Vendor, our_request, serve_vendor

analytics = pytest.importorskip("segment.analytics.client")

pytestmark = pytest.mark.sdk

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
KNOWN = {"messageId": "m-1", "timestamp": "2026-01-01T00:00:00.000+00:00"}
SENT = {"message_id": "m-1", "timestamp": WHEN}


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serve_vendor("segment", "api.segment.io") as one:
        yield one


@pytest.fixture
def client(vendor: Vendor) -> Any:
    return analytics.Client("wk-1", host=vendor.url, sync_mode=True, gzip=False)


def same(vendor: Vendor, action: str, payload: dict[str, Any]) -> None:
    (theirs,) = vendor.seen
    assert theirs.status == 200
    ours = our_request("segment", action, {**payload, **KNOWN}, {"write_key": "wk-1"})
    assert _bare(theirs) == _bare(ours)


def _bare(seen: Seen) -> tuple[object, ...]:
    body = dict(seen.body)
    assert body.pop("sentAt")
    assert body.pop("writeKey", "wk-1") == "wk-1"
    for item in body["batch"]:
        item.get("context", {}).pop("library", None)
        for name in ("context", "integrations", "userId", "anonymousId", "category", "name"):
            if name in item and not item[name]:
                del item[name]
    return (seen.method, seen.path, seen.query, body, seen.headers["authorization"], seen.headers["content-type"])


def test_event_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    client.track("u-1", "Order Completed", {"total": 12.5}, **SENT)
    same(vendor, "track", {"userId": "u-1", "event": "Order Completed", "properties": {"total": 12.5}})


def test_person_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    client.identify("u-1", {"plan": "gold"}, anonymous_id="a-1", context={"ip": "203.0.113.7"}, **SENT)
    person = {"userId": "u-1", "anonymousId": "a-1", "traits": {"plan": "gold"}, "context": {"ip": "203.0.113.7"}}
    same(vendor, "identify", person)


def test_page_view_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    client.page("u-1", "Shop", "Home", {"url": "https://shop.example.com/"}, **SENT)
    page = {"userId": "u-1", "category": "Shop", "name": "Home", "properties": {"url": "https://shop.example.com/"}}
    same(vendor, "page", page)


def test_screen_view_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    client.screen("u-1", "Shop", "Cart", {"items": 2}, **SENT)
    same(vendor, "screen", {"userId": "u-1", "category": "Shop", "name": "Cart", "properties": {"items": 2}})


def test_group_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    client.group("u-1", "acme", {"seats": 3}, **SENT)
    same(vendor, "group", {"userId": "u-1", "groupId": "acme", "traits": {"seats": 3}})


def test_alias_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    client.alias("a-1", "u-1", **SENT)
    same(vendor, "alias", {"previousId": "a-1", "userId": "u-1"})
