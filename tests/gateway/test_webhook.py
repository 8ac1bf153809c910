"""Signed webhooks over HTTP, with the bus in memory."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time

import msgspec
import pytest

from paceline.drivers.bus.memory import MemoryBus
from paceline.model.event import read_event
from paceline.model.record import Cursors, Record
from paceline.model.settings import GatewaySettings, Quota, WebhookScheme, WebhookSettings
from paceline.observe.telemetry import Telemetry
from paceline.runtime.clock import SystemClock
from paceline.runtime.gateway.app import EVENTS_TOPIC, Gateway
from paceline.runtime.gateway.door import Door, Source, WebhookSource

SECRET = "the-secret"


class Scene:
    """A gateway with one webhook source, `vendor`, and everything that it stored."""

    def __init__(self, scheme: WebhookScheme, *, quota: Quota | None = None, public_url: str = "") -> None:
        self.bus = MemoryBus(partitions=2)
        source = Source(name="vendor", quota=quota)
        webhook = WebhookSource(
            source=source, settings=WebhookSettings(scheme=scheme, secret="${env:X}"), secrets=[SECRET]
        )
        door = Door(settings=GatewaySettings(public_url=public_url), sources={}, webhooks={"vendor": webhook})
        self.gateway = Gateway(bus=self.bus, door=door, clock=SystemClock(), telemetry=Telemetry())

    def post(self, body: bytes, headers: dict[str, str], path: str = "/v1/in/vendor", query: str = "") -> tuple:
        return asyncio.run(self._post(body, headers, path, query))

    async def _post(self, body: bytes, headers: dict[str, str], path: str, query: str) -> tuple:
        sent: list[dict] = []

        async def receive() -> dict:
            return {"type": "http.request", "body": body}

        async def send(message: dict) -> None:
            sent.append(message)

        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "headers": raw}
        await self.gateway({**scope, "query_string": query.encode()}, receive, send)
        return sent[0]["status"], msgspec.json.decode(sent[1]["body"])

    def stored(self) -> list[Record]:
        async def read() -> list[Record]:
            reader = self.bus.reader(EVENTS_TOPIC, "test")
            cursors: Cursors = dict.fromkeys(reader.assignment(), 0)
            return [one.record for one in await reader.read(cursors, max_records=100, wait_secs=0) if one.record]

        return asyncio.run(read())


def github(body: bytes) -> dict[str, str]:
    return {"x-hub-signature-256": "sha256=" + hmac.new(SECRET.encode(), body, "sha256").hexdigest()}


def slack(body: bytes) -> dict[str, str]:
    stamp = str(int(time.time()))
    signature = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, "sha256").hexdigest()
    return {"x-slack-request-timestamp": stamp, "x-slack-signature": "v0=" + signature}


def test_believed_webhook_is_kept_whole():
    scene = Scene(WebhookScheme.GITHUB)
    body = b'{"action": "opened", "big": 12345678901234567890123, "n": 1.10}'
    headers = {**github(body), "x-github-event": "issues", "authorization": "Basic c2VjcmV0"}
    assert scene.post(body, headers, query="a=1")[0] == 200
    [record] = scene.stored()
    assert body in record.data
    properties = read_event(record).payload["properties"]
    assert (record.type, properties["query"], properties["headers"]["x-github-event"]) == (
        "track:webhook.vendor",
        "a=1",
        "issues",
    )
    assert "authorization" not in properties["headers"]


@pytest.mark.parametrize(
    ("body", "field", "kept"),
    [
        (b"payload=%7B%7D", "body_text", "payload=%7B%7D"),
        (b"\xff\x00", "body_base64", base64.b64encode(b"\xff\x00").decode()),
        (b"", "body_text", ""),
        (b'"text"', "body_text", '"text"'),
    ],
)
def test_body_that_is_no_json_object_is_kept_too(body: bytes, field: str, kept: str):
    scene = Scene(WebhookScheme.GITHUB)
    assert scene.post(body, github(body))[0] == 200
    [record] = scene.stored()
    assert json.loads(record.data)["properties"][field] == kept


@pytest.mark.parametrize("headers", [{}, github(b"other"), {"x-hub-signature-256": "sha256="}])
def test_what_is_not_believed_is_401_and_not_kept(headers: dict[str, str]):
    scene = Scene(WebhookScheme.GITHUB)
    assert scene.post(b"{not parsed", headers)[0] == 401
    assert scene.stored() == []


def test_replayed_request_is_answered_and_has_the_same_id():
    scene = Scene(WebhookScheme.GITHUB)
    answers = [scene.post(b"{}", {**github(b"{}"), "x-github-delivery": str(n)}) for n in range(2)]
    assert [status for status, _ in answers] == [200, 200]
    assert len({record.id for record in scene.stored()}) == 1


def test_slack_gets_its_challenge_back_once_it_is_believed():
    body = b'{"type": "url_verification", "challenge": "abc"}'
    scene = Scene(WebhookScheme.SLACK)
    assert scene.post(body, slack(body)) == (200, {"challenge": "abc"})
    assert scene.post(body, {})[0] == 401
    assert scene.stored() == []


def test_hubspot_signs_the_address_that_the_world_knows():
    scene = Scene(WebhookScheme.HUBSPOT, public_url="https://events.shop.example")
    stamp = str(int(time.time() * 1000))
    content = b"POSThttps://events.shop.example/v1/in/vendor?p=1[]" + stamp.encode()
    signature = base64.b64encode(hmac.new(SECRET.encode(), content, hashlib.sha256).digest()).decode()
    headers = {"x-hubspot-request-timestamp": stamp, "x-hubspot-signature-v3": signature, "host": "10.0.0.7:8080"}
    assert scene.post(b"[]", headers, query="p=1")[0] == 200
    assert scene.post(b"[]", headers, query="p=2")[0] == 401


def test_too_deep_webhook_is_refused():
    body = b"[" * 100_000
    assert Scene(WebhookScheme.GITHUB).post(body, github(body))[1]["error"]["code"] == "too_deep"


def test_unknown_source_is_404():
    assert Scene(WebhookScheme.GITHUB).post(b"{}", github(b"{}"), path="/v1/in/nobody")[0] == 404


def test_webhooks_have_a_quota_too():
    scene = Scene(WebhookScheme.GITHUB, quota=Quota(events_per_sec=0.01, burst=1))
    statuses = [scene.post(body, github(body))[0] for body in (b"[1]", b"[2]")]
    assert statuses == [200, 429]
