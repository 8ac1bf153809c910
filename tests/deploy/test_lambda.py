"""The Lambda archive, run by AWS's own runtime client against a runtime API on loopback; queues are moto's."""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from functions import WEB_KEY, LambdaFailed, LambdaRuntime, Vendors, events, sqs_event
from moto.server import ThreadedMotoServer

from paceline.delivery.message_ids import message_id
from paceline.model.connector import IdForm
from paceline.model.delivery import Item

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "token",
}


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """The URL of moto's services."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def client(service: str, aws: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=aws,
        region_name="eu-west-1",
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


class Queue:
    """A queue of moto's."""

    def __init__(self, aws: str, name: str) -> None:
        self.sqs = client("sqs", aws)
        self.url = self.sqs.create_queue(QueueName=f"{name}-{time.monotonic_ns()}")["QueueUrl"]

    def letters(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while messages := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in messages]
        return found


@pytest.fixture
def dead(aws: str) -> Queue:
    return Queue(aws, "dead")


@pytest.fixture
def function(
    builds: dict[str, Path], tmp_path: Path, vendors: Vendors, dead: Queue, aws: str
) -> Iterator[LambdaRuntime]:
    environment = {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": aws,
        "PACELINE_FAKE_VENDORS": vendors.url,
        "PACELINE_DEAD_LETTERS": f"sqs:{dead.url}",
        "PACELINE_MAX_RECEIVES": "5",
    }
    with LambdaRuntime(builds["lambda"] / "function.zip", tmp_path / "function", environment) as running:
        yield running


def test_queue_of_events_and_batches_is_delivered(function: LambdaRuntime, vendors: Vendors) -> None:
    made = events(12)
    bodies = [json.dumps(event) for event in made[:6]] + [json.dumps({"batch": made[6:]})]
    assert function.invoke(sqs_event(bodies)) == {"batchItemFailures": []}
    assert (vendors.received()["items"], vendors.received()["duplicates"]) == (12, 0)


def test_function_tells_what_became_of_every_event(function: LambdaRuntime) -> None:
    one, other = events(2)
    function.invoke(sqs_event([json.dumps(one), json.dumps(one), json.dumps(other), '{"type": "page", "userId": "u"}']))
    (fact,) = function.facts("function.invoked")
    counts = ("delivered", "filtered", "suppressed", "rejected", "dead", "unfinished")
    assert [fact[count] for count in counts] == [2, 1, 1, 0, 0, 0]
    assert fact["events"] == 4


def test_only_messages_that_failed_come_again(function: LambdaRuntime, vendors: Vendors) -> None:
    first, second = events(2)
    assert function.invoke(sqs_event([json.dumps(first)])) == {"batchItemFailures": []}
    vendors.misbehave(status=503)
    # Time for few tries only, so that the vendor does not count as down afterwards.
    failed = function.invoke(sqs_event([json.dumps(first), json.dumps(second)]), secs=1.5)
    assert [one["itemIdentifier"] for one in failed["batchItemFailures"]] == ["q-1"]
    vendors.misbehave()
    time.sleep(1)
    assert function.invoke(sqs_event([json.dumps(second)], receives=2), secs=60) == {"batchItemFailures": []}
    assert vendors.received()["distinct"] == 2


def test_short_trouble_is_over_within_the_invocation(function: LambdaRuntime, vendors: Vendors) -> None:
    vendors.misbehave(status=503, times=1)
    assert function.invoke(sqs_event([json.dumps(events(2)[1])]), secs=30) == {"batchItemFailures": []}
    assert vendors.received()["misbehaved"] == 1


def test_what_the_vendor_will_never_take_is_a_dead_letter_in_our_form(
    function: LambdaRuntime, vendors: Vendors, dead: Queue
) -> None:
    event = events(2)[1]
    vendors.misbehave(status=400, times=1)
    assert function.invoke(sqs_event([json.dumps(event)])) == {"batchItemFailures": []}
    (letter,) = dead.letters()
    assert letter["event"] == event
    assert letter["dead_letter"]["letter_class"] == "vendor_permanent"
    assert letter["dead_letter"]["event_id"] == event["messageId"]
    assert function.facts("delivery.dead_lettered")[0]["status"] == 400


def test_last_try_of_the_queue_ends_as_a_dead_letter(function: LambdaRuntime, vendors: Vendors, dead: Queue) -> None:
    vendors.misbehave(status=503)
    assert function.invoke(sqs_event([json.dumps(events(2)[1])], receives=5), secs=3) == {"batchItemFailures": []}
    (letter,) = dead.letters()
    assert letter["dead_letter"]["letter_class"] == "vendor_exhausted"
    assert letter["dead_letter"]["history"]


def test_dead_letter_that_is_sent_again_has_the_key_and_the_payload_of_before(
    function: LambdaRuntime, vendors: Vendors, dead: Queue
) -> None:
    event = {**events(2)[1], "sentAt": "2026-11-20T10:01:02.000Z"}
    vendors.misbehave(status=400, times=1)
    function.invoke(sqs_event([json.dumps(event)]))
    (letter,) = dead.letters()
    function.invoke(sqs_event([json.dumps(letter)]))
    item = Item(delivery_id=letter["dead_letter"]["delivery_id"], payload={}, occurred_ms=letter["received_ms"])
    assert vendors.received()["latest"][0]["ids"] == [message_id([item], IdForm.ULID)]


def test_letter_that_cannot_be_kept_brings_its_message_again(
    builds: dict[str, Path], tmp_path: Path, vendors: Vendors
) -> None:
    environment = {
        **CREDENTIALS,
        "PACELINE_FAKE_VENDORS": vendors.url,
        "PACELINE_DEAD_LETTERS": "sqs:http://127.0.0.1:1/queue",
    }
    with LambdaRuntime(builds["lambda"] / "function.zip", tmp_path / "function", environment) as function:
        answer = function.invoke(sqs_event(["no json", json.dumps(events(2)[1])]))
        assert answer == {"batchItemFailures": [{"itemIdentifier": "q-0"}]}
        assert function.facts("function.not_done")


def test_event_that_breaks_its_contract_is_a_dead_letter(function: LambdaRuntime, dead: Queue) -> None:
    broken = {**events(2)[1], "userId": 7, "properties": 1}
    assert function.invoke(sqs_event([json.dumps(broken)])) == {"batchItemFailures": []}
    (letter,) = dead.letters()
    assert letter["dead_letter"]["letter_class"] == "contract"


def test_event_bus_event_is_delivered(function: LambdaRuntime, vendors: Vendors) -> None:
    bus_event = {
        "version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": "paceline", "source": "shop",
        "account": "111122223333", "time": "2026-11-23T12:22:48Z", "region": "eu-west-1", "resources": [],
        "detail": events(2)[1],
    }  # fmt: skip
    assert function.invoke(bus_event) == {"success": True}
    assert vendors.received()["items"] == 1


def test_event_bus_event_that_the_vendor_does_not_take_now_raises_so_that_lambda_tries_again(
    function: LambdaRuntime, vendors: Vendors, dead: Queue
) -> None:
    vendors.misbehave(status=503)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with pytest.raises(LambdaFailed, match="UnfinishedError"):
        function.invoke({"id": "1", "detail-type": "paceline", "time": now, "detail": events(2)[1]}, secs=3)
    assert dead.letters() == []


def test_event_bus_event_that_is_old_is_the_last_try(function: LambdaRuntime, vendors: Vendors, dead: Queue) -> None:
    vendors.misbehave(status=503)
    past = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 200))
    assert function.invoke({"id": "1", "detail-type": "paceline", "time": past, "detail": events(2)[1]}, secs=3)
    assert dead.letters()[0]["dead_letter"]["letter_class"] == "vendor_exhausted"


def kinesis_event(bodies: list[bytes]) -> dict[str, Any]:
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0", "partitionKey": "1", "sequenceNumber": f"4959{number}",
                    "data": base64.b64encode(body).decode(), "approximateArrivalTimestamp": time.time(),
                },
                "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventName": "aws:kinesis:record",
                "eventID": f"shardId-000000000006:4959{number}",
            }
            for number, body in enumerate(bodies)
        ]
    }  # fmt: skip


def test_stream_is_delivered(function: LambdaRuntime, vendors: Vendors) -> None:
    bodies = [json.dumps(event).encode() for event in events(5)]
    assert function.invoke(kinesis_event(bodies)) == {"batchItemFailures": []}
    assert vendors.received()["items"] == 5


def test_stream_goes_on_where_the_vendor_failed(function: LambdaRuntime, vendors: Vendors) -> None:
    vendors.misbehave(status=503)
    failed = function.invoke(kinesis_event([json.dumps(event).encode() for event in events(3)]), secs=3)
    assert failed["batchItemFailures"][0] == {"itemIdentifier": "49590"}


def http_event(body: bytes, *, path: str = "/", key: str = WEB_KEY, **headers: str) -> dict[str, Any]:
    authorization = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
    return {
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {"authorization": authorization, "content-type": "application/json", **headers},
        "requestContext": {"http": {"method": "POST", "path": path, "sourceIp": "192.0.2.1"}, "timeEpoch": 1},
        "body": base64.b64encode(body).decode(), "isBase64Encoded": True,
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/v1/batch", "/prod/v1/batch", "/"])
def test_function_url_takes_what_the_gateway_takes(function: LambdaRuntime, vendors: Vendors, path: str) -> None:
    body = gzip.compress(json.dumps({"batch": events(4)}).encode())
    answer = function.invoke(http_event(body, path=path, **{"content-encoding": "gzip"}))
    assert answer["statusCode"] == 200
    assert [one["verdict"] for one in json.loads(answer["body"])["events"]] == ["accepted"] * 4
    assert vendors.received()["items"] == 4


def test_single_event_at_the_root_is_taken(function: LambdaRuntime, vendors: Vendors) -> None:
    assert function.invoke(http_event(json.dumps(events(2)[1]).encode()))["statusCode"] == 200
    assert vendors.received()["items"] == 1


def test_function_url_asks_for_a_write_key(function: LambdaRuntime, vendors: Vendors) -> None:
    answer = function.invoke(http_event(json.dumps({"batch": events(1)}).encode(), key="wrong"))
    assert answer["statusCode"] == 401
    assert vendors.received()["items"] == 0


def test_http_event_that_the_vendor_does_not_take_is_kept_before_it_is_acknowledged(
    function: LambdaRuntime, vendors: Vendors, dead: Queue
) -> None:
    vendors.misbehave(status=503)
    answer = function.invoke(http_event(json.dumps({"batch": events(2)}).encode()), secs=3)
    assert answer["statusCode"] == 200
    assert len(dead.letters()) == 2


def test_http_event_that_nobody_keeps_is_refused_until_later(
    builds: dict[str, Path], tmp_path: Path, vendors: Vendors
) -> None:
    vendors.misbehave(status=503)
    environment = {"PACELINE_FAKE_VENDORS": vendors.url}
    with LambdaRuntime(builds["lambda"] / "function.zip", tmp_path / "function", environment) as function:
        answer = function.invoke(http_event(json.dumps({"batch": events(1)}).encode()), secs=3)
    assert answer["statusCode"] == 503
    assert int(answer["headers"]["retry-after"]) > 0


def test_secrets_come_from_where_the_variables_point(
    builds: dict[str, Path], tmp_path: Path, vendors: Vendors, aws: str
) -> None:
    client("secretsmanager", aws).create_secret(Name="shop/cio", SecretString=json.dumps({"api_key": "from-aws"}))
    client("ssm", aws).put_parameter(Name="/shop/site", Value="site-from-ssm", Type="SecureString")
    environment = {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": aws,
        "PACELINE_FAKE_VENDORS": vendors.url,
        "CIO_API_KEY": "aws-sm:shop/cio#api_key",
        "CIO_SITE_ID": "aws-ssm:/shop/site",
    }
    with LambdaRuntime(builds["lambda"] / "function.zip", tmp_path / "function", environment) as function:
        assert function.invoke(sqs_event([json.dumps(events(2)[1])])) == {"batchItemFailures": []}
        assert "from-aws" not in function.log.read_text()
    assert vendors.received()["items"] == 1


def test_secret_that_is_not_there_is_named(builds: dict[str, Path], tmp_path: Path, aws: str) -> None:
    environment = {**CREDENTIALS, "AWS_ENDPOINT_URL": aws, "CIO_API_KEY": "aws-sm:nowhere"}
    with (
        LambdaRuntime(builds["lambda"] / "function.zip", tmp_path / "function", environment) as function,
        pytest.raises(LambdaFailed, match="CIO_API_KEY points at a secret that cannot be read"),
    ):
        function.invoke(sqs_event([json.dumps(events(2)[1])]))
