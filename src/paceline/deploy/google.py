"""Requests to Google Cloud that a function needs, and Pub/Sub messages. Pure.

Access tokens: https://cloud.google.com/compute/docs/access/authenticate-workloads; publishing: https://cloud.google.com/
pubsub/docs/reference/rest/v1/projects.topics/publish; messages and `deliveryAttempt`: https://cloud.google.com/pubsub/
docs/push. All read 2026-11-23.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from paceline.deploy.incoming import Incoming
from paceline.model.delivery import Answer, WireRequest
from paceline.model.event import parse_time

METADATA_URL = "http://metadata.google.internal"
PUBSUB_URL = "https://pubsub.googleapis.com"
SOURCE_ATTRIBUTE = "source"


class AccessToken(msgspec.Struct, frozen=True):
    """What the function's service account may show for so many seconds."""

    access_token: str
    expires_in: float = 0.0

    def __repr__(self) -> str:
        return "AccessToken(********)"


def token_request(base_url: str = METADATA_URL) -> WireRequest:
    """The request for a token of the service account that the function runs as."""
    return WireRequest(
        method="GET",
        url=f"{base_url}/computeMetadata/v1/instance/service-accounts/default/token",
        headers=(("metadata-flavor", "Google"),),
    )


def read_token(answer: Answer) -> AccessToken | None:
    """The token in an answer, None when there is none."""
    if answer.status != 200:
        return None
    try:
        return msgspec.json.decode(answer.body, type=AccessToken)
    except msgspec.DecodeError:
        return None


def publish_request(topic: str, bodies: Sequence[bytes], token: AccessToken, base_url: str = PUBSUB_URL) -> WireRequest:
    """The request that publishes messages to `projects/…/topics/…`."""
    messages = [{"data": base64.b64encode(body).decode()} for body in bodies]
    return WireRequest(
        method="POST",
        url=f"{base_url}/v1/{topic}:publish",
        headers=(("content-type", "application/json"), ("authorization", f"Bearer {token.access_token}")),
        body=msgspec.json.encode({"messages": messages}),
    )


def read_cloud_event(attributes: Mapping[str, object], data: object, *, max_deliveries: int, now_ms: int) -> Incoming:
    """What a CloudEvent brought: a Pub/Sub message, or an event itself.

    `max_deliveries` is how often the subscription brings a message before it goes to the dead-letter topic, 0 for ever.
    """
    at_ms = _time_ms(attributes.get("time"), now_ms)
    event_id = str(attributes.get("id", ""))
    message = data.get("message") if isinstance(data, dict) else None
    if not isinstance(message, dict):
        body = data if isinstance(data, bytes) else msgspec.json.encode(data)
        return Incoming(body=body, id=event_id, received_ms=at_ms, first_tried_ms=at_ms)
    assert isinstance(data, dict)
    published_ms = _time_ms(message.get("publishTime") or message.get("publish_time"), at_ms)
    attempt = data.get("deliveryAttempt")
    attempts = attempt if isinstance(attempt, int) else 0
    named = message.get("attributes")
    source = named.get(SOURCE_ATTRIBUTE) if isinstance(named, dict) else None
    return Incoming(
        body=_from_base64(message.get("data")),
        id=str(message.get("messageId") or message.get("message_id") or event_id),
        received_ms=published_ms,
        first_tried_ms=published_ms if attempts != 1 else 0,
        is_last_chance=bool(max_deliveries) and attempts >= max_deliveries,
        source=source if isinstance(source, str) else "",
    )


def _from_base64(text: object) -> bytes:
    try:
        return base64.b64decode(str(text or ""), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _time_ms(value: object, otherwise: int) -> int:
    moment = parse_time(value)
    return otherwise if moment is None else int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
