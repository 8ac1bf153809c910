"""Customer.io's own library (customerio) against the fake vendor, and its requests beside ours.

Left out of the comparison: the id of events, which the library leaves to its caller, and the empty object that it sends
with deletions and suppressions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from vendor_sdks import Seen, Vendor, our_batch, our_request, serve_vendor

customerio = pytest.importorskip("customerio")
adapters = pytest.importorskip("requests.adapters")

pytestmark = pytest.mark.sdk

SETTINGS: dict[str, object] = {"site_id": "site-1", "api_key": "key-1"}
WHEN = 1_767_225_600


class WithoutTls(adapters.HTTPAdapter):  # type: ignore[misc,name-defined]
    """The library only knows https; the fake vendor has no certificate."""

    def send(self, request: Any, *args: Any, **options: Any) -> Any:
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **options)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serve_vendor("customerio", "track.customer.io") as one:
        yield one


@pytest.fixture
def client(vendor: Vendor) -> Iterator[Any]:
    parts = urlsplit(vendor.url)
    one = customerio.CustomerIO("site-1", "key-1", host=parts.hostname, port=parts.port, retries=0)
    one.http.mount("https://", WithoutTls())
    yield one
    one.close()


def same(vendor: Vendor, ours: Seen) -> None:
    (theirs,) = vendor.seen
    assert theirs.status == 200
    assert _act(theirs) == _act(ours)


def _act(seen: Seen) -> tuple[object, ...]:
    body = seen.body or None
    if isinstance(body, dict) and "name" in body:
        body = {name: value for name, value in body.items() if name != "id"}
    return (seen.method, seen.path, seen.query, body, seen.headers["authorization"])


def test_person_is_updated_as_the_library_does_it(client: Any, vendor: Vendor) -> None:
    client.identify("u-1@example.com", plan="gold", created_at=WHEN)
    payload = {"identifier": "u-1@example.com", "plan": "gold", "created_at": WHEN}
    same(vendor, our_request("customerio", "v1_update_person", payload, SETTINGS))


def test_event_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    client.track("u/1", "purchase", {"total": 12.5}, timestamp=WHEN)
    payload = {"identifier": "u/1", "name": "purchase", "data": {"total": 12.5}, "timestamp": WHEN}
    same(vendor, our_request("customerio", "v1_track_event", payload, SETTINGS))


def test_event_keeps_an_id_that_is_given(client: Any, vendor: Vendor) -> None:
    ulid = "01JFGE8000ZZZZZZZZZZZZZZZZ"
    client.track("u-1", "purchase", {"total": 12.5}, id=ulid)
    payload = {"identifier": "u-1", "name": "purchase", "data": {"total": 12.5}, "id": ulid}
    assert our_request("customerio", "v1_track_event", payload, SETTINGS).body == vendor.last.body


def test_page_view_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    client.pageview("u-1", "https://shop.example.com/", referrer="mail")
    payload = {"identifier": "u-1", "type": "page", "name": "https://shop.example.com/", "data": {"referrer": "mail"}}
    same(vendor, our_request("customerio", "v1_track_event", payload, SETTINGS))


def test_event_of_an_unknown_person_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    client.track_anonymous("a-1", "viewed", {"sku": "s-1"}, timestamp=WHEN)
    payload = {"anonymous_id": "a-1", "name": "viewed", "data": {"sku": "s-1"}, "timestamp": WHEN}
    same(vendor, our_request("customerio", "track_anonymous_event", payload, SETTINGS))


def test_device_is_added_as_the_library_does_it(client: Any, vendor: Vendor) -> None:
    client.add_device("u-1", "t-1", "ios", last_used=WHEN)
    payload = {"identifier": "u-1", "device": {"id": "t-1", "platform": "ios", "last_used": WHEN}}
    same(vendor, our_request("customerio", "v1_add_device", payload, SETTINGS))


def test_device_is_removed_as_the_library_does_it(client: Any, vendor: Vendor) -> None:
    client.delete_device("u-1", "t/1")
    same(vendor, our_request("customerio", "v1_delete_device", {"identifier": "u-1", "device_id": "t/1"}, SETTINGS))


def test_people_are_merged_as_the_library_does_it(client: Any, vendor: Vendor) -> None:
    client.merge_customers("id", "u-1", "email", "ada@example.com")
    payload = {"primary": {"id": "u-1"}, "secondary": {"email": "ada@example.com"}}
    same(vendor, our_request("customerio", "v1_merge_people", payload, SETTINGS))


def test_several_entries_are_sent_as_the_library_sends_them(client: Any, vendor: Vendor) -> None:
    people = [{"identifiers": {"id": "u-1"}, "attributes": {"plan": "gold"}}, {"identifiers": {"email": "b@c.de"}}]
    client.batch([{"type": "person", "action": "identify", **person} for person in people])
    same(vendor, our_batch("customerio", "identify_person", people, SETTINGS))


def test_person_in_an_object_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    entry = {
        "identifiers": {"object_type_id": "1", "object_id": "acme"},
        "cio_relationships": [{"identifiers": {"id": "u-1"}}],
    }
    client.batch([{"type": "object", "action": "add_relationships", **entry}])
    same(vendor, our_request("customerio", "add_people_to_object", entry, SETTINGS))
