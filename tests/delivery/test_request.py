"""Building requests from descriptions: every place for credentials, every shape of a body, every form of an id."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.delivery.encoding import encode
from paceline.delivery.message_ids import write_id
from paceline.delivery.request import RequestPlan
from paceline.errors import UsageError
from paceline.model.connector import Action, IdForm, Manifest
from paceline.model.delivery import BodyFormat, Item, Request, WireRequest

ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")
ITEMS = [Item(delivery_id=f"d{n}", payload={"n": n}, occurred_ms=1_767_225_600_000) for n in range(2)]


def manifest(**changes: object) -> Manifest:
    plain = {
        "connector": "vendor",
        "title": "Vendor",
        "description": "",
        "api_version": "1",
        "docs": [{"title": "Docs", "url": "https://vendor.test/docs", "read": "2026-11-23"}],
        "base_urls": {"us": "https://api.vendor.test"},
        "default_region": "us",
        "auth": {"type": "none"},
        "settings": {"type": "object"},
        "ordered": True,
    }
    return msgspec.convert(plain | changes, Manifest)


def action(**changes: object) -> Action:
    return msgspec.convert({"title": "Do", "path": "/do", "payload": {"type": "object"}} | changes, Action)


def build(
    described: Manifest, one: Action, items: Sequence[Item] = ITEMS[:1], settings: dict[str, object] | None = None
) -> Request:
    return RequestPlan(described, one).build(items, settings or {}, now_ms=1_767_225_600_000)


@pytest.mark.parametrize(
    ("auth", "headers"),
    [
        ({"type": "none"}, {}),
        (
            {"type": "basic", "username_setting": "user", "password_setting": "key"},
            {"Authorization": "Basic YWRhOnMzY3JldA=="},
        ),
        ({"type": "basic", "username_setting": "key"}, {"Authorization": "Basic czNjcmV0Og=="}),
        (
            {"type": "basic", "username": "anystring", "password_setting": "key"},
            {"Authorization": "Basic YW55c3RyaW5nOnMzY3JldA=="},
        ),
        ({"type": "bearer", "token_setting": "key"}, {"Authorization": "Bearer s3cret"}),
        (
            {"type": "header", "header": "Authorization", "setting": "key", "prefix": "Klaviyo-API-Key "},
            {"Authorization": "Klaviyo-API-Key s3cret"},
        ),
        (
            {"type": "oauth2", "grant": "client_credentials", "token_url": "https://{user}.vendor.test/token"},
            {"Authorization": "Bearer fresh"},
        ),
    ],
)
def test_credentials_go_into_the_headers(auth: object, headers: dict[str, str]) -> None:
    settings: dict[str, object] = {"user": "ada", "key": "s3cret", "access_token": "fresh"}
    assert build(manifest(auth=auth), action(), settings=settings).headers == headers


def test_credentials_go_into_the_query_and_only_those_that_are_given() -> None:
    auth = {"type": "query", "parameters": {"api_secret": "key", "id": "measurement", "app": "firebase"}}
    query = build(manifest(auth=auth), action(), settings={"key": "k", "measurement": "G-1"}).query
    assert query == {"api_secret": "k", "id": "G-1"}


def test_credentials_go_to_the_top_of_the_body() -> None:
    auth = {"type": "body", "fields": {"api_key": "key"}}
    body = build(manifest(auth=auth), action(), settings={"key": "k"}).body
    assert body == {"api_key": "k", "n": 0}


def test_missing_credential_is_an_error_that_names_the_setting() -> None:
    with pytest.raises(UsageError, match=r"settings\.key"):
        build(manifest(auth={"type": "bearer", "token_setting": "key"}), action())


def test_region_chooses_the_host() -> None:
    described = manifest(base_urls={"us": "https://us.test", "eu": "https://eu.test/base/"})
    assert build(described, action()).url == "https://us.test/do"
    assert build(described, action(), settings={"region": "eu"}).url == "https://eu.test/base/do"


def test_unknown_region_is_an_error() -> None:
    with pytest.raises(UsageError, match="no region 'mars'"):
        build(manifest(), action(), settings={"region": "mars"})


@pytest.mark.parametrize(
    ("value", "segment"),
    [("42", "42"), ("a/b?c#d", "a%2Fb%3Fc%23d"), ("..", "%2E%2E"), (".", "%2E"), ("ü x", "%C3%BC%20x"), (7, "7")],
)
def test_value_in_the_path_stays_one_segment(value: object, segment: str) -> None:
    items = [Item(delivery_id="d", payload={"user": {"id": value}})]
    assert build(manifest(), action(path="/users/{payload.user.id}/events"), items).url.endswith(
        f"/users/{segment}/events"
    )


@given(st.text(min_size=1))
def test_no_value_escapes_its_place_in_the_path(value: str) -> None:
    items = [Item(delivery_id="d", payload={"id": value})]
    wire = encode(build(manifest(), action(path="/users/{payload.id}/events"), items))
    assert isinstance(wire, WireRequest)
    assert wire.url.count("/") == 5
    assert wire.url.startswith("https://api.vendor.test/users/")
    assert wire.url.endswith("/events")


def test_setting_in_the_host_cannot_change_the_host() -> None:
    described = manifest(base_urls={"us": "https://{dc}.api.vendor.test"})
    assert not isinstance(encode(build(described, action(), settings={"dc": "evil.test/#"})), WireRequest)


def test_array_body_is_the_list_of_items() -> None:
    assert build(manifest(), action(body={"shape": "array"}), ITEMS).body == [{"n": 0}, {"n": 1}]


def test_wrapped_body_has_the_list_at_its_place_beside_constants_settings_and_time() -> None:
    rule = {
        "shape": "wrapped",
        "under": ["data", "events"],
        "constants": {"data": {"type": "bulk"}},
        "settings": {"pixel": "pixel_id", "test": "test_code"},
        "sent_at": "sentAt",
    }
    body = build(manifest(), action(body=rule), ITEMS, {"pixel_id": "p1"}).body
    assert body == {
        "data": {"type": "bulk", "events": [{"n": 0}, {"n": 1}]},
        "pixel": "p1",
        "sentAt": "2026-01-01T00:00:00.000Z",
    }


def test_item_gets_constants_and_its_payload_at_its_place() -> None:
    one = action(item={"constants": {"type": "event"}, "under": ["attributes", "properties"]})
    assert build(manifest(), one).body == {"type": "event", "attributes": {"properties": {"n": 0}}}


def test_field_that_only_serves_the_path_stays_out_of_the_body() -> None:
    items = [Item(delivery_id="d", payload={"id": "u1", "plan": "gold"})]
    one = action(path="/users/{payload.id}", omit=["id"])
    assert build(manifest(), one, items).body == {"plan": "gold"}


def test_shared_fields_are_said_once_and_separate_requests() -> None:
    plan = RequestPlan(manifest(), action(body={"shape": "wrapped", "under": ["events"], "shared": ["client"]}))
    payloads: list[dict[str, object]] = [{"client": "a", "n": 1}, {"client": "a", "n": 2}, {"client": ["b"], "n": 3}]
    keys = [plan.batch_key(payload) for payload in payloads]
    assert (keys[0] == keys[1], keys[0] == keys[2]) == (True, False)
    items = [Item(delivery_id="d", payload=payload) for payload in payloads[:2]]
    assert plan.build(items, {}, now_ms=0).body == {"client": "a", "events": [{"n": 1}, {"n": 2}]}


def test_items_with_different_paths_never_share_a_request() -> None:
    plan = RequestPlan(manifest(), action(path="/users/{payload.id}", body={"shape": "array"}))
    assert plan.batch_key({"id": "a"}) != plan.batch_key({"id": "b"})


def test_items_of_a_plain_action_all_share_requests() -> None:
    plan = RequestPlan(manifest(), action())
    assert plan.batch_key({"n": 1}) == plan.batch_key({"n": 2})


def test_request_without_body_sends_none() -> None:
    request = build(manifest(), action(method="DELETE", body={"format": "NONE"}))
    assert (request.method, request.body_format, request.body) == ("DELETE", BodyFormat.NONE, None)


def test_idempotency_key_goes_into_every_item() -> None:
    one = action(body={"shape": "array"}, idempotency={"place": "item", "field": "messageId"})
    assert build(manifest(), one, ITEMS).body == [{"messageId": "d0", "n": 0}, {"messageId": "d1", "n": 1}]


def test_idempotency_key_goes_to_a_nested_place() -> None:
    one = action(idempotency={"place": "item", "field": "properties.$insert_id"})
    items = [Item(delivery_id="d9", payload={"properties": {"a": 1}})]
    assert build(manifest(), one, items).body == {"properties": {"a": 1, "$insert_id": "d9"}}


def test_key_that_the_mapping_gives_wins() -> None:
    one = action(idempotency={"place": "item", "field": "id"})
    assert build(manifest(), one, [Item(delivery_id="d9", payload={"id": "own"})]).body == {"id": "own"}


def test_idempotency_key_goes_into_a_header() -> None:
    one = action(idempotency={"place": "header", "field": "Idempotency-Key", "form": "uuid"})
    assert build(manifest(), one).headers["Idempotency-Key"] == write_id(ITEMS[0], IdForm.UUID)


def test_payload_is_not_changed_by_building() -> None:
    payload: dict[str, object] = {"id": "u1", "deep": {"a": 1}}
    one = action(
        item={"constants": {"deep": {"b": 2}}}, omit=["id"], idempotency={"place": "item", "field": "deep.key"}
    )
    build(manifest(), one, [Item(delivery_id="d", payload=payload)])
    assert payload == {"id": "u1", "deep": {"a": 1}}


@given(st.text(), st.integers(0, 2**48 - 1))
def test_ids_are_constant_well_formed_and_sorted_by_time(delivery_id: str, occurred_ms: int) -> None:
    item = Item(delivery_id=delivery_id, payload={}, occurred_ms=occurred_ms)
    ulid, uuid = write_id(item, IdForm.ULID), write_id(item, IdForm.UUID)
    assert ULID.match(ulid)
    assert re.match(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z", uuid)
    assert (ulid, uuid) == (write_id(item, IdForm.ULID), write_id(item, IdForm.UUID))
    later = Item(delivery_id=delivery_id, payload={}, occurred_ms=min(occurred_ms + 1, 2**48 - 1))
    assert ulid <= write_id(later, IdForm.ULID)


def test_ids_of_different_deliveries_differ() -> None:
    ids = {write_id(Item(delivery_id=f"d{n}", payload={}), form) for n in range(500) for form in IdForm}
    assert len(ids) == 1500
