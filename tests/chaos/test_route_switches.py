"""A route is switched again and again under load while workers are killed: nothing lost, and no more doubled than by
the kills alone."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from load_client import LoadClient
from scene import Scene
from workspaces import WEBHOOK_ACTIONS, write_webhooks

from paceline.drivers.toggles.flagd_file import set_step_in_file
from paceline.lifecycle.route_step import DIRECT, LADDER, RouteStep, flag_of

pytestmark = pytest.mark.slow

MAX_IN_FLIGHT = 100
TOGGLE = "lane_route"


def write_toggled(folder: Path) -> Path:
    workspace = write_webhooks(folder, max_in_flight=MAX_IN_FLIGHT)
    for action in WEBHOOK_ACTIONS:
        file = workspace / f"integrations/{action}_lane.yaml"
        kept = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("route:")]
        file.write_text("\n".join([*kept, f"route: {TOGGLE}", ""]), encoding="utf-8")
    toggles = json.dumps({"flags": {TOGGLE: flag_of(DIRECT)}})
    (workspace / "toggles.flagd.json").write_text(toggles, encoding="utf-8")
    return workspace


def test_switches_under_load_and_kills_lose_nothing_and_double_nothing_more_than_the_kills(tmp_path: Path) -> None:
    workspace = write_toggled(tmp_path / "workspace")
    dice = random.Random(5)
    steps: list[RouteStep] = [*LADDER, RouteStep(33)]
    with Scene(workspace, tmp_path) as scene:
        client = LoadClient(scene.port, name="steady", resends=True)
        client.start()
        for number in range(18):
            set_step_in_file(workspace / "toggles.flagd.json", TOGGLE, dice.choice(steps))
            time.sleep(dice.uniform(0.3, 1.0))
            if number % 6 == 5:
                scene.kill("worker")
        client.stop()
        ledgers = scene.drain()
        receipts = scene.receipts()
    assert all(ledger["adds_up"] for ledger in ledgers.values())
    for action, received in receipts.items():
        counts = Counter(receipt.message_id for receipt in received)
        assert client.acknowledged <= set(counts)
        assert sum(count - 1 for count in counts.values()) <= scene.kills["worker"] * MAX_IN_FLIGHT, action
        assert len({(receipt.message_id, receipt.key) for receipt in received}) == len(counts)
