"""Gateway and worker end just before and just after every write that they make durable; then everything is counted.

`PACELINE_SOAK=1` (or `make soak`) lets each of the moments come nine times, for more than 200 ends.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from load_client import LoadClient
from receipts import find_breaches
from scene import Scene
from workspaces import WEBHOOK_ACTIONS, stored_records, write_webhooks

pytestmark = pytest.mark.slow

IS_SOAK = bool(os.environ.get("PACELINE_SOAK"))
ROUNDS = 9 if IS_SOAK else 1
MAX_IN_FLIGHT = 100
LONGEST_WAIT_SECS = 30.0
MOST_PASSED = 5
PROGRAM = (sys.executable, str(Path(__file__).parent / "programs/crash_point.py"))

WRITES = {
    "gateway": ("events", "events_checkpoint"),
    "worker": (
        "canonical",
        "canonical_checkpoint",
        "admission",
        "lane",
        "parked",
        "pause",
        "turns",
        "lease",
        "store_checkpoint",
        "send",
    ),
}
TROUBLE: dict[str, dict[str, Any]] = {
    "parked": {"mode": "error", "ratio": 0.25},
    "pause": {"mode": "throttle", "retry_after_secs": 0.1, "ratio": 0.5},
    "turns": {"mode": "throttle", "retry_after_secs": 0.1, "ratio": 0.1},
}
"""Without it some writes are not made. Half of all would open the breaker, and nothing would be written for long."""

RARE = {"events_checkpoint", "canonical_checkpoint", "store_checkpoint", "pause", "lease"}
MOMENTS = [
    (victim, f"{write}.{side}") for victim, writes in WRITES.items() for write in writes for side in ("before", "after")
]


def end_at(scene: Scene, victim: str, moment: str, *, times: int, spec: Path) -> None:
    """Let a process end itself at a moment, and start it again."""
    child = scene.gateway if victim == "gateway" else scene.worker
    spec.write_text(f"{moment} {times}")
    os.kill(child.pid, signal.SIGUSR1)
    deadline = time.monotonic() + LONGEST_WAIT_SECS
    while child.is_running:
        assert time.monotonic() < deadline, f"{moment} did not come"
        time.sleep(0.01)
    scene.kill(victim)


def test_an_end_at_any_durable_write_loses_nothing_and_doubles_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(13)
    spec = tmp_path / "crash-point"
    monkeypatch.setenv("CRASH_POINT", str(spec))
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=MAX_IN_FLIGHT)
    with Scene(workspace, tmp_path, gateway_program=PROGRAM, worker_program=PROGRAM) as scene:
        clients = [LoadClient(scene.port, name=f"crash-{n}", resends=n % 2 == 0, pause_secs=0.05) for n in range(4)]
        for client in clients:
            client.start()
        for victim, moment in chance.sample(MOMENTS * ROUNDS, len(MOMENTS) * ROUNDS):
            write = moment.partition(".")[0]
            scene.misbehave("webhook", TROUBLE.get(write, {"mode": "ok"}))
            times = 1 if write in RARE else chance.randint(1, MOST_PASSED)
            end_at(scene, victim, moment, times=times, spec=spec)
        scene.misbehave("webhook", {"mode": "ok"})
        for client in clients:
            client.stop()
        ledgers = scene.drain()
        receipts = scene.receipts()
        breaches = scene.damaged_files()
    stored = [record.id for record in stored_records(workspace)]
    acknowledged = set().union(*(client.acknowledged for client in clients))
    for action in WEBHOOK_ACTIONS:
        breaches += find_breaches(
            receipts[action],
            acknowledged=acknowledged,
            unanswered=set().union(*(client.unanswered | client.refused for client in clients)),
            most_doubled=MAX_IN_FLIGHT * scene.kills["worker"],
        )
    doubled = {action: len(got) - len(set(got)) for action, got in receipts.items()}
    print(f"{scene.kills}: {len(acknowledged)} events acknowledged, doubled at the vendor: {doubled}")
    assert breaches == []
    for action in WEBHOOK_ACTIONS:
        ledger = ledgers[f"{action}_lane"]
        assert ledger["adds_up"]
        assert (ledger["accepted"], ledger["delivered"]) == (len(stored), len(set(stored)))
        assert ledger["suppressed"] == len(stored) - len(set(stored))
