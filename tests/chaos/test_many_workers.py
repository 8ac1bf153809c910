"""Several workers share a workspace: they come, go, stop and go on under load, and nothing is lost or counted twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from load_client import LoadClient
from scene import Scene
from workspaces import write_webhooks

from paceline.runtime.children import Child
from paceline.testing.system import start_gateway, start_worker

pytestmark = pytest.mark.slow

MAX_IN_FLIGHT = 100


def start(scene: Scene, folder: Path, number: int) -> Child:
    return start_worker(scene.workspace, log=folder / f"worker-{number}.log", fake_vendors=scene.vendors_url)


def under_load(scene: Scene, secs: float) -> LoadClient:
    client = LoadClient(scene.port, name="steady", resends=True)
    client.start()
    time.sleep(secs)
    return client


def check_books(scene: Scene, client: LoadClient, *, most_repeats: int) -> None:
    client.stop()
    ledgers = scene.drain()
    assert all(ledger["adds_up"] for ledger in ledgers.values())
    for action, receipts in scene.receipts().items():
        counts = Counter(receipt.message_id for receipt in receipts)
        assert client.acknowledged <= set(counts)
        assert sum(count - 1 for count in counts.values()) <= most_repeats, action
        keys = {(receipt.message_id, receipt.key) for receipt in receipts}
        assert len(keys) == len(counts)
    assert scene.damaged_files() == []


def test_worker_that_was_stopped_loses_its_lanes_and_cannot_write_when_it_goes_on(tmp_path: Path) -> None:
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=MAX_IN_FLIGHT)
    with Scene(workspace, tmp_path) as scene:
        client = under_load(scene, 2.0)
        with start(scene, tmp_path, 2) as second:
            time.sleep(3.0)
            os.kill(scene.worker.pid, signal.SIGSTOP)
            time.sleep(14.0)
            os.kill(scene.worker.pid, signal.SIGCONT)
            time.sleep(3.0)
            check_books(scene, client, most_repeats=2 * MAX_IN_FLIGHT)
            told = [line["event"] for child in (scene.worker, second) for line in child.log_lines()]
    assert told.count("worker.leases_changed") >= 3


def test_rolling_restart_repeats_nothing(tmp_path: Path) -> None:
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=MAX_IN_FLIGHT)
    with Scene(workspace, tmp_path) as scene:
        client = under_load(scene, 1.0)
        others = [start(scene, tmp_path, number) for number in (2, 3)]
        try:
            time.sleep(2.0)
            for number, old in enumerate([scene.worker, *others], 4):
                others.append(start(scene, tmp_path, number))
                time.sleep(0.5)
                assert old.stop() == 0
            check_books(scene, client, most_repeats=0)
        finally:
            for child in others:
                child.stop()


def test_workers_killed_one_after_the_other_lose_nothing(tmp_path: Path) -> None:
    chance = random.Random(3)
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=MAX_IN_FLIGHT)
    with Scene(workspace, tmp_path) as scene:
        client = under_load(scene, 0.5)
        workers = [scene.worker, start(scene, tmp_path, 2), start(scene, tmp_path, 3)]
        kills = 8
        try:
            for number in range(kills):
                time.sleep(chance.uniform(0.1, 1.2))
                workers.pop(chance.randrange(len(workers))).kill()
                workers.append(start(scene, tmp_path, 4 + number))
            check_books(scene, client, most_repeats=kills * MAX_IN_FLIGHT)
        finally:
            for child in workers:
                child.stop()


def test_two_gateways_append_to_the_same_log(tmp_path: Path) -> None:
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=MAX_IN_FLIGHT)
    with Scene(workspace, tmp_path) as scene:
        second, port = start_gateway(workspace, log=tmp_path / "gateway-2.log")
        with second:
            clients = [
                LoadClient(at, name=f"client-{at}-{n}", resends=True) for at in (scene.port, port) for n in (1, 2)
            ]
            for client in clients:
                client.start()
            for _ in range(4):
                time.sleep(1.0)
                scene.kill("gateway")
            for client in clients[1:]:
                client.stop()
                clients[0].acknowledged |= client.acknowledged
            check_books(scene, clients[0], most_repeats=0)
