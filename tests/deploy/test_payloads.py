"""What platforms bring and what they are asked: read and written without a network."""

from __future__ import annotations

import json

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from functions import sqs_event
from hypothesis import given
from hypothesis import strategies as st

from paceline.deploy.aws import AwsCredentials, read_secret, sign, taken_messages
from paceline.deploy.incoming import Incoming, unwrap
from paceline.deploy.lambda_events import Brought, HttpCall, Trigger, read_lambda_event
from paceline.exchange.rows import RowShape, event_of
from paceline.model.delivery import Answer, WireRequest
from paceline.model.event import EventType

CREDENTIALS = AwsCredentials(key_id="AKID", secret_key="secret", token="session", region="eu-west-1")


@given(st.binary(max_size=200), st.sampled_from(["/", "/queue/name"]), st.sampled_from(["", "b=2&a=1", "x=%20y"]))
def test_signature_is_the_one_that_the_sdk_makes(body: bytes, path: str, query: str) -> None:
    now_ms = 1_795_392_000_000
    url = f"https://sqs.eu-west-1.amazonaws.com{path}{'?' + query if query else ''}"
    ours = dict(
        sign(
            WireRequest(method="POST", url=url, headers=(("content-type", "application/json"),), body=body),
            CREDENTIALS, "sqs", now_ms=now_ms,
        ).headers
    )  # fmt: skip
    request = AWSRequest("POST", url, data=body, headers={"content-type": "application/json"})
    request.context["timestamp"] = ours["x-amz-date"]
    signer = SigV4Auth(Credentials("AKID", "secret", "session"), "sqs", "eu-west-1")
    request.headers["X-Amz-Date"] = ours["x-amz-date"]
    request.headers["X-Amz-Security-Token"] = "session"
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    assert ours["authorization"].endswith(f"Signature={signature}")


def test_credentials_are_not_shown() -> None:
    assert "secret" not in f"{CREDENTIALS!r}"


def read(event: object, max_receives: int = 0) -> HttpCall | Brought:
    assert isinstance(event, dict)
    return read_lambda_event(event, max_receives=max_receives, request_id="r", now_ms=5)


def test_queue_message_is_the_same_when_it_comes_again() -> None:
    first, second = (read(sqs_event(["{}"], receives=receives, sent_ms=7), 3) for receives in (1, 3))
    assert isinstance(first, Brought)
    assert isinstance(second, Brought)
    one, again = first.messages[0], second.messages[0]
    assert (one.id, one.received_ms) == (again.id, again.received_ms) == ("q-0", 7)
    assert (one.first_tried_ms, one.is_last_chance, again.is_last_chance) == (0, False, True)


def test_message_names_its_source() -> None:
    event = sqs_event(["{}"])
    event["Records"][0]["messageAttributes"] = {"source": {"dataType": "String", "stringValue": "server"}}
    found = read(event)
    assert isinstance(found, Brought)
    assert found.messages[0].source == "server"


NAMES = "Records requestContext http kinesis body eventSource Sns detail detail-type data".split()  # noqa: SIM905
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_nothing_that_invokes_the_function_makes_it_raise(event: object) -> None:
    found = read(event if isinstance(event, dict) else {"x": event})
    assert isinstance(found, HttpCall) or found.trigger in Trigger


def unwrapped(body: object) -> Incoming:
    return unwrap(Incoming(body=json.dumps(body).encode(), id="1", received_ms=1))


EVENT = {"type": "track", "event": "Paid", "userId": "u"}


@pytest.mark.parametrize(
    "body",
    [
        EVENT,
        {"Type": "Notification", "MessageId": "m", "Message": json.dumps(EVENT)},
        {"Type": "Notification", "Message": json.dumps({"detail-type": "x", "source": "s", "detail": EVENT})},
        {"specversion": "1.0", "id": "e", "source": "/s", "type": "track:Paid", "data": EVENT},
        {"dead_letter": {"event_id": "e"}, "event": EVENT, "received_ms": 4},
    ],
)
def test_wrappings_are_taken_off(body: object) -> None:
    assert json.loads(unwrapped(body).body) == EVENT


def test_dead_letter_keeps_its_source_its_id_and_its_time() -> None:
    found = unwrapped({"dead_letter": {"event_id": "e", "source": "web"}, "event": EVENT, "received_ms": 4})
    assert (found.id, found.source, found.received_ms, found.is_replay) == ("e", "web", 4, True)


@given(st.binary(max_size=60))
def test_what_is_no_json_stays_as_it_is(body: bytes) -> None:
    try:
        json.loads(body)
    except ValueError:
        assert unwrap(Incoming(body=body, id="1", received_ms=1)).body == body


def test_secret_of_a_key_is_read() -> None:
    answer = Answer(status=200, body=json.dumps({"SecretString": '{"key": "v"}'}).encode())
    assert read_secret("aws-sm:a#key", answer) == "v"
    assert read_secret("aws-sm:a#other", answer) is None
    assert read_secret("aws-sm:a", Answer(status=400)) is None


def test_messages_that_a_queue_did_not_take_are_known() -> None:
    body = {"Successful": [{"Id": "0"}], "Failed": [{"Id": "1", "SenderFault": False, "Code": "Throttled"}]}
    assert taken_messages(Answer(status=200, body=json.dumps(body).encode()), 2) == {0}
    assert taken_messages(Answer(status=0, fault="timeout"), 2) == set()


ALL = {"properties.n": "integer", "properties.b": "boolean", "properties.l": "array"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"userId": "u", "email": "e"}, {"userId": "u", "properties": {"email": "e"}}),
        ({"n": "07", "context.locale": "de"}, {"properties": {"n": 7}, "context": {"locale": "de"}}),
        ({"n": "many"}, {"properties": {"n": "many"}}),
        ({"b": "Yes", "none": "", "null": None}, {"properties": {"b": True}}),
        ({"l": "[1]", "properties.x.y": 1.5}, {"properties": {"l": [1], "x": {"y": 1.5}}}),
    ],
)
def test_rows_become_events(row: dict[str, object], expected: dict[str, object]) -> None:
    shape = RowShape(event="E", types={"E": ALL})
    assert event_of(row, shape) == {"type": "track", "event": "E", **expected}


def test_rows_of_an_identify_call_are_traits() -> None:
    made = event_of({"userId": "u", "email": "e"}, RowShape(call=EventType.IDENTIFY))
    assert made == {"type": "identify", "userId": "u", "traits": {"email": "e"}}
