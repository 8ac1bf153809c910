"""The disk of gateway and worker has no room left, at any moment and for some time; then it has some again."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from disk_recorder import DiskRecorder
from load_client import LoadClient
from receipts import find_breaches
from scene import Scene
from workspaces import WEBHOOK_ACTIONS, write_webhooks

pytestmark = pytest.mark.slow

IS_SOAK = bool(os.environ.get("PACELINE_SOAK"))
SPELLS = 60 if IS_SOAK else 6
LONG_SPELL_SECS = 30.0 if IS_SOAK else 4.0
MAX_IN_FLIGHT = 100


def start_clients(scene: Scene) -> list[LoadClient]:
    clients = [LoadClient(scene.port, name=f"full-{n}", resends=True) for n in range(3)]
    for client in clients:
        client.start()
    return clients


def breaches_after(scene: Scene, clients: list[LoadClient], *, most_doubled: int) -> list[str]:
    for client in clients:
        client.stop()
    ledgers = scene.drain()
    breaches = [f"{name} does not add up" for name, ledger in ledgers.items() if not ledger["adds_up"]]
    receipts = scene.receipts()
    for action in WEBHOOK_ACTIONS:
        breaches += find_breaches(
            receipts[action],
            acknowledged=set().union(*(client.acknowledged for client in clients)),
            unanswered=set().union(*(client.unanswered | client.refused for client in clients)),
            most_doubled=most_doubled,
        )
    return breaches + scene.damaged_files()


@pytest.fixture
def recorder(library: Path, tmp_path: Path) -> DiskRecorder:
    return DiskRecorder(tmp_path / "run", tmp_path / "journal", library)


def test_disk_that_is_full_now_and_then_costs_refusals_and_nothing_else(recorder: DiskRecorder) -> None:
    chance = random.Random(9)
    workspace = write_webhooks(recorder.root / "workspace", max_in_flight=MAX_IN_FLIGHT)
    with recorder.preloaded(), Scene(workspace, recorder.root) as scene:
        clients = start_clients(scene)
        for _ in range(SPELLS):
            time.sleep(chance.uniform(0.05, 0.4))
            recorder.fill(True)
            time.sleep(chance.uniform(0.01, 0.3))
            recorder.fill(False)
        time.sleep(0.5)
        assert scene.gateway.is_running
        assert scene.worker.is_running
        breaches = breaches_after(scene, clients, most_doubled=MAX_IN_FLIGHT * SPELLS)
        last = [client.acknowledged for client in clients]
    refusals = [refusal for client in clients for refusal in client.refusals]
    print(f"{recorder.refused_writes} writes refused, {len(refusals)} requests, {sum(map(len, last))} events accepted")
    assert breaches == []
    assert recorder.refused_writes > 0
    assert {refusal[:3] for refusal in refusals} == {"503"}


@pytest.mark.parametrize("fault", ["no room", "no sync"])
def test_what_cannot_be_recorded_is_sent_once_while_the_disk_fails(fault: str, recorder: DiskRecorder) -> None:
    workspace = write_webhooks(recorder.root / "workspace", max_in_flight=MAX_IN_FLIGHT)
    with recorder.preloaded(), Scene(workspace, recorder.root) as scene:
        scene.misbehave("webhook", {"mode": "slow", "delay_secs": 0.3})
        clients = start_clients(scene)
        time.sleep(1.0)
        if fault == "no room":
            recorder.fill(True)
        else:
            recorder.fail_syncs(1)
        time.sleep(LONG_SPELL_SECS)
        recorder.fill(False)
        recorder.fail_syncs(0)
        scene.misbehave("webhook", {"mode": "ok"})
        breaches = breaches_after(scene, clients, most_doubled=MAX_IN_FLIGHT)
        doubled = {action: len(got) - len({one.message_id for one in got}) for action, got in scene.receipts().items()}
    print(f"doubled: {doubled}")
    assert breaches == []
    assert any(doubled.values()), "nothing was in flight when the disk began to fail"
