"""The registry's answers, without a client that hides them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from order_contracts import order_completed, signed_up

from paceline.runtime.registry.catalog import build_catalog

Start = Callable[..., str]


def ask(
    url: str, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> tuple[int, str, Any]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request(method, path, body or None, dict(headers or {"content-type": "application/json"}))
        answer = connection.getresponse()
        return answer.status, answer.headers["content-type"], json.loads(answer.read())
    finally:
        connection.close()


def body_of(schema: object, **more: object) -> bytes:
    return json.dumps({"schema": json.dumps(schema), "schemaType": "JSON", **more}).encode()


def test_every_answer_has_the_registrys_content_type(start: Start) -> None:
    url = start()
    for path in ("/", "/subjects", "/nothing", "/subjects/nothing/versions"):
        assert ask(url, "GET", path)[1] == "application/vnd.schemaregistry.v1+json"


def test_verbose_compatibility_names_changes_and_the_event_that_breaks(start: Start) -> None:
    breaking = {**order_completed().schema, "maxProperties": 0}
    path = "/compatibility/subjects/order_completed/versions/latest?verbose=true"
    status, _, answer = ask(start(), "POST", path, body_of(breaking))
    assert (status, answer["is_compatible"]) == (200, False)
    messages = " ".join(answer["messages"])
    assert "MAX_PROPERTIES_ADDED" in messages
    assert "counterexample" in messages
    assert "order_completed 1.2.0" in messages
    assert "compatibility: 'BACKWARD', compatibilityPolicy: 'STRICT'" in messages


def test_without_verbose_there_are_no_messages(start: Start) -> None:
    path = "/compatibility/subjects/order_completed/versions/latest"
    assert ask(start(), "POST", path, body_of({"type": "null"}))[2] == {"is_compatible": False}


def test_unknown_subject_is_compatible_with_anything(start: Start) -> None:
    path = "/compatibility/subjects/nothing/versions"
    assert ask(start(), "POST", path, body_of({"type": "null"}))[2] == {"is_compatible": True}


def test_raw_schema_is_a_schema_and_no_text_of_one(start: Start) -> None:
    answer = ask(start(), "GET", "/subjects/order_completed/versions/2/schema")[2]
    assert answer["$id"] == "urn:x-paceline:contract:order_completed:1.2.0"


def test_dataschema_leads_to_the_schema_below_the_registrys_address(start: Start) -> None:
    url = start()
    assert ask(url, "GET", "/contracts/order_completed/1.1.0")[2]["title"] == "Order Completed"
    assert ask(url, "GET", "/contracts/order_completed/9.9.9")[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("PATCH", "/subjects", 405),
        ("GET", "/subjects/../../etc/passwd", 404),
        ("GET", "/subjects/a%2Fb/versions", 404),
        ("GET", "/schemas/ids/-1", 404),
        ("GET", "/schemas/ids/" + "9" * 400, 404),
        ("GET", "/schemas/ids/%C2%B2", 404),
        ("GET", "/subjects?limit=x&offset=-5", 200),
    ],
)
def test_odd_requests_have_a_plain_answer(start: Start, method: str, path: str, status: int) -> None:
    assert ask(start(), method, path)[0] == status


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"schema": 3}', b"\xff", body_of({}, references=3)])
def test_body_that_is_none_is_a_bad_request(start: Start, body: bytes) -> None:
    assert ask(start(), "POST", "/subjects/order_completed", body)[0] == 400


def test_body_that_is_too_large_is_refused(start: Start) -> None:
    assert ask(start(), "POST", "/subjects/order_completed", b" " * 1_100_000)[0] == 413


def test_page_in_a_browser_cannot_register(start: Start, workspace: Path) -> None:
    url = start(is_writable=True)
    before = sorted(workspace.rglob("*"))
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert ask(url, "POST", "/subjects/x/versions", body_of({"type": "object"}), {"content-type": kind})[0] == 415
    assert sorted(workspace.rglob("*")) == before


@pytest.mark.parametrize("subject", ["../../etc", "Order", "a b", "order-completed", ".hidden", "a/b"])
def test_subject_that_is_no_contract_name_writes_nothing(start: Start, workspace: Path, subject: str) -> None:
    url = start(is_writable=True)
    before = sorted(workspace.parent.rglob("*"))
    path = f"/subjects/{subject.replace('/', '%2F').replace(' ', '%20')}/versions"
    assert ask(url, "POST", path, body_of({"type": "object"}))[0] == 422
    assert sorted(workspace.parent.rglob("*")) == before


def test_late_patch_of_an_old_version_changes_no_number() -> None:
    order = {"order_completed": ["1.1.0", "2.0.0", "1.1.1"]}
    contracts = [order_completed(version) for version in ("1.1.0", "1.1.1", "2.0.0", "2.1.0")]
    versions = build_catalog(contracts, release_order=order).subjects["order_completed"]
    assert [(one.number, one.contract.version) for one in versions] == [
        (1, "1.1.0"),
        (2, "2.0.0"),
        (3, "1.1.1"),
        (4, "2.1.0"),
    ]


@settings(max_examples=25, deadline=None)
@given(st.permutations([order_completed("1.0.0"), order_completed("1.1.0"), signed_up()]))
def test_ids_do_not_depend_on_the_order_of_files(contracts: list[Any]) -> None:
    catalog = build_catalog(contracts, release_order={})
    ids = {(one.subject, one.number): one.id for versions in catalog.subjects.values() for one in versions}
    again = build_catalog(reversed(contracts), release_order={})
    assert ids == {(one.subject, one.number): one.id for versions in again.subjects.values() for one in versions}
    assert all(0 < number < 2**31 for number in ids.values())
