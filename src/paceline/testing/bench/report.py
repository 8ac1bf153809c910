"""The outcome of a run: everything for the file, and the table for people."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paceline.testing.bench.latency import Latency
from paceline.testing.bench.machine import Machine
from paceline.testing.bench.rig import Cost
from paceline.testing.bench.scenarios import Duration, Result, Step

COLUMNS = (
    "scenario",
    "load",
    "acknowledged/s",
    "delivered/s",
    "ack p50/p99 ms",
    "delivery p50/p99 ms",
    "gateway µs",
    "worker µs",
    "MiB gateway/worker",
    "lost",
    "doubled",
)


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of text; µs are CPU time an event, of the process's own."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the benchmark."""

    taken_at: str
    machine: Machine
    switched_on: Sequence[str]
    event_bytes: int
    duration: Duration
    results: Sequence[Result]
    summary: Table
    figures: dict[str, float]


def summarize_results(results: Sequence[Result]) -> Table:
    """One row a step."""
    rows = [_row(result, step) for result in results for step in result.steps]
    return Table(columns=COLUMNS, rows=rows)


def _row(result: Result, step: Step) -> list[str]:
    measured = step.measurement
    gateway, worker = measured.costs.get("gateway"), measured.costs.get("worker")
    return [
        result.scenario,
        step.load,
        f"{measured.acknowledged_rate:,.0f}",
        f"{measured.delivered_rate:,.0f}" if worker else "-",
        _latency(measured.to_acknowledgement),
        _latency(measured.to_delivery),
        _cpu(gateway),
        _cpu(worker),
        f"{_memory(gateway)}/{_memory(worker)}",
        f"{sum(loss.lost for loss in result.losses):,}",
        f"{sum(loss.doubled for loss in result.losses):,}",
    ]


def _latency(latency: Latency) -> str:
    return f"{latency.p50_ms:.1f}/{latency.p99_ms:.1f}" if latency.samples else "-"


def _cpu(cost: Cost | None) -> str:
    return f"{cost.cpu_us_an_event:.1f}" if cost else "-"


def _memory(cost: Cost | None) -> str:
    return f"{cost.resident_mib:.0f}" if cost else "-"
