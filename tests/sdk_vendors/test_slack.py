"""Slack's own library against the fake Slack, our requests against the library's, and RudderStack's templates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from vendor_sdks import CATALOG, Seen, Vendor, our_request, serve_vendor

from paceline.assemble.preview import Previewer, preview_all
from paceline.model.delivery import Answer, Item, OutcomeClass

WEBHOOK = "https://hooks.slack.com/services/T000/B000/XXX"
SETTINGS: dict[str, object] = {"webhook_url": WEBHOOK, "bot_token": "xoxb-1"}
BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Hello*"}}]
MESSAGE: dict[str, Any] = {"channel": "C123ABC456", "text": "Hello", "blocks": BLOCKS, "unfurl_links": False}
HOOKED: dict[str, Any] = {"text": "Hello", "blocks": BLOCKS, "unfurl_links": False}


@pytest.fixture(scope="module")
def api() -> Iterator[Vendor]:
    with serve_vendor("slack", "slack.com") as vendor:
        yield vendor


@pytest.fixture(scope="module")
def hooks() -> Iterator[Vendor]:
    with serve_vendor("slack", "hooks.slack.com") as vendor:
        yield vendor


def plain(seen: Seen) -> tuple[object, ...]:
    """The act, and the content type without its character set."""
    return (*seen.act("authorization"), seen.headers["content-type"].partition(";")[0])


@pytest.mark.sdk
def test_web_client_is_taken_by_the_fake_vendor_and_says_the_same_as_we_do(api: Vendor) -> None:
    sdk = pytest.importorskip("slack_sdk")
    sdk.WebClient(token="xoxb-1", base_url=f"{api.url}/api/").chat_postMessage(**MESSAGE)
    assert api.last.status == 200
    assert plain(api.last) == plain(our_request("slack", "post_message", MESSAGE, SETTINGS))


@pytest.mark.sdk
def test_web_client_without_a_token_gets_slacks_refusal(api: Vendor) -> None:
    sdk = pytest.importorskip("slack_sdk")
    with pytest.raises(sdk.errors.SlackApiError, match="invalid_auth"):
        sdk.WebClient(token="", base_url=f"{api.url}/api/").chat_postMessage(**MESSAGE)


@pytest.mark.sdk
def test_webhook_client_is_taken_by_the_fake_vendor_and_says_the_same_as_we_do(hooks: Vendor) -> None:
    webhook = pytest.importorskip("slack_sdk.webhook")
    answer = webhook.WebhookClient(WEBHOOK.replace("https://hooks.slack.com", hooks.url)).send(**HOOKED)
    assert answer.status_code == 200
    assert plain(hooks.last) == plain(our_request("slack", "post_to_webhook", HOOKED, SETTINGS))


def outcome(action: str, status: int, body: object) -> tuple[OutcomeClass, str]:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    answer = Answer(status=status, body=raw)
    [one] = CATALOG.load("slack").read(action, [Item(delivery_id="1", payload={})], answer, now_ms=0)
    return one.outcome_class, one.vendor_code


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (200, "token_revoked", OutcomeClass.AUTH),
        (200, "missing_scope", OutcomeClass.AUTH),
        (200, "ratelimited", OutcomeClass.THROTTLE),
        (429, "ratelimited", OutcomeClass.THROTTLE),
        (200, "internal_error", OutcomeClass.TRANSIENT),
        (503, "service_unavailable", OutcomeClass.TRANSIENT),
        (200, "channel_not_found", OutcomeClass.PERMANENT),
        (200, "msg_too_long", OutcomeClass.PERMANENT),
    ],
)
def test_word_of_the_web_api_says_what_to_do(status: int, code: str, expected: OutcomeClass) -> None:
    assert outcome("post_message", status, {"ok": False, "error": code}) == (expected, code)


def test_yes_of_the_web_api_is_a_delivery() -> None:
    assert outcome("post_message", 200, {"ok": True, "ts": "1.2"})[0] is OutcomeClass.OK


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (200, "ok", OutcomeClass.OK),
        (400, "invalid_payload", OutcomeClass.PERMANENT),
        (403, "invalid_token", OutcomeClass.AUTH),
        (404, "no_service", OutcomeClass.GONE),
        (410, "channel_is_archived", OutcomeClass.GONE),
        (429, "rate_limited", OutcomeClass.THROTTLE),
        (500, "rollup_error", OutcomeClass.TRANSIENT),
    ],
)
def test_status_of_a_webhook_says_what_to_do(status: int, text: str, expected: OutcomeClass) -> None:
    assert outcome("post_to_webhook", status, text)[0] is expected


@pytest.mark.parametrize(
    "url", ["https://hooks.slack.com.evil.test/x", "http://hooks.slack.com/x", "https://10.0.0.1/"]
)
def test_webhook_elsewhere_is_refused(url: str) -> None:
    assert CATALOG.load("slack").settings_faults({"webhook_url": url})


def rudderstack(event: dict[str, Any], **config: Any) -> list[tuple[str, dict[str, Any]]]:
    lanes = Previewer(None).rudderstack("slack", {"webhookUrl": WEBHOOK, **config})
    requests = preview_all(lanes, {"messageId": "m-1", "userId": "u-1", **event}, now_ms=0).requests or []
    return [(request.url, json.loads(request.body["payload"])) for request in requests]  # type: ignore[index]


def text_of(event: dict[str, Any], **config: Any) -> str:
    [(_, payload)] = rudderstack(event, **config)
    return str(payload["text"])


def identify(traits: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "identify", "traits": traits, **more}


def track(name: str, properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "track", "event": name, "properties": properties or {}, **more}


def event_template(template: str, name: str = "Signed Up", *, is_regex: bool = False) -> dict[str, Any]:
    return {"eventTemplateSettings": [{"eventName": name, "eventRegex": is_regex, "eventTemplate": template}]}


def test_identify_without_a_template_tells_all_traits() -> None:
    text = text_of(identify({"name": "Ada", "plan": "gold", "address": {"city": "Berlin"}}))
    assert text == "Identified Ada name: Ada plan: gold address: {&quot;city&quot;:&quot;Berlin&quot;} "


def test_identify_tells_only_the_traits_that_are_wanted() -> None:
    wanted = [{"trait": "plan"}, {"trait": ""}, {"trait": "seats"}]
    text = text_of(identify({"name": "Ada", "plan": "gold"}), whitelistedTraitsSettings=wanted)
    assert text == "Identified Ada plan: gold "


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (identify({"name": "Ada", "email": "a@example.com"}), "Ada"),
        (identify({"firstName": "Ada", "lastName": "Lovelace"}), "Ada Lovelace"),
        (identify({"username": "ada", "email": "a@example.com"}), "ada"),
        (identify({"email": "a@example.com"}), "a@example.com"),
        (identify({}), "User u-1"),
        (identify({}, userId="", anonymousId="a-1"), "Anonymous user a-1"),
    ],
)
def test_name_of_somebody_is_the_first_that_is_there(event: dict[str, Any], name: str) -> None:
    assert text_of(event, identifyTemplate="{{name}}") == name


def test_names_in_two_braces_are_escaped_and_in_three_are_not() -> None:
    event = track("Signed Up", {"by": "Marcia & Jan <x>"})
    assert text_of(event, **event_template("{{properties.by}}")) == "Marcia &amp; Jan &lt;x&gt;"
    assert text_of(event, **event_template("{{{ properties.by }}} {{&by}}")) == "Marcia & Jan <x> Marcia & Jan <x>"


def test_variables_of_a_template() -> None:
    template = "{{event}}|{{key}}|{{missing}}|{{{propertiesList}}}|{{traitsList.plan}}{{newline}}{{list}}"
    event = track("Signed Up", {"key": 1.5, "list": [1, 2]}, context={"traits": {"plan": "gold"}})
    assert text_of(event, **event_template(template)) == 'Signed Up|1.5||{"key":1.5,"list":[1,2]}|gold\n1,2'


def test_event_without_a_template_has_the_usual_one() -> None:
    assert text_of(track("Other", context={"traits": {"name": "Ada"}}), **event_template("x")) == "Ada did Other"


def test_name_and_icon_are_rudderstacks_and_the_channel_is_the_events() -> None:
    channels = [{"eventName": "Signed Up", "eventRegex": False, "eventChannel": "#growth"}]
    [(url, payload)] = rudderstack(track("Signed Up"), eventChannelSettings=channels)
    assert url == WEBHOOK
    assert (payload["channel"], payload["username"]) == ("#growth", "RudderStack")
    [(_, payload)] = rudderstack(track("Other"), eventChannelSettings=channels)
    assert "channel" not in payload


def test_modern_webhook_of_an_event_takes_it_from_the_usual_one() -> None:
    own = "https://hooks.slack.com/services/T000/B000/OWN"
    row = {"eventName": "^Trial (Started|Ended)$", "eventRegex": True, "eventChannelWebhook": own}
    config = {"incomingWebhooksType": "modern", "eventChannelSettings": [row]}
    assert [url for url, _ in rudderstack(track("Trial Ended"), **config)] == [own]
    assert [url for url, _ in rudderstack(track("Trial Ended Early"), **config)] == [WEBHOOK]
    assert [url for url, _ in rudderstack(identify({"name": "Ada"}), **config)] == [WEBHOOK]


def test_denied_event_is_not_sent() -> None:
    assert rudderstack(track("Noise"), denyListOfEvents=[{"eventName": "Noise"}]) == []


@pytest.mark.parametrize(
    ("regex", "name", "is_meant"),
    [
        ("is", "test_is_sent", True),
        ("is", "sent", False),
        ("^Order", "Order Completed", True),
        ("^Order", "My Order", False),
        ("Completed$", "Order Completed", True),
        ("^a|b$", "ab x", True),
        (r"^slack\.events\.[a-zA-Z_]+$", "slack.events.message", True),
        (r"^slack\.events\.[a-zA-Z_]+$", "slack-events.message", False),
        ("Order.*Completed", "Order 17 Completed", True),
    ],
)
def test_regular_expression_of_a_name_means_the_same_events(regex: str, name: str, is_meant: bool) -> None:
    text = text_of(track(name), **event_template("meant", regex, is_regex=True))
    assert (text == "meant") is is_meant


def test_what_cannot_be_carried_over_is_told() -> None:
    config = {
        "webhookUrl": WEBHOOK,
        "identifyTemplate": "{{#if name}}{{name}}{{/if}}",
        "eventTemplateSettings": [{"eventName": "(a(b))+", "eventRegex": True, "eventTemplate": "x"}],
    }
    _, destination = CATALOG.read_rudderstack("slack", config)
    told = " ".join(loss.message for loss in destination.losses)
    assert "{{#if name}}" in told
    assert "(a(b))+" in told
