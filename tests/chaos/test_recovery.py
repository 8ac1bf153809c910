"""Gateway and worker are killed on a long log with everything still to deliver, and take up their work again.

`PACELINE_SOAK=1` (or `make soak`) has a million events in a log of a gigabyte, and holds the time that it takes longer
than with an empty log against its limit.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from load_client import post_batch
from scene import Scene
from workspaces import BUS_FOLDER, WEBHOOK_ACTIONS, WRITE_KEY, stored_records, write_webhooks

from paceline.drivers.bus.sqlite import SqliteBus
from paceline.model.record import Record

pytestmark = pytest.mark.slow

IS_SOAK = bool(os.environ.get("PACELINE_SOAK"))
EVENTS = 1_000_000 if IS_SOAK else 2_000
APPENDED_AT_ONCE = 1_000
PADDING = 800
ANSWERS_WITHIN_SECS, DELIVERS_WITHIN_SECS = 2.0, 5.0
WAIT_SECS = 60.0


def order(number: int) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": f"u{number}",
        "messageId": f"long-{number}",
        "properties": {"total": number, "note": "~" * PADDING},
    }


def post(port: int, number: int) -> bool:
    """Whether the gateway takes one event now."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        return post_batch(connection, [order(number)], write_key=WRITE_KEY)[0] == 200
    except OSError:
        return False
    finally:
        connection.close()


async def lengthen(workspace: Path, sample: Record) -> None:
    """Append copies of an event under other ids, past the gateway, until there are enough."""
    bus = SqliteBus(workspace / BUS_FOLDER)
    for start in range(1, EVENTS, APPENDED_AT_ONCE):
        numbers = range(start, min(start + APPENDED_AT_ONCE, EVENTS))
        copies = [msgspec.structs.replace(sample, id=f"long-{number}", key=f"u{number}") for number in numbers]
        await bus.append("events", copies)
    await bus.close()


def secs_until(happens: Callable[[], bool], began: float) -> float:
    while not happens():
        assert time.monotonic() - began < WAIT_SECS
        time.sleep(0.01)
    return time.monotonic() - began


def kill_and_time(scene: Scene, *, number: int) -> tuple[float, float]:
    """Kill both processes, start them again, and see how long the first 200 and the first delivery take."""
    scene.worker.kill()
    scene.gateway.kill()
    scene.misbehave("webhook", {"mode": "ok"})
    delivered = scene.received("webhook")["items"]
    began = time.monotonic()
    scene.start_gateway()
    until_200 = secs_until(lambda: post(scene.port, number), began)
    began = time.monotonic()
    scene.start_worker()
    until_delivery = secs_until(lambda: scene.received("webhook")["items"] > delivered, began)
    return until_200, until_delivery


def test_work_goes_on_after_a_kill_with_a_long_log(tmp_path: Path) -> None:
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=100)
    with Scene(workspace, tmp_path) as scene:
        assert post(scene.port, 0)
        short = kill_and_time(scene, number=EVENTS)
        scene.drain()
        scene.misbehave("webhook", {"mode": "hang"})
        asyncio.run(lengthen(workspace, stored_records(workspace)[0]))
        log_bytes = sum(file.stat().st_size for file in (workspace / BUS_FOLDER).glob("*.db*"))
        long = kill_and_time(scene, number=EVENTS + 1)
        for what, one in (("nothing", short), (f"{log_bytes / 1e9:.2f} GB", long)):
            print(f"log of {what}: first 200 after {one[0]:.2f} s, first delivery after {one[1]:.2f} s")
        if IS_SOAK:
            assert log_bytes > 1e9
            assert long[0] - short[0] < ANSWERS_WITHIN_SECS
            assert long[1] - short[1] < DELIVERS_WITHIN_SECS
            return
        ledgers = scene.drain()
        for action in WEBHOOK_ACTIONS:
            ids = [receipt.message_id for receipt in scene.receipts()[action]]
            assert len(set(ids)) == EVENTS + 2
            assert ledgers[f"{action}_lane"]["delivered"] == EVENTS + 2
