"""Writes a request as bytes for the wire. Pure; what cannot be written safely comes back as a refusal."""

from __future__ import annotations

import functools
import re
from typing import assert_never
from urllib.parse import quote, quote_plus

import msgspec

from paceline.model.delivery import BodyFormat, Request, WireRequest
from paceline.model.event import Refusal

CONTENT_TYPES = {
    BodyFormat.JSON: "application/json",
    BodyFormat.FORM: "application/x-www-form-urlencoded",
}

# RFC 9110, section 5.6.2 (token) and 5.5 (field value), narrowed to visible ASCII, blanks and tabs: obsolete text and
# every control character stay out, so no value can end its line.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*\Z")
# RFC 3986 without user information: nothing may follow the scheme but a host and a port.
_URL = re.compile(
    r"(?P<origin>https?://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?)(?::[0-9]{1,5})?)"
    r"(?P<path>/[^?#\x00-\x20\x7f\\]*)?(?:\?(?P<query>[^#\x00-\x20\x7f\\]*))?(?:#[^\x00-\x20\x7f]*)?\Z",
    re.IGNORECASE,
)
_PATH_SAFE = "/:@!$&'()*+,;=-._~%"
_QUERY_SAFE = _PATH_SAFE + "?"
_encode_json = msgspec.json.Encoder().encode


def encode(request: Request) -> WireRequest | Refusal:
    """The request on the wire, or why it must not be sent. Never raises for what an event or a setting contains.

    >>> encode(Request(method="GET", url="https://api.example.com/a", query={"q": "x y"}, body_format=BodyFormat.NONE))
    WireRequest(method='GET', url='https://api.example.com/a?q=x+y', headers=(), body=b'')
    """
    url = _encode_url(request.url, request.query) if request.query else _check_url(request.url)
    if isinstance(url, Refusal):
        return url
    body = encode_body(request.body, request.body_format)
    if isinstance(body, Refusal):
        return body
    headers: list[tuple[str, str]] = []
    typed = request.body_format is BodyFormat.NONE
    for name, value in request.headers.items():
        if not _HEADER_NAME.match(name) or not _HEADER_VALUE.match(value):
            return _refusal("headers", f"header {name!r} has a character that would break the request")
        typed = typed or name.lower() == "content-type"
        headers.append((name, value))
    if not typed:
        headers.append(("Content-Type", CONTENT_TYPES[request.body_format]))
    return WireRequest(method=request.method, url=url, headers=tuple(headers), body=body)


def encode_body(body: object, body_format: BodyFormat) -> bytes | Refusal:
    """A body's bytes. `msgspec.Raw` is JSON that was written before, for connectors that sign what they send."""
    match body_format:
        case BodyFormat.JSON:
            try:
                return _encode_json(body)
            except (TypeError, ValueError, OverflowError, RecursionError) as error:
                return _refusal("body", f"the body cannot be written as JSON ({type(error).__name__})")
        case BodyFormat.FORM:
            return _encode_form(body)
        case BodyFormat.NONE:
            return b""
        case _:
            assert_never(body_format)


def _encode_form(body: object) -> bytes | Refusal:
    """application/x-www-form-urlencoded: null is left out, a list repeats its name, numbers are written as in JSON."""
    if not isinstance(body, dict):
        return _refusal("body", "a form body must be an object")
    pairs: list[str] = []
    for name, value in body.items():
        for single in value if isinstance(value, list) else (value,):
            if single is None:
                continue
            if isinstance(single, dict | list):
                return _refusal("body", f"form field {name!r} must not be nested")
            try:
                text = single if isinstance(single, str) else _encode_json(single).decode()
                pairs.append(f"{quote_plus(str(name))}={quote_plus(text)}")
            except (TypeError, ValueError, OverflowError):
                return _refusal("body", f"form field {name!r} cannot be written")
    return "&".join(pairs).encode("ascii")


def _encode_url(url: str, query: dict[str, str]) -> str | Refusal:
    checked = _check_url(url)
    if isinstance(checked, Refusal):
        return checked
    try:
        added = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in query.items())
    except UnicodeEncodeError:
        return _refusal("query", "a query value is not valid Unicode")
    return f"{checked}{'&' if '?' in checked else '?'}{added}"


@functools.lru_cache(maxsize=4096)
def _check_url(url: str) -> str | Refusal:
    """The URL in ASCII and without its fragment: what is not allowed to stand for itself is percent-encoded."""
    parts = _URL.match(url)
    if parts is None:
        return _refusal("url", "not an absolute http or https URL without user name, spaces and control characters")
    if not _has_possible_port(parts["origin"]):
        return _refusal("url", "the port must be between 1 and 65535")
    try:
        path = quote(parts["path"] or "/", safe=_PATH_SAFE)
        query = quote(parts["query"] or "", safe=_QUERY_SAFE)
    except UnicodeEncodeError:
        return _refusal("url", "not valid Unicode")
    return f"{parts['origin']}{path}{'?' + query if query else ''}"


def _has_possible_port(origin: str) -> bool:
    port = re.search(r":([0-9]+)\Z", origin)
    return port is None or 0 < int(port[1]) < 65536


def _refusal(rule: str, message: str) -> Refusal:
    return Refusal(rule=f"request.{rule}", reason="unsafe", message=message)
