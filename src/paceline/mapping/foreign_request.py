"""A foreign request as adapters see it: from the webhook record that the gateway stored, or from a test's file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec

from paceline.model.adapter import ForeignRequest
from paceline.model.event import isoformat_ms

_ABOUT_THE_CONNECTION = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "connection", "content-length", "host", "transfer-encoding"),
        *("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip"),
        *("cf-connecting-ip", "true-client-ip", "via"),
    }
)
_CREDENTIALS = ("signature", "hmac", "authorization", "cookie", "token", "secret", "api-key")
_FORM = "application/x-www-form-urlencoded"


def request_of_record(payload: Mapping[str, object], source: str) -> dict[str, object]:
    """The request in a webhook event (`webhook.<source>`, complete as `read_event` gives it)."""
    properties = payload.get("properties")
    raw: Mapping[str, object] = properties if isinstance(properties, dict) else {}
    kept = {"body": "body", "body_text": "text", "body_base64": "base64"}
    body = {name: raw[key] for key, name in kept.items() if key in raw}
    return _request(
        raw,
        body,
        {
            "id": payload.get("messageId", ""),
            "source": source,
            "scheme": raw.get("scheme", ""),
            "receivedAt": payload.get("receivedAt", ""),
        },
    )


def request_of_file(
    given: ForeignRequest, *, received_ms: int, source: str = "", scheme: str = ""
) -> dict[str, object]:
    """The request that a test or a sample states. Its id is a digest of the body, as for most vendors."""
    raw: dict[str, object] = {
        "headers": {name.lower(): value for name, value in given.headers.items()},
        "query": given.query,
        "method": given.method,
        "path": given.path,
    }
    body = {"text": given.body} if isinstance(given.body, str) else {"body": given.body}
    digest = hashlib.sha256(msgspec.json.encode(given.body)).hexdigest()[:32]
    received = isoformat_ms(received_ms)
    return _request(raw, body, {"id": f"raw-{digest}", "source": source, "scheme": scheme, "receivedAt": received})


def _request(raw: Mapping[str, object], body: Mapping[str, object], about: Mapping[str, object]) -> dict[str, object]:
    headers = raw.get("headers")
    headers = headers if isinstance(headers, dict) else {}
    request: dict[str, object] = {
        **about,
        **body,
        "headers": {name: value for name, value in headers.items() if _is_kept(name)},
        "query": dict(parse_qsl(str(raw.get("query", "")), keep_blank_values=True)),
        "method": raw.get("method", "POST"),
        "path": raw.get("path", ""),
    }
    text = body.get("text")
    if isinstance(text, str) and str(headers.get("content-type", "")).startswith(_FORM):
        request["form"] = dict(parse_qsl(text, keep_blank_values=True))
    return request


def _is_kept(name: str) -> bool:
    """Whether a header may go on with the events: nothing that proves who sent it, nothing about the connection."""
    return name not in _ABOUT_THE_CONNECTION and not any(part in name for part in _CREDENTIALS)
