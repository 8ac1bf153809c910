"""A mapping can choose a path and headers of a webhook, and nothing else of where it goes and how it is read."""

from __future__ import annotations

from typing import Any

import pytest

from paceline.connectors.catalog import Catalog
from paceline.model.delivery import Item, Request

CONNECTOR = Catalog(with_entry_points=False).load("webhook")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def sent(payload: dict[str, Any], url: str = "https://hooks.example.com/in", **settings: object) -> Request:
    whole = {"body": {"total": 12.5}, **payload}
    assert CONNECTOR.payload_refusal("send_to_path", whole) is None
    item = Item(delivery_id="delivery-1", payload=whole)
    return CONNECTOR.build("send_to_path", [item], {"url": url, **settings}, now_ms=1_767_225_600_000)


@pytest.mark.parametrize(
    ("url", "path", "expected"),
    [
        ("https://hooks.example.com/in", "/users/7", "https://hooks.example.com/in/users/7"),
        ("https://hooks.example.com/in/", "/users/7", "https://hooks.example.com/in/users/7"),
        ("https://hooks.example.com", "/users/7", "https://hooks.example.com/users/7"),
        ("https://hooks.example.com", "?a=1", "https://hooks.example.com/?a=1"),
        ("https://hooks.example.com/in?team=1", "/users?full=1", "https://hooks.example.com/in/users?team=1&full=1"),
        ("https://hooks.example.com/in?team=1", "?full=1", "https://hooks.example.com/in?team=1&full=1"),
    ],
)
def test_path_goes_behind_the_urls_own(url: str, path: str, expected: str) -> None:
    assert sent({"path": path}, url).url == expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"root_path": "/users/7?full=1"}, "https://hooks.example.com:8443/users/7?full=1"),
        ({"root_path": "/users", "path": "/7"}, "https://hooks.example.com:8443/users/7"),
        ({"root_path": "//evil.example/"}, "https://hooks.example.com:8443//evil.example/"),
    ],
)
def test_root_path_replaces_the_urls_own(payload: dict[str, Any], expected: str) -> None:
    assert sent(payload, "https://hooks.example.com:8443/in?team=1").url == expected


@pytest.mark.parametrize("path", ["?a=1", "users", "@evil.example/", "/a/../b", "/a b", "/a#b", "/a\\b", ""])
def test_root_path_of_another_form_is_refused(path: str) -> None:
    refusal = CONNECTOR.payload_refusal("send_to_path", {"root_path": path, "body": {}})
    assert refusal is not None
    assert refusal.rule == "webhook.send_to_path/root_path"


def test_without_a_path_it_is_the_url() -> None:
    assert sent({}).url == "https://hooks.example.com/in"


@pytest.mark.parametrize(
    "path",
    [
        *(".evil.example/x", "@evil.example/", ":8080/x", "evil", "", "//../admin", "/../admin", "/a/../../admin"),
        *(
            "/%2e%2e/admin",
            "/.%2E/x",
            "/a/..",
            "/a/..?x=1",
            "/a b",
            "/a\r\nHost: x",
            "/a#b",
            "/a\\b",
            "https://x.test/",
        ),
    ],
)
def test_path_that_leads_elsewhere_is_refused(path: str) -> None:
    refusal = CONNECTOR.payload_refusal("send_to_path", {"path": path, "body": {}})
    assert refusal is not None
    assert refusal.rule == "webhook.send_to_path/path"


def test_dots_inside_a_name_are_no_way_up() -> None:
    assert sent({"path": "/v1..2/a.json"}).url == "https://hooks.example.com/in/v1..2/a.json"


def test_header_of_a_payload_is_sent() -> None:
    assert sent({"headers": {"X-Order": "7"}}).headers["X-Order"] == "7"


def test_header_of_the_settings_wins_in_whatever_case() -> None:
    headers = sent({"headers": {"authorization": "mine"}}, headers={"Authorization": "theirs"}).headers
    assert {name: value for name, value in headers.items() if name.lower() == "authorization"} == {
        "Authorization": "theirs"
    }


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "Content-Length", "Transfer-Encoding", "Connection", "Webhook-Id", "Webhook-Signature", "TE"),
        *("Trailer", "Upgrade", "Expect", "Content-Encoding", "Forwarded", "X-Forwarded-For", "X-Original-URL"),
        *("X-HTTP-Method-Override", "X-Method-Override", "X-Rewrite-URL", "Proxy-Authorization", "Keep-Alive"),
    ],
)
def test_header_that_says_how_a_request_is_read_is_not_for_a_payload(name: str) -> None:
    headers = sent({"headers": {name: "x"}}, secret=SECRET).headers
    assert [value for key, value in headers.items() if key.lower() == name.lower() and value == "x"] == []


@pytest.mark.parametrize("headers", [{"X-A": "a\r\nX-B: b"}, {"X A": "a"}, {"X-A": 1}, {"": "a"}])
def test_header_that_would_break_the_request_is_refused(headers: dict[str, object]) -> None:
    assert CONNECTOR.payload_refusal("send_to_path", {"headers": headers, "body": {}}) is not None


def test_get_carries_the_body_as_query() -> None:
    request = sent({"path": "/orders", "body": {"total": 12.5, "tags": ["a"], "none": None}}, method="GET")
    assert (request.method, request.url, request.body) == ("GET", "https://hooks.example.com/in/orders", None)
    assert request.query == {"total": "12.5", "tags": '["a"]'}


def test_slash_at_the_end_of_the_url_is_kept() -> None:
    request = CONNECTOR.build("send", [Item(delivery_id="1", payload={})], {"url": "https://h.test/in/"}, now_ms=0)
    assert request.url == "https://h.test/in/"
