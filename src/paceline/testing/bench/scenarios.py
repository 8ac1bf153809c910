"""What is measured, each on fresh files, all with everything switched on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from paceline.testing.bench.rig import Loss, Measurement, Rig, running

BATCH_EVENTS = 100
BATCH_CONNECTIONS = 8
SINGLE_CONNECTIONS = 64
MAX_BACKLOG = 20_000
LANES = 4


class Duration(msgspec.Struct, frozen=True, kw_only=True):
    """How long each load is put on before and while it is measured."""

    warm_up_secs: float = 2.0
    secs: float = 8.0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One load of a scenario and what was measured under it."""

    load: str
    measurement: Measurement


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario's steps, the count at its end, and figures that follow from several steps."""

    scenario: str
    steps: list[Step]
    losses: list[Loss]
    figures: dict[str, float] = {}


def gateway_batches(folder: Path, duration: Duration) -> Result:
    """The gateway alone, 100 events a request: received, validated, on disk, answered."""
    return _gateway_alone("gateway, batches of 100", folder, duration, BATCH_CONNECTIONS, BATCH_EVENTS)


def gateway_singles(folder: Path, duration: Duration) -> Result:
    """The gateway alone, one event a request over 64 connections."""
    return _gateway_alone("gateway, single events", folder, duration, SINGLE_CONNECTIONS, 1)


def end_to_end(folder: Path, duration: Duration) -> Result:
    """Gateway, worker and one vendor; the load waits for deliveries, so that the rate is one that can be kept up."""
    with running(folder) as rig:
        steps = _full_then_half(rig, duration, lanes=1)
        rig.wait_until_delivered([0])
        return Result(scenario="end to end, one vendor", steps=steps, losses=rig.count_delivered([0]))


def further_lanes(folder: Path, duration: Duration) -> Result:
    """The same with four vendors, each in a lane of its own; what a further lane costs the worker."""
    with running(folder / "one") as rig:
        load = rig.load(connections=BATCH_CONNECTIONS, events_per_request=BATCH_EVENTS, max_backlog=MAX_BACKLOG)
        one = rig.measure(load, warm_up_secs=duration.warm_up_secs, secs=duration.secs)
    lanes = list(range(LANES))
    with running(folder / "four", behaviors=["ok"] * LANES) as rig:
        steps = _full_then_half(rig, duration, lanes=LANES)
        rig.wait_until_delivered(lanes)
        losses = rig.count_delivered(lanes)
    four = steps[0].measurement
    more_us = four.costs["worker"].cpu_us_an_event - one.costs["worker"].cpu_us_an_event
    figures = {"cpu_us_an_event_for_each_further_lane": round(more_us / (LANES - 1), 2)}
    return Result(scenario=f"end to end, {LANES} vendors", steps=steps, losses=losses, figures=figures)


def neighbors(folder: Path, duration: Duration) -> Result:
    """Four vendors at a steady rate, first all well, then one that hangs and one that answers 429 to everything."""
    with running(folder / "well", behaviors=["ok"] * LANES) as rig:
        _, well = _full_then_half(rig, duration, lanes=LANES)
    rate = well.measurement.acknowledged_rate
    with running(folder / "ill", behaviors=["ok", "ok", "hang", "throttle"]) as rig:
        ill = _step(rig, duration, "one hangs, one answers 429", rate)
        rig.wait_until_delivered([0, 1])
        losses = rig.count_delivered([0, 1])
    share = ill.measurement.delivered_rate / well.measurement.delivered_rate if well.measurement.delivered_rate else 0.0
    return Result(
        scenario="bad neighbors",
        steps=[msgspec.structs.replace(well, load="all four well"), ill],
        losses=losses,
        figures={"rate_of_healthy_lane_beside_bad_ones": round(share, 3)},
    )


SCENARIOS: Mapping[str, Callable[[Path, Duration], Result]] = {
    "gateway-batches": gateway_batches,
    "gateway-singles": gateway_singles,
    "end-to-end": end_to_end,
    "further-lanes": further_lanes,
    "neighbors": neighbors,
}


def _gateway_alone(name: str, folder: Path, duration: Duration, connections: int, events_per_request: int) -> Result:
    with running(folder, with_worker=False) as rig:
        full = rig.measure(
            rig.load(connections=connections, events_per_request=events_per_request),
            warm_up_secs=duration.warm_up_secs,
            secs=duration.secs,
        )
        half = rig.measure(
            rig.load(
                connections=connections, events_per_request=events_per_request, rate=full.acknowledged_rate / 2 or 1.0
            ),
            warm_up_secs=duration.warm_up_secs,
            secs=duration.secs,
        )
        return Result(
            scenario=name,
            steps=[Step(load="full", measurement=full), Step(load="half", measurement=half)],
            losses=[rig.count_stored()],
        )


def _full_then_half(rig: Rig, duration: Duration, *, lanes: int) -> list[Step]:
    load = rig.load(
        connections=BATCH_CONNECTIONS,
        events_per_request=BATCH_EVENTS,
        max_backlog=MAX_BACKLOG,
        backlog_lanes=range(lanes),
    )
    full = rig.measure(load, warm_up_secs=duration.warm_up_secs, secs=duration.secs)
    rig.wait_until_delivered(range(lanes))
    return [Step(load="full", measurement=full), _step(rig, duration, "half", full.delivered_rate / 2)]


def _step(rig: Rig, duration: Duration, name: str, rate: float) -> Step:
    load = rig.load(connections=BATCH_CONNECTIONS, events_per_request=BATCH_EVENTS, rate=rate or 1.0)
    return Step(load=name, measurement=rig.measure(load, warm_up_secs=duration.warm_up_secs, secs=duration.secs))
