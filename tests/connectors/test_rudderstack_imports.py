"""Destinations of RudderStack as integrations: settings, kinds of events, missing ids, and what stays behind."""

from __future__ import annotations

from typing import Any

import pytest

from paceline.assemble.preview import Previewer
from paceline.cli.deliver import answer

NOW_MS = 1_767_225_600_000
SINCE = "2025-12-31T23:59:00.000Z"
CUSTOMERIO = {"siteID": "s", "apiKey": "k"}
GA4 = {"apiSecret": "s", "measurementId": "G-ABC123", "typesOfClient": "gtag"}
WEBHOOK = {"webhookUrl": "https://hooks.example.com/in"}
SEGMENT = {"writeKey": "wk"}


def sent(vendor: str, config: dict[str, Any], **event: Any) -> dict[str, Any]:
    row = {"rudderstack": {"vendor": vendor, "destination_config": config}, "event": event, "now_ms": NOW_MS}
    shown: Any = answer(row, Previewer(None))
    if isinstance(shown, dict):
        return {"rejected": shown["rejected"]}
    if not isinstance(shown.requests, list):
        return {"rejected": {"rule": shown.rejected.rule, "message": shown.rejected.message}}
    (request,) = shown.requests
    return {
        "method": request.method,
        "url": request.url,
        "query": request.query,
        "headers": request.headers,
        "body": request.body,
    }


def test_vendor_may_be_named_in_any_case_and_by_our_name() -> None:
    for name in ("CUSTOMERIO", "customerio"):
        assert sent(name, CUSTOMERIO, type="track", event="A", userId="u", timestamp=SINCE)["method"] == "POST"


# Customer.io


@pytest.mark.parametrize("config", [{"datacenterEU": True}, {"datacenter": "EU"}, {"datacenter": "eu"}])
def test_customerio_account_in_the_eu_is_called_there(config: dict[str, Any]) -> None:
    request = sent("customerio", CUSTOMERIO | config, type="track", event="A", userId="u", timestamp=SINCE)
    assert request["url"] == "https://track-eu.customer.io/api/v1/customers/u/events"


@pytest.mark.parametrize("missing", ["siteID", "apiKey"])
def test_customerio_without_credentials_refuses_every_event(missing: str) -> None:
    config = {key: value for key, value in CUSTOMERIO.items() if key != missing}
    assert sent("customerio", config, type="track", event="A", userId="u")["rejected"]["rule"] == missing


def test_customerio_person_has_the_fields_of_the_address_and_the_time() -> None:
    traits = {"email": "a@b.de", "createdAt": "2025-11-01T08:00:00Z", "address": {"city": "Ulm"}, "anonymousId": "x"}
    request = sent("customerio", CUSTOMERIO, type="identify", userId=7, anonymousId="a", traits=traits, timestamp=SINCE)
    assert (request["method"], request["url"]) == ("PUT", "https://track.customer.io/api/v1/customers/7")
    assert request["body"] == {
        "email": "a@b.de",
        "city": "Ulm",
        "anonymous_id": "a",
        "created_at": 1761984000,
        "_timestamp": 1767225540,
    }


def test_customerio_person_without_a_user_id_goes_by_the_address() -> None:
    traits = {"email": "a@b.de"}
    request = sent("customerio", CUSTOMERIO, type="identify", userId="", context={"traits": traits}, timestamp=SINCE)
    assert request["url"].endswith("/customers/a%40b.de")


def test_customerio_person_with_neither_is_refused() -> None:
    refused = sent("customerio", CUSTOMERIO, type="identify", anonymousId="a", traits={"plan": "x"}, timestamp=SINCE)
    assert refused["rejected"]["rule"] == "identifier"


def test_customerio_screen_view_of_nobody_known_is_kept_under_the_anonymous_id() -> None:
    request = sent("customerio", CUSTOMERIO, type="screen", name="Cart", anonymousId="a", timestamp=SINCE)
    assert request["url"] == "https://track.customer.io/api/v1/events"
    assert {key: request["body"][key] for key in ("anonymous_id", "type", "name")} == {
        "anonymous_id": "a",
        "type": "event",
        "name": "Viewed Cart Screen",
    }


def test_posthog_takes_the_time_of_the_event_and_the_address_of_its_request() -> None:
    times = {"timestamp": SINCE, "originalTimestamp": "2025-12-31T23:58:00.000Z"}
    config = {"teamApiKey": "k", "yourInstance": "https://app.posthog.com"}
    context = {"ip": "1.1.1.1"}
    request = sent(
        "posthog", config, type="track", event="A", userId="u", request_ip="9.9.9.9", context=context, **times
    )
    found = {name: request["body"]["properties"][name] for name in ("$time", "$timestamp", "$ip")}
    assert found == {"$time": times["originalTimestamp"], "$timestamp": SINCE, "$ip": "9.9.9.9"}


def test_customerio_alias_merges_people_by_id_or_address() -> None:
    request = sent("customerio", CUSTOMERIO, type="alias", userId="u", previousId="a@b.de", timestamp=SINCE)
    assert request["url"] == "https://track.customer.io/api/v1/merge_customers"
    assert request["body"] == {"primary": {"id": "u"}, "secondary": {"email": "a@b.de"}}


def test_customerio_group_without_a_person_is_an_object_alone() -> None:
    request = sent("customerio", CUSTOMERIO, type="group", groupId=7, traits={"objectTypeId": 2, "name": "Acme"})
    entry = request["body"]
    assert entry["identifiers"] == {"object_id": "7", "object_type_id": "2"}
    assert entry["attributes"] == {"name": "Acme"}
    assert "cio_relationships" not in entry


def test_customerio_event_that_the_destination_names_tells_of_the_device() -> None:
    config = CUSTOMERIO | {"deviceTokenEventName": "token told"}
    context = {"device": {"token": "t/1", "type": "Android"}}
    known = {"userId": "u", "context": context, "timestamp": SINCE}
    request = sent("customerio", config, type="track", event="token told", **known)
    assert request["url"].endswith("/customers/u/devices")
    assert request["body"] == {"device": {"id": "t/1", "platform": "android", "last_used": 1767225540}}
    gone = sent("customerio", config, type="track", event="Application Uninstalled", **known)
    assert gone["url"].endswith("/customers/u/devices/t%2F1")


# Google Analytics 4


def ga4(**event: Any) -> dict[str, Any]:
    known = {"type": "track", "anonymousId": "a", "timestamp": SINCE}
    return sent("ga4", GA4, **{**known, **event})


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("Order Completed", "purchase"),
        ("order_completed", "purchase"),
        (" ORDER completed ", "purchase"),
        ("Product Added To Wishlist", "add_to_wishlist"),
        ("Payment Info Entered", "add_payment_info"),
        ("Something Else", "something_else"),
    ],
)
def test_ga4_event_is_recognized_however_it_is_written(written: str, named: str) -> None:
    properties = {"order_id": "A-1", "total": 5, "products": [{"product_id": "p"}]}
    assert ga4(event=written, properties=properties)["body"]["events"][0]["name"] == named


@pytest.mark.parametrize(("timestamp", "is_sent"), [("2025-12-29T00:00:00Z", True), ("2025-12-28T23:59:59Z", False)])
def test_ga4_takes_events_of_the_last_72_hours(timestamp: str, is_sent: bool) -> None:
    assert ("body" in ga4(event="A", timestamp=timestamp)) is is_sent


def test_ga4_refuses_events_of_the_future() -> None:
    assert ga4(event="A", timestamp="2026-01-01T00:15:01Z")["rejected"]["rule"] == "timestamp_micros"


def test_ga4_user_properties_are_plain_traits_that_nobody_told_to_ignore() -> None:
    config = GA4 | {"piiPropertiesToIgnore": [{"piiProperty": "email"}, {"piiProperty": ""}]}
    traits = {"email": "a@b.de", "plan": "free", "ga_x": 1, "user_id": "u", "tags": ["a"], "age": 3, "long": "x" * 50}
    request = sent("ga4", config, type="track", event="A", anonymousId="a", context={"traits": traits}, timestamp=SINCE)
    assert request["body"]["user_properties"] == {
        "plan": {"value": "free"},
        "age": {"value": 3},
        "long": {"value": "x" * 36},
    }


def test_ga4_client_id_comes_from_where_the_destination_says() -> None:
    config = GA4 | {"clientIdFieldIdentifier": "properties.cid"}
    event: dict[str, Any] = {"type": "track", "event": "A", "anonymousId": "a", "timestamp": SINCE}
    assert sent("ga4", config, **event, properties={"cid": "1.2"})["body"]["client_id"] == "1.2"
    assert sent("ga4", config, **event)["body"]["client_id"] == "a"


def test_ga4_path_of_the_client_id_cannot_be_code() -> None:
    config = GA4 | {"clientIdFieldIdentifier": "a | refuse('x')"}
    refused = sent("ga4", config, type="track", event="A", anonymousId="a")
    assert refused["rejected"]["rule"] == "clientIdFieldIdentifier"


def test_ga4_group_joins_a_group() -> None:
    request = sent("ga4", GA4, type="group", groupId="g", anonymousId="a", traits={"plan": "x"}, timestamp=SINCE)
    event = request["body"]["events"][0]
    assert (event["name"], event["params"]["group_id"]) == ("join_group", "g")


@pytest.mark.parametrize("call", ["identify", "screen", "alias"])
def test_ga4_calls_that_the_protocol_has_nothing_for_are_refused(call: str) -> None:
    assert sent("ga4", GA4, type=call, userId="u", anonymousId="a")["rejected"]["rule"] == "no_mapping"


# Webhook


def test_webhook_event_cannot_choose_its_url() -> None:
    event = {"type": "track", "event": "A", "fullPath": "http://169.254.169.254/latest", "appendPath": "/x"}
    request = sent("webhook", WEBHOOK, **event)
    assert request["url"] == "https://hooks.example.com/in"
    assert request["body"] == event


@pytest.mark.parametrize(
    ("url", "path", "expected"),
    [
        ("https://hooks.example.com/in", "/users/7", "https://hooks.example.com/in/users/7"),
        ("https://hooks.example.com/in/", "users/7", "https://hooks.example.com/in/users/7"),
        ("https://hooks.example.com/in/", "?a=1", "https://hooks.example.com/in/?a=1"),
    ],
)
def test_webhook_path_of_an_event_goes_behind_the_url(url: str, path: str, expected: str) -> None:
    request = sent("webhook", {"webhookUrl": url}, type="track", event="A", appendPath=path)
    assert request["url"] == expected
    assert request["body"] == {"type": "track", "event": "A"}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"fullPath": "https://h.test/other/1", "appendPath": "?q=1"}, "https://h.test/other/1?q=1"),
        ({"fullPath": "https://h.test", "appendPath": "/z"}, "https://h.test/z"),
    ],
)
def test_webhook_url_of_an_event_is_taken_on_the_same_host(event: dict[str, str], expected: str) -> None:
    request = sent("webhook", {"webhookUrl": "https://h.test/in?x=1"}, type="track", event="A", **event)
    assert (request["url"], request["body"]) == (expected, {"type": "track", "event": "A"})


@pytest.mark.parametrize("url", ["https://h.test.evil/z", "https://h.test@evil/z", "http://h.test/z", "//h.test/z"])
def test_webhook_url_of_an_event_on_another_host_is_not_followed(url: str) -> None:
    request = sent("webhook", {"webhookUrl": "https://h.test/in"}, type="track", event="A", fullPath=url)
    assert (request["url"], request["body"]["fullPath"]) == ("https://h.test/in", url)


def test_webhook_path_that_would_change_the_host_is_refused() -> None:
    config = {"webhookUrl": "https://hooks.example.com"}
    refused = sent("webhook", config, type="track", event="A", appendPath=".evil.example/x")
    assert refused["rejected"]["rule"] == "webhook.send_to_path/path"


def test_webhook_headers_of_the_destination_win_over_those_of_an_event() -> None:
    config = WEBHOOK | {"headers": [{"from": "X-Key", "to": "ours"}, {"from": "X-Flag", "to": True}]}
    request = sent("webhook", config, type="track", event="A", header={"x-key": "theirs", "X-Other": 7})
    assert request["headers"]["X-Key"] == "ours"
    assert "x-key" not in request["headers"]
    assert (request["headers"]["X-Flag"], request["headers"]["X-Other"]) == ("true", "7")
    assert request["body"] == {"type": "track", "event": "A"}


@pytest.mark.parametrize(
    ("event", "query"),
    [
        ({"type": "track", "event": "A", "properties": {"a": 1, "b": {"c": "d"}}}, {"a": "1", "b.c": "d"}),
        ({"type": "identify", "traits": {"plan": "free"}}, {"plan": "free"}),
        ({"type": "identify", "context": {"traits": {"plan": "free"}}}, {"plan": "free"}),
    ],
)
def test_webhook_get_carries_properties_or_traits(event: dict[str, Any], query: dict[str, str]) -> None:
    request = sent("webhook", WEBHOOK | {"webhookMethod": "GET"}, **event)
    assert (request["method"], request["query"], request["body"]) == ("GET", query, None)


# Segment


def test_segment_gets_what_rudderstack_sends_and_the_time_and_id_besides() -> None:
    context = {"traits": {"plan": "free"}, "ip": "203.0.113.7"}
    known = {"userId": "u", "messageId": "m-1", "timestamp": SINCE, "context": context}
    request = sent("segment", SEGMENT, type="track", event="A", properties={"a": 1}, **known)
    assert request["body"]["batch"] == [
        {
            "type": "track",
            "event": "A",
            "userId": "u",
            "properties": {"a": 1},
            "traits": {"plan": "free"},
            "timeStamp": SINCE,
            "timestamp": SINCE,
            "messageId": "m-1",
        }
    ]
