"""TikTok's own library (tiktok-business-api-sdk-official) against the fake vendor, and its requests beside ours.

It knows the older endpoint for pixels only. Left out of the comparison: what the library leaves empty, which it sends
as nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from vendor_sdks import Seen, Vendor, our_request, serve_vendor

sdk = pytest.importorskip("business_api_client")

pytestmark = pytest.mark.sdk

SETTINGS: dict[str, object] = {"access_token": "token-1", "event_source_id": "PIXEL1"}
EMAIL = hashlib.sha256(b"ada@example.com").hexdigest()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serve_vendor("tiktok_events", "business-api.tiktok.com") as one:
        yield one


@pytest.fixture
def events(vendor: Vendor) -> Any:
    configuration = sdk.Configuration()
    configuration.host = vendor.url
    return sdk.EventCallbackApi(sdk.ApiClient(configuration))


def same_request(vendor: Vendor, payload: dict[str, Any]) -> None:
    (theirs,) = vendor.seen
    ours: Seen = our_request("tiktok_events", "track_pixel_event", payload, SETTINGS)
    assert theirs.status == 200
    assert theirs.act("access-token", "content-type") == ours.act("access-token", "content-type")


def test_event_is_sent_as_the_library_sends_it(events: Any, vendor: Vendor) -> None:
    body = sdk.PixelTrackBody(pixel_code="PIXEL1", event="Search", event_id="e-1", timestamp="2026-01-01T00:00:00Z")
    events.pixel_track("token-1", body=body)
    same_request(vendor, {"event": "Search", "event_id": "e-1", "timestamp": "2026-01-01T00:00:00Z"})


def test_order_of_a_visitor_is_sent_as_the_library_sends_it(events: Any, vendor: Vendor) -> None:
    content = sdk.PixelContent(content_id="p-1", content_type="product", quantity=2, price=12.5)
    visitor = sdk.PixelContext(
        ad=sdk.PixelContextAd(callback="E.C.P.1"),
        page=sdk.PixelContextPage(url="https://shop.example.com/", referrer="https://search.example.com/"),
        user=sdk.PixelContextUser(email=EMAIL),
        user_agent="Mozilla/5.0",
        ip="203.0.113.7",
    )
    body = sdk.PixelTrackBody(
        pixel_code="PIXEL1",
        event="CompletePayment",
        event_id="e-1",
        context=visitor,
        properties=sdk.PixelProperties(contents=[content], currency="EUR", value=25.0),
    )
    events.pixel_track("token-1", body=body)
    payload = {
        "event": "CompletePayment",
        "event_id": "e-1",
        "context": {
            "ad": {"callback": "E.C.P.1"},
            "page": {"url": "https://shop.example.com/", "referrer": "https://search.example.com/"},
            "user": {"email": EMAIL},
            "user_agent": "Mozilla/5.0",
            "ip": "203.0.113.7",
        },
        "properties": {
            "contents": [{"content_id": "p-1", "content_type": "product", "quantity": 2, "price": 12.5}],
            "currency": "EUR",
            "value": 25.0,
        },
    }
    same_request(vendor, payload)
