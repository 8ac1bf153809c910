"""A worker's own pages: probes, and metrics that Prometheus can read."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping, Sequence
from typing import Any

import pytest

from paceline.errors import StorageError
from paceline.observe.exposition import write_metrics
from paceline.observe.ledger import LaneLedger
from paceline.runtime.worker_pages import WorkerPages

LEDGER = LaneLedger(
    integration="crm",
    accepted=10,
    delivered=4,
    filtered=1,
    suppressed=1,
    rejected=1,
    dead=1,
    parked=1,
    in_flight=1,
    adds_up=True,
    rules={},
)


def get(path: str, *, takes_part: bool = True, breaks: bool = False, method: str = "GET") -> tuple[int, str]:
    async def ledgers() -> Sequence[LaneLedger]:
        if breaks:
            raise StorageError("the disk is gone")
        return [LEDGER]

    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    pages = WorkerPages(lambda: takes_part, ledgers)
    asyncio.run(pages({"type": "http", "path": path, "method": method}, None, send))
    return sent[0]["status"], sent[1]["body"].decode()


def test_living_worker_is_healthy_and_ready_only_with_its_leases() -> None:
    assert get("/health", takes_part=False)[0] == 200
    assert get("/ready")[0] == 200
    assert get("/ready", takes_part=False)[0] == 503


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("accepted_total", 10),
        ("delivered_total", 4),
        ("lag_events", 1),
        ("parked", 1),
        ("dead_letters", 1),
        ("adds_up", 1),
    ],
)
def test_every_count_of_a_lane_is_a_metric(metric: str, value: int) -> None:
    status, body = get("/metrics")
    assert status == 200
    assert f'paceline_lane_{metric}{{integration="crm"}} {value}\n' in body


def test_every_line_is_a_comment_or_a_sample() -> None:
    for line in write_metrics([LEDGER]).splitlines():
        name, _, value = line.rpartition(" ")
        assert line.startswith(("# HELP ", "# TYPE ")) or (name.endswith('"}') and value.isdigit())


def test_metrics_that_cannot_be_read_are_not_zero() -> None:
    assert get("/metrics", breaks=True)[0] == 503


def test_other_paths_and_methods_are_refused() -> None:
    assert get("/elsewhere")[0] == 404
    assert get("/metrics", method="POST")[0] == 405
