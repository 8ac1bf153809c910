"""Lanes, retries, breaker and pauses through outages of minutes to days, in simulated time."""

from __future__ import annotations

import os
import random

import pytest
from simulated_lane import LANE, LOOK_SECS, Mood, MoodyVendor, SimulatedLane

from paceline.observe.ledger import LaneLedger
from paceline.testing.simulated_time import SimulatedClock, run_simulated

MOST_REPEATED_STRICT = 3
"""What a strict lane of two partitions has in flight: one new delivery, and a retry of each partition."""

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def outage(secs: float, status: int = 503) -> tuple[LaneLedger, SimulatedLane]:
    """Events come before, during and after an outage; the ledger when all is settled."""

    async def story(clock: SimulatedClock) -> tuple[LaneLedger, SimulatedLane]:
        lane = SimulatedLane(clock, [Mood(until_secs=10 + secs, status=status)])
        await clock.sleep(10.0)
        lane.start()
        for number in range(20):
            await lane.send(*(f"u{user}" for user in range(number % 7 + 1)))
            await clock.sleep(secs / 40)
        await clock.sleep(secs)
        await lane.send("u0", "u1")
        ledger = await lane.settle(within_secs=3 * DAY)
        await lane.stop()
        return ledger, lane

    return run_simulated(story)


@pytest.mark.parametrize("status", [503, 0, 429, 401])
@pytest.mark.parametrize("secs", [MINUTE, HOUR, 23 * HOUR + 55 * MINUTE])
def test_outage_shorter_than_the_retry_window_loses_and_repeats_nothing(secs: float, status: int) -> None:
    ledger, lane = outage(secs, status)
    assert (ledger.delivered, ledger.dead, ledger.adds_up) == (ledger.accepted, 0, True)
    assert (lane.repeats(), lane.vendor.early_calls) == (0, 0)


def test_deliveries_that_failed_throughout_the_window_become_dead_letters_and_none_vanishes() -> None:
    async def story(clock: SimulatedClock) -> LaneLedger:
        lane = SimulatedLane(clock, [Mood(until_secs=DAY + 20 * MINUTE, status=503)])
        lane.start()
        await lane.send("u0", "u1", "u2")
        await clock.sleep(DAY + 5 * MINUTE)
        await lane.send("u3")
        ledger = await lane.settle(within_secs=3 * DAY)
        await lane.stop()
        return ledger

    ledger = run_simulated(story)
    assert (ledger.dead, ledger.delivered, ledger.adds_up) == (3, 1, True)


def test_vendor_that_is_down_is_called_seldom() -> None:
    _, lane = outage(6 * HOUR)
    assert lane.vendor.calls < 200


def test_clock_that_jumps_neither_loses_nor_holds_up_a_retry() -> None:
    async def story(clock: SimulatedClock) -> tuple[LaneLedger, float]:
        lane = SimulatedLane(clock, [Mood(until_secs=5.0, status=503)])
        lane.start()
        await lane.send("u0", "u1")
        await clock.sleep(2.0)
        clock.jump(-600.0)
        ledger = await lane.settle(within_secs=DAY)
        await lane.stop()
        return ledger, clock.monotonic_secs()

    ledger, ended = run_simulated(story)
    assert ledger.delivered == 2
    assert ended <= 600.0 + 3 * LOOK_SECS


def test_event_that_comes_while_an_earlier_one_of_its_key_is_tried_again_waits_for_it() -> None:
    async def story(clock: SimulatedClock) -> tuple[set[str], SimulatedLane]:
        moods = [Mood(until_secs=1.0, status=503), Mood(until_secs=40.0, status=0)]
        lane = SimulatedLane(clock, moods, keeps_order=True)
        lane.start()
        await lane.send("u0")
        await clock.sleep(10.0)  # a second retry hangs by now
        await lane.send("u0", "u1")
        await clock.sleep(5.0)
        asked = set(lane.vendor.keys)
        await lane.settle(within_secs=DAY)
        await lane.stop()
        return asked, lane

    asked, lane = run_simulated(story)
    assert asked == {"m0", "m2"}
    assert lane.inversions() == 0


def make_moods(chance: random.Random, until_secs: float) -> list[Mood]:
    """A vendor's weeks: fine most of the time, then down, hanging, throttling or refusing our credentials."""
    moods, now = [], 0.0
    while now < until_secs:
        now += chance.uniform(MINUTE, 12 * HOUR)
        moods.append(Mood(until_secs=now))
        now += chance.choice([5.0, MINUTE, 20 * MINUTE, 5 * HOUR])
        status = chance.choice([503, 503, 0, 429, 401])
        wait = chance.choice([None, 1.0, 30.0, 1800.0]) if status == 429 else None
        moods.append(Mood(until_secs=now, status=status, retry_after_secs=wait))
    return moods


async def live(
    clock: SimulatedClock, chance: random.Random, hours: float, *, is_strict: bool = False
) -> tuple[LaneLedger, SimulatedLane, int]:
    """Weeks of a lane with crashes; its ledger when all is settled, and how often it crashed."""
    keeps_order = chance.random() < 0.5
    moods = make_moods(chance, hours * HOUR)
    lane = SimulatedLane(clock, moods, keeps_order=keeps_order, is_strict=is_strict, jitter=chance.random)
    lane.start()
    crashes = 0
    while clock.monotonic_secs() < hours * HOUR:
        users = [f"u{chance.randrange(8)}" for _ in range(chance.choice([1, 3, 60]))]
        await lane.send(*users, *(["poison"] if chance.random() < 0.05 else []))
        await clock.sleep(chance.choice([0.05, 1.0, 10 * MINUTE, 5 * HOUR]))
        if chance.random() < 0.3:
            crashes += 1
            await lane.crash()
            await clock.sleep(chance.choice([0.1, HOUR]))
            lane.start()
    ledger = await lane.settle(within_secs=5 * DAY)
    await lane.stop()
    assert not keeps_order or lane.inversions() == 0
    assert not is_strict or lane.strict_inversions() == 0
    return ledger, lane, crashes


def check_life(seed: int, hours: float, *, is_strict: bool = False) -> MoodyVendor:
    ledger, lane, crashes = run_simulated(lambda clock: live(clock, random.Random(seed), hours, is_strict=is_strict))
    poisoned = len(lane.sent.get("poison", ()))
    accepted = sum(map(len, lane.sent.values()))
    assert ledger.adds_up
    assert (ledger.accepted, ledger.delivered, ledger.dead) == (accepted, accepted - poisoned, poisoned)
    assert set(lane.vendor.taken) == {event for user, sent in lane.sent.items() if user != "poison" for event in sent}
    assert lane.repeats() <= crashes * (MOST_REPEATED_STRICT if is_strict else 40)
    assert all(len(keys) == 1 for keys in lane.vendor.keys.values())
    assert lane.vendor.early_calls == 0
    return lane.vendor


@pytest.mark.parametrize("seed", range(20))
def test_weeks_of_trouble_end_with_every_event_delivered_once_or_accounted_for(seed: int) -> None:
    check_life(seed, hours=500.0)


@pytest.mark.parametrize("seed", range(8))
def test_strict_lane_keeps_the_order_of_every_partition_through_weeks_of_trouble(seed: int) -> None:
    check_life(seed, hours=100.0, is_strict=True)


def test_failed_delivery_of_a_strict_lane_holds_up_its_partition_and_no_other() -> None:
    async def story(clock: SimulatedClock) -> tuple[list[str], SimulatedLane]:
        lane = SimulatedLane(clock, is_strict=True)
        lane.vendor.fails_for = {"u0"}
        lane.start()
        await lane.send("u0", *(f"u{number}" for number in range(1, 12)), "u0")
        await clock.sleep(20 * MINUTE)
        before = list(lane.vendor.taken)
        parked = len(await lane.store.parked(LANE, limit=100))
        lane.vendor.fails_for = set()
        ledger = await lane.settle(within_secs=DAY)
        await lane.stop()
        assert (ledger.delivered, ledger.adds_up, parked) == (13, True, 1)
        return before, lane

    before, lane = run_simulated(story)
    (held,) = [events for events in lane.placed.values() if "m0" in events]
    (free,) = [events for events in lane.placed.values() if "m0" not in events]
    assert before == free
    assert [event for event in lane.vendor.taken if event in held] == held


@pytest.mark.soak
def test_years_of_trouble_end_the_same_way() -> None:
    seeds = int(os.environ.get("PACELINE_SIMULATED_LIVES", "400"))
    for seed in range(1000, 1000 + seeds):
        check_life(seed, hours=500.0)
