"""What the description cannot say about webhooks: the user's own method and headers, and paths below the URL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from paceline.model.delivery import BodyFormat, Item, Request

# The sender or the signature sets these; a second value would let one request be read as two, or void the signature.
_RESERVED = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    }
)
# What says how a request is to be read, or what servers take as another method, host or client than the request's own:
# not for a payload to say.
_NOT_BY_PAYLOAD = frozenset({"content-encoding", "expect", "forwarded", "keep-alive", "te", "trailer", "upgrade"})
_PREFIXES_NOT_BY_PAYLOAD = ("proxy-", "x-forwarded-", "x-http-method", "x-method-override", "x-original-", "x-rewrite-")


def build(
    request: Request, items: Sequence[Item], settings: Mapping[str, object], *, action: str, now_ms: int
) -> Request:
    """The request with the user's method and headers. GET and DELETE carry the payload's fields as query parameters."""
    method = str(settings.get("method", "POST"))
    payload: Mapping[str, object] = items[0].payload
    headers = dict(request.headers)
    # To the letter: for some servers a slash at the end makes it another place.
    request = msgspec.structs.replace(request, url=str(settings["url"]))
    if action == "send_to_path":
        headers = _with_payload_headers(headers, payload.get("headers"))
        body = payload["body"]
        assert isinstance(body, dict)
        url = _at_root(request.url, payload.get("root_path"))
        request = msgspec.structs.replace(request, url=_below(url, payload.get("path")), body=body)
        payload = body
    headers = _with_own_headers(headers, settings.get("headers"))
    if method not in {"GET", "DELETE"}:
        return msgspec.structs.replace(request, method=method, headers=headers)
    return msgspec.structs.replace(
        request,
        method=method,
        headers=headers,
        query={**request.query, **_as_query(payload)},
        body_format=BodyFormat.NONE,
        body=None,
    )


def _at_root(url: str, path: object) -> str:
    """The URL's scheme, host and port with another path. The path's form has been checked by the action's schema.

    >>> _at_root("https://hooks.example.com/in?team=1", "/users/7")
    'https://hooks.example.com/users/7'
    """
    if not isinstance(path, str):
        return url
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{path}"


def _below(url: str, path: object) -> str:
    """The URL with a path behind its own and before its query. The path's form has been checked by the action's schema.

    >>> _below("https://hooks.example.com/in?team=1", "/users/7?full=1")
    'https://hooks.example.com/in/users/7?team=1&full=1'
    """
    if not isinstance(path, str):
        return url
    place, _, query = url.partition("?")
    below, _, more = path.partition("?")
    joined = place.rstrip("/") + below if below else place
    if not below and more and place.count("/") == 2:
        joined += "/"
    both = "&".join(part for part in (query, more) if part)
    return f"{joined}?{both}" if both else joined


def _with_payload_headers(headers: Mapping[str, str], given: object) -> dict[str, str]:
    """Headers that a mapping made; never one that says how the request is to be read."""
    if not isinstance(given, Mapping):
        return dict(headers)
    harmless = {name: value for name, value in given.items() if not _is_for_the_sender(str(name).lower())}
    return _with_own_headers(headers, harmless)


def _is_for_the_sender(name: str) -> bool:
    return name in _NOT_BY_PAYLOAD or name.startswith(_PREFIXES_NOT_BY_PAYLOAD)


def _with_own_headers(headers: Mapping[str, str], own: object) -> dict[str, str]:
    if not isinstance(own, Mapping):
        return dict(headers)
    allowed = {str(name): str(value) for name, value in own.items() if str(name).lower() not in _RESERVED}
    replaced = {name.lower() for name in allowed}
    return {name: value for name, value in headers.items() if name.lower() not in replaced} | allowed


def _as_query(payload: Mapping[str, object]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in payload.items()
        if value is not None
    }
