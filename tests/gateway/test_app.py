"""The gateway over HTTP, with the bus in memory."""

from __future__ import annotations

import asyncio
import base64
import gzip
from collections.abc import Sequence

import msgspec
import pytest

from paceline.drivers.bus.memory import MemoryBus
from paceline.errors import StorageError
from paceline.model.record import Cursors, Position, Record
from paceline.model.settings import GatewayLimits, GatewaySettings
from paceline.observe.telemetry import Telemetry
from paceline.runtime.clock import SystemClock
from paceline.runtime.gateway.app import EVENTS_TOPIC, Gateway
from paceline.runtime.gateway.door import Door, Source, hash_write_key

KEY = "secret-key"
AUTH = {"authorization": "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()}
EVENT = {"type": "track", "event": "Order Completed", "userId": "u1", "messageId": "m1"}


class BrokenBus(MemoryBus):
    async def append(self, topic: str, records: Sequence[Record]) -> Sequence[Position]:
        raise StorageError("the disk is gone")


class Reply:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> dict:
        return msgspec.json.decode(self.body)


def make_gateway(bus: MemoryBus | None = None, **limits: int) -> Gateway:
    settings = GatewaySettings(cors_origins=["https://shop.example"], limits=GatewayLimits(**limits))
    door = Door(settings=settings, sources={hash_write_key(KEY): Source(name="web")})
    return Gateway(bus=bus or MemoryBus(partitions=2), door=door, clock=SystemClock(), telemetry=Telemetry())


async def call(
    gateway: Gateway, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> Reply:
    sent: list[dict] = []
    halves = [body[: len(body) // 2], body[len(body) // 2 :]]

    async def receive() -> dict:
        part = halves.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(halves)}

    async def send(message: dict) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    await gateway({"type": "http", "method": method, "path": path, "headers": raw}, receive, send)
    start, end = sent
    return Reply(start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, end["body"])


def post(path: str, body: object, headers: dict[str, str] | None = None, gateway: Gateway | None = None) -> Reply:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return asyncio.run(call(gateway or make_gateway(), "POST", path, data, AUTH if headers is None else headers))


async def stored(bus: MemoryBus) -> list[Record]:
    reader = bus.reader(EVENTS_TOPIC, "test")
    cursors: Cursors = dict.fromkeys(reader.assignment(), 0)
    return [one.record for one in await reader.read(cursors, max_records=1000, wait_secs=0)]


def test_accepted_event_is_on_the_bus_when_the_answer_comes():
    bus = MemoryBus(partitions=2)
    reply = post("/v1/batch", {"batch": [EVENT]}, gateway=make_gateway(bus))
    assert reply.json() == {"success": True, "events": [{"id": "m1", "verdict": "accepted"}]}
    assert [record.id for record in asyncio.run(stored(bus))] == ["m1"]


@pytest.mark.parametrize("path", ["/v1/track", "/v1/t"])
def test_short_form_is_the_same_call(path: str):
    assert post(path, EVENT).status == 200


def test_write_key_in_the_body_is_enough():
    assert post("/v1/t", {**EVENT, "writeKey": KEY}, headers={}).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Basic " + base64.b64encode(b"secret-kez:").decode()},
        {"authorization": "Basic %%%"},
        {"authorization": "Bearer secret-key"},
        {"authorization": "Basic"},
    ],
)
def test_unknown_write_key_is_401(headers: dict[str, str]):
    reply = post("/v1/track", EVENT, headers=headers)
    assert (reply.status, reply.json()["error"]["code"]) == (401, "unauthorized")


def test_wrong_credentials_are_not_saved_by_a_right_key_in_the_body():
    reply = post("/v1/track", {**EVENT, "writeKey": KEY}, headers={"authorization": "Basic eHg6"})
    assert reply.status == 401


def test_gzip_body_is_read():
    reply = post(
        "/v1/batch", gzip.compress(msgspec.json.encode({"batch": [EVENT]})), {**AUTH, "content-encoding": "gzip"}
    )
    assert reply.status == 200


def test_other_encodings_are_refused():
    assert post("/v1/batch", b"{}", {**AUTH, "content-encoding": "br"}).status == 415


def test_body_over_the_limit_is_refused_and_says_the_limit():
    reply = post("/v1/batch", b"x" * 5000, gateway=make_gateway(max_body_bytes=4096))
    assert reply.status == 413
    assert reply.headers["x-paceline-limit"].startswith("max_body_bytes=4096; actual=")


def test_headers_over_the_limit_are_refused():
    reply = post("/v1/track", EVENT, {**AUTH, "x-long": "a" * 20_000})
    assert (reply.status, reply.json()["error"]["limit"]) == (431, "max_header_bytes")


def test_declared_length_over_the_limit_is_refused_before_reading():
    reply = post("/v1/batch", b"{}", {**AUTH, "content-length": "99999999"})
    assert reply.json()["error"]["actual"] == 99999999


def test_events_that_cannot_be_stored_are_503_with_a_time_to_come_back():
    reply = post("/v1/batch", {"batch": [EVENT]}, gateway=make_gateway(BrokenBus(partitions=1)))
    assert reply.status == 503
    assert 1 <= int(reply.headers["retry-after"]) <= 10


def test_gateway_that_could_not_store_is_not_ready():
    async def story() -> list[int]:
        gateway = make_gateway(BrokenBus(partitions=1))
        before = await call(gateway, "GET", "/ready")
        await call(gateway, "POST", "/v1/track", msgspec.json.encode(EVENT), AUTH)
        return [before.status, (await call(gateway, "GET", "/ready")).status]

    assert asyncio.run(story()) == [200, 503]


def test_single_event_that_is_rejected_is_400():
    assert post("/v1/track", {"event": "x"}).json()["error"]["code"] == "no_user"


def test_gateway_sheds_load_when_too_much_is_pending():
    class SlowBus(MemoryBus):
        async def append(self, topic: str, records: Sequence[Record]) -> Sequence[Position]:
            await asyncio.sleep(0.05)
            return await super().append(topic, records)

    async def run() -> list[int]:
        gateway = make_gateway(SlowBus(partitions=1), max_pending_events=500)
        body = msgspec.json.encode({"batch": [EVENT] * 400})
        replies = await asyncio.gather(*(call(gateway, "POST", "/v1/batch", body, AUTH) for _ in range(3)))
        return [reply.status for reply in replies]

    assert asyncio.run(run()) == [200, 503, 503]


def test_browser_of_an_allowed_origin_may_read_the_answer():
    reply = post("/v1/track", EVENT, {**AUTH, "origin": "https://shop.example"})
    assert reply.headers["access-control-allow-origin"] == "https://shop.example"


def test_browser_of_another_origin_may_not():
    reply = post("/v1/track", EVENT, {**AUTH, "origin": "https://evil.example"})
    assert "access-control-allow-origin" not in reply.headers


def test_preflight_is_answered():
    reply = asyncio.run(call(make_gateway(), "OPTIONS", "/v1/t", headers={"origin": "https://shop.example"}))
    assert reply.status == 204
    assert "authorization" in reply.headers["access-control-allow-headers"]


def test_reading_a_collecting_path_is_405():
    assert asyncio.run(call(make_gateway(), "GET", "/v1/track")).status == 405


@pytest.mark.parametrize("path", ["/", "/v1/nothing", "/v1/projects/wrong-key/settings", "/v1/track/"])
def test_unknown_path_is_404(path: str):
    assert asyncio.run(call(make_gateway(), "GET", path)).status == 404


def test_browser_sdk_is_pointed_back_at_this_gateway():
    reply = asyncio.run(call(make_gateway(), "GET", f"/v1/projects/{KEY}/settings", headers={"host": "t.example:8080"}))
    assert reply.json()["integrations"]["Segment.io"]["apiHost"] == "t.example:8080/v1"


def test_browser_sdk_may_report_about_itself_and_nothing_is_stored():
    bus = MemoryBus(partitions=1)
    assert post("/v1/m", {"series": []}, headers={}, gateway=make_gateway(bus)).status == 200
    assert asyncio.run(stored(bus)) == []


def test_limits_are_published():
    assert asyncio.run(call(make_gateway(), "GET", "/.well-known/paceline")).json()["limits"]["max_batch_events"] == 500


def test_replaced_door_forgets_old_keys():
    gateway = make_gateway()
    assert post("/v1/track", EVENT, gateway=gateway).status == 200
    gateway.door = Door(settings=GatewaySettings(), sources={})
    assert post("/v1/track", EVENT, gateway=gateway).status == 401
