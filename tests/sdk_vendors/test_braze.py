"""Braze has no SDK for its REST API, so its documentation's own requests and answers stand in for one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from vendor_sdks import CATALOG, our_request

from paceline.model.delivery import Answer, Item, Outcome, OutcomeClass
from paceline.testing.fake_vendor.credentials import Sent
from paceline.testing.fake_vendor.vendor import FakeVendor, Whole

SETTINGS: dict[str, object] = {"rest_api_key": "key-1"}
BRAZE = CATALOG.load("braze")
# https://www.braze.com/docs/api/endpoints/user_data/post_user_track/, "Update a user profile by email address"
DOCUMENTED_TRACK = {
    "attributes": [{"email": "test@braze.com", "string_attribute": "fruit", "array_attribute": ["banana", "apple"]}],
    "events": [
        {
            "email": "test@braze.com",
            "app_id": "your_app_identifier",
            "name": "rented_movie",
            "time": "2022-12-06T19:20:45+01:00",
            "properties": {"release": {"studio": "FilmStudio"}, "cast": [{"name": "Actor1"}]},
        },
        {
            "user_alias": {"alias_name": "device123", "alias_label": "my_device_identifier"},
            "app_id": "your_app_identifier",
            "name": "rented_movie",
            "time": "2013-07-16T19:20:50+01:00",
        },
    ],
    "purchases": [
        {
            "email": "test@braze.com",
            "app_id": "your_app_identifier",
            "product_id": "product_name",
            "currency": "USD",
            "price": 12.12,
            "quantity": 6,
            "time": "2017-05-12T18:47:12Z",
            "properties": {"color": "red"},
        }
    ],
}
# https://www.braze.com/docs/api/endpoints/user_data/post_users_merge/, "Example request"
DOCUMENTED_MERGE = {
    "merge_updates": [
        {
            "identifier_to_merge": {"external_id": "old-user1"},
            "identifier_to_keep": {"external_id": "current-user1"},
        },
        {
            "identifier_to_merge": {"user_alias": {"alias_name": "old@example.com", "alias_label": "email"}},
            "identifier_to_keep": {"user_alias": {"alias_name": "current@example.com", "alias_label": "email"}},
        },
    ]
}
DOCUMENTED_DELETION = {"external_ids": ["external_identifier1", "external_identifier2"]}


@pytest.mark.parametrize(
    ("path", "body", "actions"),
    [
        ("/users/track", DOCUMENTED_TRACK, ["update_user", "track_event", "track_event", "track_purchases"]),
        ("/users/merge", DOCUMENTED_MERGE, ["merge_users", "merge_users"]),
        ("/users/delete", DOCUMENTED_DELETION, ["delete_user", "delete_user"]),
    ],
)
def test_documented_request_is_taken_by_the_fake_vendor(path: str, body: dict[str, Any], actions: list[str]) -> None:
    sent = Sent(method="POST", host="rest.iad-01.braze.com", path=path, query={}, headers={}, raw=b"", body=body)
    taken = FakeVendor(BRAZE).take(sent)
    assert not isinstance(taken, Whole)
    assert [(item.action, item.refusal) for item in taken] == [(action, None) for action in actions]


def test_documented_request_is_what_our_deliveries_make_of_it() -> None:
    movie, alias = DOCUMENTED_TRACK["events"]
    items = [
        Item(delivery_id="1", payload={"attributes": DOCUMENTED_TRACK["attributes"][0], "events": movie}),
        Item(delivery_id="2", payload={"events": alias}),
    ]
    request = BRAZE.build("track_event", items, SETTINGS, now_ms=0)
    assert request.body == {name: DOCUMENTED_TRACK[name] for name in ("attributes", "events")}
    purchases = {"purchases": DOCUMENTED_TRACK["purchases"]}
    assert our_request("braze", "track_purchases", purchases, SETTINGS).body == purchases


def test_partner_is_said_once_and_only_equal_ones_share_a_request() -> None:
    event = DOCUMENTED_TRACK["events"][0]
    items = [Item(delivery_id=one, payload={"events": event, "partner": "Acme"}) for one in "ab"]
    body = BRAZE.build("track_event", items, SETTINGS, now_ms=0).body
    assert body == {"events": [event, event], "partner": "Acme"}
    assert BRAZE.batch_key("track_event", items[0].payload) != BRAZE.batch_key("track_event", {"events": event})


def read(items: list[Item], errors: list[object], status: int = 201) -> list[Outcome]:
    body = json.dumps({"message": "success", "errors": errors}).encode()
    return list(BRAZE.read("track_event", items, Answer(status=status, body=body), now_ms=0))


def test_error_is_that_of_the_delivery_whose_object_braze_names() -> None:
    items = [
        Item(delivery_id="1", payload={"events": {"external_id": "u-1"}}),
        Item(delivery_id="2", payload={"attributes": {"external_id": "u-2"}, "events": {"external_id": "u-2"}}),
        Item(delivery_id="3", payload={"attributes": {"external_id": "u-3"}, "events": {"external_id": "u-3"}}),
    ]
    outcomes = read(items, [{"type": "'name' is required for u-3", "input_array": "attributes", "index": 1}])
    assert [one.outcome_class for one in outcomes] == [OutcomeClass.OK, OutcomeClass.OK, OutcomeClass.PERMANENT]
    assert outcomes[2].vendor_code == "attributes"
    assert "u-3" not in outcomes[2].message


@pytest.mark.parametrize("error", ["no place", {"type": "x"}, {"input_array": "events", "index": 7}])
def test_error_without_a_place_leaves_nothing_as_delivered(error: object) -> None:
    items = [Item(delivery_id=one, payload={"events": {"external_id": one}}) for one in "ab"]
    outcomes = read(items, [error])
    assert OutcomeClass.OK not in {one.outcome_class for one in outcomes}


def test_message_without_errors_is_good() -> None:
    items = [Item(delivery_id="1", payload={"events": {"external_id": "u-1"}})]
    assert read(items, [])[0].outcome_class is OutcomeClass.OK
