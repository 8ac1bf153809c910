"""The accounts of lanes as metrics, in Prometheus' text format. Pure.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from paceline.observe.ledger import LaneLedger

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"


class _Metric(msgspec.Struct, frozen=True):
    name: str
    kind: str
    help: str
    value: Callable[[LaneLedger], int]


_metrics = (
    _Metric("paceline_lane_accepted_total", "counter", "Events since the lane began.", lambda lane: lane.accepted),
    _Metric("paceline_lane_delivered_total", "counter", "Events that the vendor has.", lambda lane: lane.delivered),
    _Metric("paceline_lane_filtered_total", "counter", "Events that it does not want.", lambda lane: lane.filtered),
    _Metric("paceline_lane_suppressed_total", "counter", "Events kept back by a rule.", lambda lane: lane.suppressed),
    _Metric("paceline_lane_rejected_total", "counter", "Events that break a contract.", lambda lane: lane.rejected),
    _Metric("paceline_lane_dead_letters", "gauge", "Deliveries that were given up on.", lambda lane: lane.dead),
    _Metric("paceline_lane_parked", "gauge", "Deliveries that wait for another try.", lambda lane: lane.parked),
    _Metric("paceline_lane_lag_events", "gauge", "Events that it has not read yet.", lambda lane: lane.in_flight),
    _Metric("paceline_lane_adds_up", "gauge", "1 while its account is exact.", lambda lane: int(lane.adds_up)),
)


def write_metrics(ledgers: Sequence[LaneLedger]) -> str:
    """The metrics of every lane; admission is the lane `admission`.

    >>> print(write_metrics([]).splitlines()[0])
    # HELP paceline_lane_accepted_total Events since the lane began.
    """
    return "".join(f"{line}\n" for line in _lines(ledgers))


def _lines(ledgers: Sequence[LaneLedger]) -> Iterator[str]:
    for metric in _metrics:
        yield f"# HELP {metric.name} {metric.help}"
        yield f"# TYPE {metric.name} {metric.kind}"
        for ledger in ledgers:
            yield f'{metric.name}{{integration="{ledger.integration}"}} {metric.value(ledger)}'
