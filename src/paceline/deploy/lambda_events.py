"""Reads what AWS Lambda hands to a function, and writes what it wants back. Pure.

HTTP API and function URL (payload 2.0), REST API (1.0): https://docs.aws.amazon.com/apigateway/latest/developerguide/
http-api-develop-integrations-lambda.html; SQS with partial batch responses: https://docs.aws.amazon.com/lambda/latest/
dg/services-sqs-errorhandling.html; Kinesis: https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination
.html; EventBridge and other asynchronous invocations: https://docs.aws.amazon.com/lambda/latest/dg/
invocation-async-error-handling.html. All read 2026-11-23.
"""

from __future__ import annotations

import base64
import binascii
import enum
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from paceline.deploy.incoming import Incoming
from paceline.model.event import parse_time

SOURCE_ATTRIBUTE = "source"


class Trigger(enum.StrEnum):
    """What invoked the function."""

    HTTP = "http"
    SQS = "sqs"
    KINESIS = "kinesis"
    EVENT = "event"


class HttpCall(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP request, as the gateway takes it."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """What a queue, a stream or the event bus brought, in its order."""

    trigger: Trigger
    messages: Sequence[Incoming]


def read_lambda_event(
    event: Mapping[str, object], *, max_receives: int, request_id: str, now_ms: int
) -> HttpCall | Brought:
    """What is in an invocation's payload.

    `max_receives` is how often the queue brings a message before it moves it to its dead-letter queue, 0 for ever.
    """
    records = event.get("Records")
    if isinstance(records, list) and records and all(isinstance(one, dict) for one in records):
        match str(records[0].get("eventSource", records[0].get("EventSource", ""))):
            case "aws:sqs":
                return Brought(trigger=Trigger.SQS, messages=[_sqs(one, max_receives) for one in records])
            case "aws:kinesis":
                return Brought(trigger=Trigger.KINESIS, messages=[_kinesis(one) for one in records])
            case "aws:sns":
                return Brought(trigger=Trigger.EVENT, messages=[_sns(one, now_ms) for one in records])
    context = event.get("requestContext")
    if isinstance(context, dict) and ("http" in context or "httpMethod" in event):
        return _http(event, context)
    return Brought(trigger=Trigger.EVENT, messages=[_bus(event, request_id, now_ms)])


def failed_items(tokens: Collection[str]) -> dict[str, object]:
    """The answer that brings these messages again and lets go of the others.

    >>> failed_items(["m-2"])
    {'batchItemFailures': [{'itemIdentifier': 'm-2'}]}
    """
    return {"batchItemFailures": [{"itemIdentifier": token} for token in tokens]}


def http_answer(status: int, headers: Mapping[str, str], body: bytes) -> dict[str, object]:
    """The answer of a function behind an HTTP API or a function URL."""
    return {"statusCode": status, "headers": dict(headers), "body": body.decode(), "isBase64Encoded": False}


def _sqs(record: Mapping[str, object], max_receives: int) -> Incoming:
    attributes = _object(record, "attributes")
    receives = _number(attributes.get("ApproximateReceiveCount"))
    message_id = str(record.get("messageId", ""))
    named = _object(_object(record, "messageAttributes"), SOURCE_ATTRIBUTE).get("stringValue")
    return Incoming(
        body=str(record.get("body", "")).encode(errors="surrogatepass"),
        id=message_id,
        token=message_id,
        received_ms=_number(attributes.get("SentTimestamp")),
        first_tried_ms=_number(attributes.get("ApproximateFirstReceiveTimestamp")) if receives > 1 else 0,
        is_last_chance=bool(max_receives) and receives >= max_receives,
        source=named if isinstance(named, str) else "",
    )


def _kinesis(record: Mapping[str, object]) -> Incoming:
    """Kinesis does not say how often a record came: what is old has come before."""
    inside = _object(record, "kinesis")
    number = str(inside.get("sequenceNumber", ""))
    arrived = inside.get("approximateArrivalTimestamp")
    arrived_ms = int(float(arrived) * 1000) if isinstance(arrived, int | float | str) else 0
    return Incoming(
        body=_from_base64(inside.get("data")),
        id=str(record.get("eventID", number)),
        token=number,
        received_ms=arrived_ms,
        first_tried_ms=arrived_ms,
    )


def _sns(record: Mapping[str, object], now_ms: int) -> Incoming:
    inside = _object(record, "Sns")
    named = _object(_object(inside, "MessageAttributes"), SOURCE_ATTRIBUTE).get("Value")
    at_ms = _time_ms(inside.get("Timestamp"), now_ms)
    return Incoming(
        body=str(inside.get("Message", "")).encode(errors="surrogatepass"),
        id=str(inside.get("MessageId", "")),
        received_ms=at_ms,
        first_tried_ms=at_ms,
        source=named if isinstance(named, str) else "",
    )


def _bus(event: Mapping[str, object], request_id: str, now_ms: int) -> Incoming:
    """EventBridge, or somebody who invoked the function with an event: the request id stays when Lambda tries again."""
    is_bus = "detail-type" in event and "detail" in event
    at_ms = _time_ms(event.get("time"), now_ms) if is_bus else now_ms
    return Incoming(
        body=msgspec.json.encode(event),
        id=str(event.get("id") or request_id) if is_bus else request_id,
        received_ms=at_ms,
        first_tried_ms=at_ms,
    )


def _http(event: Mapping[str, object], context: Mapping[str, object]) -> HttpCall:
    http = _object(context, "http")
    headers = _object(event, "headers")
    body = str(event.get("body") or "")
    query = event.get("rawQueryString")
    return HttpCall(
        method=str(http.get("method", event.get("httpMethod", "POST"))).upper(),
        path=str(event.get("rawPath", event.get("path", "/"))),
        query=query if isinstance(query, str) else "",
        headers=tuple(
            (name.lower().encode("latin-1", "replace"), str(value).encode("latin-1", "replace"))
            for name, value in headers.items()
        ),
        body=_from_base64(body) if event.get("isBase64Encoded") else body.encode(errors="surrogatepass"),
    )


def _from_base64(text: object) -> bytes:
    try:
        return base64.b64decode(str(text or ""), validate=True)
    except (binascii.Error, ValueError):
        return b""  # refused as no JSON, like any other message that is none


def _object(holder: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _number(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0


def _time_ms(value: object, otherwise: int) -> int:
    moment = parse_time(value)
    return otherwise if moment is None else int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
