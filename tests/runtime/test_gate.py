"""An account's pauses and pace, against a vendor that counts, in simulated time."""

from __future__ import annotations

import asyncio

import pytest

from paceline.drivers.store.memory import MemoryStore
from paceline.model.connector import RateLimit
from paceline.model.delivery import Outcome, OutcomeClass
from paceline.observe.telemetry import Telemetry
from paceline.runtime.deliver.gate import Gate
from paceline.testing.simulated_time import SimulatedClock, run_simulated

OK = Outcome(outcome_class=OutcomeClass.OK, status=200)


class CountingVendor:
    """A token bucket: `per_sec` calls a second, `burst` at once. Notes every call, and those that came too early."""

    def __init__(self, clock: SimulatedClock, *, per_sec: float, burst: float, retry_after_secs: float = 1.0) -> None:
        self._clock = clock
        self._per_sec = per_sec
        self._burst = self._tokens = burst
        self._retry_after_secs = retry_after_secs
        self._at = 0.0
        self._closed_until = 0.0
        self.accepted = 0
        self.refused = 0
        self.early = 0

    async def call(self) -> Outcome:
        """One call that takes 20 ms."""
        now = self._clock.monotonic_secs()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_sec)
        self._at = now
        if now < self._closed_until:
            self.early += 1
        is_allowed = self._tokens >= 1.0
        if is_allowed:
            self._tokens -= 1.0
            self.accepted += 1
        else:
            self.refused += 1
        await self._clock.sleep(0.02)
        if is_allowed:
            return OK
        self._closed_until = self._clock.monotonic_secs() + self._retry_after_secs
        return Outcome(outcome_class=OutcomeClass.THROTTLE, status=429, retry_after_secs=self._retry_after_secs)


async def call_for(
    secs: float, clock: SimulatedClock, vendor: CountingVendor, gates: list[Gate], *, callers: int = 4
) -> None:
    """So many callers a gate, each as fast as its gate lets it."""
    stopping = asyncio.Event()

    async def caller(gate: Gate) -> None:
        while not stopping.is_set():
            if await gate.may_call(stopping):
                await gate.after_call([await vendor.call()])
            else:
                await clock.sleep(min(gate.secs_until_open(), 0.5) or 0.001)

    async with asyncio.TaskGroup() as tasks:
        for gate in gates:
            for _ in range(callers):
                tasks.create_task(caller(gate))
        await clock.sleep(secs)
        stopping.set()


def make_gate(
    clock: SimulatedClock, store: MemoryStore, *, per_sec: float | None = None, account: str = "shop:1"
) -> Gate:
    limits = [] if per_sec is None else [RateLimit(requests=int(per_sec * 10), per_secs=10.0)]
    return Gate(account, clock, Telemetry(), store, limits=limits)


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("per_sec", [2.0, 100.0])
def test_known_limit_is_used_and_kept_by_all_workers_together(workers: int, per_sec: float) -> None:
    async def story(clock: SimulatedClock) -> CountingVendor:
        store = MemoryStore()
        vendor = CountingVendor(clock, per_sec=per_sec, burst=max(per_sec / 10, 1.0))
        gates = [make_gate(clock, store, per_sec=per_sec) for _ in range(workers)]
        await call_for(100.0, clock, vendor, gates)
        return vendor

    vendor = run_simulated(story)
    assert vendor.accepted >= 0.95 * per_sec * 100
    assert vendor.refused <= 0.01 * (vendor.accepted + vendor.refused)


@pytest.mark.parametrize(("per_sec", "burst"), [(100.0, 100.0), (100.0, 10.0), (20.0, 1.0), (5.0, 50.0)])
def test_unknown_limit_is_learned_and_then_mostly_used(per_sec: float, burst: float) -> None:
    async def story(clock: SimulatedClock) -> tuple[CountingVendor, int, int]:
        vendor = CountingVendor(clock, per_sec=per_sec, burst=burst)
        gate = make_gate(clock, MemoryStore())
        await call_for(120.0, clock, vendor, [gate])
        learned_from = vendor.refused, vendor.accepted
        await call_for(600.0, clock, vendor, [gate])
        return vendor, *learned_from

    vendor, refused, accepted = run_simulated(story)
    refused, accepted = vendor.refused - refused, vendor.accepted - accepted
    assert accepted >= 0.85 * per_sec * 600
    assert refused <= 0.01 * (accepted + refused)


def test_many_callers_at_once_do_not_keep_the_pace_down_that_the_first_refusal_taught() -> None:
    async def story(clock: SimulatedClock) -> CountingVendor:
        vendor = CountingVendor(clock, per_sec=20.0, burst=1.0)
        await call_for(60.0, clock, vendor, [make_gate(clock, MemoryStore())], callers=50)
        return vendor

    assert run_simulated(story).accepted > 0.5 * 20 * 60


def test_pause_reaches_a_worker_that_knows_no_pace() -> None:
    async def story(clock: SimulatedClock) -> float:
        store = MemoryStore()
        first, other = make_gate(clock, store), make_gate(clock, store)
        assert await other.may_call(asyncio.Event())
        await first.after_call([Outcome(outcome_class=OutcomeClass.THROTTLE, status=429, retry_after_secs=60.0)])
        await clock.sleep(0.1)
        assert not await other.may_call(asyncio.Event())
        return other.secs_until_open()

    assert run_simulated(story) == pytest.approx(59.9, abs=0.01)


def test_nobody_calls_while_the_vendor_asked_to_wait() -> None:
    async def story(clock: SimulatedClock) -> CountingVendor:
        vendor = CountingVendor(clock, per_sec=10.0, burst=1.0, retry_after_secs=7.0)
        gate = make_gate(clock, MemoryStore())
        stopping = asyncio.Event()
        for _ in range(500):
            if await gate.may_call(stopping):
                await gate.after_call([await vendor.call()])
            else:
                await clock.sleep(gate.secs_until_open())
        return vendor

    vendor = run_simulated(story)
    assert (vendor.early, vendor.refused > 0) == (0, True)


def test_pause_holds_for_another_worker_and_over_a_restart() -> None:
    async def story(clock: SimulatedClock) -> tuple[float, float]:
        store = MemoryStore()
        first, other = make_gate(clock, store, per_sec=50.0), make_gate(clock, store, per_sec=50.0)
        refused = Outcome(outcome_class=OutcomeClass.THROTTLE, status=429, retry_after_secs=60.0)
        await first.after_call([refused])
        assert not await other.may_call(asyncio.Event())
        await clock.sleep(10.0)
        restarted = make_gate(clock, store)
        await restarted.join("crm")
        return other.secs_until_open(), restarted.secs_until_open()

    assert run_simulated(story) == (pytest.approx(50.0, abs=0.01), pytest.approx(50.0, abs=0.01))


def test_another_account_of_the_same_vendor_goes_on() -> None:
    async def story(clock: SimulatedClock) -> bool:
        store = MemoryStore()
        throttled, other = make_gate(clock, store), make_gate(clock, store, account="shop:2")
        await throttled.after_call([Outcome(outcome_class=OutcomeClass.QUOTA, status=429)])
        await other.join("crm")
        return await other.may_call(asyncio.Event())

    assert run_simulated(story)


def test_waiting_for_a_turn_ends_when_the_worker_does() -> None:
    async def story(clock: SimulatedClock) -> float:
        gate = make_gate(clock, MemoryStore(), per_sec=0.1)
        stopping = asyncio.Event()
        await gate.may_call(stopping)
        waiting = asyncio.create_task(gate.may_call(stopping))
        await clock.sleep(1.0)
        stopping.set()
        assert not await waiting
        return clock.monotonic_secs()

    assert run_simulated(story) < 3.0
