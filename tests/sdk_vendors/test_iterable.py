"""Iterable's own client for TypeScript against the fake Iterable, and our requests against the client's."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from node_libraries import installed
from vendor_sdks import CATALOG, Seen, our_request, serve_vendor

from paceline.model.delivery import Answer, Item, OutcomeClass

SETTINGS: dict[str, object] = {"api_key": "key-1"}
EMAIL = "ada@example.com"
EVENT = {"email": EMAIL, "eventName": "viewed", "id": "e-1", "createdAt": 1795426200, "dataFields": {"sku": "s-1"}}
USER = {"userId": "u-1", "dataFields": {"plan": "gold"}, "preferUserId": True, "mergeNestedObjects": True}
LISTED = {"listId": 1, "userId": "u-1"}
EMAIL_SENT = {"campaignId": 1, "recipientEmail": EMAIL, "dataFields": {"code": "A"}}
MERGE = {"sourceEmail": EMAIL, "destinationUserId": "u-1"}
# What the client is told, the action of ours, and its payload.
SPOKEN: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("trackEvent", EVENT, "track_event", EVENT),
    ("trackBulkEvents", {"events": [EVENT]}, "track_events", EVENT),
    ("updateUser", USER, "update_user", USER),
    ("bulkUpdateUsers", {"users": [USER]}, "update_users", USER),
    ("updateEmail", {"currentEmail": EMAIL, "newEmail": "a@example.org"}, "update_email", {}),
    ("mergeUsers", MERGE, "merge_users", MERGE),
    ("updateUserSubscriptions", {"userId": "u-1", "emailListIds": [1]}, "update_subscriptions", {}),
    ("subscribeUserToList", {"listId": 1, "subscribers": [{"userId": "u-1"}]}, "subscribe_to_list", LISTED),
    ("unsubscribeUserFromList", {"listId": 1, "subscribers": [{"userId": "u-1"}]}, "unsubscribe_from_list", LISTED),
    ("sendEmail", EMAIL_SENT, "send_email", EMAIL_SENT),
    ("deleteUserByEmail", {"email": EMAIL}, "delete_user", {"email": EMAIL}),
    ("deleteUserByUserId", {"userId": "u/1"}, "delete_user_by_id", {"userId": "u/1"}),
]


@pytest.fixture(scope="module")
def sent() -> dict[str, Seen]:
    """What the client sent for each call."""
    folder = installed(Path(__file__).parent / "node")
    with serve_vendor("iterable", "api.iterable.com") as vendor:
        rows = "".join(json.dumps([method, params]) + "\n" for method, params, _, _ in SPOKEN)
        command = ["node", str(folder / "iterable_client.mjs"), vendor.url, "key-1"]
        done = subprocess.run(command, input=rows, capture_output=True, text=True, check=False, timeout=60)
    assert len(vendor.seen) == len(SPOKEN), done.stderr
    return {row[0]: seen for row, seen in zip(SPOKEN, vendor.seen, strict=True)}


@pytest.mark.sdk
@pytest.mark.parametrize(("method", "params", "action", "payload"), SPOKEN, ids=[row[2] for row in SPOKEN])
def test_client_is_taken_by_the_fake_vendor_and_says_the_same_as_we_do(
    sent: dict[str, Seen], method: str, params: dict[str, Any], action: str, payload: dict[str, Any]
) -> None:
    ours = our_request("iterable", action, payload or params, SETTINGS)
    assert sent[method].status == 200
    assert sent[method].act() == ours.act()


@pytest.mark.sdk
def test_client_sends_the_key_under_the_other_name_that_iterable_knows(sent: dict[str, Seen]) -> None:
    ours = our_request("iterable", "update_user", USER, SETTINGS)
    assert sent["updateUser"].headers["api-key"] == ours.headers["api_key"] == "key-1"


def test_event_without_an_id_gets_that_of_its_delivery() -> None:
    payload = {name: value for name, value in EVENT.items() if name != "id"}
    assert our_request("iterable", "track_event", payload, SETTINGS).body == {**payload, "id": "delivery-1"}


def test_users_and_events_that_iterable_names_are_the_only_ones_that_fail() -> None:
    items = [
        Item(delivery_id="1", payload={"email": EMAIL, "eventName": "viewed"}),
        Item(delivery_id="2", payload={"userId": "u-2", "eventName": "viewed"}),
        Item(delivery_id="3", payload={"userId": "u-3", "eventName": "secret"}),
    ]
    body = {
        "successCount": 1,
        "failCount": 2,
        "disallowedEventNames": ["secret"],
        "failedUpdates": {"invalidUserIds": ["U-2"]},
    }
    answer = Answer(status=200, body=json.dumps(body).encode())
    outcomes = CATALOG.load("iterable").read("track_events", items, answer, now_ms=0)
    assert [one.outcome_class for one in outcomes] == [OutcomeClass.OK, OutcomeClass.PERMANENT, OutcomeClass.PERMANENT]


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (429, "RateLimitExceeded", OutcomeClass.THROTTLE),
        (401, "BadApiKey", OutcomeClass.AUTH),
        (400, "ForgottenUserError", OutcomeClass.PERMANENT),
        (409, "GenericError", OutcomeClass.PERMANENT),
        (400, "BatchTooLarge", OutcomeClass.TOO_BIG),
        (500, "DatabaseError", OutcomeClass.TRANSIENT),
    ],
)
def test_code_of_an_answer_says_what_to_do(status: int, code: str, expected: OutcomeClass) -> None:
    items = [Item(delivery_id="1", payload=EVENT)]
    answer = Answer(status=status, body=json.dumps({"code": code, "msg": "…", "params": None}).encode())
    assert CATALOG.load("iterable").read("track_event", items, answer, now_ms=0)[0].outcome_class is expected
