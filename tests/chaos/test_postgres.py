"""A store in PostgreSQL whose server dies under load, with four workers that share the lanes: nothing is lost."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from load_client import LoadClient
from postgres_server import LocalServer, NoServerError, local_server
from scene import Scene
from workspaces import use_postgres, write_webhooks

from paceline.runtime.children import Child
from paceline.testing.system import start_worker

pytestmark = pytest.mark.slow

MAX_IN_FLIGHT = 100
KILLS = 10 if os.environ.get("PACELINE_SOAK") else 2
WORKERS = 4


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    try:
        with local_server(is_durable=True) as server:
            yield server
    except NoServerError as error:
        pytest.skip(f"not evaluated: {error}")


@pytest.fixture
def workspace(server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=MAX_IN_FLIGHT)
    use_postgres(workspace)
    with server.database() as url:
        monkeypatch.setenv("PACELINE_POSTGRES", url)
        yield workspace


def start_another(scene: Scene, folder: Path, number: int) -> Child:
    return start_worker(scene.workspace, log=folder / f"worker-{number}.log", fake_vendors=scene.vendors_url)


def test_server_killed_under_load_loses_nothing_and_the_ledger_is_exact(
    server: LocalServer, workspace: Path, tmp_path: Path
) -> None:
    chance = random.Random(1)
    with Scene(workspace, tmp_path) as scene:
        with ThreadPoolExecutor() as threads:
            others = list(threads.map(partial(start_another, scene, tmp_path), range(2, WORKERS + 1)))
        client = LoadClient(scene.port, name="steady", resends=True)
        client.start()
        try:
            for _ in range(KILLS):
                time.sleep(1 + chance.random())
                server.kill()
                time.sleep(chance.random())
                server.start()
            time.sleep(1)
            client.stop()
            ledgers = scene.drain()
            assert all(child.is_running for child in (scene.worker, *others))
        finally:
            for child in others:
                child.kill()
        assert all(ledger["adds_up"] for ledger in ledgers.values())
        assert client.refusals == [], "the gateway does not need the store"
        for action, receipts in scene.receipts().items():
            counts = Counter(receipt.message_id for receipt in receipts)
            repeats = sum(count - 1 for count in counts.values())
            assert client.acknowledged <= set(counts), f"{action}: acknowledged events are lost"
            assert repeats <= KILLS * MAX_IN_FLIGHT, action
            assert len({(receipt.message_id, receipt.key) for receipt in receipts}) == len(counts), action
            assert ledgers[f"{action}_lane"]["delivered"] == len(counts), action
            print(f"{action}: {len(counts)} events, {repeats} repeated, {KILLS} kills")


def test_worker_that_is_killed_is_replaced_at_once(server: LocalServer, workspace: Path, tmp_path: Path) -> None:
    with Scene(workspace, tmp_path) as scene:
        second = start_another(scene, tmp_path, 2)
        client = LoadClient(scene.port, name="steady", resends=True)
        client.start()
        try:
            time.sleep(3)
            scene.worker.kill()
            killed = time.monotonic()
            while not _runs_everything(second):
                assert time.monotonic() < killed + 8, "the leases were waited for until their time was over"
                time.sleep(0.05)
            client.stop()
            assert all(ledger["adds_up"] for ledger in scene.drain().values())
        finally:
            second.kill()
        for receipts in scene.receipts().values():
            counts = Counter(receipt.message_id for receipt in receipts)
            assert client.acknowledged <= set(counts)
            assert sum(count - 1 for count in counts.values()) <= MAX_IN_FLIGHT


def _runs_everything(worker: Child) -> bool:
    changes = [line["runs"] for line in worker.log_lines() if line["event"] == "worker.leases_changed"]
    return bool(changes) and len(changes[-1]) == 3
