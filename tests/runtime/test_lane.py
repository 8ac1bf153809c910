"""A lane from the log to the vendor and the ledger, over the in-memory bus and store."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

import pytest

from paceline.delivery.plan import LanePlan
from paceline.delivery.retry import RetryPolicy
from paceline.drivers.bus.memory import MemoryBus
from paceline.drivers.marks.memory import MemoryMarks
from paceline.drivers.store.memory import MemoryStore
from paceline.errors import StorageError
from paceline.model.connector import RateLimit
from paceline.model.delivery import Answer, Fate, Item, Outcome, OutcomeClass, Request, WireRequest
from paceline.model.event import Filtered, Refusal
from paceline.model.integration import DeliveryLimits
from paceline.model.record import Record, Verdict
from paceline.observe.ledger import LaneLedger, balance
from paceline.observe.telemetry import Telemetry
from paceline.ports.connector import BatchLimits
from paceline.ports.marks import Marks
from paceline.ports.store import DeadLetterFilter
from paceline.runtime.clock import SystemClock
from paceline.runtime.deliver.credentials import FixedCredentials
from paceline.runtime.deliver.dispatch import Vendor
from paceline.runtime.deliver.gate import Gate
from paceline.runtime.deliver.lane import Lane
from paceline.runtime.deliver.lane_settings import LanePorts, LaneSettings
from paceline.runtime.memo import EventMemo
from paceline.runtime.process import ProcessLoop
from paceline.testing.store_samples import replay_all

LANE = "crm"
EVENT = "track:Order Completed"


class ShopConnector:
    """A vendor with one endpoint; its answer says the fate of each item by name."""

    name = "shop"

    def batch_limits(self, action: str) -> BatchLimits:
        return BatchLimits(max_items=4, max_bytes=100_000)

    def batch_key(self, action: str, payload: Mapping[str, object]) -> object:
        return None

    def build(self, action: str, items: Sequence[Item], settings: Mapping[str, object], *, now_ms: int) -> Request:
        body = [{"id": item.delivery_id, **item.payload} for item in items]
        return Request(method="POST", url="https://vendor.example/batch", body=body)

    def follow_up(self, *_: object, now_ms: int) -> None:
        return None

    def read(self, action: str, items: Sequence[Item], answer: Answer, *, now_ms: int) -> Sequence[Outcome]:
        if answer.status == 207:
            classes = [OutcomeClass(name) for name in json.loads(answer.body)]
            return [Outcome(outcome_class=one, status=207) for one in classes]
        by_status = {
            200: OutcomeClass.OK,
            400: OutcomeClass.PERMANENT,
            429: OutcomeClass.THROTTLE,
            0: OutcomeClass.TRANSIENT,
        }
        outcome_class = by_status.get(answer.status, OutcomeClass.TRANSIENT)
        wait = float(answer.headers["retry-after"]) if "retry-after" in answer.headers else None
        outcome = Outcome(
            outcome_class=outcome_class, status=answer.status, retry_after_secs=wait, is_whole_request=True
        )
        return [outcome] * len(items)


class Upper:
    """A mapping: orders of users become payloads; `quiet` ones are filtered, `odd` ones refused, `evil` ones raise."""

    name = "orders"
    action = "send"

    def apply(self, event: dict[str, object], *, now_ms: int) -> dict[str, object] | Filtered | Refusal:
        match event["userId"]:
            case "quiet":
                return Filtered(rule="when:orders")
            case "odd":
                return Refusal(rule="fields.total", reason="missing", message="the event has no total")
            case "evil":
                raise ZeroDivisionError
            case user:
                return {"user": user, "event": event["messageId"]}


Answering = Callable[[list[dict]], Awaitable[Answer] | Answer]


class ScriptedSender:
    """Answers by a function of the items; remembers what the vendor took."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self.requests: list[list[str]] = []
        self.taken: list[str] = []
        self.keys: dict[str, set[str]] = {}

    async def send(self, request: WireRequest, *, timeout_secs: float) -> Answer:
        items = json.loads(request.body)
        self.requests.append([item["event"] for item in items])
        answer = self._answering(items)
        if isinstance(answer, Awaitable):
            answer = await answer
        for item in items:
            self.keys.setdefault(item["event"], set()).add(item["id"])
        if answer.status == 200:
            self.taken += [item["event"] for item in items]
        return answer

    async def close(self) -> None:
        return None


OK = Answer(status=200)


class Bench:
    """A bus, a store, admission and one lane."""

    def __init__(
        self, answering: Answering = lambda _: OK, *, keeps_order: bool = False, topic: str = "events"
    ) -> None:
        self.bus = MemoryBus(partitions=2)
        self.store = MemoryStore()
        self.sender = ScriptedSender(answering)
        self.keeps_order = keeps_order
        self.topic = topic
        self.stopping = asyncio.Event()
        self.limits: list[RateLimit] = []
        self.marks: Marks = MemoryMarks()
        self._sent = 0

    async def send(self, *users: str, event: str = EVENT, verdict: Verdict | None = None) -> None:
        records = []
        for user in users:
            self._sent += 1
            data = json.dumps({"userId": user, "event": "Order Completed"}).encode()
            records.append(
                Record(
                    id=f"m{self._sent}", source="web", type=event, key=user, received_ms=1, data=data, verdict=verdict
                )
            )
        await self.bus.append("events", records)

    def lane(self, limits: DeliveryLimits | None = None) -> Lane:
        settings = LaneSettings(
            name=LANE,
            topic=self.topic,
            plan=LanePlan(integration=LANE, sources=None, transforms={EVENT: [Upper()]}),
            retry=RetryPolicy(),
            keeps_order=self.keeps_order,
        )
        vendor = Vendor(
            connector=ShopConnector(),
            credentials=FixedCredentials({}),
            sender=self.sender,
            limits=limits or DeliveryLimits(max_in_flight=16),
        )
        clock, telemetry = SystemClock(), Telemetry()
        ports = LanePorts(
            bus=self.bus,
            store=self.store,
            clock=clock,
            telemetry=telemetry,
            jitter=lambda: 0.0,
            memo=EventMemo(),
            gate=Gate("shop:1", clock, telemetry, self.store, limits=self.limits),
            marks=self.marks,
        )
        return Lane(settings, vendor, ports)

    async def ledger(self) -> LaneLedger:
        return balance(LANE, (await self.store.lanes())[LANE], await self.bus.ends("events"))

    async def run_until(
        self, is_done: Callable[[LaneLedger], bool], *, limits: DeliveryLimits | None = None
    ) -> LaneLedger:
        """Run admission and the lane until the ledger says what is waited for, or for five seconds."""
        admission = ProcessLoop(self.bus, self.store, SystemClock())
        self.stopping = asyncio.Event()
        tasks = [
            asyncio.create_task(admission.run(self.stopping)),
            asyncio.create_task(self.lane(limits).run(self.stopping, start={0: 0, 1: 0})),
        ]
        for _ in range(500):
            await asyncio.sleep(0.01)
            if LANE in await self.store.lanes() and is_done(await self.ledger()):
                break
        self.stopping.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        return await self.ledger()


def settled(ledger: LaneLedger) -> bool:
    return ledger.accepted > 0 and ledger.is_settled


@pytest.mark.parametrize("topic", ["events", "canonical"])
def test_every_event_reaches_the_vendor_once_on_either_route(topic: str):
    async def story() -> tuple[LaneLedger, list[str]]:
        bench = Bench(topic=topic)
        await bench.send(*(f"u{number}" for number in range(40)))
        return await bench.run_until(settled), bench.sender.taken

    ledger, taken = asyncio.run(story())
    assert (ledger.delivered, ledger.adds_up) == (40, True)
    assert sorted(taken) == sorted(f"m{number}" for number in range(1, 41))


@pytest.mark.parametrize("topic", ["events", "canonical"])
def test_every_fate_is_counted_and_the_account_adds_up(topic: str):
    async def story() -> LaneLedger:
        bench = Bench(topic=topic)
        await bench.send("a", "quiet", "odd", "evil", "b")
        await bench.send("c", event="page")
        await bench.send("d", verdict=Verdict(rule="contract:order"))
        bench._sent = 0
        await bench.send("a")  # the first message id again
        return await bench.run_until(settled)

    ledger = asyncio.run(story())
    assert ledger.adds_up
    assert ledger.rules == {
        "dead.internal": 1,
        "dead.mapping": 1,
        "delivered": 2,
        "filtered.no_mapping": 1,
        "filtered.when:orders": 1,
        "rejected.contract:order": 1,
        "suppressed.duplicate": 1,
    }


def test_failed_delivery_waits_while_others_go_on_and_arrives_with_the_same_key():
    failures = Counter({"u1": 2})

    def answering(items: list[dict]) -> Answer:
        classes = ["transient" if failures[item["user"]] > 0 else "ok" for item in items]
        failures.subtract(item["user"] for item in items)
        return Answer(status=207, body=json.dumps(classes).encode()) if "transient" in classes else OK

    async def story() -> tuple[LaneLedger, dict[str, set[str]]]:
        bench = Bench(answering)
        await bench.send("u0", "u1", "u2")
        return await bench.run_until(settled), bench.sender.keys

    ledger, keys = asyncio.run(story())
    assert (ledger.delivered, ledger.parked) == (3, 0)
    assert all(len(one) == 1 for one in keys.values())


def test_poisoned_item_is_found_by_halving_and_the_rest_is_delivered():
    def answering(items: list[dict]) -> Answer:
        return Answer(status=400) if any(item["user"] == "poison" for item in items) else OK

    async def story() -> LaneLedger:
        bench = Bench(answering)
        await bench.send("u0", "u1", "poison", "u3")
        return await bench.run_until(settled)

    ledger = asyncio.run(story())
    assert (ledger.delivered, ledger.dead, ledger.adds_up) == (3, 1, True)


def test_vendor_that_asks_to_wait_is_not_called_before():
    called: list[float] = []

    def answering(_: list[dict]) -> Answer:
        called.append(asyncio.get_running_loop().time())
        return Answer(status=429, headers={"retry-after": "0.3"}) if len(called) == 1 else OK

    async def story() -> LaneLedger:
        bench = Bench(answering)
        await bench.send("u0", "u1")
        return await bench.run_until(settled)

    assert asyncio.run(story()).delivered == 2
    assert called[1] - called[0] >= 0.3


def test_dead_letter_that_is_replayed_is_delivered_with_the_same_key():
    is_broken = True

    def answering(_: list[dict]) -> Answer:
        return Answer(status=400) if is_broken else OK

    async def story() -> tuple[LaneLedger, LaneLedger, dict[str, set[str]]]:
        nonlocal is_broken
        bench = Bench(answering)
        await bench.send("u0", "u1")
        before = await bench.run_until(settled)
        is_broken = False
        await replay_all(bench.store, DeadLetterFilter(lane=LANE), now_ms=1)
        return before, await bench.run_until(settled), bench.sender.keys

    before, after, keys = asyncio.run(story())
    assert (before.dead, before.delivered) == (2, 0)
    assert (after.dead, after.delivered, after.adds_up) == (0, 2, True)
    assert all(len(one) == 1 for one in keys.values())


def test_stopping_in_the_middle_leaves_every_delivery_to_the_next_run():
    async def story() -> tuple[LaneLedger, list[str]]:
        bench = Bench()
        await bench.send(*(f"u{number}" for number in range(100)))
        await bench.run_until(lambda ledger: ledger.delivered > 0, limits=DeliveryLimits(max_in_flight=4))
        return await bench.run_until(settled), bench.sender.taken

    ledger, taken = asyncio.run(story())
    assert ledger.delivered == 100
    assert sorted(Counter(taken).values()) == [1] * 100


def test_lane_that_fails_before_its_commit_repeats_at_most_what_was_in_flight():
    async def story() -> tuple[LaneLedger, list[str], dict[str, set[str]]]:
        bench = Bench()
        await bench.send(*(f"u{number}" for number in range(30)))
        commit = bench.store.commit

        async def die(_: object) -> None:
            raise StorageError("the disk is gone")

        bench.store.commit = die  # type: ignore[method-assign]
        await bench.run_until(lambda _: bool(bench.sender.taken), limits=DeliveryLimits(max_in_flight=8))
        bench.store.commit = commit  # type: ignore[method-assign]
        return (
            await bench.run_until(settled, limits=DeliveryLimits(max_in_flight=8)),
            bench.sender.taken,
            bench.sender.keys,
        )

    ledger, taken, keys = asyncio.run(story())
    assert ledger.delivered == 30
    assert len(taken) - 30 <= 8
    assert all(len(one) == 1 for one in keys.values())


def test_later_events_of_a_failed_key_wait_behind_it_when_order_is_kept():
    failures = Counter({"m1": 3})

    def answering(items: list[dict]) -> Answer:
        classes = ["transient" if failures[item["event"]] > 0 else "ok" for item in items]
        failures.subtract(item["event"] for item in items)
        accepted.extend(item["event"] for item, one in zip(items, classes, strict=True) if one == "ok")
        return Answer(status=207, body=json.dumps(classes).encode())

    accepted: list[str] = []

    async def story() -> LaneLedger:
        bench = Bench(answering, keeps_order=True)
        await bench.send("slow", "other", "slow", "slow", "other")
        return await bench.run_until(settled)

    ledger = asyncio.run(story())
    assert (ledger.delivered, ledger.adds_up) == (5, True)
    assert [event for event in accepted if event in {"m1", "m3", "m4"}] == ["m1", "m3", "m4"]
    assert accepted.index("m2") < accepted.index("m1")


def test_hanging_vendor_is_given_up_on_in_time_and_tried_again():
    calls = 0

    async def answering(_: list[dict]) -> Answer:
        nonlocal calls
        calls += 1
        return Answer(status=0, fault="timeout") if calls == 1 else OK

    async def story() -> LaneLedger:
        bench = Bench(answering)
        await bench.send("u0")
        return await bench.run_until(settled)

    assert asyncio.run(story()).delivered == 1


def test_lane_ledger_counts_events_that_were_accepted_and_not_yet_read():
    async def story() -> LaneLedger:
        bench = Bench()
        await bench.send("u0")
        await bench.run_until(settled)
        await bench.send("u1", "u2")
        return await bench.ledger()

    ledger = asyncio.run(story())
    assert (ledger.accepted, ledger.delivered, ledger.in_flight) == (3, 1, 2)
    assert ledger.delivered + ledger.in_flight == ledger.accepted
    assert Fate.IN_FLIGHT not in ledger.rules
