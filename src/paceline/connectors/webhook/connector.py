"""What the description cannot say about webhooks: the user's own method and headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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


def build(
    request: Request, items: Sequence[Item], settings: Mapping[str, object], *, action: str, now_ms: int
) -> Request:
    """The request with the user's method and headers. GET and DELETE carry the payload's fields as query parameters."""
    method = str(settings.get("method", "POST"))
    headers = _with_own_headers(request.headers, settings.get("headers"))
    if method not in {"GET", "DELETE"}:
        return msgspec.structs.replace(request, method=method, headers=headers)
    return msgspec.structs.replace(
        request,
        method=method,
        headers=headers,
        query={**request.query, **_as_query(items[0].payload)},
        body_format=BodyFormat.NONE,
        body=None,
    )


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
