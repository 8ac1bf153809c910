"""Bits of stored events flip while nothing runs: each damaged event is rejected by name, every other is delivered."""

from __future__ import annotations

import http.client
import random
import re
import time
from pathlib import Path
from typing import Any

import pytest
from load_client import post_batch
from scene import Scene
from workspaces import BUS_FOLDER, WEBHOOK_ACTIONS, WRITE_KEY, write_webhooks

pytestmark = pytest.mark.slow

EVENTS = 600
FLIPS = 100
BATCH = 100
PADDING = 400
RULE = "rejected.storage.checksum"


def send(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    events: list[dict[str, Any]] = [
        {
            "type": "track",
            "event": "Order Completed",
            "userId": f"u{number}",
            "messageId": f"flip-{number:04d}",
            "properties": {"total": number, "note": f"<{number:04d}{'~' * PADDING}>"},
        }
        for number in range(EVENTS)
    ]
    for start in range(0, EVENTS, BATCH):
        assert post_batch(connection, events[start : start + BATCH], write_key=WRITE_KEY)[0] == 200
    connection.close()


def flip(file: Path, chance: random.Random) -> set[str]:
    """Flip a bit in as many events, wherever their text lies in the file; the ids of these events."""
    content = bytearray(file.read_bytes())
    places = {found[1].decode(): found.start() for found in re.finditer(rb"<(\d{4})~{100}", content)}
    chosen = chance.sample(sorted(places), FLIPS)
    for number in chosen:
        content[places[number] + chance.randint(5, 100)] ^= 1 << chance.randrange(8)
    file.write_bytes(content)
    return {f"flip-{number}" for number in chosen}


def wait_until_admitted(scene: Scene) -> None:
    deadline = time.monotonic() + 30.0
    while scene.ledgers()["admission"]["accepted"] < EVENTS or scene.ledgers()["admission"]["in_flight"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(("topic", "actions"), [("events", WEBHOOK_ACTIONS), ("canonical", ("send_batch",))])
def test_flipped_bits_cost_the_events_that_they_are_in_and_no_other(
    topic: str, actions: tuple[str, ...], tmp_path: Path
) -> None:
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=100)
    with Scene(workspace, tmp_path) as scene:
        if topic == "events":
            scene.worker.stop()
        else:
            scene.misbehave("webhook", {"mode": "hang"})
        send(scene.port)
        if topic == "canonical":
            wait_until_admitted(scene)
            scene.worker.stop()
        scene.gateway.stop()
        damaged = flip(workspace / BUS_FOLDER / f"{topic}.db", random.Random(19))
        scene.misbehave("webhook", {"mode": "ok"})
        scene.start_gateway()
        scene.start_worker()
        ledgers = scene.drain()
        receipts = scene.receipts()
    sent = {f"flip-{number:04d}" for number in range(EVENTS)}
    assert all(ledger["adds_up"] for ledger in ledgers.values())
    for action in actions:
        ledger = ledgers[f"{action}_lane"]
        assert (ledger["rejected"], ledger["rules"].get(RULE)) == (FLIPS, FLIPS)
        assert {receipt.message_id for receipt in receipts[action]} == sent - damaged
