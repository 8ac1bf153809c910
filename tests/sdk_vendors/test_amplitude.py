"""Amplitude's own library (amplitude-analytics) against the fake vendor, and its requests beside ours.

Left out of the comparison: `library`, with which the SDK names itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from vendor_sdks import Seen, Vendor, our_batch, serve_vendor

amplitude = pytest.importorskip("amplitude")

pytestmark = pytest.mark.sdk

KNOWN = {"user_id": "u-1", "device_id": "d-1", "time": 1767225600000, "insert_id": "i-1"}


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serve_vendor("amplitude", "api2.amplitude.com") as one:
        yield one


@pytest.fixture
def client(vendor: Vendor) -> Iterator[Any]:
    config = amplitude.Config(min_id_length=1, server_url=f"{vendor.url}/2/httpapi")
    one = amplitude.Amplitude("key-1", config)
    yield one
    one.shutdown()


def sent_by(client: Any, vendor: Vendor) -> Seen:
    for future in client.flush():
        if future is not None:
            future.result(timeout=20)
    (seen,) = vendor.seen
    return seen


def ours(action: str, payloads: list[dict[str, Any]]) -> Seen:
    return our_batch("amplitude", action, payloads, {"api_key": "key-1"})


def same_request(theirs: Seen, built: Seen) -> None:
    for event in theirs.body["events"]:
        event.pop("library")
    assert theirs.status == 200
    assert theirs.headers["content-type"].startswith(built.headers["content-type"])
    assert theirs.act() == built.act()


def test_event_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    said = {"event_type": "Signed Up", "event_properties": {"plan": "gold"}, "os_name": "iOS", "country": "Switzerland"}
    client.track(amplitude.BaseEvent(**said, **KNOWN))
    same_request(sent_by(client, vendor), ours("send_event", [{**said, **KNOWN}]))


def test_batch_of_events_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    events = [{"event_type": f"Step {n}", **KNOWN, "insert_id": f"i-{n}"} for n in range(3)]
    for event in events:
        client.track(amplitude.BaseEvent(**event))
    same_request(sent_by(client, vendor), ours("send_event", events))


def test_events_that_belong_together_look_like_a_batch_of_the_library(client: Any, vendor: Vendor) -> None:
    events = [{"event_type": f"Step {n}", **KNOWN, "insert_id": f"i-{n}"} for n in range(3)]
    for event in events:
        client.track(amplitude.BaseEvent(**event))
    same_request(sent_by(client, vendor), ours("send_events", [{"events": events}]))


def test_user_properties_are_sent_as_the_library_sends_them(client: Any, vendor: Vendor) -> None:
    change = amplitude.Identify().set("plan", "gold").add("visits", 1).unset("trial")
    client.identify(change, amplitude.EventOptions(**KNOWN))
    operations = {"$set": {"plan": "gold"}, "$add": {"visits": 1}, "$unset": {"trial": "-"}}
    payload = {"event_type": "$identify", "user_properties": operations, **KNOWN}
    same_request(sent_by(client, vendor), ours("send_event", [payload]))


def test_group_properties_are_sent_as_the_library_sends_them(client: Any, vendor: Vendor) -> None:
    client.group_identify("company", "acme", amplitude.Identify().set("seats", 3), amplitude.EventOptions(**KNOWN))
    payload = {
        "event_type": "$groupidentify",
        "groups": {"company": "acme"},
        "group_properties": {"$set": {"seats": 3}},
        **KNOWN,
    }
    same_request(sent_by(client, vendor), ours("send_event", [payload]))


def test_membership_of_a_group_is_sent_as_the_library_sends_it(client: Any, vendor: Vendor) -> None:
    client.set_group("company", "acme", amplitude.EventOptions(**KNOWN))
    payload = {
        "event_type": "$identify",
        "groups": {"company": "acme"},
        "user_properties": {"$set": {"company": "acme"}},
        **KNOWN,
    }
    same_request(sent_by(client, vendor), ours("send_event", [payload]))
