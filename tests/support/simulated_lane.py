"""One lane over the in-memory bus and store in simulated time, with a vendor whose moods follow a schedule."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import msgspec

from paceline.delivery.plan import LanePlan
from paceline.delivery.retry import RetryPolicy
from paceline.drivers.bus.memory import MemoryBus
from paceline.drivers.marks.memory import MemoryMarks
from paceline.drivers.store.memory import MemoryStore
from paceline.model.delivery import Answer, Item, Outcome, OutcomeClass, Request, WireRequest
from paceline.model.event import Filtered, Refusal
from paceline.model.integration import DeliveryLimits
from paceline.model.record import Record
from paceline.observe.ledger import LaneLedger, balance
from paceline.observe.telemetry import Telemetry
from paceline.ports.connector import BatchLimits
from paceline.runtime.deliver.credentials import FixedCredentials
from paceline.runtime.deliver.dispatch import Vendor
from paceline.runtime.deliver.gate import Gate
from paceline.runtime.deliver.lane import Lane
from paceline.runtime.deliver.lane_settings import LanePorts, LaneSettings
from paceline.runtime.deliver.route_watch import RouteWatch
from paceline.runtime.deliver.routing import Routing
from paceline.runtime.memo import EventMemo
from paceline.runtime.process import ProcessLoop
from paceline.testing.simulated_time import SimulatedClock

LANE = "crm"
EVENT = "track:Order Completed"
ANSWER_SECS = 0.1
TIMEOUT_SECS = 30.0
LOOK_SECS = 300.0


class Mood(msgspec.Struct, frozen=True, kw_only=True):
    """How the vendor treats requests for a while: `status` 0 hangs until the time-out."""

    until_secs: float
    status: int = 200
    retry_after_secs: float | None = None


class MoodyVendor:
    """Follows a schedule of moods; fine when it is over. Items named `poison` are refused with their whole request."""

    def __init__(self, clock: SimulatedClock, moods: Sequence[Mood]) -> None:
        self._clock = clock
        self._moods = list(moods)
        self._closed_until = 0.0
        self.calls = 0
        self.early_calls = 0
        self.taken: list[str] = []
        self.fails_for: set[str] = set()
        self.keys: dict[str, set[str]] = {}

    def mood(self) -> Mood:
        now = self._clock.monotonic_secs()
        while self._moods and self._moods[0].until_secs <= now:
            self._moods.pop(0)
        return self._moods[0] if self._moods else Mood(until_secs=float("inf"))

    async def send(self, request: WireRequest, *, timeout_secs: float) -> Answer:
        self.calls += 1
        self.early_calls += self._clock.monotonic_secs() < self._closed_until
        mood = self.mood()
        items = json.loads(request.body)
        for item in items:
            self.keys.setdefault(item["event"], set()).add(item["id"])
        if mood.status == 0:
            await self._clock.sleep(timeout_secs)
            return Answer(status=0, fault="timeout")
        await self._clock.sleep(ANSWER_SECS)
        if mood.status != 200:
            headers = {}
            if mood.retry_after_secs is not None:
                headers["retry-after"] = str(mood.retry_after_secs)
                self._closed_until = self._clock.monotonic_secs() + mood.retry_after_secs
            return Answer(status=mood.status, headers=headers)
        if any(item["user"] in self.fails_for for item in items):
            return Answer(status=503)
        if any(item["user"] == "poison" for item in items):
            return Answer(status=400)
        self.taken += [item["event"] for item in items]
        return Answer(status=200)

    async def close(self) -> None:
        return None


class _Connector:
    name = "moody"
    _classes: Mapping[int, OutcomeClass] = {
        0: OutcomeClass.TRANSIENT,
        200: OutcomeClass.OK,
        400: OutcomeClass.PERMANENT,
        401: OutcomeClass.AUTH,
        429: OutcomeClass.THROTTLE,
        503: OutcomeClass.TRANSIENT,
    }

    def batch_limits(self, action: str) -> BatchLimits:
        return BatchLimits(max_items=20, max_bytes=1_000_000)

    def batch_key(self, action: str, payload: Mapping[str, object]) -> object:
        return None

    def build(self, action: str, items: Sequence[Item], settings: Mapping[str, object], *, now_ms: int) -> Request:
        body = [{"id": item.delivery_id, **item.payload} for item in items]
        return Request(method="POST", url="https://moody.example/", body=body)

    def follow_up(self, *_: object, now_ms: int) -> None:
        return None

    def read(self, action: str, items: Sequence[Item], answer: Answer, *, now_ms: int) -> Sequence[Outcome]:
        asked = answer.headers.get("retry-after")
        outcome = Outcome(
            outcome_class=self._classes[answer.status],
            status=answer.status,
            retry_after_secs=None if asked is None else float(asked),
            is_whole_request=True,
        )
        return [outcome] * len(items)


class _Mapping:
    name = "orders"
    action = "send"

    def apply(self, event: dict[str, object], *, now_ms: int) -> dict[str, object] | Filtered | Refusal:
        return {"user": event["userId"], "event": event["messageId"]}


class SimulatedLane:
    """A lane that can be started, crashed and counted. `jitter` decides how long every retry waits, `route` how it goes
    by a toggle."""

    def __init__(
        self,
        clock: SimulatedClock,
        moods: Sequence[Mood] = (),
        *,
        keeps_order: bool = False,
        is_strict: bool = False,
        window_secs: float = 86_400.0,
        jitter: Callable[[], float] = lambda: 0.5,
        route: Callable[[SimulatedLane], tuple[Routing, RouteWatch]] | None = None,
    ) -> None:
        self.clock = clock
        self.bus = MemoryBus(partitions=2, now_ms=clock.now_ms)
        self.store = MemoryStore()
        self.vendor = MoodyVendor(clock, moods)
        self.sent: dict[str, list[str]] = {}
        self.placed: dict[int, list[str]] = {}
        self._settings = LaneSettings(
            name=LANE,
            topic="events" if route is None else "canonical",
            plan=LanePlan(integration=LANE, sources=None, transforms={EVENT: [_Mapping()]}),
            retry=RetryPolicy(window_secs=window_secs),
            keeps_order=keeps_order or is_strict,
            is_strict=is_strict,
            look_secs=LOOK_SECS,
        )
        self._jitter = jitter
        self._route = route
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    async def send(self, *users: str) -> None:
        """Accept one event of each user."""
        count = sum(map(len, self.sent.values()))
        records = []
        for number, user in enumerate(users, count):
            self.sent.setdefault(user, []).append(f"m{number}")
            data = json.dumps({"userId": user, "event": "Order Completed"}).encode()
            records.append(
                Record(id=f"m{number}", source="web", type=EVENT, key=user, received_ms=self.clock.now_ms(), data=data)
            )
        positions = await self.bus.append("events", records)
        for position, record in zip(positions, records, strict=True):
            self.placed.setdefault(position.partition, []).append(record.id)

    def start(self) -> None:
        """Begin, or begin again: nothing is known but what the store has."""
        telemetry = Telemetry(io.StringIO())
        limits = DeliveryLimits(max_in_flight=40, max_requests=4, timeout_secs=TIMEOUT_SECS)
        vendor = Vendor(connector=_Connector(), credentials=FixedCredentials({}), sender=self.vendor, limits=limits)
        ports = LanePorts(
            bus=self.bus,
            store=self.store,
            clock=self.clock,
            telemetry=telemetry,
            jitter=self._jitter,
            memo=EventMemo(),
            gate=Gate("moody:1", self.clock, telemetry, self.store),
            marks=MemoryMarks(),
        )
        if self._route is not None:
            routing, watch = self._route(self)
            ports = msgspec.structs.replace(ports, routing=routing, route_watch=watch)
        self._stopping = asyncio.Event()
        admission = ProcessLoop(self.bus, self.store, self.clock, look_secs=LOOK_SECS)
        lane = Lane(self._settings, vendor, ports)
        self._tasks = [
            asyncio.create_task(admission.run(self._stopping)),
            asyncio.create_task(lane.run(self._stopping, start={0: 0, 1: 0})),
        ]

    async def crash(self) -> None:
        """End at once, in the middle of whatever is under way."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def stop(self) -> None:
        """End in an orderly way."""
        self._stopping.set()
        await asyncio.gather(*self._tasks)

    async def ledger(self) -> LaneLedger:
        return balance(LANE, (await self.store.lanes())[LANE], await self.bus.ends("events"))

    async def settle(self, *, within_secs: float) -> LaneLedger:
        """Let time pass until every event has its end, or `within_secs` are over."""
        end = self.clock.monotonic_secs() + within_secs
        while self.clock.monotonic_secs() < end:
            await self.clock.sleep(LOOK_SECS)
            ledger = await self.ledger()
            if ledger.is_settled:
                return ledger
        return await self.ledger()

    def repeats(self) -> int:
        """How many more times than once events were taken."""
        return sum(count - 1 for count in Counter(self.vendor.taken).values())

    def strict_inversions(self) -> int:
        """Neighbors of one partition whose first arrival was in the wrong order."""
        first: dict[str, int] = {}
        for place, event in enumerate(self.vendor.taken):
            first.setdefault(event, place)
        return sum(
            first[earlier] > first[later]
            for events in self.placed.values()
            for earlier, later in itertools.pairwise([event for event in events if event in first])
        )

    def inversions(self) -> int:
        """Neighbors of one user whose first arrival was in the wrong order."""
        first: dict[str, int] = {}
        for place, event in enumerate(self.vendor.taken):
            first.setdefault(event, place)
        return sum(
            first[earlier] > first[later]
            for events in self.sent.values()
            for earlier, later in itertools.pairwise(events)
            if earlier in first and later in first
        )
