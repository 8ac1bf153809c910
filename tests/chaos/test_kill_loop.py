"""Gateway and worker are killed under load, again and again; afterwards everything is counted.

The short form runs with all tests. `PACELINE_SOAK=1` (or `make soak`) runs the long one.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from load_client import LoadClient
from receipts import find_breaches
from scene import Scene
from workspaces import WEBHOOK_ACTIONS, stored_records, write_webhooks

pytestmark = pytest.mark.slow

MAX_IN_FLIGHT = 100
IS_SOAK = bool(os.environ.get("PACELINE_SOAK"))
KILLS = ["gateway"] * 200 + ["worker"] * 50 if IS_SOAK else ["gateway"] * 10 + ["worker"] * 10
LONGEST_LIFE_SECS = 0.5
CLIENTS_OF_A_KIND = 3
PROGRAMS = Path(__file__).parent / "programs"


@contextmanager
def clients(scene: Scene) -> Iterator[list[LoadClient]]:
    """Clients that repeat what was not answered, as libraries do, and as many that give it up.

    Small requests from several at once, so that at most moments some are under way.
    """
    running = [
        LoadClient(scene.port, name=f"{habit}-{number}", resends=habit == "repeats")
        for habit in ("repeats", "gives-up")
        for number in range(CLIENTS_OF_A_KIND)
    ]
    for client in running:
        client.start()
    try:
        yield running
    finally:
        for client in running:
            client.stop()


def kill_under_load(scene: Scene, victims: list[str]) -> list[LoadClient]:
    """Kill one after the other at random moments; returns the clients with their books closed."""
    chance = random.Random(7)
    with clients(scene) as running:
        for victim in victims:
            time.sleep(chance.uniform(0.02, LONGEST_LIFE_SECS))
            scene.kill(victim)
    return running


def breaches_by_action(scene: Scene, running: list[LoadClient]) -> dict[str, list[str]]:
    acknowledged = set().union(*(client.acknowledged for client in running))
    unanswered = set().union(*(client.unanswered for client in running))
    return {
        action: find_breaches(
            receipts,
            acknowledged=acknowledged,
            unanswered=unanswered,
            most_doubled=MAX_IN_FLIGHT * scene.kills["worker"],
        )
        for action, receipts in scene.receipts().items()
    }


def test_killing_gateway_and_worker_loses_nothing_and_doubles_little(tmp_path: Path) -> None:
    victims = random.Random(11).sample(KILLS, len(KILLS))
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=MAX_IN_FLIGHT)
    with Scene(workspace, tmp_path) as scene:
        running = kill_under_load(scene, victims)
        ledgers = scene.drain()
        assert breaches_by_action(scene, running) == {action: [] for action in WEBHOOK_ACTIONS}
        assert scene.damaged_files() == []
        assert [refusal for client in running for refusal in client.refusals] == []
        doubled = {action: len(found) - len(set(found)) for action, found in scene.receipts().items()}
    stored = [record.id for record in stored_records(workspace)]
    acknowledged = sum(len(client.acknowledged) for client in running)
    unanswered = sum(len(client.unanswered) for client in running)
    print(
        f"{scene.kills}: {acknowledged} events acknowledged, {unanswered} given up unanswered, "
        f"{len(stored) - len(set(stored))} repeated by the client and suppressed, doubled at the vendor: {doubled}"
    )
    assert acknowledged > len(victims) * 10, "too little load to mean anything"
    for action in WEBHOOK_ACTIONS:
        ledger = ledgers[f"{action}_lane"]
        assert ledger["adds_up"]
        assert (ledger["accepted"], ledger["delivered"]) == (len(stored), len(set(stored)))
        assert ledger["suppressed"] == len(stored) - len(set(stored))
        assert (ledger["filtered"], ledger["rejected"], ledger["dead"]) == (0, 0, 0)


@pytest.mark.parametrize(("victim", "fault"), [("gateway", "early_answer"), ("worker", "early_settlement")])
def test_the_count_finds_what_a_faulty_process_loses(victim: str, fault: str, tmp_path: Path) -> None:
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=MAX_IN_FLIGHT)
    program = {f"{victim}_program": (sys.executable, str(PROGRAMS / f"{fault}.py"))}
    with Scene(workspace, tmp_path, **program) as scene:
        running = kill_under_load(scene, [victim] * 3)
        scene.drain()
        time.sleep(1.0)  # what the faulty process still holds back may come
        breaches = breaches_by_action(scene, running)
    assert all("acknowledged events were lost" in found[0] for found in breaches.values()), breaches
