"""PostHog's own library (posthog) against the fake vendor, and its requests beside ours.

Left out of the comparison: `$lib` and what else the SDK says about itself, and the time of sending.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from vendor_sdks import Seen, Vendor, our_batch, serve_vendor

posthog = pytest.importorskip("posthog")

pytestmark = pytest.mark.sdk

UUID = "0198f0de-0000-7000-8000-000000000001"
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
KNOWN = {"uuid": UUID, "timestamp": "2026-01-01T00:00:00+00:00", "distinct_id": "u-1"}
ABOUT_ITSELF = {"$lib", "$lib_version", "$is_server", "$geoip_disable", "$python_runtime", "$python_version", "$os"}
ABOUT_ITSELF |= {"$os_version", "$os_distro"}


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serve_vendor("posthog", "us.i.posthog.com") as one:
        yield one


@pytest.fixture
def client(vendor: Vendor) -> Iterator[Any]:
    one = posthog.Posthog("phc_1", host=vendor.url, sync_mode=True, gzip=False)
    yield one
    one.shutdown()


def same_request(vendor: Vendor, payload: dict[str, Any]) -> None:
    built = our_batch("posthog", "capture_event", [payload], {"project_api_key": "phc_1"})
    (theirs,) = vendor.seen
    assert theirs.status == 200
    assert _without_itself(theirs).act("content-type") == _without_itself(built).act("content-type")


def _without_itself(seen: Seen) -> Seen:
    for event in seen.body["batch"]:
        properties = {name: value for name, value in event.get("properties", {}).items() if name not in ABOUT_ITSELF}
        event["properties"] = properties
    assert seen.body["sent_at"]
    return seen.without("sent_at")


def test_event_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    client.capture("Signed Up", distinct_id="u-1", properties={"plan": "gold"}, timestamp=WHEN, uuid=UUID)
    same_request(vendor, {"event": "Signed Up", "properties": {"plan": "gold"}, **KNOWN})


def test_event_of_a_group_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    client.capture("Signed Up", distinct_id="u-1", groups={"company": "acme"}, timestamp=WHEN, uuid=UUID)
    same_request(vendor, {"event": "Signed Up", "properties": {"$groups": {"company": "acme"}}, **KNOWN})


def test_anonymous_event_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    without_person = {"$process_person_profile": False}
    client.capture("Signed Up", distinct_id="u-1", properties=without_person, timestamp=WHEN, uuid=UUID)
    same_request(vendor, {"event": "Signed Up", "properties": without_person, **KNOWN})


def test_properties_of_a_person_are_sent_as_the_library_sends_them(client: Any, vendor: Vendor) -> None:
    client.set(distinct_id="u-1", properties={"plan": "gold"}, timestamp=WHEN, uuid=UUID)
    same_request(vendor, {"event": "$set", "$set": {"plan": "gold"}, **KNOWN})


def test_properties_of_a_group_are_sent_as_the_library_sends_them(client: Any, vendor: Vendor) -> None:
    client.group_identify("company", "acme", {"seats": 3}, distinct_id="u-1", timestamp=WHEN, uuid=UUID)
    properties = {"$group_type": "company", "$group_key": "acme", "$group_set": {"seats": 3}}
    same_request(vendor, {"event": "$groupidentify", "properties": properties, **KNOWN})


def test_alias_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    client.alias("a-1", "u-1", timestamp=WHEN, uuid=UUID)
    properties = {"distinct_id": "a-1", "alias": "u-1"}
    same_request(vendor, {"event": "$create_alias", "properties": properties, **KNOWN, "distinct_id": "a-1"})
