"""Writing requests for the wire: nothing that an event or a setting holds can change the request's shape."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.delivery.encoding import encode, encode_body
from paceline.model.delivery import BodyFormat, Request, WireRequest
from paceline.model.event import Refusal


def request(**changes: object) -> Request:
    return msgspec.structs.replace(Request(method="POST", url="https://api.example.com/v1", body={"a": 1}), **changes)


def wire(one: Request) -> WireRequest:
    result = encode(one)
    assert isinstance(result, WireRequest), result
    return result


def test_json_body_gets_its_content_type() -> None:
    assert wire(request()).headers == (("Content-Type", "application/json"),)


def test_own_content_type_is_kept() -> None:
    headers = {"content-type": "application/vnd.api+json"}
    assert wire(request(headers=headers)).headers == (("content-type", "application/vnd.api+json"),)


def test_request_without_body_has_no_content_type() -> None:
    assert wire(request(body_format=BodyFormat.NONE)) == WireRequest(method="POST", url="https://api.example.com/v1")


def test_query_is_joined_to_a_query_in_the_url() -> None:
    one = request(url="https://api.example.com/v1?a=1#part", query={"b": "x y&z"})
    assert wire(one).url == "https://api.example.com/v1?a=1&b=x+y%26z"


def test_json_that_is_written_already_is_sent_as_it_is() -> None:
    assert wire(request(body=msgspec.Raw(b'{"a": 1}'))).body == b'{"a": 1}'


def test_form_writes_numbers_and_booleans_as_json_and_leaves_null_out() -> None:
    body = {"name": "Ada L", "count": 3, "ok": True, "gone": None, "tags": ["a", "b"]}
    assert encode_body(body, BodyFormat.FORM) == b"name=Ada+L&count=3&ok=true&tags=a&tags=b"


def test_nested_form_field_is_refused() -> None:
    assert isinstance(encode_body({"a": {"b": 1}}, BodyFormat.FORM), Refusal)


def test_value_that_json_does_not_know_is_refused_and_not_raised() -> None:
    assert isinstance(encode(request(body={"n": object()})), Refusal)


def test_large_number_is_written_in_full() -> None:
    assert wire(request(body={"n": 10**30})).body == b'{"n":1' + b"0" * 30 + b"}"


def test_text_that_is_no_unicode_is_refused_and_not_raised() -> None:
    assert isinstance(encode(request(body={"n": "\ud800"})), Refusal)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "https://user@example.com/",
        "https://user:pass@example.com/",
        "https://exa mple.com/",
        "https://example.com\\@evil.test/",
        "https://example.com/a\r\nHost: evil.test",
        "https://example.com:0/",
        "https://example.com:70000/",
        "https:///path",
        "//example.com/",
        "https://bücher.example/",
    ],
)
def test_dangerous_url_is_refused(url: str) -> None:
    assert isinstance(encode(request(url=url)), Refusal)


def test_ipv6_host_is_allowed() -> None:
    assert wire(request(url="http://[::1]:8080/x")).url == "http://[::1]:8080/x"


@given(st.text())
def test_header_value_never_ends_its_line(value: str) -> None:
    result = encode(request(headers={"x-note": value}))
    if isinstance(result, WireRequest):
        assert all(" " <= char <= "~" or char == "\t" for char in dict(result.headers)["x-note"])
    else:
        assert any(not (" " <= char <= "~" or char == "\t") for char in value)


@given(st.text(min_size=1))
def test_header_name_is_a_token_or_refused(name: str) -> None:
    result = encode(request(headers={name: "x"}))
    is_token = all(char in "!#$%&'*+.^_`|~-" or (char.isascii() and char.isalnum()) for char in name)
    assert isinstance(result, WireRequest) == is_token


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=4))
def test_query_survives_the_way(query: dict[str, str]) -> None:
    result = encode(request(query=query))
    if isinstance(result, WireRequest):
        assert dict(parse_qsl(urlsplit(result.url).query, keep_blank_values=True, strict_parsing=bool(query))) == query
        assert result.url.isascii()


@given(st.text())
def test_any_path_is_sent_safely_or_refused(path: str) -> None:
    result = encode(request(url=f"https://api.example.com/{path}"))
    if isinstance(result, WireRequest):
        assert urlsplit(result.url).netloc == "api.example.com"
        assert all("!" <= char <= "~" for char in result.url)
