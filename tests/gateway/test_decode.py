"""What the gateway makes of request bodies."""

from __future__ import annotations

import gzip
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.admission.door_policy import ContractDoor
from paceline.contracts.validation import compile_schema
from paceline.contracts.versions import Version
from paceline.model.door import DoorRules
from paceline.model.event import EventType
from paceline.model.settings import GatewayLimits, GatewaySettings
from paceline.runtime.gateway.decode import (
    DecodedRequest,
    RequestFacts,
    RequestRefusal,
    decode_request,
    inflate,
    is_too_deep,
    read_envelope,
)
from paceline.runtime.gateway.door import Door, Source

LIMITS = GatewayLimits()
DOOR = Door(settings=GatewaySettings(), sources={})
WEB = Source(name="web")


def facts(call: EventType | None, source: Source) -> RequestFacts:
    return RequestFacts(call=call, source=source, received_ms=1_000, headers={})


def decode(body: object, call: EventType | None = None, *, source: Source = WEB):
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    envelope = read_envelope(data, DOOR.limits)
    if isinstance(envelope, RequestRefusal):
        return envelope
    return decode_request(data, envelope, facts(call, source), DOOR, lambda: "fresh-id")


def only_verdict(event: object) -> tuple[str, str]:
    decoded = decode({"batch": [event]})
    assert isinstance(decoded, DecodedRequest)
    [verdict] = decoded.verdicts
    return verdict.verdict, verdict.reason


def test_single_call_takes_its_type_from_the_path():
    decoded = decode({"userId": "u1", "traits": {}}, EventType.IDENTIFY)
    assert [record.type for record in decoded.records] == ["identify"]


def test_track_call_is_typed_by_its_event_name():
    decoded = decode({"event": "Order Completed", "userId": "u1"}, EventType.TRACK)
    assert decoded.records[0].type == "track:Order Completed"


def test_event_is_kept_byte_for_byte():
    event = b'{"type":"track", "event":"x","userId":"u","properties":{"n":1.10,"big":12345678901234567890123}}'
    body = b'{"batch":[ ' + event + b" ]}"
    decoded = decode(body)
    assert decoded.records[0].data == event


def test_good_events_of_a_batch_are_kept_beside_bad_ones():
    good = {"type": "page", "anonymousId": "a"}
    decoded = decode({"batch": [good, 7, {"type": "nonsense", "userId": "u"}, good]})
    assert [verdict.verdict for verdict in decoded.verdicts] == ["accepted", "rejected", "rejected", "accepted"]
    assert len(decoded.records) == 2


def test_message_id_is_made_when_the_client_gave_none():
    decoded = decode({"batch": [{"type": "page", "userId": "u"}]})
    assert decoded.records[0].id == "fresh-id"


def test_order_follows_the_user_and_else_the_anonymous_id():
    decoded = decode(
        {"batch": [{"type": "page", "userId": 7, "anonymousId": "a"}, {"type": "page", "anonymousId": "a"}]}
    )
    assert [record.key for record in decoded.records] == ["7", "a"]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (7, "not_an_object"),
        ({"type": "nonsense", "userId": "u"}, "unknown_type"),
        ({"userId": "u"}, "unknown_type"),
        ({"type": "track", "userId": "u"}, "no_event_name"),
        ({"type": "track", "event": "", "userId": "u"}, "no_event_name"),
        ({"type": "page"}, "no_user"),
        ({"type": "page", "userId": {"$ne": 1}}, "no_user"),
        ({"type": "page", "userId": True}, "no_user"),
        ({"type": "page", "userId": "u", "messageId": 5}, "bad_message_id"),
        ({"type": "page", "userId": "u", "messageId": "x" * 600}, "bad_message_id"),
        ({"type": "page", "userId": "u", "properties": {"pad": "x" * 300_000}}, "event_too_large"),
        ({"type": "page", "userId": "u", "properties": {str(n): n for n in range(10_001)}}, "too_many_keys"),
    ],
)
def test_event_that_cannot_be_kept_is_rejected_with_its_reason(event: object, reason: str):
    assert only_verdict(event) == ("rejected", reason)


def test_event_that_nests_too_deep_is_rejected():
    nested: object = 1
    for _ in range(33):
        nested = {"a": nested}
    assert only_verdict({"type": "page", "userId": "u", "properties": nested}) == ("rejected", "too_deep")


def test_brackets_inside_text_do_not_count_as_depth():
    assert only_verdict({"type": "page", "userId": "u", "name": '[{"\\[' * 40}) == ("accepted", "")


def test_body_that_nests_a_hundred_thousand_levels_is_refused():
    assert decode(b'{"batch":[' + b"[" * 100_000).code == "too_deep"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_json"),
        (b"not json", "bad_json"),
        (b"[]", "bad_request"),
        (b'{"batch":[}', "bad_json"),
        (b'{"batch":{}}', "bad_request"),
        (b'{"x":1}', "no_batch"),
        (b'{"batch":[], "writeKey": 5}', "bad_request"),
        (b'{"batch":["\xff"]}', "bad_utf8"),
    ],
)
def test_body_of_the_wrong_form_is_refused(body: bytes, code: str):
    assert decode(body).code == code


def test_batch_over_the_limit_says_which_limit_and_how_many_came():
    refusal = decode({"batch": [{}] * 501})
    assert (refusal.status, refusal.limit, refusal.value, refusal.actual) == (413, "max_batch_events", 500, 501)


def test_context_of_a_batch_lies_under_each_events_own():
    event = {"type": "page", "userId": "u", "context": {"ip": "own"}}
    decoded = decode({"batch": [event], "context": {"ip": "shared", "locale": "de"}, "integrations": {"All": False}})
    kept = msgspec.json.decode(decoded.records[0].data)
    assert kept["context"] == {"ip": "own", "locale": "de"}
    assert kept["integrations"] == {"All": False}


def source_with_contract(**rules: str) -> Source:
    """A source whose orders must have properties."""
    schema = compile_schema({"type": "object", "required": ["properties"]})
    chosen = msgspec.convert(rules, DoorRules)
    judge = ContractDoor("order", [(Version.parse("1.0.0"), schema)], chosen).judge
    return Source(name="web", judges={"track:Order": judge}, rules=chosen)


ORDER = {"type": "track", "event": "Order", "userId": "u"}


def test_event_that_breaks_its_contract_is_kept_in_quarantine():
    decoded = decode({"batch": [ORDER]}, source=source_with_contract())
    assert decoded.verdicts[0].verdict == "quarantined"
    assert decoded.records[0].verdict.rule == "contract:order/1.0.0/properties"


def test_source_that_rejects_refuses_what_breaks_a_contract():
    decoded = decode({"batch": [ORDER]}, source=source_with_contract(broken="reject"))
    assert decoded.records == []
    assert decoded.verdicts[0].verdict == "rejected"


def test_stamped_event_goes_on_with_its_violations_noted():
    decoded = decode({"batch": [ORDER]}, source=source_with_contract(broken="stamp"))
    assert decoded.verdicts[0].verdict == "accepted"
    noted = msgspec.json.decode(decoded.records[0].data)["context"]["protocols"]["violations"]
    assert [violation["field"] for violation in noted] == ["/properties"]


def test_undeclared_event_is_taken_in_unless_the_rules_say_otherwise():
    other = {**ORDER, "event": "Other"}
    assert decode({"batch": [other]}, source=source_with_contract()).verdicts[0].verdict == "accepted"
    refused = decode({"batch": [other]}, source=source_with_contract(undeclared_event="quarantine"))
    assert refused.records[0].verdict.rule == "contract:undeclared"


def test_contract_version_is_recorded_on_the_event():
    decoded = decode({"batch": [{**ORDER, "properties": {}}]}, source=source_with_contract())
    assert decoded.records[0].dataschema == "order/1.0.0"


def test_gzip_body_is_inflated():
    assert inflate(gzip.compress(b"hello", mtime=0), max_bytes=100) == b"hello"


def test_decompression_bomb_stops_at_the_limit():
    refusal = inflate(gzip.compress(b"\0" * 50_000_000), max_bytes=1_000_000)
    assert isinstance(refusal, RequestRefusal)
    assert (refusal.status, refusal.actual) == (413, 1_000_001)


@pytest.mark.parametrize(
    "body",
    [b"", b"plain", gzip.compress(b"cut", mtime=0)[:-4], gzip.compress(b"a", mtime=0) + b"more", zlib.compress(b"a")],
)
def test_broken_gzip_is_refused(body: bytes):
    assert inflate(body, max_bytes=100).code == "bad_gzip"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.one_of(st.binary(max_size=200), json_values.map(msgspec.json.encode)))
def test_no_body_makes_decoding_raise(body: bytes):
    decode(body)
    decode(body, EventType.TRACK)


@given(json_values)
def test_depth_is_what_a_parser_would_count(value: object):
    def depth(inner: object) -> int:
        if isinstance(inner, dict):
            return 1 + max((depth(child) for child in inner.values()), default=0)
        if isinstance(inner, list):
            return 1 + max((depth(child) for child in inner), default=0)
        return 0

    data = msgspec.json.encode(value)
    assert is_too_deep(data, depth(value)) is False
    assert depth(value) == 0 or is_too_deep(data, depth(value) - 1) is True
