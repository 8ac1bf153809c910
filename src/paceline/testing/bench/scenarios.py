"""What is measured, each on fresh files, all with everything switched on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import msgspec

from paceline.testing.bench.rig import Loss, Measurement, Rig, running

BATCH_EVENTS = 100
BATCH_CONNECTIONS = 8
SINGLE_CONNECTIONS = 64
MAX_BACKLOG = 20_000
LANES = 4
NEIGHBORS = 20
NEIGHBORS_RATE = 100.0
BACKLOG_EVENTS = 20_000


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


def gateway_on_kafka(folder: Path, duration: Duration) -> Result:
    """The gateway alone on one Kafka broker, on the same machine."""
    return _gateway_alone(
        "gateway, batches of 100, Kafka", folder, duration, BATCH_CONNECTIONS, BATCH_EVENTS, brokers=1
    )


def end_to_end_on_kafka(folder: Path, duration: Duration) -> Result:
    """Gateway, worker and one vendor; the bus is one Kafka broker on the same machine."""
    return _end_to_end_on(1, folder, duration)


def end_to_end_on_three_brokers(folder: Path, duration: Duration) -> Result:
    """The same with three brokers, each of which has every event."""
    return _end_to_end_on(3, folder, duration)


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


def neighbors(folder: Path, duration: Duration, *, backlog: int = BACKLOG_EVENTS) -> Result:
    """Twenty vendors at a steady rate: one hangs, one answers 429, one comes back to a backlog; beside it, all well.

    Both systems run at the same time, so that a busy machine costs the healthy lanes of both alike.
    """
    hung, throttled, behind = range(NEIGHBORS)[-3:]
    healthy = range(NEIGHBORS - 3)
    behaviors = ["ok"] * NEIGHBORS
    with (
        running(folder / "well", behaviors=behaviors) as calm,
        running(folder / "ill", behaviors=behaviors, backlog_lane=behind) as troubled,
    ):
        troubled.behave(behind, "throttle")
        troubled.send_backlog(backlog, connections=BATCH_CONNECTIONS, events_per_request=BATCH_EVENTS)
        troubled.behave(hung, "hang")
        troubled.behave(throttled, "throttle")
        troubled.behave(behind, "ok")
        well, ill = _side_by_side([calm, troubled], duration)
        troubled.wait_until_delivered([*healthy, behind])
        losses = troubled.count_delivered([*healthy, behind])
    return Result(
        scenario=f"{NEIGHBORS} vendors, three of them bad",
        steps=[
            Step(load="all well", measurement=well),
            Step(load="one hangs, one answers 429, one has a backlog", measurement=ill),
        ],
        losses=losses,
        figures=_compare_neighbors(well, ill, healthy, hung) | {"backlog": backlog},
    )


def _side_by_side(rigs: Sequence[Rig], duration: Duration) -> list[Measurement]:
    """The same steady load on several systems at the same time."""

    def measure(rig: Rig) -> Measurement:
        load = rig.load(connections=BATCH_CONNECTIONS, events_per_request=10, rate=NEIGHBORS_RATE)
        return rig.measure(load, warm_up_secs=duration.warm_up_secs, secs=duration.secs)

    with ThreadPoolExecutor(len(rigs)) as threads:
        return list(threads.map(measure, rigs))


def _compare_neighbors(well: Measurement, ill: Measurement, healthy: Sequence[int], hung: int) -> dict[str, float]:
    shares = [ill.delivered_by_lane[lane] / (well.delivered_by_lane[lane] or 1.0) for lane in healthy]
    before, beside = (
        median(measurement.to_delivery_by_lane[lane].p99_ms for lane in healthy) for measurement in (well, ill)
    )
    return {
        "least_share_of_rate": round(min(shares), 3),
        "p99_ms_all_well": before,
        "p99_ms_beside_bad_ones": beside,
        "p99_beside_bad_ones_to_all_well": round(beside / (before or 1.0), 2),
        "most_sockets_to_the_hung_one": ill.most_sockets_by_lane[hung],
    }


ON_REQUEST: Mapping[str, Callable[[Path, Duration], Result]] = {
    "gateway-batches-kafka": gateway_on_kafka,
    "end-to-end-kafka": end_to_end_on_kafka,
    "end-to-end-kafka-3": end_to_end_on_three_brokers,
}
"""Scenarios that need more than paceline: a Kafka server, which needs Java and, the first time, Maven."""

SCENARIOS: Mapping[str, Callable[[Path, Duration], Result]] = {
    "gateway-batches": gateway_batches,
    "gateway-singles": gateway_singles,
    "end-to-end": end_to_end,
    "further-lanes": further_lanes,
    "neighbors": neighbors,
}


def _end_to_end_on(brokers: int, folder: Path, duration: Duration) -> Result:
    with running(folder, brokers=brokers) as rig:
        steps = _full_then_half(rig, duration, lanes=1)
        rig.wait_until_delivered([0])
        scenario = f"end to end, one vendor, {brokers} Kafka broker{'s' if brokers > 1 else ''}"
        return Result(scenario=scenario, steps=steps, losses=rig.count_delivered([0]))


def _gateway_alone(
    name: str, folder: Path, duration: Duration, connections: int, events_per_request: int, *, brokers: int = 0
) -> Result:
    with running(folder, with_worker=False, brokers=brokers) as rig:
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
