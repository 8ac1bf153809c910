"""HubSpot's own library for Python against the fake HubSpot, and our requests against the library's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from vendor_sdks import CATALOG, Seen, Vendor, our_batch, our_request, serve_vendor

from paceline.model.delivery import Answer, Item, OutcomeClass

SETTINGS: dict[str, object] = {"access_token": "token-1"}
HEADERS = ("authorization", "content-type")
CONTACT = {
    "idProperty": "email",
    "id": "ada@example.com",
    "properties": {"firstname": "Ada", "email": "ada@example.com"},
}
COMPANY = {"idProperty": "external_id", "id": "g-1", "properties": {"name": "Acme"}}
UUID = "2ed6657d-e927-568b-95e1-2665a8aea6a2"
EVENT = {
    "eventName": "pe17_signed_up",
    "email": "ada@example.com",
    "uuid": UUID,
    "properties": {"plan": "gold"},
}
DELETION = {"objectId": "ada@example.com", "idProperty": "email"}
# The action, its payloads, the library's API and the call there.
SPOKEN: dict[str, tuple[list[dict[str, Any]], Callable[[Any], Any], Callable[[Any], object]]] = {
    "upsert_contact": (
        [CONTACT, {**CONTACT, "id": "b@example.com"}],
        lambda client: client.crm.contacts.batch_api,
        lambda api: api.upsert(inputs(CONTACT, {**CONTACT, "id": "b@example.com"})),
    ),
    "upsert_company": (
        [COMPANY],
        lambda client: client.crm.companies.batch_api,
        lambda api: api.upsert(inputs(COMPANY)),
    ),
    "track_event": (
        [EVENT],
        lambda client: client.events.send.batch_api,
        lambda api: api.send({"inputs": [EVENT]}),
    ),
    "delete_contact": (
        [DELETION],
        lambda client: client.crm.contacts.basic_api,
        lambda api: api.purge(DELETION),
    ),
}


def inputs(*payloads: dict[str, Any]) -> dict[str, Any]:
    return {"inputs": [{**one, "objectWriteTraceId": f"delivery-{n}"} for n, one in enumerate(payloads, 1)]}


@pytest.fixture(scope="module")
def hubspot() -> Iterator[Vendor]:
    with serve_vendor("hubspot", "api.hubapi.com") as vendor:
        yield vendor


@pytest.fixture(scope="module")
def client() -> Any:
    return pytest.importorskip("hubspot").HubSpot(access_token="token-1")


def in_todays_version(seen: Seen) -> Seen:
    """The library's request under the path of 2026-03: it speaks v3, which is the same otherwise."""
    path = seen.path.replace("/crm/v3/objects", "/crm/objects/2026-03").replace("/events/v3/", "/events/2026-03/")
    return Seen(seen.method, path, seen.query, seen.headers, seen.body, seen.status)


@pytest.mark.sdk
@pytest.mark.parametrize("action", SPOKEN)
def test_library_is_taken_by_the_fake_vendor_and_says_the_same_as_we_do(
    hubspot: Vendor, client: Any, action: str
) -> None:
    payloads, api_of, call = SPOKEN[action]
    api = api_of(client)
    api.api_client.configuration.host = hubspot.url
    call(api)
    assert hubspot.last.status == 200
    assert "/v3/" in hubspot.last.path
    assert in_todays_version(hubspot.last).act(*HEADERS) == our_batch("hubspot", action, payloads, SETTINGS).act(
        *HEADERS
    )


@pytest.mark.sdk
def test_time_is_written_as_the_library_writes_it(hubspot: Vendor, client: Any) -> None:
    from hubspot.events.send import BehavioralEventHttpCompletionRequest as Event

    api = client.events.send.batch_api
    api.api_client.configuration.host = hubspot.url
    event = Event(event_name="pe17_signed_up", email="ada@example.com", occurred_at=datetime(2026, 11, 23, tzinfo=UTC))
    api.send({"inputs": [event]})
    assert hubspot.last.status == 200


def test_name_of_an_event_gets_the_accounts_prefix_once() -> None:
    settings = {**SETTINGS, "portal_id": "17"}
    events = [{"eventName": name, "email": "ada@example.com"} for name in ("signed_up", "pe17_signed_up")]
    body = our_batch("hubspot", "track_event", events, settings).body
    assert [one["eventName"] for one in body["inputs"]] == ["pe17_signed_up", "pe17_signed_up"]


def test_event_without_an_id_gets_one_from_its_delivery() -> None:
    event = {name: value for name, value in EVENT.items() if name != "uuid"}
    first, again = (our_request("hubspot", "track_event", event, SETTINGS).body for _ in range(2))
    assert first == again
    assert len(first["inputs"][0]["uuid"]) == 36


def test_address_in_a_path_is_one_segment() -> None:
    payload = {"email": "a/b@example.com", "channel": "EMAIL", "statusState": "UNSUBSCRIBED", "subscriptionId": 7}
    seen = our_request("hubspot", "set_subscription", payload, SETTINGS)
    assert seen.path == "/communication-preferences/2026-03/statuses/a%2Fb%40example.com"
    assert seen.body == {"channel": "EMAIL", "statusState": "UNSUBSCRIBED", "subscriptionId": 7}


def classes(status: int, body: object, count: int = 1, action: str = "upsert_contact") -> list[OutcomeClass]:
    items = [Item(delivery_id=f"d-{n}", payload={}) for n in range(count)]
    answer = Answer(status=status, body=json.dumps(body).encode())
    return [one.outcome_class for one in CATALOG.load("hubspot").read(action, items, answer, now_ms=0)]


OK, PERMANENT, TRANSIENT = OutcomeClass.OK, OutcomeClass.PERMANENT, OutcomeClass.TRANSIENT


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (429, {"policyName": "DAILY", "errorType": "RATE_LIMIT"}, OutcomeClass.QUOTA),
        (429, {"policyName": "TEN_SECONDLY_ROLLING", "errorType": "RATE_LIMIT"}, OutcomeClass.THROTTLE),
        (401, {"category": "EXPIRED_AUTHENTICATION"}, OutcomeClass.AUTH),
        (403, {"category": "MISSING_SCOPES"}, OutcomeClass.AUTH),
        (400, {"category": "VALIDATION_ERROR"}, PERMANENT),
        (409, {"category": "CONFLICT"}, PERMANENT),
        (423, {"category": "LOCKED"}, TRANSIENT),
        (477, {}, OutcomeClass.THROTTLE),
        (502, {}, TRANSIENT),
        (524, {}, TRANSIENT),
    ],
)
def test_answer_says_what_to_do(status: int, body: object, expected: OutcomeClass) -> None:
    assert classes(status, body) == [expected]


def error(*traces: str, category: str = "VALIDATION_ERROR") -> dict[str, Any]:
    context = {"objectWriteTraceId": list(traces)} if traces else {}
    return {"status": "error", "category": category, "message": "not valid", "context": context}


def test_each_record_of_a_207_has_its_own_outcome() -> None:
    body = {"results": [{"objectWriteTraceId": "d-0"}], "errors": [error("d-1"), error("d-2", category="RATE_LIMITS")]}
    assert classes(207, body, 3) == [OK, PERMANENT, OutcomeClass.THROTTLE]


def test_record_that_a_207_does_not_mention_is_sent_again() -> None:
    body = {"results": [{"objectWriteTraceId": "d-0"}], "errors": [error("d-1")]}
    assert classes(207, body, 3) == [OK, PERMANENT, TRANSIENT]


def test_error_without_a_name_belongs_to_the_only_record_that_was_not_written() -> None:
    body = {"results": [{"objectWriteTraceId": "d-0"}], "errors": [error()]}
    assert classes(207, body, 2) == [OK, PERMANENT]


def test_207_that_cannot_be_read_delivers_nothing() -> None:
    assert classes(207, "broken", 2) == [TRANSIENT, TRANSIENT]
