"""From a vendor's signed request to a record: verified over the raw bytes first, then kept whole. Pure.

The record is a track event named `webhook.<source>`, so that everything behind the gateway treats it as any other:

    {"type": "track", "event": "webhook.forms", "messageId": "typeform-01H…", "timestamp": "2026-…",
     "properties": {"scheme": "typeform", "method": "POST", "path": "/v1/in/forms", "query": "",
                    "headers": {"content-type": "application/json", …}, "body": {…}}}

`body` is the vendor's JSON, byte for byte. A body that is no JSON object or array is in `body_text`, or in
`body_base64` when it is no UTF-8. All headers are kept but those that hold credentials. Events of one source keep
their order.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import msgspec

from paceline.admission.door_policy import ACCEPTED, Decision
from paceline.delivery.signatures import SignedRequest, challenge_of, message_id_of, mistrust_of
from paceline.model.event import isoformat_ms
from paceline.model.record import Record
from paceline.model.settings import GatewayLimits
from paceline.runtime.gateway.decode import DecodedRequest, EventVerdict, is_too_deep, too_deep
from paceline.runtime.gateway.door import WebhookSource
from paceline.runtime.gateway.refusal import RequestRefusal

PATH_PREFIX = "/v1/in/"
_credential_headers = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})


class ChallengeAnswer(msgspec.Struct, frozen=True):
    """What a vendor wants to hear back before it sends events."""

    challenge: str


def read_webhook(
    source: WebhookSource, request: SignedRequest, limits: GatewayLimits, *, now_ms: int
) -> DecodedRequest | ChallengeAnswer | RequestRefusal:
    """The record of one request, or what to answer in its place. Nothing is parsed before the signature is checked."""
    settings = source.settings
    mistrust = mistrust_of(
        settings.scheme,
        source.secrets,
        request,
        now_secs=now_ms / 1000,
        tolerance_secs=settings.tolerance_secs,
    )
    if mistrust is not None:
        return RequestRefusal(status=401, code=mistrust, message="the webhook's signature does not hold")
    challenge = challenge_of(settings.scheme, request)
    if challenge is not None:
        return ChallengeAnswer(challenge)
    if is_too_deep(request.body, limits.max_depth - 2):  # the event adds two levels
        return too_deep(limits)
    identity = message_id_of(settings.scheme, request)
    event = _event(source, request, identity, isoformat_ms(now_ms))
    data = _encode(event)
    if len(data) > limits.max_body_bytes:
        return _too_large(limits, len(data))
    kind = f"track:{event['event']}"
    # What an adapter will make of it is judged instead, event by event.
    is_raw = bool(settings.adapter) or settings.wait_for_adapter
    judgement = ACCEPTED if is_raw else source.source.judge(kind, _decode(data))
    verdict = judgement.verdict
    if judgement.decision is Decision.REJECT:
        assert verdict is not None
        return RequestRefusal(status=400, code="rejected", message=verdict.detail)
    record = Record(
        id=identity,
        source=source.source.name,
        type=kind,
        key=f"webhook.{source.source.name}",
        received_ms=now_ms,
        data=data if judgement.event is None else _encode(judgement.event),
        dataschema=judgement.dataschema,
        verdict=verdict,
    )
    told = EventVerdict(identity, "accepted")
    if verdict is not None:
        told = EventVerdict(identity, "quarantined", verdict.rule, verdict.detail)
    return DecodedRequest(records=[record], verdicts=[told])


def join_headers(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; what came more than once is joined by commas, as HTTP understands it.

    >>> join_headers([(b"a", b"1"), (b"b", b"2"), (b"a", b"3")])
    {'a': '1, 3', 'b': '2'}
    """
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _event(source: WebhookSource, request: SignedRequest, identity: str, at: str) -> Mapping[str, object]:
    path, _, query = request.url.partition("://")[2].partition("/")[2].partition("?")
    properties: dict[str, object] = {
        "scheme": source.settings.scheme,
        "method": request.method,
        "path": f"/{path}",
        "query": query,
        "headers": {name: value for name, value in request.headers.items() if name not in _credential_headers},
    }
    name, value = _body(request.body)
    properties[name] = value
    return {
        "type": "track",
        "event": f"webhook.{source.source.name}",
        "messageId": identity,
        "timestamp": at,
        "properties": properties,
    }


def _body(body: bytes) -> tuple[str, object]:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return "body_base64", base64.b64encode(body).decode()
    try:
        value = _decode(body)
    except msgspec.DecodeError:
        return "body_text", text
    return ("body", msgspec.Raw(body)) if isinstance(value, dict | list) else ("body_text", text)


def _too_large(limits: GatewayLimits, actual: int) -> RequestRefusal:
    return RequestRefusal(
        status=413,
        code="body_too_large",
        message="the webhook is too large to be kept",
        limit="max_body_bytes",
        value=limits.max_body_bytes,
        actual=actual,
    )


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
