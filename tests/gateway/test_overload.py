"""What the gateway answers when a source sends too much, and when it is in trouble itself."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.drivers.bus.memory import MemoryBus
from paceline.model.record import Position, Record
from paceline.model.settings import GatewayLimits, GatewaySettings, Quota
from paceline.observe.telemetry import Telemetry
from paceline.runtime.gateway.app import Gateway
from paceline.runtime.gateway.door import Door, Source, hash_write_key
from paceline.runtime.gateway.pressure import LEAST_SAMPLES, Pressure
from paceline.runtime.gateway.quotas import Quotas

LIMITS = GatewayLimits()
EVENT = {"type": "track", "event": "Order Completed", "userId": "u1"}


class HandClock:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.secs = 1_000.0

    def now_ms(self) -> int:
        return int(self.secs * 1000)

    def monotonic_secs(self) -> float:
        return self.secs

    async def sleep(self, secs: float) -> None:
        self.secs += secs


class Disk:
    is_low = False
    low_water_bytes = 1_000
    free_bytes = 10


class Scene:
    """A gateway with the sources `small` (10 events a second, 20 at once) and `free`."""

    def __init__(self, bus: MemoryBus | None = None) -> None:
        sources = {
            hash_write_key("small"): Source(name="small", quota=Quota(events_per_sec=10, burst=20)),
            hash_write_key("free"): Source(name="free"),
        }
        self.clock = HandClock()
        self.disk = Disk()
        self.gateway = Gateway(
            bus=bus or MemoryBus(partitions=1),
            door=Door(settings=GatewaySettings(), sources=sources),
            clock=self.clock,
            telemetry=Telemetry(),
            disk=self.disk,
        )

    async def post(self, key: str, events: int) -> tuple[int, dict[str, str], dict]:
        body = msgspec.json.encode({"batch": [EVENT] * events})
        sent: list[dict] = []

        async def receive() -> dict:
            return {"type": "http.request", "body": body}

        async def send(message: dict) -> None:
            sent.append(message)

        auth = b"Basic " + base64.b64encode(f"{key}:".encode())
        scope = {"type": "http", "method": "POST", "path": "/v1/batch", "headers": [(b"authorization", auth)]}
        await self.gateway(scope, receive, send)
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], headers, msgspec.json.decode(sent[1]["body"])

    def ask(self, key: str, events: int = 1) -> tuple[int, dict[str, str], dict]:
        return asyncio.run(self.post(key, events))


def test_source_over_its_quota_is_told_when_to_come_back():
    scene = Scene()
    assert scene.ask("small", 20)[0] == 200
    status, headers, body = scene.ask("small", 15)
    assert (status, headers["retry-after"], headers["x-paceline-limit"]) == (429, "2", "quota_burst=20; actual=35")
    assert body["error"]["code"] == "over_quota"
    assert (body["error"]["limit"], body["error"]["value"], body["error"]["actual"]) == ("quota_burst", 20, 35)


def test_source_that_comes_back_when_it_was_told_is_let_in():
    scene = Scene()
    scene.ask("small", 20)
    scene.clock.secs += int(scene.ask("small", 15)[1]["retry-after"])
    assert scene.ask("small", 15)[0] == 200


def test_quota_of_one_source_is_no_business_of_another():
    scene = Scene()
    statuses = [scene.ask(key, 20)[0] for key in ("small", "small", "free", "free", "free")]
    assert statuses == [200, 429, 200, 200, 200]


def test_batch_that_is_larger_than_the_burst_passes_once_and_is_paid_for():
    scene = Scene()
    assert scene.ask("small", 100)[0] == 200
    status, headers, _ = scene.ask("small", 1)
    assert (status, headers["retry-after"]) == (429, "9")


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 3)), max_size=60))
def test_quota_is_never_exceeded_in_the_long_run(requests: list[tuple[int, float]]):
    quotas, quota, now, taken = Quotas(), Quota(events_per_sec=10, burst=20), 0.0, 0
    for events, pause in requests:
        now += pause
        refusal = quotas.refusal("s", quota, events, now_secs=now)
        if refusal is None:
            taken += events
            assert taken <= 20 + 10 * now + max(0, events - 20) + 1e-6
        else:
            assert refusal.retry_after_secs >= 1
            assert quotas.refusal("s", quota, events, now_secs=now + refusal.retry_after_secs) is None
            taken += events
            now += refusal.retry_after_secs


def test_low_disk_is_503_for_every_source_with_its_limit():
    scene = Scene()
    scene.disk.is_low = True
    status, headers, body = scene.ask("free")
    assert (status, body["error"]["code"]) == (503, "disk_low")
    assert headers["x-paceline-limit"] == "low_water_bytes=1000; actual=10"
    assert 1 <= int(headers["retry-after"]) <= 10
    scene.disk.is_low = False
    assert scene.ask("free")[0] == 200


def test_times_to_come_back_are_spread_out():
    scene = Scene()
    scene.disk.is_low = True
    assert {scene.ask("free")[1]["retry-after"] for _ in range(200)} == {str(secs) for secs in range(1, 11)}


def slowed(pressure: Pressure, commits: int, secs: float, *, now: float) -> None:
    for _ in range(commits):
        pressure.begin(1)
        pressure.end(1, LIMITS, began_secs=now - secs, now_secs=now)


def test_slow_commits_turn_away_what_would_wait_behind_others():
    pressure = Pressure()
    slowed(pressure, LEAST_SAMPLES, 0.6, now=100.0)
    pressure.begin(1)
    refusal = pressure.refusal(1, LIMITS, now_secs=100.0)
    assert refusal is not None
    assert (refusal.status, refusal.code, refusal.shown) == (503, "slow_commits", "max_commit_ms=500; actual=600")


def test_slow_commits_let_one_request_at_a_time_find_out_whether_it_is_over():
    pressure = Pressure()
    slowed(pressure, LEAST_SAMPLES, 0.6, now=100.0)
    assert pressure.refusal(1, LIMITS, now_secs=100.0) is None


@pytest.mark.parametrize(("slow", "turned_away"), [(1, False), (3, True)])
def test_the_99th_percentile_decides(slow: int, turned_away: bool):
    pressure = Pressure()
    slowed(pressure, 200 - slow, 0.001, now=100.0)
    slowed(pressure, slow, 0.6, now=100.0)
    pressure.begin(1)
    assert (pressure.refusal(1, LIMITS, now_secs=100.0) is not None) is turned_away


def test_slow_commits_are_forgotten():
    pressure = Pressure()
    slowed(pressure, LEAST_SAMPLES, 0.6, now=100.0)
    pressure.begin(1)
    assert pressure.refusal(1, LIMITS, now_secs=111.0) is None


def test_too_much_that_waits_is_503_with_its_limit():
    class SlowBus(MemoryBus):
        async def append(self, topic: str, records: Sequence[Record]) -> Sequence[Position]:
            await asyncio.sleep(0.05)
            return await super().append(topic, records)

    async def run() -> list:
        scene = Scene(SlowBus(partitions=1))
        limits = GatewayLimits(max_pending_events=500)
        scene.gateway.door = msgspec.structs.replace(scene.gateway.door, settings=GatewaySettings(limits=limits))
        return await asyncio.gather(*(scene.post("free", 400) for _ in range(3)))

    first, second, _ = asyncio.run(run())
    assert first[0] == 200
    assert (second[0], second[1]["x-paceline-limit"]) == (503, "max_pending_events=500; actual=800")


def test_defect_of_ours_is_503_and_told_without_what_was_sent(capsys: pytest.CaptureFixture[str]):
    class DefectiveBus(MemoryBus):
        async def append(self, topic: str, records: Sequence[Record]) -> Sequence[Position]:
            raise KeyError("canary@example.com")

    status, headers, body = Scene(DefectiveBus(partitions=1)).ask("free")
    assert (status, body["error"]["code"]) == (503, "defect")
    assert 1 <= int(headers["retry-after"]) <= 10
    log = capsys.readouterr().err
    assert '"event":"gateway.failed"' in log
    assert "canary" not in log + str(body)
