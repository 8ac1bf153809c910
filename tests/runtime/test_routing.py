"""Lanes whose route is a toggle, in simulated time: nothing lost or doubled by switches, and moves on evidence."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from simulated_lane import EVENT, LANE, Mood, SimulatedLane

from paceline.delivery.plan import LanePlan
from paceline.drivers.toggles.flagd_file import FlagdFileToggles
from paceline.lifecycle.route_step import BUS, DIRECT, LADDER, SHADOW, RouteStep, flag_of, parse_step
from paceline.model.event import Filtered, Refusal
from paceline.model.route import Advance, ReadyWhen
from paceline.observe.telemetry import Telemetry
from paceline.ports.routes import RouteState
from paceline.runtime.deliver.route_watch import RouteRules, RouteWatch
from paceline.runtime.deliver.routing import RoutePlans, Routing
from paceline.runtime.memo import EventMemo
from paceline.runtime.process import CANONICAL_TOPIC, EVENTS_TOPIC
from paceline.testing.simulated_time import SimulatedClock, run_simulated

TOGGLE = "crm_route"
READY = ReadyWhen(parity_ratio=0.99, over_events=100, lag_p99_secs=600, error_ratio=0.02, for_hours=1)

Payload = dict[str, object] | Filtered | Refusal


class ScriptedPath:
    """What one path makes of an event; `make` may be replaced while the lane runs."""

    name = "orders"
    action = "send"

    def __init__(self, path: str, make: Callable[[dict[str, object]], Payload] | None = None) -> None:
        self.path = path
        self.make = make or (lambda payload: payload)

    def apply(self, event: dict[str, object], *, now_ms: int) -> Payload:
        return self.make({"user": event["userId"], "event": event["messageId"], "total": 49.99, "now": now_ms})


class Story:
    """A lane with a toggle, and what each path makes."""

    def __init__(
        self, folder: Path, clock: SimulatedClock, *, advance: Advance = Advance.ASK, start: RouteStep = DIRECT
    ) -> None:
        self.clock = clock
        self.direct, self.bus = ScriptedPath("direct"), ScriptedPath("bus")
        self.file = folder / "toggles.flagd.json"
        self.fingerprint = "one"
        self.advance = advance
        self.log = io.StringIO()
        self.file.write_text(json.dumps({"flags": {TOGGLE: flag_of(start)}}), encoding="utf-8")
        self.lane = SimulatedLane(clock, keeps_order=True, route=self._route)

    def _route(self, lane: SimulatedLane) -> tuple[Routing, RouteWatch]:
        self.toggles = FlagdFileToggles(self.file, monotonic_secs=self.clock.monotonic_secs)
        plans = {
            path: LanePlan(integration=LANE, sources=None, transforms={EVENT: [made]})
            for path, made in (("direct", self.direct), ("bus", self.bus))
        }
        memos = {EVENTS_TOPIC: EventMemo(), CANONICAL_TOPIC: EventMemo()}
        routing = Routing(TOGGLE, RoutePlans(**plans), self.toggles, bus=lane.bus, clock=self.clock, memos=memos)
        rules = RouteRules(
            integration=LANE, ready_when=READY, advance=self.advance, fingerprint=self.fingerprint, look_secs=20.0
        )
        watch = RouteWatch(rules, routing, lane.store, clock=self.clock, telemetry=Telemetry(self.log))
        return routing, watch

    async def traffic(self, hours: float, *, per_hour: int = 200) -> None:
        """Events of many users, spread over the time."""
        for _ in range(int(hours * per_hour)):
            await self.lane.send(f"u{random.Random(len(self.lane.sent)).randrange(10**6)}-{self.clock.now_ms()}")
            await self.clock.sleep(3600 / per_hour)

    async def state(self) -> RouteState:
        return (await self.lane.store.route_states())[LANE]

    def step(self) -> str:
        return str(self.toggles.step(TOGGLE))


def minor_units(payload: dict[str, object]) -> Payload:
    return payload | {"total": 4999}


def refuse(payload: dict[str, object]) -> Payload:
    return Refusal(rule="fields.total", reason="missing", message="the event has no total")


@pytest.mark.parametrize("seed", range(8))
def test_switches_and_crashes_lose_nothing_and_keep_the_order_of_every_key(seed: int, tmp_path: Path) -> None:
    async def story(clock: SimulatedClock) -> tuple[SimulatedLane, int]:
        dice = random.Random(seed)
        told = Story(tmp_path, clock)
        told.lane.start()
        crashes = 0
        for _ in range(60):
            await told.lane.send(*(f"u{dice.randrange(12)}" for _ in range(dice.randrange(1, 30))))
            told.toggles.set_step(TOGGLE, dice.choice([*LADDER, parse_step("canary 50%")]))
            await clock.sleep(dice.uniform(0, 2))
            if dice.random() < 0.2:
                await told.lane.crash()
                told.lane.start()
                crashes += 1
        ledger = await told.lane.settle(within_secs=86_400)
        await told.lane.stop()
        assert ledger.adds_up
        assert ledger.delivered == sum(map(len, told.lane.sent.values()))
        return told.lane, crashes

    lane, crashes = run_simulated(story)
    assert set(lane.vendor.taken) == {event for events in lane.sent.values() for event in events}
    assert all(len(keys) == 1 for keys in lane.vendor.keys.values())
    assert lane.inversions() == 0
    assert lane.repeats() <= crashes * 40


def test_switches_without_crashes_deliver_every_event_exactly_once(tmp_path: Path) -> None:
    async def story(clock: SimulatedClock) -> SimulatedLane:
        told = Story(tmp_path, clock)
        told.lane.start()
        for step in (*LADDER, SHADOW, DIRECT, BUS, parse_step("canary 33%"), DIRECT):
            await told.lane.send(*(f"u{number}" for number in range(50)))
            told.toggles.set_step(TOGGLE, step)
            await clock.sleep(1)
        await told.lane.settle(within_secs=86_400)
        await told.lane.stop()
        return told.lane

    lane = run_simulated(story)
    assert len(lane.vendor.taken) == len(set(lane.vendor.taken)) == sum(map(len, lane.sent.values()))


def test_shadow_names_the_field_that_differs_and_the_gate_refuses(tmp_path: Path) -> None:
    async def story(clock: SimulatedClock) -> tuple[RouteState, str]:
        told = Story(tmp_path, clock, advance=Advance.AUTO, start=SHADOW)
        told.bus.make = minor_units
        told.lane.start()
        await told.traffic(hours=2, per_hour=100)
        await told.lane.stop()
        return await told.state(), told.step()

    state, step = run_simulated(story)
    assert [(field.path, field.bus) for field in state.evidence.fields] == [("total", "4999 (100 times as much)")]
    assert step == "shadow"
    assert state.changes == ()


def test_equal_paths_move_on_by_themselves_step_by_step(tmp_path: Path) -> None:
    async def story(clock: SimulatedClock) -> tuple[RouteState, str]:
        told = Story(tmp_path, clock, advance=Advance.AUTO, start=SHADOW)
        told.lane.start()
        await told.traffic(hours=8)
        await told.lane.stop()
        return await told.state(), told.step()

    state, step = run_simulated(story)
    assert step == "bus"
    assert [change.after for change in state.changes] == ["canary 1%", "canary 10%", "canary 50%", "bus"]
    assert all(change.judgement is not None and change.judgement.is_ready for change in state.changes)


def test_toggle_that_asks_stays_and_says_that_it_is_ready(tmp_path: Path) -> None:
    async def story(clock: SimulatedClock) -> tuple[str, str]:
        told = Story(tmp_path, clock, start=SHADOW)
        told.lane.start()
        await told.traffic(hours=3)
        await told.lane.stop()
        return told.step(), told.log.getvalue()

    step, log = run_simulated(story)
    assert step == "shadow"
    assert log.count("route.ready") == 1


def test_failing_bus_path_is_taken_back_to_shadow_and_told(tmp_path: Path) -> None:
    async def story(clock: SimulatedClock) -> tuple[RouteState, str, str]:
        told = Story(tmp_path, clock, start=parse_step("canary 50%"))
        told.lane.start()
        await told.traffic(hours=0.5)
        told.bus.make = refuse
        await told.traffic(hours=0.5)
        await told.lane.stop()
        return await told.state(), told.step(), told.log.getvalue()

    state, step, log = run_simulated(story)
    assert step == "shadow"
    assert "route.broken" in log
    assert [(change.before, change.after, change.who) for change in state.changes] == [
        ("canary 50%", "shadow", "paceline")
    ]


def test_repaired_mapping_needs_new_evidence_and_then_moves_on(tmp_path: Path) -> None:
    async def story(clock: SimulatedClock) -> tuple[list[str], str]:
        told = Story(tmp_path, clock, advance=Advance.AUTO, start=SHADOW)
        told.bus.make = minor_units
        told.lane.start()
        await told.traffic(hours=2)
        await told.lane.stop()
        told.bus.make = lambda payload: payload
        told.fingerprint = "two"
        told.lane.start()
        await told.traffic(hours=0.5)
        steps = [told.step()]
        await told.traffic(hours=1)
        await told.lane.stop()
        return steps, told.step()

    early, late = run_simulated(story)
    assert early == ["shadow"]
    assert late == "canary 1%"


def test_trouble_of_the_vendor_is_no_evidence_against_the_bus_path(tmp_path: Path) -> None:
    async def story(clock: SimulatedClock) -> str:
        told = Story(tmp_path, clock, start=BUS)
        told.lane.vendor._moods[:] = [Mood(until_secs=clock.monotonic_secs() + 1800, status=503)]
        told.lane.start()
        await told.traffic(hours=1)
        await told.lane.stop()
        return told.step()

    assert run_simulated(story) == "bus"


def test_field_that_depends_on_the_clock_is_no_difference(tmp_path: Path) -> None:
    async def story(clock: SimulatedClock) -> RouteState:
        told = Story(tmp_path, clock, start=SHADOW)
        told.bus.make = lambda payload: payload | {"now": str(payload["now"])[::-1]}
        told.lane.start()
        await told.traffic(hours=1)
        await told.lane.stop()
        return await told.state()

    assert run_simulated(story).evidence.fields == ()


def test_crash_of_the_bus_path_in_shadow_touches_no_delivery(tmp_path: Path) -> None:
    def crash(payload: dict[str, object]) -> Payload:
        raise ZeroDivisionError

    async def story(clock: SimulatedClock) -> tuple[int, int, RouteState]:
        told = Story(tmp_path, clock, start=SHADOW)
        told.bus.make = crash
        told.lane.start()
        await told.lane.send(*(f"u{number}" for number in range(30)))
        ledger = await told.lane.settle(within_secs=3600)
        await told.lane.stop()
        return ledger.delivered, ledger.dead, await told.state()

    delivered, dead, state = run_simulated(story)
    assert (delivered, dead) == (30, 0)
    assert state.evidence.fields[0].path == "(the whole payload)"
    assert sum(window.bus.failed for window in state.evidence.windows) == 30
