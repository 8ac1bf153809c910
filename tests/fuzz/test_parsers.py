"""Every parser at the door, on bytes that nobody foresaw: an answer comes, and it is one of the foreseen ones."""

from __future__ import annotations

import json
import zlib

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from paceline.delivery.signatures import SignedRequest, challenge_of, message_id_of, mistrust_of
from paceline.delivery.webhooks import read_secret, verify
from paceline.model.event import EventType, read_event
from paceline.model.settings import GatewayLimits, GatewaySettings, WebhookScheme
from paceline.runtime.gateway.app import _user_of_basic_auth
from paceline.runtime.gateway.decode import (
    DecodedRequest,
    RequestFacts,
    decode_request,
    inflate,
    is_too_deep,
    read_envelope,
)
from paceline.runtime.gateway.door import Door, Source
from paceline.runtime.gateway.refusal import RequestRefusal

LIMITS = GatewayLimits(max_body_bytes=65_536)
DOOR = Door(settings=GatewaySettings(limits=LIMITS), sources={})
VERDICTS = {"accepted", "quarantined", "rejected"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
field_names = st.sampled_from(["type", "event", "userId", "anonymousId", "messageId", "context", "sentAt", "timestamp"])
events = st.dictionaries(field_names | st.text(max_size=5), json_values | st.sampled_from(["track", "page", "u1"]))
bodies = (
    st.binary(max_size=300)
    | st.text(alphabet='{}[]":,\\u0019eE+-.ntf \n', max_size=200).map(str.encode)
    | st.builds(lambda batch: json.dumps({"batch": batch}).encode(), st.lists(events | json_values, max_size=4))
    | json_values.map(lambda value: json.dumps(value).encode())
)


def decode(body: bytes, call: EventType | None) -> DecodedRequest | RequestRefusal:
    envelope = read_envelope(body, LIMITS)
    if isinstance(envelope, RequestRefusal):
        return envelope
    facts = RequestFacts(call=call, source=Source(name="web"), received_ms=1_764_000_000_000, headers={})
    return decode_request(body, envelope, facts, DOOR, lambda: "fresh-id")


@given(bodies, st.none() | st.sampled_from(EventType))
@example(b'{"batch":[{"type":"page","userId":"\\ud800"}]}', None)
@example(b'{"batch":[],"context":' + b"[" * 5000 + b"]" * 5000 + b"}", None)
def test_any_body_is_refused_or_judged_event_by_event(body: bytes, call: EventType | None):
    decoded = decode(body, call)
    if isinstance(decoded, RequestRefusal):
        assert 400 <= decoded.status < 500
        assert msgspec.json.decode(decoded.body)["error"]["code"] == decoded.code
        return
    assert {verdict.verdict for verdict in decoded.verdicts} <= VERDICTS
    assert len(decoded.records) == sum(verdict.verdict != "rejected" for verdict in decoded.verdicts)
    msgspec.json.encode(decoded.verdicts)
    for record in decoded.records:
        msgspec.json.encode(read_event(record).payload)
        msgspec.msgpack.encode(record)


@given(bodies)
def test_what_is_stored_is_what_was_sent(body: bytes):
    decoded = decode(body, EventType.TRACK)
    if isinstance(decoded, DecodedRequest):
        assert all(record.data == body for record in decoded.records)


@given(st.binary(max_size=400), st.booleans())
def test_any_compressed_body_is_inflated_to_the_limit_or_refused(body: bytes, is_real: bool):
    squeezed = zlib.compress(body, wbits=31) if is_real else body
    inflated = inflate(squeezed, max_bytes=300)
    if isinstance(inflated, bytes):
        assert len(inflated) <= 300
    else:
        assert inflated.status in {400, 413}
    if is_real and len(body) <= 300:
        assert inflated == body


@given(json_values, st.integers(1, 6))
def test_depth_is_what_a_parser_would_find(value: object, most: int):
    def depth(part: object) -> int:
        if isinstance(part, dict):
            return 1 + max(map(depth, part.values()), default=0)
        return 1 + max(map(depth, part), default=0) if isinstance(part, list) else 0

    assert is_too_deep(json.dumps(value).encode(), most) == (depth(value) > most)


@given(st.binary(max_size=100))
def test_any_credentials_are_a_key_or_none(credentials: bytes):
    assert isinstance(_user_of_basic_auth(b"Basic " + credentials), str)
    assert _user_of_basic_auth(b"Bearer " + credentials) == ""


header_names = st.sampled_from(
    [
        "webhook-id", "webhook-timestamp", "webhook-signature", "stripe-signature", "x-shopify-hmac-sha256",
        "x-hubspot-signature-v3", "x-hubspot-request-timestamp", "x-slack-signature", "x-slack-request-timestamp",
        "x-hub-signature-256", "typeform-signature", "x-signature",
    ]
)  # fmt: skip
header_values = st.text(alphabet=st.characters(max_codepoint=255), max_size=40) | st.sampled_from(
    ["t=1,v1=a", "v1,abc", "1764000000", "sha256=", "t=1764000000,v1=", "v0="]
)


@given(
    st.sampled_from(WebhookScheme),
    st.dictionaries(header_names, header_values),
    st.binary(max_size=100) | bodies,
    st.text(max_size=30),
)
def test_nobody_without_the_secret_is_believed(scheme: WebhookScheme, headers: dict, body: bytes, url: str):
    request = SignedRequest(method="POST", url=url, headers=headers, body=body)
    secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
    assert mistrust_of(scheme, secrets, request, now_secs=1_764_000_000, tolerance_secs=300) is not None
    assert len(message_id_of(scheme, request)) < 300
    challenge_of(scheme, request)


@given(st.text(max_size=60), st.dictionaries(st.text(max_size=20), st.text(max_size=40)), st.binary(max_size=60))
def test_any_standard_webhook_is_judged(secret: str, headers: dict[str, str], payload: bytes):
    try:
        key = read_secret(secret)
    except ValueError:
        return
    assert verify(key, headers, payload, now_secs=0.0) is not None
