"""Gateway and worker are asked to stop under load, again and again: what was begun is finished, nothing is repeated.

The short form runs with all tests. `PACELINE_SOAK=1` (or `make soak`) runs the long one.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from load_client import LoadClient
from receipts import find_breaches
from scene import Scene
from workspaces import WEBHOOK_ACTIONS, stored_records, write_webhooks

from paceline.runtime.children import Child

pytestmark = pytest.mark.slow

IS_SOAK = bool(os.environ.get("PACELINE_SOAK"))
STOPS = 100 if IS_SOAK else 5
MAX_IN_FLIGHT = 100
LONGEST_LIFE_SECS = 0.5
LONGEST_STOP_SECS = 10.0
LONGEST_GRACE_SECS = 1.0
CLIENTS = 6


@contextmanager
def clients(scene: Scene, *, resends: bool, pause_secs: float) -> Iterator[list[LoadClient]]:
    running = [
        LoadClient(scene.port, name=f"client-{n}", resends=resends, pause_secs=pause_secs) for n in range(CLIENTS)
    ]
    for client in running:
        client.start()
    try:
        yield running
    finally:
        for client in running:
            client.stop()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=MAX_IN_FLIGHT)
    with Scene(workspace, tmp_path) as running:
        yield running


def breaches(scene: Scene, running: list[LoadClient], *, most_doubled: int) -> list[str]:
    ledgers = scene.drain()
    found = [f"{name} does not add up" for name, ledger in ledgers.items() if not ledger["adds_up"]]
    for action in WEBHOOK_ACTIONS:
        found += find_breaches(
            scene.receipts()[action],
            acknowledged=set().union(*(client.acknowledged for client in running)),
            unanswered=set().union(*(client.unanswered for client in running)),
            most_doubled=most_doubled,
        )
    return found + scene.damaged_files()


def stop(child: Child) -> float:
    """Ask it to stop; how long that took. It ends by itself, and with status 0."""
    began = time.monotonic()
    assert child.stop() == 0
    return time.monotonic() - began


def test_gateway_that_stops_answers_every_request_that_it_has_read(scene: Scene) -> None:
    chance = random.Random(2)
    took, requests = [], 0
    with clients(scene, resends=False, pause_secs=0.03) as running:
        for _ in range(STOPS):
            time.sleep(chance.uniform(0.05, LONGEST_LIFE_SECS))
            stopped = scene.gateway
            took.append(stop(stopped))
            requests += stopped.wait_for("gateway.stopped")["requests"]
            scene.start_gateway()
    stop(scene.gateway)
    requests += scene.gateway.wait_for("gateway.stopped")["requests"]
    unanswered = set().union(*(client.unanswered for client in running))
    answered = sum(client.answers for client in running)
    print(
        f"{requests} requests read, {answered} answered, {len(unanswered)} events unanswered, {max(took):.2f} s at most"
    )
    assert [refusal for client in running for refusal in client.refusals] == []
    assert requests == answered
    assert len(unanswered) <= 3 * STOPS  # a request each, on a connection that was made at that very moment
    assert unanswered.isdisjoint(record.id for record in stored_records(scene.workspace))
    assert breaches(scene, running, most_doubled=0) == []
    assert not IS_SOAK or max(took) < LONGEST_STOP_SECS


def test_worker_that_stops_repeats_nothing(scene: Scene) -> None:
    chance = random.Random(4)
    took = []
    scene.misbehave("webhook", {"mode": "slow", "delay_secs": 0.1})
    with clients(scene, resends=True, pause_secs=0.2) as running:
        for _ in range(STOPS):
            time.sleep(chance.uniform(0.05, LONGEST_LIFE_SECS))
            took.append(stop(scene.worker))
            scene.start_worker()
    scene.misbehave("webhook", {"mode": "ok"})
    print(f"{sum(len(client.acknowledged) for client in running)} events acknowledged, {max(took):.2f} s at most")
    assert breaches(scene, running, most_doubled=0) == []
    assert not IS_SOAK or max(took) < LONGEST_STOP_SECS


def test_stop_that_is_cut_short_by_a_kill_loses_nothing(scene: Scene) -> None:
    chance = random.Random(6)
    with clients(scene, resends=True, pause_secs=0.05) as running:
        for number in range(STOPS):
            time.sleep(chance.uniform(0.05, LONGEST_LIFE_SECS))
            victim = ("gateway", "worker")[number % 2]
            child = scene.gateway if victim == "gateway" else scene.worker
            os.kill(child.pid, signal.SIGTERM)
            time.sleep(chance.choice([0.0, 0.02, 0.1, LONGEST_GRACE_SECS]))
            scene.kill(victim)
    assert breaches(scene, running, most_doubled=MAX_IN_FLIGHT * scene.kills["worker"]) == []


def test_worker_stops_though_its_vendor_never_answers(scene: Scene) -> None:
    scene.misbehave("webhook", {"mode": "hang"})
    with clients(scene, resends=True, pause_secs=0.2) as running:
        time.sleep(1.0)
    took = stop(scene.worker)
    print(f"{took:.2f} s")
    scene.misbehave("webhook", {"mode": "ok"})
    scene.start_worker()
    assert breaches(scene, running, most_doubled=0) == []
    assert not IS_SOAK or took < LONGEST_STOP_SECS
