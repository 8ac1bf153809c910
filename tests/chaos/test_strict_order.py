"""A strict lane keeps the order of the log while its vendor fails now and then and its worker is killed."""

from __future__ import annotations

import http.client
import itertools
import time
from pathlib import Path

import pytest
from load_client import post_batch
from scene import Scene
from workspaces import WRITE_KEY, stored_records, write_webhooks

pytestmark = pytest.mark.slow

EVENTS = 160
KILLS = 4
MOST_IN_FLIGHT = 1 + 4
"""One new delivery, and a retry of each partition."""


def test_killed_worker_neither_changes_the_order_nor_repeats_much(tmp_path: Path) -> None:
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=100)
    file = workspace / "integrations/send_lane.yaml"
    file.write_text(file.read_text() + "ordering: strict\n")
    with Scene(workspace, tmp_path) as scene:
        scene.misbehave("webhook", {"mode": "error", "status": 503, "ratio": 0.05})
        connection = http.client.HTTPConnection("127.0.0.1", scene.port, timeout=10)
        for first in range(0, EVENTS, 20):
            events = [
                {"type": "track", "event": "Order Completed", "userId": f"u{n % 9}", "messageId": f"m{n}"}
                | {"properties": {"total": n}}
                for n in range(first, first + 20)
            ]
            status, _ = post_batch(connection, events, write_key=WRITE_KEY)
            assert status == 200
        for _ in range(KILLS):
            time.sleep(0.5)
            scene.kill("worker")
        scene.misbehave("webhook", {"mode": "ok"})
        ledger = scene.drain()["send_lane"]
        arrivals = [receipt.message_id for receipt in scene.receipts()["send"]]
    assert (ledger["delivered"], ledger["adds_up"]) == (EVENTS, True)
    assert len(arrivals) - len(set(arrivals)) <= KILLS * MOST_IN_FLIGHT
    place = {message_id: number for number, message_id in reversed(list(enumerate(arrivals)))}
    partitions: dict[int, list[str]] = {}
    for record in stored_records(workspace, "canonical"):
        assert record.origin is not None
        partitions.setdefault(record.origin.partition, []).append(record.id)
    assert sum(map(len, partitions.values())) == EVENTS
    for ids in partitions.values():
        assert all(place[earlier] < place[later] for earlier, later in itertools.pairwise(ids))
