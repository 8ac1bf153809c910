"""Events of a user arrive in the order in which they came, though the vendor refuses many and workers are killed.

`PACELINE_SOAK=1` (or `make soak`) runs the long form.
"""

from __future__ import annotations

import http.client
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest
from load_client import post_batch
from receipts import Receipt, find_breaches
from scene import Scene
from workspaces import WEBHOOK_ACTIONS, WRITE_KEY, write_webhooks

pytestmark = pytest.mark.slow

IS_SOAK = bool(os.environ.get("PACELINE_SOAK"))
USERS, EVENTS_A_USER, KILLS = (200, 500, 30) if IS_SOAK else (50, 40, 3)
BATCH = 100
MAX_IN_FLIGHT = 100
REFUSED_SHARE = 0.2


def write_workspace(folder: Path) -> Path:
    workspace = write_webhooks(folder, max_in_flight=MAX_IN_FLIGHT)
    for file in (workspace / "integrations").iterdir():
        file.write_text(f"{file.read_text()}ordering: per_key\n")
    return workspace


def send(port: int) -> set[str]:
    """Every user's events in order, users taking turns; the ids that were accepted."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    events: list[dict[str, Any]] = [
        {
            "type": "track",
            "event": "Order Completed",
            "userId": f"u{user}",
            "messageId": f"{user}-{number}",
            "properties": {"total": number},
        }
        for number in range(EVENTS_A_USER)
        for user in range(USERS)
    ]
    accepted: set[str] = set()
    for start in range(0, len(events), BATCH):
        status, answer = post_batch(connection, events[start : start + BATCH], write_key=WRITE_KEY)
        assert status == 200
        accepted |= {event["id"] for event in answer["events"] if event["verdict"] == "accepted"}
    connection.close()
    return accepted


def count_inversions(receipts: list[Receipt]) -> int:
    """How many events came, for the first time, behind a later one of their user."""
    latest: dict[str, int] = {}
    seen: set[str] = set()
    inversions = 0
    for receipt in receipts:
        if receipt.message_id not in seen:
            seen.add(receipt.message_id)
            user, _, number = receipt.message_id.partition("-")
            inversions += int(number) < latest.get(user, -1)
            latest[user] = max(latest.get(user, -1), int(number))
    return inversions


def test_order_of_a_user_outlives_refusals_and_killed_workers(tmp_path: Path) -> None:
    chance = random.Random(17)
    workspace = write_workspace(tmp_path / "workspace")
    with Scene(workspace, tmp_path) as scene:
        scene.misbehave("webhook", {"mode": "error", "ratio": REFUSED_SHARE})
        accepted = send(scene.port)
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.1, 1.0))
            scene.kill("worker")
        ledgers = scene.drain()
        receipts = scene.receipts()
    print({action: (len(got), count_inversions(got)) for action, got in receipts.items()})
    assert all(ledger["adds_up"] for ledger in ledgers.values())
    assert len(accepted) == USERS * EVENTS_A_USER
    for action in WEBHOOK_ACTIONS:
        most = MAX_IN_FLIGHT * KILLS
        assert find_breaches(receipts[action], acknowledged=accepted, unanswered=set(), most_doubled=most) == []
        assert count_inversions(receipts[action]) == 0


def test_count_of_inversions_counts_first_arrivals_only() -> None:
    def receipts(*ids: str) -> list[Receipt]:
        return [Receipt(message_id=one, key=one) for one in ids]

    assert count_inversions(receipts("1-0", "2-0", "1-1", "1-0", "2-1")) == 0
    assert count_inversions(receipts("1-0", "2-1", "1-1", "2-0", "2-2")) == 1
