"""Four workers call one account: together they keep its limit, and what it asks of one of them all of them do."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from load_client import post_batch
from strict_vendor import StrictVendor
from workspaces import WRITE_KEY, write_webhooks

from paceline.runtime.children import Child
from paceline.testing.system import start_gateway, start_worker

pytestmark = pytest.mark.slow

IS_SOAK = bool(os.environ.get("PACELINE_SOAK"))
WORKERS = 4
LANES = 7
"""With admission, two loops a worker."""

PER_SEC = 60.0
EVENTS = 600 if IS_SOAK else 80
BEFORE, BEHIND = (50, 100) if IS_SOAK else (15, 30)
"""Events before a pause, and while it lasts."""

PAUSES = [(None, True), (PER_SEC, False), *([(None, False), (PER_SEC, True)] if IS_SOAK else [])]
"""Whether the limit is known, and whether the vendor says a date or seconds."""

WAIT_SECS = 120.0 if IS_SOAK else 40.0


def write_workspace(folder: Path, vendor: StrictVendor, *, per_sec: float | None) -> Path:
    """Seven lanes of one account, one request an event."""
    workspace = write_webhooks(folder / "workspace", max_in_flight=50)
    with (workspace / "paceline.yaml").open("a") as settings:
        settings.write(f'egress: {{allow: ["127.0.0.1:{vendor.port}"]}}\n')
    (workspace / "integrations/send_batch_lane.yaml").unlink()
    file = workspace / "integrations/send_lane.yaml"
    text = file.read_text().replace("https://hooks.example/send", f"http://127.0.0.1:{vendor.port}/")
    if per_sec is not None:
        text = text.replace("max_in_flight: 50", f"max_in_flight: 50, max_requests_per_sec: {per_sec}")
    file.unlink()
    for lane in range(LANES):
        (workspace / f"integrations/lane_{lane}.yaml").write_text(text.replace("send_lane", f"lane_{lane}"))
    return workspace


@contextmanager
def running(workspace: Path, folder: Path) -> Iterator[tuple[int, list[Child]]]:
    """A gateway and four workers that have shared the lanes out; the gateway's port."""
    with ExitStack() as stack:
        gateway, port = start_gateway(workspace, log=folder / "gateway.log")
        stack.enter_context(gateway)
        workers = [stack.enter_context(start_worker(workspace, log=folder / f"worker-{n}.log")) for n in range(WORKERS)]
        deadline = time.monotonic() + WAIT_SECS
        while not all(runs_a_lane(worker) for worker in workers):
            assert time.monotonic() < deadline, "the lanes were not shared out"
            time.sleep(0.1)
        yield port, workers


def runs_a_lane(worker: Child) -> bool:
    changes = [line["runs"] for line in worker.log_lines() if line["event"] == "worker.leases_changed"]
    return bool(changes) and any(name.startswith("lane_") for name in changes[-1])


def send(port: int, first: int, count: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for start in range(first, first + count, 50):
        events: list[dict[str, Any]] = [
            {"type": "track", "event": "Order Completed", "userId": f"u{n}", "messageId": f"a-{n}"}
            | {"properties": {"total": n}}
            for n in range(start, min(start + 50, first + count))
        ]
        assert post_batch(connection, events, write_key=WRITE_KEY)[0] == 200
    connection.close()


def wait_for_calls(vendor: StrictVendor, taken: int) -> None:
    deadline = time.monotonic() + WAIT_SECS
    while len(vendor.calls) - len(vendor.refused) < taken:
        assert time.monotonic() < deadline, f"{len(vendor.calls)} calls, {len(vendor.refused)} refused"
        time.sleep(0.05)


def test_workers_together_keep_a_known_limit(tmp_path: Path) -> None:
    with StrictVendor(per_sec=PER_SEC) as vendor:
        workspace = write_workspace(tmp_path, vendor, per_sec=PER_SEC)
        with running(workspace, tmp_path) as (port, _):
            send(port, 0, EVENTS)
            wait_for_calls(vendor, EVENTS * LANES)
    middle = vendor.calls[len(vendor.calls) // 10 : -len(vendor.calls) // 10]
    used = (len(middle) - 1) / (middle[-1] - middle[0]) / PER_SEC
    print(f"{len(vendor.calls)} calls, {len(vendor.refused)} refused, {used:.1%} of the limit used")
    assert len(vendor.calls) - len(vendor.refused) == EVENTS * LANES
    assert len(vendor.refused) <= 0.01 * len(vendor.calls)
    assert not IS_SOAK or used >= 0.95


@pytest.mark.parametrize(("per_sec", "says_date"), PAUSES)
def test_pause_that_one_worker_is_asked_for_is_kept_by_all(
    per_sec: float | None, says_date: bool, tmp_path: Path
) -> None:
    with StrictVendor(per_sec=1000.0, says_date=says_date) as vendor:
        workspace = write_workspace(tmp_path, vendor, per_sec=per_sec)
        with running(workspace, tmp_path) as (port, _):
            send(port, 0, BEFORE)
            wait_for_calls(vendor, BEFORE * LANES)
            vendor.close(3.0)
            for part in range(10):
                send(port, BEFORE + part * BEHIND // 10, BEHIND // 10)
                time.sleep(0.1)
            wait_for_calls(vendor, (BEFORE + BEHIND) * LANES)
    print(f"{len(vendor.calls)} calls, {len(vendor.refused)} refused, {len(vendor.early)} early")
    assert vendor.refused
    assert vendor.early == []


def test_longer_pause_than_an_hour_is_cut_to_an_hour_and_told(tmp_path: Path) -> None:
    with StrictVendor(per_sec=1000.0) as vendor:
        workspace = write_workspace(tmp_path, vendor, per_sec=None)
        with running(workspace, tmp_path) as (port, workers):
            vendor.close(7200.0)
            send(port, 0, 10)
            deadline = time.monotonic() + WAIT_SECS
            told: list[dict[str, Any]] = []
            while not told:
                assert time.monotonic() < deadline
                lines = [line for worker in workers for line in worker.log_lines()]
                told = [line for line in lines if line["event"] == "lane.paused"]
                time.sleep(0.05)
    assert {line["pause_secs"] for line in told} == {3600.0}
