"""Mailchimp's own library for Python against the fake Mailchimp, and our requests against the library's."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from vendor_sdks import CATALOG, Seen, Vendor, our_request, serve_vendor

from paceline.model.delivery import Answer, Item, OutcomeClass

pytestmark = pytest.mark.sdk

SETTINGS: dict[str, object] = {"api_key": "key-us20", "data_center": "us20", "audience_id": "list1"}
EMAIL = "ada@example.com"
HASH = hashlib.md5(EMAIL.encode()).hexdigest()
MEMBER = {"email_address": EMAIL, "status_if_new": "pending", "merge_fields": {"FNAME": "Ada"}}
EVENT = {"name": "purchased", "properties": {"total": "12.5"}, "occurred_at": "2026-11-23T09:30:00+00:00"}
TAGS = {"tags": [{"name": "vip", "status": "active"}]}
SPOKEN: dict[str, tuple[dict[str, Any], Callable[[Any], object]]] = {
    "upsert_member": ({"subscriber_hash": HASH, **MEMBER}, lambda lists: lists.set_list_member("list1", HASH, MEMBER)),
    "track_event": (
        {"subscriber_hash": HASH, **EVENT},
        lambda lists: lists.create_list_member_event("list1", HASH, EVENT),
    ),
    "set_tags": ({"subscriber_hash": HASH, **TAGS}, lambda lists: lists.update_list_member_tags("list1", HASH, TAGS)),
    "archive_member": ({"subscriber_hash": HASH}, lambda lists: lists.delete_list_member("list1", HASH)),
    "delete_member": ({"subscriber_hash": HASH}, lambda lists: lists.delete_list_member_permanent("list1", HASH)),
    "upsert_members": (
        {"email_address": EMAIL, "status": "subscribed"},
        lambda lists: lists.batch_list_members(
            "list1", {"members": [{"email_address": EMAIL, "status": "subscribed"}], "update_existing": True}
        ),
    ),
}


@pytest.fixture(scope="module")
def mailchimp() -> Iterator[Vendor]:
    with serve_vendor("mailchimp", "us20.api.mailchimp.com") as vendor:
        yield vendor


@pytest.fixture
def lists(mailchimp: Vendor) -> Any:
    library = pytest.importorskip("mailchimp_marketing")
    client = library.Client({"api_key": "key-us20", "server": "us20"})
    client.host = f"{mailchimp.url}/3.0"
    for part in vars(client).values():
        if hasattr(part, "api_client"):
            part.api_client.host = client.host
    return client.lists


@pytest.mark.parametrize("action", SPOKEN)
def test_library_is_taken_by_the_fake_vendor_and_says_the_same_as_we_do(
    mailchimp: Vendor, lists: Any, action: str
) -> None:
    payload, call = SPOKEN[action]
    call(lists)
    ours = our_request("mailchimp", action, payload, SETTINGS)
    assert mailchimp.last.status in {200, 204}
    assert mailchimp.last.act() == ours.act()


def test_library_logs_in_in_the_same_way_with_another_name(mailchimp: Vendor, lists: Any) -> None:
    lists.set_list_member("list1", HASH, MEMBER)
    ours = our_request("mailchimp", "upsert_member", {"subscriber_hash": HASH, **MEMBER}, SETTINGS)
    # The name may be anything (Mailchimp, Fundamentals); the key is the password.
    assert _login(mailchimp.last) == ("user", "key-us20")
    assert _login(ours) == ("apiKey", "key-us20")


def test_library_finds_the_data_center_at_the_end_of_the_key() -> None:
    library = pytest.importorskip("mailchimp_marketing")
    assert library.Client({"api_key": "key-us20"}).lists.api_client.server == "us20"


def test_contact_that_mailchimp_names_is_the_only_one_that_fails() -> None:
    items = [
        Item(delivery_id=str(n), payload={"email_address": f"{n}@example.com", "status": "subscribed"}) for n in "abc"
    ]
    body = (
        b'{"errors":[{"email_address":"B@example.com","error":"b@example.com is fake","error_code":"ERROR_GENERIC"}]}'
    )
    outcomes = CATALOG.load("mailchimp").read("upsert_members", items, Answer(status=200, body=body), now_ms=0)
    assert [one.outcome_class for one in outcomes] == [OutcomeClass.OK, OutcomeClass.PERMANENT, OutcomeClass.OK]
    assert outcomes[1].vendor_code == "ERROR_GENERIC"
    assert "b@example.com" not in outcomes[1].message


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<html>Access Denied</html>", OutcomeClass.THROTTLE),
        (b'{"title":"User Disabled","status":403}', OutcomeClass.AUTH),
    ],
)
def test_403_of_the_gateway_is_no_wrong_key(body: bytes, expected: OutcomeClass) -> None:
    items = [Item(delivery_id="1", payload={"subscriber_hash": HASH, **EVENT})]
    outcomes = CATALOG.load("mailchimp").read("track_event", items, Answer(status=403, body=body), now_ms=0)
    assert outcomes[0].outcome_class is expected


def test_payload_may_name_another_audience() -> None:
    ours = our_request("mailchimp", "track_event", {"subscriber_hash": HASH, "list_id": "list2", **EVENT}, SETTINGS)
    assert ours.path == f"/3.0/lists/list2/members/{HASH}/events"
    assert ours.body == EVENT


def _login(seen: Seen) -> tuple[str, str]:
    scheme, _, encoded = seen.headers["authorization"].partition(" ")
    name, _, key = base64.b64decode(encoded).decode().partition(":")
    assert scheme == "Basic"
    return name, key
