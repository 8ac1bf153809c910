"""Access tokens end to end: a lane, libcurl and a vendor on loopback that gives tokens, ends them, revokes grants."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from paceline.assemble.door import record_type
from paceline.assemble.lane_parts import credentials_of
from paceline.assemble.lanes import make_lane_plan
from paceline.connectors.catalog import Catalog
from paceline.delivery.egress import parse_egress
from paceline.delivery.retry import RetryPolicy
from paceline.drivers.bus.memory import MemoryBus
from paceline.drivers.marks.memory import MemoryMarks
from paceline.drivers.sender.curl import CurlSender
from paceline.drivers.sender.redirect import FakeVendorSender
from paceline.drivers.store.memory import MemoryStore
from paceline.model.delivery import Answer, OutcomeClass, WireRequest
from paceline.model.event import EventType
from paceline.model.integration import DeliveryLimits
from paceline.model.record import Record
from paceline.observe.ledger import LaneLedger, balance
from paceline.observe.telemetry import Telemetry
from paceline.runtime.clock import SystemClock
from paceline.runtime.deliver.dispatch import Vendor
from paceline.runtime.deliver.gate import Gate
from paceline.runtime.deliver.lane import Lane
from paceline.runtime.deliver.lane_settings import LanePorts, LaneSettings
from paceline.runtime.gateway.server import open_listening_socket, serve
from paceline.runtime.memo import EventMemo
from paceline.runtime.process import ProcessLoop
from paceline.testing.fake_vendor.app import FakeVendors
from paceline.testing.fake_vendor.credentials import Account
from paceline.testing.fake_vendor.received import Received

CATALOG = Catalog(with_entry_points=False)
LANE = "crm"
MINUTE = 60.0
TRAITS = {"email": "ada@example.com", "lastName": "Lovelace"}
SETTINGS: dict[str, dict[str, str]] = {
    "salesforce": {"login_url": "https://acme.my.salesforce.com", "client_id": "app", "client_secret": "s3cret"},
    "hubspot": {"client_id": "app", "client_secret": "s3cret", "refresh_token": "r-1"},
}
every_vendor = pytest.mark.parametrize("connector", SETTINGS)


class MovableClock(SystemClock):
    """The real clock, which can be put forward."""

    def __init__(self) -> None:
        self._ahead_secs = 0.0

    def put_forward(self, secs: float) -> None:
        self._ahead_secs += secs

    def now_ms(self) -> int:
        return super().now_ms() + int(self._ahead_secs * 1000)

    def monotonic_secs(self) -> float:
        return super().monotonic_secs() + self._ahead_secs


class Watched:
    """A sender that notes which paths were called, and with which status they answered."""

    def __init__(self, inner: FakeVendorSender) -> None:
        self._inner = inner
        self.calls: list[tuple[str, int]] = []

    async def send(self, request: WireRequest, *, timeout_secs: float) -> Answer:
        answer = await self._inner.send(request, timeout_secs=timeout_secs)
        self.calls.append(("token" if request.url.endswith("/token") else "api", answer.status))
        return answer

    async def close(self) -> None:
        await self._inner.close()


class Scene:
    """One lane that delivers `identify` calls to a fake vendor on loopback with the given settings."""

    def __init__(self, connector: str, port: int, settings: Mapping[str, object]) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self._connector = connector
        self.clock = MovableClock()
        self.bus = MemoryBus(partitions=1, now_ms=self.clock.now_ms)
        self.store = MemoryStore()
        self.log = io.StringIO()
        described = CATALOG.load(connector)
        curl = CurlSender(parse_egress([f"127.0.0.1:{port}"]))
        self.sender = Watched(FakeVendorSender(curl, base_url=self._url, connector=connector))
        self._control = curl
        telemetry = Telemetry(self.log)
        vendor = Vendor(
            connector=described,
            credentials=credentials_of(described, settings, self.sender, self.clock),
            sender=self.sender,
            limits=DeliveryLimits(),
        )
        ports = LanePorts(
            bus=self.bus,
            store=self.store,
            clock=self.clock,
            telemetry=telemetry,
            jitter=lambda: 0.01,
            memo=EventMemo(),
            gate=Gate("account", self.clock, telemetry, self.store),
            marks=MemoryMarks(),
        )
        mapping = CATALOG.default_mappings(connector)[f"identify.{connector}"]
        lane_settings = LaneSettings(
            name=LANE,
            topic="events",
            plan=make_lane_plan(LANE, [mapping], described),
            retry=RetryPolicy(window_secs=86_400.0),
            keeps_order=False,
            look_secs=0.02,
        )
        self._stopping = asyncio.Event()
        admission = ProcessLoop(self.bus, self.store, self.clock, look_secs=0.02)
        self._tasks = [
            asyncio.create_task(admission.run(self._stopping)),
            asyncio.create_task(Lane(lane_settings, vendor, ports).run(self._stopping, start={0: 0})),
        ]

    async def identify(self, *users: str) -> None:
        data = [json.dumps({"type": "identify", "userId": user, "traits": TRAITS}).encode() for user in users]
        kind = record_type(EventType.IDENTIFY, "")
        await self.bus.append(
            "events",
            [
                Record(id=user, source="web", type=kind, key=user, received_ms=self.clock.now_ms(), data=one)
                for user, one in zip(users, data, strict=True)
            ],
        )

    async def until(self, **counts: int) -> LaneLedger:
        """The ledger as soon as it has these counts; a test that never gets there fails here."""
        for _ in range(500):
            lanes = await self.store.lanes()
            if LANE in lanes:
                ledger = balance(LANE, lanes[LANE], await self.bus.ends("events"))
                if all(getattr(ledger, name) == count for name, count in counts.items()):
                    return ledger
            await asyncio.sleep(0.02)
        raise AssertionError((counts, await self.store.lanes(), self.sender.calls, self.log.getvalue()))

    async def set_accounts(self, *accounts: Mapping[str, object]) -> None:
        """Whose credentials are good from now on; every token that was given before has ended."""
        body = msgspec.json.encode([{"settings": one} for one in accounts])
        request = WireRequest(method="PUT", url=f"{self._url}/__fake__/accounts/{self._connector}", body=body)
        assert (await self._control.send(request, timeout_secs=5)).status == 200

    def told(self, fact: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.log.getvalue().splitlines()]
        return [line for line in lines if line["event"] == fact]

    async def stop(self) -> None:
        self._stopping.set()
        await asyncio.gather(*self._tasks)
        await self.sender.close()


@asynccontextmanager
async def scene(connector: str, settings: Mapping[str, object]) -> AsyncIterator[Scene]:
    """A lane and its vendor, which knows exactly these settings."""
    accounts = {connector: [Account(settings=settings, integration=LANE)]}
    listening = open_listening_socket("127.0.0.1", 0)
    stopping, ready = asyncio.Event(), asyncio.Event()
    vendors = FakeVendors(CATALOG, Received(None), accounts)
    serving = asyncio.create_task(serve(vendors, listening, stopping, on_ready=ready.set))
    await ready.wait()
    made = Scene(connector, listening.getsockname()[1], settings)
    try:
        yield made
    finally:
        await made.stop()
        stopping.set()
        await serving


@every_vendor
def test_token_that_ended_is_renewed_once_and_everything_is_delivered(connector: str) -> None:
    async def story() -> None:
        settings = SETTINGS[connector]
        async with scene(connector, settings) as one:
            await one.identify("u-1", "u-2")
            await one.until(delivered=2)
            one.clock.put_forward(MINUTE)
            await one.set_accounts(settings)
            await one.identify("u-3")
            await one.until(delivered=3)
            calls = one.sender.calls
            assert calls.count(("token", 200)) == 2
            assert [call for call in calls if call[1] == 401] == [("api", 401)]
            assert one.told("lane.paused") == []

    asyncio.run(story())


@every_vendor
def test_revoked_grant_pauses_the_lane_with_a_clear_message_and_loses_nothing(connector: str) -> None:
    async def story() -> None:
        settings = SETTINGS[connector]
        async with scene(connector, settings) as one:
            await one.identify("u-1")
            await one.until(delivered=1)
            one.clock.put_forward(MINUTE)
            await one.set_accounts({**settings, "client_secret": "another", "refresh_token": "another"})
            await one.identify("u-2")
            await one.until(delivered=1, parked=1, dead=0)
            [parked] = await one.store.parked(LANE, limit=10)
            assert parked.outcome.outcome_class is OutcomeClass.AUTH
            [paused] = one.told("lane.paused")
            assert paused["reason"] == "auth"
            assert paused["message"].startswith("no access token: invalid_client; authorize the app")
            calls = len(one.sender.calls)
            await one.identify("u-3", "u-4")
            await asyncio.sleep(0.1)
            assert len(one.sender.calls) == calls

            await one.set_accounts(settings)
            one.clock.put_forward(10 * MINUTE)
            ledger = await one.until(delivered=4, parked=0, dead=0)
            assert ledger.is_settled

    asyncio.run(story())


@every_vendor
def test_vendor_is_not_called_without_a_token_and_no_secret_is_logged(connector: str) -> None:
    async def story() -> None:
        settings = SETTINGS[connector]
        async with scene(connector, settings) as one:
            await one.set_accounts({**settings, "client_secret": "another"})
            await one.identify("u-1")
            await one.until(parked=1)
            assert [call for call in one.sender.calls if call[0] == "api"] == []
            assert "s3cret" not in one.log.getvalue()

    asyncio.run(story())


def test_token_that_somebody_has_already_is_used_as_it_is() -> None:
    async def story() -> None:
        settings = {"access_token": "session-1", "instance_url": "https://acme.my.salesforce.com"}
        async with scene("salesforce", settings) as one:
            await one.identify("u-1")
            await one.until(delivered=1)
            assert one.sender.calls == [("api", 200)]

    asyncio.run(story())


def test_refresh_token_that_is_given_is_used_instead_of_client_credentials() -> None:
    async def story() -> None:
        settings = {**SETTINGS["salesforce"], "refresh_token": "r-1"}
        async with scene("salesforce", settings) as one:
            await one.set_accounts(SETTINGS["salesforce"])
            await one.identify("u-1")
            await one.until(parked=1)
            [paused] = one.told("lane.paused")
            assert paused["message"].startswith("no access token: invalid_grant")

    asyncio.run(story())
