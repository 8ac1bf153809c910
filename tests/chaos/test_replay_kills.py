"""Dead letters are replayed under live traffic while workers and the command are killed; then everything is counted.

The short form runs with all tests. `PACELINE_SOAK=1` runs the long one.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from load_client import LoadClient, post_batch
from receipts import find_breaches
from scene import Scene
from workspaces import WEBHOOK_ACTIONS, WRITE_KEY, stored_records, write_webhooks

from paceline.testing.system import PACELINE

pytestmark = pytest.mark.slow

MAX_IN_FLIGHT = 50
IS_SOAK = bool(os.environ.get("PACELINE_SOAK"))
LETTERS, RATE, COMMAND_KILLS, WORKER_KILLS = (5000, 500, 20, 30) if IS_SOAK else (400, 250, 3, 4)


def send(port: int, number: int) -> set[str]:
    """So many events, and their message ids."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    ids = [f"letter-{n:05d}" for n in range(number)]
    for first in range(0, number, 400):
        events = [
            {"type": "track", "event": "Order Completed", "userId": name, "messageId": name, "properties": {"total": 1}}
            for name in ids[first : first + 400]
        ]
        status, _ = post_batch(connection, events, write_key=WRITE_KEY)
        assert status == 200
    connection.close()
    return set(ids)


def paceline(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*PACELINE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def replays(workspace: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [*PACELINE, "replay", str(workspace), "--list", "--json"], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def replay_with_kills(scene: Scene, chance: random.Random) -> int:
    """Replay everything, killing the command and the worker again and again; how often a command was killed."""
    workspace, kills, worker_kills = scene.workspace, 0, 0
    command = paceline("dlq", "replay", str(workspace), "--yes", "--rate", str(RATE), "--json")
    while True:
        time.sleep(chance.uniform(0.3, 1.2))
        if worker_kills < WORKER_KILLS:
            scene.kill("worker")
            worker_kills += 1
        if kills < COMMAND_KILLS and replays(workspace):
            command.send_signal(signal.SIGKILL)
            command.communicate()
            kills += 1
            (job,) = replays(workspace)
            command = paceline("replay", str(workspace), "--resume", job["id"], "--json")
            continue
        if command.poll() is not None:
            assert command.returncode == 0
            command.communicate()
            return kills


def test_killing_workers_and_the_command_during_a_replay_loses_nothing_and_doubles_little(tmp_path: Path) -> None:
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=MAX_IN_FLIGHT)
    with Scene(workspace, tmp_path) as scene:
        scene.misbehave("webhook", {"mode": "error", "status": 400})
        sent = send(scene.port, LETTERS)
        before = scene.drain()
        assert {before[f"{action}_lane"]["dead"] for action in WEBHOOK_ACTIONS} == {LETTERS}
        scene.misbehave("webhook", {"mode": "ok"})
        live = LoadClient(scene.port, name="live", resends=True, events=2, pause_secs=0.03)
        live.start()
        kills = replay_with_kills(scene, random.Random(5))
        live.stop()
        after = scene.drain()
        receipts = scene.receipts()
        (job,) = replays(workspace)
        damaged = scene.damaged_files()
    breaches = {
        action: find_breaches(
            found,
            acknowledged=sent | live.acknowledged,
            unanswered=live.unanswered,
            most_doubled=MAX_IN_FLIGHT * scene.kills["worker"],
        )
        for action, found in receipts.items()
    }
    doubled = {action: len(found) - len(set(found)) for action, found in receipts.items()}
    print(f"command killed {kills} times, {scene.kills}: {len(live.acknowledged)} live events, doubled: {doubled}")
    assert breaches == {action: [] for action in WEBHOOK_ACTIONS}
    assert (job["moved"], job["is_done"], job["waiting"]) == (LETTERS * len(WEBHOOK_ACTIONS), True, 0)
    stored = len(stored_records(workspace))
    for action in WEBHOOK_ACTIONS:
        ledger = after[f"{action}_lane"]
        assert (ledger["adds_up"], ledger["dead"], ledger["accepted"]) == (True, 0, stored)
        assert ledger["delivered"] + ledger["suppressed"] == stored
    assert damaged == []
