"""Klaviyo's own library for Python against the fake Klaviyo, and our requests against the library's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from vendor_sdks import CATALOG, Vendor, our_request, serve_vendor

from paceline.assemble.preview import Previewer, preview_all

pydantic = pytest.importorskip("pydantic")
pytestmark = pytest.mark.sdk

SETTINGS: dict[str, object] = {"api_key": "pk_1"}
HEADERS = ("authorization", "revision", "content-type", "accept")
EMAIL = "ada@example.com"
PROFILE = {"email": EMAIL, "first_name": "Ada", "location": {"city": "London"}, "properties": {"plan": "gold"}}
EVENT = {
    "properties": {"sku": "s-1"},
    "time": "2026-11-23T09:30:00+00:00",
    "value": 12.5,
    "value_currency": "EUR",
    "unique_id": "delivery-1",
    "backfill": False,
    "metric": {"data": {"type": "metric", "attributes": {"name": "Viewed Product"}}},
    "profile": {"data": {"type": "profile", "attributes": {"email": EMAIL, "external_id": "u-1"}}},
}
CONSENT = {
    "attributes": {
        "historical_import": False,
        "profiles": {
            "data": [
                {
                    "type": "profile",
                    "attributes": {
                        "email": EMAIL,
                        "subscriptions": {"email": {"marketing": {"consent": "SUBSCRIBED"}}},
                    },
                }
            ]
        },
    },
    "relationships": {"list": {"data": {"type": "list", "id": "L1"}}},
}
WITHDRAWAL = {
    "attributes": {
        "profiles": {
            "data": [
                {
                    "type": "profile",
                    "attributes": {
                        "email": EMAIL,
                        "subscriptions": {"email": {"marketing": {"consent": "UNSUBSCRIBED"}}},
                    },
                }
            ]
        }
    },
    "relationships": {"list": {"data": {"type": "list", "id": "L1"}}},
}
DELETION = {"attributes": {"email": EMAIL}}
Call = Callable[[Any, dict[str, Any]], object]
SPOKEN: dict[str, tuple[dict[str, Any], Call]] = {
    "create_event": (EVENT, lambda api, body: api.Events.create_event(body)),
    "upsert_profile": (PROFILE, lambda api, body: api.Profiles.create_or_update_profile(body)),
    "upsert_profiles": (PROFILE, lambda api, body: api.Profiles.bulk_import_profiles(body)),
    "subscribe_profile": (CONSENT, lambda api, body: api.Profiles.bulk_subscribe_profiles(body)),
    "unsubscribe_profile": (WITHDRAWAL, lambda api, body: api.Profiles.bulk_unsubscribe_profiles(body)),
    "delete_profile": (DELETION, lambda api, body: api.Data_Privacy.request_profile_deletion(body)),
}
# What the library's caller writes; the library checks it and sends it as its own model has it.
BODIES: dict[str, dict[str, Any]] = {
    "create_event": {"data": {"type": "event", "attributes": EVENT}},
    "upsert_profile": {"data": {"type": "profile", "attributes": PROFILE}},
    "upsert_profiles": {
        "data": {
            "type": "profile-bulk-import-job",
            "attributes": {"profiles": {"data": [{"type": "profile", "attributes": PROFILE}]}},
        }
    },
    "subscribe_profile": {"data": {"type": "profile-subscription-bulk-create-job", **CONSENT}},
    "unsubscribe_profile": {"data": {"type": "profile-subscription-bulk-delete-job", **WITHDRAWAL}},
    "delete_profile": {
        "data": {
            "type": "data-privacy-deletion-job",
            "attributes": {"profile": {"data": {"type": "profile", **DELETION}}},
        }
    },
}


@pytest.fixture(scope="module")
def klaviyo() -> Iterator[Vendor]:
    with serve_vendor("klaviyo", "a.klaviyo.com") as vendor:
        yield vendor


@pytest.fixture(scope="module")
def library(klaviyo: Vendor) -> Any:
    return pytest.importorskip("klaviyo_api").KlaviyoAPI("pk_1", max_retries=1, test_host=klaviyo.url)


@pytest.mark.parametrize("action", SPOKEN)
def test_library_is_taken_by_the_fake_vendor_and_says_the_same_as_we_do(
    klaviyo: Vendor, library: Any, action: str
) -> None:
    payload, call = SPOKEN[action]
    # The fake vendor answers every call alike, and the library looks for the fields of each.
    with suppress(pydantic.ValidationError):
        call(library, BODIES[action])
    assert klaviyo.last.status == 202
    assert klaviyo.last.act(*HEADERS) == our_request("klaviyo", action, payload, SETTINGS).act(*HEADERS)


def test_revision_is_the_one_of_the_library() -> None:
    library = pytest.importorskip("klaviyo_api")
    assert CATALOG.manifest("klaviyo").headers["revision"] == library.KlaviyoAPI._REVISION


def rudderstack_requests(event: dict[str, Any], **config: object) -> list[tuple[str, Any]]:
    lanes = Previewer(None).rudderstack("klaviyo", {"privateApiKey": "pk_1", **config})
    common = {"messageId": "m-1", "timestamp": "2026-11-23T09:30:00.000Z", "anonymousId": "a-1", "userId": "u-1"}
    requests = preview_all(lanes, {**common, **event}, now_ms=0).requests or []
    return [(request.url.rpartition("/api/")[2], request.body) for request in requests]


def test_rudderstack_destination_records_consent_beside_the_profile() -> None:
    traits = {"email": EMAIL, "properties": {"subscribe": True}}
    profile, consent = rudderstack_requests({"type": "identify", "traits": traits}, listId="L1")
    assert profile[0] == "profile-import"
    assert consent[0] == "profile-subscription-bulk-create-jobs"
    assert consent[1]["data"]["relationships"] == {"list": {"data": {"type": "list", "id": "L1"}}}
    assert [url for url, _ in rudderstack_requests({"type": "identify", "traits": {"email": EMAIL}})] == [profile[0]]


def test_rudderstack_destination_renames_events_in_any_case_of_letters() -> None:
    ((_, body),) = rudderstack_requests({"type": "track", "event": "product clicked", "properties": {"name": "Mug"}})
    assert body["data"]["attributes"]["metric"]["data"]["attributes"]["name"] == "Viewed Product"


def test_rudderstack_destination_can_know_people_by_their_address_alone() -> None:
    event = {"type": "track", "event": "Signed Up", "context": {"traits": {"email": EMAIL}}}
    ((_, body),) = rudderstack_requests(event, enforceEmailAsPrimary=True)
    profile = body["data"]["attributes"]["profile"]["data"]["attributes"]
    assert profile == {"email": EMAIL, "anonymous_id": "a-1", "properties": {"_id": "u-1"}}
