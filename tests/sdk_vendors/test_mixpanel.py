"""Mixpanel's own library (mixpanel) against the fake vendor, and its requests beside ours.

The library writes the same JSON, one object or a list, into the field `data` of a form. Left out of the comparison:
that form, `strict` and `verbose`, and what the library says about itself (`mp_lib`, `$lib_version`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from vendor_sdks import Seen, Vendor, our_batch, serve_vendor

mixpanel = pytest.importorskip("mixpanel")

pytestmark = pytest.mark.sdk

SETTINGS: dict[str, object] = {"project_token": "token-1"}


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serve_vendor("mixpanel", "api.mixpanel.com") as one:
        yield one


@pytest.fixture
def client(vendor: Vendor) -> Any:
    urls = {f"{name}_url": f"{vendor.url}/{path}" for name, path in {"people": "engage", "import": "import"}.items()}
    consumer = mixpanel.Consumer(groups_url=f"{vendor.url}/groups", **urls)
    return mixpanel.Mixpanel("token-1", consumer=consumer)


def same_request(vendor: Vendor, action: str, payload: dict[str, Any]) -> None:
    (theirs,) = vendor.seen
    ours: Seen = our_batch("mixpanel", action, [payload], SETTINGS)
    assert theirs.status == 200
    assert (theirs.method, theirs.path) == (ours.method, ours.path)
    assert theirs.headers.get("authorization") == ours.headers.get("authorization")
    (entry,) = ours.body
    said = json.loads(theirs.body["data"])
    said.pop("$time", None)
    for name in ("token", "mp_lib", "$lib_version"):
        said.get("properties", {}).pop(name, None)
    assert said == entry


def test_event_is_imported_as_the_library_imports_it(client: Any, vendor: Vendor) -> None:
    known = {"$insert_id": "i-1", "plan": "gold"}
    client.import_data(None, "u-1", "Signed Up", 1767225600, properties=known, api_secret="token-1")
    properties = {"distinct_id": "u-1", "time": 1767225600, **known}
    same_request(vendor, "import_event", {"event": "Signed Up", "properties": properties})


def test_identities_are_merged_as_the_library_merges_them(client: Any, vendor: Vendor) -> None:
    client.merge(None, "a-1", "u-1", api_secret="token-1")
    payload = {"event": "$merge", "properties": {"$distinct_ids": ["a-1", "u-1"]}}
    same_request(vendor, "merge_identities", payload)


@pytest.mark.parametrize(
    ("operation", "change"),
    [
        ("set", {"plan": "gold"}),
        ("set_once", {"plan": "gold"}),
        ("append", {"colors": "red"}),
        ("union", {"colors": ["red"]}),
        ("remove", {"colors": "red"}),
        ("unset", ["plan"]),
    ],
)
def test_profile_is_changed_as_the_library_changes_it(
    client: Any, vendor: Vendor, operation: str, change: object
) -> None:
    getattr(client, f"people_{operation}")("u-1", change)
    same_request(vendor, "update_profile", {"$distinct_id": "u-1", f"${operation}": change})


def test_number_is_counted_up_as_the_library_does(client: Any, vendor: Vendor) -> None:
    client.people_increment("u-1", {"visits": 1})
    same_request(vendor, "update_profile", {"$distinct_id": "u-1", "$add": {"visits": 1}})


def test_group_is_changed_as_the_library_changes_it(client: Any, vendor: Vendor) -> None:
    client.group_set("company", "acme", {"seats": 3})
    same_request(vendor, "update_group", {"$group_key": "company", "$group_id": "acme", "$set": {"seats": 3}})


def test_profile_is_deleted_as_the_library_deletes_it(client: Any, vendor: Vendor) -> None:
    client.people_delete("u-1")
    same_request(vendor, "delete_profile", {"$distinct_id": "u-1"})
