"""Requests as each vendor documents them, and what its answers mean."""

from __future__ import annotations

import base64

import msgspec
import pytest
from connector_samples import EVERY_ACTION, NOW_MS, PAYLOADS, SECRET, SETTINGS, make_items

from paceline.connectors.catalog import Catalog
from paceline.delivery.encoding import encode
from paceline.delivery.webhooks import read_secret, verify
from paceline.model.delivery import Answer, Item, OutcomeClass, Request, WireRequest

CATALOG = Catalog(with_entry_points=False)


def build(name: str, action: str, count: int = 1, **settings: object) -> Request:
    items = make_items(name, action, count)
    return CATALOG.load(name).build(action, items, SETTINGS[name] | settings, now_ms=NOW_MS)


def build_one(connector: str, action: str, **payload: object) -> Request:
    items = [Item(delivery_id="d", payload=payload, occurred_ms=NOW_MS)]
    return CATALOG.load(connector).build(action, items, SETTINGS[connector], now_ms=NOW_MS)


def wire(request: Request) -> WireRequest:
    result = encode(request)
    assert isinstance(result, WireRequest), result
    return result


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(("name", "action"), EVERY_ACTION)
def test_sample_payload_is_one_that_the_vendor_takes(name: str, action: str) -> None:
    assert CATALOG.load(name).payload_refusal(action, PAYLOADS[name][action]) is None


@pytest.mark.parametrize(("name", "action"), EVERY_ACTION)
def test_every_action_makes_a_request_that_can_be_sent(name: str, action: str) -> None:
    count = min(3, CATALOG.load(name).batch_limits(action).max_items)
    assert wire(build(name, action, count)).url.startswith("https://")


@pytest.mark.parametrize(("name", "action"), EVERY_ACTION)
def test_the_same_delivery_makes_the_same_body_on_every_try(name: str, action: str) -> None:
    connector, items = CATALOG.load(name), make_items(name, action)
    sent_at = CATALOG.load(name).action(action).body.sent_at
    bodies = []
    for now_ms in (NOW_MS, NOW_MS + 60_000):
        raw = wire(connector.build(action, items, SETTINGS[name], now_ms=now_ms)).body
        body = msgspec.json.decode(raw) if raw[:1] in {b"{", b"["} else raw
        if sent_at is not None:
            del body[sent_at]
        bodies.append(body)
    assert bodies[0] == bodies[1]


# Webhook


def test_webhook_is_signed_over_the_bytes_that_are_sent() -> None:
    sent = wire(build("webhook", "send"))
    assert verify(read_secret(SECRET), dict(sent.headers), sent.body, now_secs=NOW_MS / 1000) is None
    assert dict(sent.headers)["webhook-id"] == "delivery-0"
    assert (sent.method, sent.url) == ("POST", "https://hooks.example.com/in?team=1")


def test_webhook_without_secret_is_not_signed_but_has_its_id() -> None:
    headers = (
        CATALOG.load("webhook")
        .build("send", make_items("webhook", "send"), {"url": "https://x.test"}, now_ms=NOW_MS)
        .headers
    )
    assert headers == {"User-Agent": "paceline", "webhook-id": "delivery-0"}


def test_webhook_batch_names_every_delivery_and_repeats_its_own_id() -> None:
    sent = wire(build("webhook", "send_batch", 2))
    assert msgspec.json.decode(sent.body) == [
        {"id": "delivery-0", "data": {"total": 12.5}},
        {"id": "delivery-1", "data": {"total": 12.5}},
    ]
    again = wire(build("webhook", "send_batch", 2))
    assert dict(sent.headers)["webhook-id"] == dict(again.headers)["webhook-id"]
    assert verify(read_secret(SECRET), dict(sent.headers), sent.body, now_secs=NOW_MS / 1000) is None


def test_webhook_takes_own_method_and_headers_but_keeps_the_signature() -> None:
    own = {"user-agent": "mine", "X-Team": "growth", "Webhook-Id": "forged", "Host": "evil.test"}
    sent = wire(build("webhook", "send", method="PUT", headers=own))
    names = [name.lower() for name, _ in sent.headers]
    assert sent.method == "PUT"
    assert dict(sent.headers)["X-Team"] == "growth"
    assert dict(sent.headers)["user-agent"] == "mine"
    assert dict(sent.headers)["webhook-id"] == "delivery-0"
    assert "host" not in names
    assert len(names) == len(set(names))


def test_webhook_get_carries_the_payload_in_its_query() -> None:
    settings = {"url": "https://x.test/in", "method": "GET", "secret": SECRET}
    items = [Item(delivery_id="d", payload={"plan": "gold", "n": 3, "on": True, "no": None, "tags": ["a"]})]
    sent = wire(CATALOG.load("webhook").build("send", items, settings, now_ms=NOW_MS))
    assert sent.url == "https://x.test/in?plan=gold&n=3&on=true&tags=%5B%22a%22%5D"
    assert sent.body == b""
    assert verify(read_secret(SECRET), dict(sent.headers), b"", now_secs=NOW_MS / 1000) is None


def test_webhook_with_a_body_that_cannot_be_written_is_refused_later_and_does_not_raise() -> None:
    items = [Item(delivery_id="d", payload={"n": "\ud800"})]
    request = CATALOG.load("webhook").build("send", items, SETTINGS["webhook"], now_ms=NOW_MS)
    assert not isinstance(encode(request), WireRequest)


# Segment


def test_segment_gets_a_batch_with_type_and_message_id() -> None:
    request = build("segment", "track", 2)
    assert request.url == "https://api.segment.io/v1/batch"
    assert request.headers == {"Authorization": basic("wk-1", "")}
    assert request.body == {
        "sentAt": "2026-01-01T00:00:00.000Z",
        "batch": [{"type": "track", "messageId": f"delivery-{n}", **PAYLOADS["segment"]["track"]} for n in range(2)],
    }


def test_segment_in_the_eu_has_its_own_host() -> None:
    assert build("segment", "track", region="eu").url == "https://events.eu1.segmentapis.com/v1/batch"


def test_segment_message_id_of_the_mapping_wins() -> None:
    body = build_one("segment", "track", userId="u", event="E", messageId="m-1").body
    assert isinstance(body, dict)
    assert body["batch"][0]["messageId"] == "m-1"


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("track", {"userId": "u"}),
        ("track", {"event": "E"}),
        ("track", {"userId": "", "event": "E"}),
        ("group", {"userId": "u"}),
        ("alias", {"userId": "u"}),
        ("track", {"userId": "u", "event": "E", "propertys": {}}),
        ("track", {"userId": "u", "event": "E", "properties": []}),
    ],
)
def test_segment_payload_that_it_would_drop_is_refused(action: str, payload: dict[str, object]) -> None:
    refusal = CATALOG.load("segment").payload_refusal(action, payload)
    assert refusal is not None
    assert refusal.rule.startswith(f"segment.{action}")


def test_segment_waits_as_long_as_the_longer_header_says() -> None:
    answer = Answer(status=429, headers={"retry-after": "3", "x-ratelimit-reset": "8"})
    outcome = CATALOG.load("segment").read("track", make_items("segment", "track"), answer, now_ms=NOW_MS)[0]
    assert (outcome.outcome_class, outcome.retry_after_secs) == (OutcomeClass.THROTTLE, 8.0)


# Customer.io


def test_customerio_gets_a_batch_of_typed_entries() -> None:
    request = build("customerio", "identify_person")
    assert request.url == "https://track.customer.io/api/v2/batch"
    assert request.headers == {"Authorization": basic("site-1", "key-1")}
    assert request.body == {
        "batch": [{"type": "person", "action": "identify", **PAYLOADS["customerio"]["identify_person"]}]
    }


def test_customerio_in_the_eu_has_its_own_host() -> None:
    assert build("customerio", "track_event", region="eu").url.startswith("https://track-eu.customer.io/")


def test_customerio_event_carries_a_ulid_made_from_the_delivery() -> None:
    body = build("customerio", "track_event", 2).body
    assert isinstance(body, dict)
    first, second = (entry["id"] for entry in body["batch"])
    assert first != second
    assert (
        CATALOG.load("customerio").payload_refusal("track_event", PAYLOADS["customerio"]["track_event"] | {"id": first})
        is None
    )


def test_customerio_event_of_an_unknown_person_goes_to_version_one() -> None:
    request = build("customerio", "track_anonymous_event")
    assert request.url == "https://track.customer.io/api/v1/events"
    assert isinstance(request.body, dict)
    assert request.body["anonymous_id"] == "a-1"


@pytest.mark.parametrize(
    "payload",
    [
        {"identifiers": {"id": "u"}},
        {"name": "x"},
        {"identifiers": {}, "name": "x"},
        {"identifiers": {"id": "u", "email": "a@b.c"}, "name": "x"},
        {"identifiers": {"id": 7}, "name": "x"},
        {"identifiers": {"id": "u" * 151}, "name": "x"},
        {"identifiers": {"id": "u"}, "name": "x" * 101},
        {"identifiers": {"id": "u"}, "name": "x", "timestamp": "2026-01-01"},
        {"identifiers": {"id": "u"}, "name": "x", "id": "no-ulid"},
    ],
)
def test_customerio_event_outside_its_limits_is_refused(payload: dict[str, object]) -> None:
    assert CATALOG.load("customerio").payload_refusal("track_event", payload) is not None


def test_customerio_207_fails_only_the_entries_that_it_names() -> None:
    body = b'{"errors":[{"batch_index":1,"reason":"invalid","field":"name","message":"name is too long"}]}'
    items = make_items("customerio", "track_event", 3)
    outcomes = CATALOG.load("customerio").read("track_event", items, Answer(status=207, body=body), now_ms=NOW_MS)
    assert [outcome.outcome_class for outcome in outcomes] == [
        OutcomeClass.OK,
        OutcomeClass.PERMANENT,
        OutcomeClass.OK,
    ]
    assert (outcomes[1].vendor_code, outcomes[1].message) == ("invalid", "name is too long")


def test_customerio_207_without_index_leaves_nothing_as_delivered() -> None:
    body = b'{"errors":[{"reason":"invalid","field":"name","message":"name is too long"}]}'
    items = make_items("customerio", "track_event", 3)
    outcomes = CATALOG.load("customerio").read("track_event", items, Answer(status=207, body=body), now_ms=NOW_MS)
    assert {(outcome.outcome_class, outcome.is_whole_request) for outcome in outcomes} == {
        (OutcomeClass.PERMANENT, True)
    }


@pytest.mark.parametrize("body", [b'{"meta":{"error":"name is blank"}}', b'{"meta":{"errors":["name is blank"]}}'])
def test_customerio_error_of_version_one_is_understood(body: bytes) -> None:
    items = make_items("customerio", "track_anonymous_event")
    answer = Answer(status=400, body=body)
    outcome = CATALOG.load("customerio").read("track_anonymous_event", items, answer, now_ms=NOW_MS)[0]
    assert (outcome.outcome_class, outcome.message) == (OutcomeClass.PERMANENT, "name is blank")


# Google Analytics 4


def test_ga4_request_has_its_credentials_in_the_query() -> None:
    assert wire(build("ga4", "send_event")).url == (
        "https://www.google-analytics.com/mp/collect?api_secret=s-1&measurement_id=G-ABC123"
    )


def test_ga4_in_the_eu_has_its_own_host() -> None:
    assert build("ga4", "send_event", region="eu").url == "https://region1.google-analytics.com/mp/collect"


def test_ga4_says_once_what_is_about_the_client() -> None:
    payload = {
        "client_id": "c.1",
        "user_id": "u",
        "timestamp_micros": NOW_MS * 1000,
        "name": "login",
        "params": {"a": 1},
    }
    assert build_one("ga4", "send_event", **payload).body == {
        "client_id": "c.1",
        "user_id": "u",
        "timestamp_micros": NOW_MS * 1000,
        "events": [{"name": "login", "params": {"a": 1}}],
    }


@pytest.mark.parametrize("field", ["client_id", "user_id", "timestamp_micros", "user_properties"])
def test_ga4_events_that_differ_in_a_request_field_do_not_share_one(field: str) -> None:
    connector = CATALOG.load("ga4")
    one: dict[str, object] = {"client_id": "c", "user_id": "u", "timestamp_micros": 1, "user_properties": {"a": 1}}
    assert connector.batch_key("send_event", one) != connector.batch_key("send_event", one | {field: {"b": 2}})


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": None},
        {"app_instance_id": "0" * 32},
        {"name": "session_start"},
        {"name": "google_x"},
        {"name": "1st"},
        {"name": "Order Completed"},
        {"name": "x" * 41},
        {"params": {f"p{n}": 1 for n in range(26)}},
        {"params": {"firebase_x": 1}},
        {"params": {"note": "x" * 101}},
        {"params": {"currency": "eur"}},
        {"params": {"items": [{"price": 1}]}},
        {"user_properties": {"user_id": {"value": "x"}}},
        {"user_properties": {"plan": "gold"}},
        {"timestamp_micros": 1_767_225_600_000},
        {"consent": {"ad_user_data": "granted"}},
    ],
)
def test_ga4_event_that_google_would_silently_drop_is_refused(change: dict[str, object]) -> None:
    custom = PAYLOADS["ga4"]["send_event"] | {"name": "level_up"}
    payload = {key: value for key, value in (custom | change).items() if value is not None}
    assert CATALOG.load("ga4").payload_refusal("send_event", custom) is None
    assert CATALOG.load("ga4").payload_refusal("send_event", payload) is not None


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("purchase", {"items": [{"item_id": "s-1"}]}),
        ("purchase", {"transaction_id": "A-1"}),
        ("refund", {"value": 12.5}),
        ("view_item", {"value": 12.5}),
        ("search", {}),
        ("post_score", {"level": 3}),
        ("unlock_achievement", {}),
        ("spend_virtual_currency", {"value": 3}),
    ],
)
def test_ga4_recommended_event_without_what_google_requires_is_refused(name: str, params: dict[str, object]) -> None:
    payload = {"client_id": "c.1", "name": name, "params": params}
    refusal = CATALOG.load("ga4").payload_refusal("send_event", payload)
    assert refusal is not None
    assert refusal.reason == "missing"
    assert CATALOG.load("ga4").payload_refusal("send_event", payload | {"name": "level_up"}) is None


def test_ga4_long_page_location_is_allowed() -> None:
    payload = {"client_id": "c.1", "name": "page_view", "params": {"page_location": "https://x.test/" + "a" * 900}}
    assert CATALOG.load("ga4").payload_refusal("send_event", payload) is None


def test_refusal_of_a_reserved_name_does_not_quote_the_event() -> None:
    refusal = CATALOG.load("ga4").payload_refusal("send_event", {"client_id": "secret-client", "name": "a b"})
    assert refusal is not None
    assert "secret-client" not in refusal.message
    assert "a b" not in refusal.message
