"""Meta's own library (facebook-business) against the fake vendor, and its requests beside ours.

The library writes the same JSON into the fields of a form. Left out of the comparison: that form, and what the library
says about itself (`partner_agent`, empty fields).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from vendor_sdks import Vendor, our_batch, serve_vendor

pytest.importorskip("facebook_business")

pytestmark = [
    pytest.mark.sdk,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

SETTINGS: dict[str, object] = {"access_token": "token-1", "dataset_id": "123", "test_event_code": "TEST1"}


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    from facebook_business.api import FacebookAdsApi

    with serve_vendor("meta_conversions", "graph.facebook.com") as one:
        api = FacebookAdsApi.init(access_token="token-1", api_version="v26.0")
        api._session.GRAPH = one.url
        yield one
    FacebookAdsApi.set_default_api(None)


def send(*events: Any) -> Any:
    from facebook_business.adobjects.serverside.event_request import EventRequest

    return EventRequest(pixel_id="123", events=list(events), test_event_code="TEST1").execute()


def same_request(vendor: Vendor, payloads: list[dict[str, Any]]) -> None:
    (theirs,) = vendor.seen
    ours = our_batch("meta_conversions", "send_event", payloads, SETTINGS)
    assert theirs.status == 200
    assert (theirs.method, theirs.path, theirs.query) == (ours.method, ours.path, ours.query)
    assert [json.loads(event) for event in json.loads(theirs.body["data"])] == ours.body["data"]
    assert theirs.body["test_event_code"] == ours.body["test_event_code"]


def test_purchase_is_sent_as_the_library_sends_it(vendor: Vendor) -> None:
    from facebook_business.adobjects.serverside.action_source import ActionSource
    from facebook_business.adobjects.serverside.content import Content
    from facebook_business.adobjects.serverside.custom_data import CustomData
    from facebook_business.adobjects.serverside.event import Event
    from facebook_business.adobjects.serverside.user_data import UserData

    visitor = UserData(
        emails=["Ada@Example.com "],
        first_names=["Ada"],
        cities=["St. Gallen"],
        external_ids=["u-1"],
        client_ip_address="203.0.113.7",
        client_user_agent="Mozilla/5.0",
        fbc="fb.1.1.a",
        fbp="fb.1.2.b",
    )
    order = CustomData(
        value=25.0,
        currency="eur",
        order_id="o-1",
        content_type="product",
        contents=[Content(product_id="p-1", quantity=2, item_price=12.5, title="Shoes")],
    )
    answer = send(
        Event(
            event_name="Purchase",
            event_time=1767225600,
            event_id="e-1",
            event_source_url="https://shop.example.com/",
            action_source=ActionSource.WEBSITE,
            user_data=visitor,
            custom_data=order,
        )
    )
    assert answer.events_received == 1
    payload = {
        "event_name": "Purchase",
        "event_time": 1767225600,
        "event_id": "e-1",
        "event_source_url": "https://shop.example.com/",
        "action_source": "website",
        "user_data": {
            "em": [hashed("ada@example.com")],
            "fn": [hashed("ada")],
            "ct": [hashed("stgallen")],
            "external_id": ["u-1"],
            "client_ip_address": "203.0.113.7",
            "client_user_agent": "Mozilla/5.0",
            "fbc": "fb.1.1.a",
            "fbp": "fb.1.2.b",
        },
        "custom_data": {
            "value": 25.0,
            "currency": "eur",
            "order_id": "o-1",
            "content_type": "product",
            "contents": [{"id": "p-1", "quantity": 2, "item_price": 12.5, "title": "Shoes"}],
        },
    }
    same_request(vendor, [payload])


def test_batch_is_sent_as_the_library_sends_it(vendor: Vendor) -> None:
    from facebook_business.adobjects.serverside.action_source import ActionSource
    from facebook_business.adobjects.serverside.event import Event
    from facebook_business.adobjects.serverside.user_data import UserData

    events = [
        Event(
            event_name="Lead",
            event_time=1767225600,
            event_id=f"e-{number}",
            action_source=ActionSource.SYSTEM_GENERATED,
            user_data=UserData(lead_id="lead-1"),
        )
        for number in range(3)
    ]
    send(*events)
    payloads = [
        {
            "event_name": "Lead",
            "event_time": 1767225600,
            "event_id": f"e-{number}",
            "action_source": "system_generated",
            "user_data": {"lead_id": "lead-1"},
        }
        for number in range(3)
    ]
    same_request(vendor, payloads)


@pytest.mark.parametrize(
    ("field", "value"),
    [("em", " Ada@Example.COM"), ("ct", "St. Gallen"), ("zp", "SW1A 2AA"), ("zp", "94035-1234"), ("fn", " Ada ")],
)
def test_contact_data_is_brought_into_the_form_that_the_library_hashes(field: str, value: str) -> None:
    from facebook_business.adobjects.serverside.normalize import Normalize

    from paceline.connectors.catalog import Catalog
    from paceline.mapping.compile import CompiledMapping, compile_mapping

    spec = Catalog(with_entry_points=False).default_mappings("meta_conversions")["page.meta_conversions"]
    compiled = compile_mapping(spec)
    assert isinstance(compiled, CompiledMapping)
    traits = {"email": value, "firstName": value, "address": {"city": value, "postalCode": value}}
    event = {"timestamp": "2026-01-01T00:00:00.000Z", "userId": "u-1", "traits": traits}
    payload = compiled.apply(event, now_ms=0)
    assert isinstance(payload, dict)
    assert payload["user_data"][field] == Normalize.normalize_field(field, value)


def hashed(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()
