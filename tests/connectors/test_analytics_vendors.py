"""What the answers of analytics and advertising vendors mean, and requests of theirs that data alone cannot show."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest
from connector_samples import NOW_MS, PAYLOADS, SETTINGS, make_items

from paceline.connectors.catalog import Catalog
from paceline.model.delivery import Answer, Item, Outcome, OutcomeClass, Request

CATALOG = Catalog(with_entry_points=False)
OK, AGAIN, DEAD = OutcomeClass.OK, OutcomeClass.TRANSIENT, OutcomeClass.PERMANENT


def read(name: str, action: str, status: int, body: Any, *, count: int = 1) -> list[Outcome]:
    items = make_items(name, action, count)
    answer = Answer(status=status, body=msgspec.json.encode(body))
    return list(CATALOG.load(name).read(action, items, answer, now_ms=NOW_MS))


def classes(outcomes: list[Outcome]) -> list[OutcomeClass]:
    return [outcome.outcome_class for outcome in outcomes]


def build(name: str, action: str, **settings: object) -> Request:
    items = [Item(delivery_id="delivery-0", payload=dict(PAYLOADS[name][action]), occurred_ms=NOW_MS)]
    return CATALOG.load(name).build(action, items, SETTINGS[name] | settings, now_ms=NOW_MS)


# Amplitude


def test_amplitude_names_the_wrong_events_and_the_others_come_again() -> None:
    body = {"code": 400, "error": "Invalid field values on some events", "events_with_invalid_fields": {"time": [1]}}
    outcomes = read("amplitude", "send_event", 400, body, count=3)
    assert classes(outcomes) == [AGAIN, DEAD, AGAIN]
    assert not any(outcome.is_whole_request for outcome in outcomes)


@pytest.mark.parametrize(
    "body",
    [
        {"events_with_missing_fields": {"event_type": [0, 2]}},
        {"events_with_invalid_id_lengths": {"user_id": [0], "device_id": [2]}},
        {"silenced_events": [0, 2]},
    ],
)
def test_amplitude_has_several_ways_to_name_wrong_events(body: dict[str, Any]) -> None:
    assert classes(read("amplitude", "send_event", 400, body, count=3)) == [DEAD, AGAIN, DEAD]


def test_amplitude_throttles_one_user_and_the_lane_goes_on() -> None:
    body = {"code": 429, "error": "Too many requests for some devices and users", "throttled_events": [0]}
    outcomes = read("amplitude", "send_event", 429, body, count=2)
    assert classes(outcomes) == [AGAIN, AGAIN]
    assert [outcome.retry_after_secs for outcome in outcomes] == [30.0, None]


@pytest.mark.parametrize("body", [{"events_with_invalid_fields": {"time": [7]}}, {"error": "Invalid event JSON"}, "x"])
def test_amplitude_refuses_the_request_as_a_whole_when_it_names_no_event_of_it(body: object) -> None:
    outcomes = read("amplitude", "send_event", 400, body, count=2)
    assert classes(outcomes) == [DEAD, DEAD]
    assert all(outcome.is_whole_request for outcome in outcomes)


def test_amplitude_says_with_a_400_that_the_key_is_wrong() -> None:
    assert classes(read("amplitude", "send_event", 400, {"error": "Invalid API key: 123"}, count=2)) == [
        OutcomeClass.AUTH,
        OutcomeClass.AUTH,
    ]


def test_amplitude_throttles_the_project_as_a_whole() -> None:
    assert classes(read("amplitude", "send_event", 429, {"code": 429}, count=2)) == [OutcomeClass.THROTTLE] * 2


def test_amplitude_deletes_people_at_another_host_with_both_keys() -> None:
    request = build("amplitude", "delete_users", region="eu")
    assert request.url == "https://analytics.eu.amplitude.com/api/2/deletions/users"
    assert request.headers == {"Authorization": "Basic " + base64.b64encode(b"key-1:secret-1").decode()}
    assert request.body == {"ignore_invalid_id": True, "user_ids": ["u-1"]}


# PostHog


def test_posthog_deletes_people_at_another_host_with_a_personal_key() -> None:
    request = build("posthog", "delete_persons")
    assert request.url == "https://us.posthog.com/api/projects/17/persons/bulk_delete/"
    assert request.headers == {"Authorization": "Bearer phx_1"}
    assert request.body == {"delete_events": True, "distinct_ids": ["u-1"]}


def test_posthog_of_ones_own_is_called_at_its_address() -> None:
    request = build("posthog", "capture_event", region="self_hosted", instance_url="https://ph.example.com/x/")
    assert request.url == "https://ph.example.com/x/batch/"


def test_posthog_of_ones_own_needs_its_address() -> None:
    faults = CATALOG.load("posthog").settings_faults({"project_api_key": "phc_1", "region": "self_hosted"})
    assert "instance_url" in faults[0].message


def test_posthog_event_has_the_same_uuid_on_every_try() -> None:
    first, second = build("posthog", "capture_event"), build("posthog", "capture_event")
    assert first.body["batch"][0]["uuid"] == second.body["batch"][0]["uuid"]  # type: ignore[index]


def test_posthog_says_with_a_200_that_the_quota_is_used_up() -> None:
    body = {"status": 1, "quota_limited": ["events"]}
    assert classes(read("posthog", "capture_event", 200, body)) == [OutcomeClass.QUOTA]


# TikTok


@pytest.mark.parametrize(
    ("code", "means"),
    [
        (0, OK),
        (40100, OutcomeClass.THROTTLE),
        (61000, OutcomeClass.THROTTLE),
        (40105, OutcomeClass.AUTH),
        (40003, OutcomeClass.AUTH),
        (50000, AGAIN),
        (51012, AGAIN),
        (40002, DEAD),
        (99999, DEAD),
    ],
)
def test_tiktok_says_everything_with_a_200(code: int, means: OutcomeClass) -> None:
    assert classes(read("tiktok_events", "track_event", 200, {"code": code, "message": "…"})) == [means]


@pytest.mark.parametrize("field", ["email", "phone", "external_id"])
def test_tiktok_is_never_sent_contact_data_in_plain_text(field: str) -> None:
    payload = {"event": "Search", "event_time": 1767225600, "user": {field: "ada@example.com"}}
    refusal = CATALOG.load("tiktok_events").payload_refusal("track_event", payload)
    assert refusal is not None
    assert "ada" not in refusal.message


# Meta


@pytest.mark.parametrize(
    ("error", "means"),
    [
        ({"code": 190}, OutcomeClass.AUTH),
        ({"code": 4, "is_transient": True}, OutcomeClass.THROTTLE),
        ({"code": 2, "is_transient": True}, AGAIN),
        ({"code": 368, "is_transient": True}, OutcomeClass.THROTTLE),
        ({"code": 3}, OutcomeClass.AUTH),
        ({"code": 999, "is_transient": True}, AGAIN),
        ({"code": 100, "is_transient": False}, DEAD),
    ],
)
def test_meta_codes_count_more_than_the_status(error: dict[str, Any], means: OutcomeClass) -> None:
    assert classes(read("meta_conversions", "send_event", 400, {"error": error})) == [means]


# Mixpanel


def test_mixpanel_takes_the_good_events_of_a_refused_request() -> None:
    body = {"code": 400, "failed_records": [{"index": 1, "field": "properties.time", "message": "invalid"}]}
    assert classes(read("mixpanel", "import_event", 400, body, count=3)) == [OK, DEAD, OK]


def test_mixpanel_refuses_a_profile_with_a_200() -> None:
    assert classes(read("mixpanel", "update_profile", 200, {"status": 0, "error": "…"})) == [DEAD]


def test_mixpanel_profile_carries_the_token_itself() -> None:
    request = build("mixpanel", "update_profile")
    assert request.body == [{"$token": "token-1", "$distinct_id": "u-1", "$set": {"plan": "gold"}}]
    assert "Authorization" not in request.headers


def test_mixpanel_deletes_people_at_another_host_with_another_token() -> None:
    request = build("mixpanel", "delete_people")
    assert request.url == "https://mixpanel.com/api/app/data-deletions/v3.0/"
    assert request.query == {"token": "token-1"}
    assert request.headers == {"Authorization": "Bearer token-2"}
