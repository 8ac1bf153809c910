"""What becomes of events after an integration's end: they flow, wait, or are not delivered, and all are counted."""

from __future__ import annotations

import msgspec
from simulated_lane import SimulatedLane

from paceline.testing.simulated_time import STARTS_MS, SimulatedClock, run_simulated

END_MS = STARTS_MS + 3_600_000
"""An hour after the beginning."""


def story(*, parks: bool = False, refuses: bool = False, resume: bool = False):
    async def tell(clock: SimulatedClock):
        lane = SimulatedLane(clock)
        settings = lane._settings
        plan = msgspec.structs.replace(settings.plan, last_ms=END_MS if refuses else None)
        lane._settings = msgspec.structs.replace(settings, plan=plan, parks_after_ms=END_MS if parks else None)
        lane.start()
        await lane.send("a", "b")
        await lane.settle(within_secs=1800)
        await clock.sleep(7200)
        await lane.send("c")
        ledger = await lane.settle(within_secs=7200)
        if resume:
            await lane.stop()
            lane._settings = settings
            lane.start()
            ledger = await lane.settle(within_secs=7200)
        await lane.stop()
        return ledger, lane.vendor.taken

    return run_simulated(tell)


def test_events_flow_on_by_default():
    ledger, taken = story()
    assert (ledger.delivered, len(taken)) == (3, 3)


def test_parked_events_wait_in_the_log_and_are_delivered_when_the_end_is_put_off():
    ledger, taken = story(parks=True)
    assert (ledger.delivered, ledger.in_flight, ledger.adds_up) == (2, 1, True)
    ledger, taken = story(parks=True, resume=True)
    assert (ledger.delivered, ledger.in_flight, sorted(taken)) == (3, 0, ["m0", "m1", "m2"])


def test_refused_events_are_counted_by_their_rule():
    ledger, taken = story(refuses=True)
    assert (ledger.delivered, ledger.suppressed, ledger.adds_up) == (2, 1, True)
    assert ledger.rules["suppressed.integration.expired"] == 1
    assert sorted(taken) == ["m0", "m1"]
