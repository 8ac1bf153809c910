"""Brokers come and go under load: what was acknowledged is delivered, and the door opens again by itself."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from email.message import Message
from http import HTTPStatus
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from kafka_clusters import start_or_skip
from kafka_site import single_node
from kafka_workspaces import move_to_kafka
from load_client import LoadClient
from scene import Scene
from workspaces import WRITE_KEY, write_webhooks

from paceline.runtime.worker import LEASE_SECS
from paceline.testing.kafka_server import KafkaCluster
from paceline.testing.system import start_worker

pytestmark = pytest.mark.slow

IS_SOAK = bool(os.environ.get("PACELINE_SOAK"))
KILLS = 3 if IS_SOAK else 1
MAX_IN_FLIGHT = 100
DISK_BYTES = 32 * 1024**2
INGEST_BACK_SECS = 30.0
PATIENCE_SECS = 60.0


@pytest.fixture
def three_brokers(tmp_path: Path) -> Iterator[KafkaCluster]:
    with start_or_skip(tmp_path / "kafka", nodes=3) as cluster:
        yield cluster


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own that is soon full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder]
    if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("not evaluated: full disk of a broker (a disk for it cannot be mounted here)")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def wait_for_ingest(client: LoadClient) -> float:
    """Wait until events are acknowledged again; how many seconds that took."""
    began, before = time.monotonic(), len(client.acknowledged)
    while len(client.acknowledged) < before + 30:
        assert time.monotonic() - began < PATIENCE_SECS, "nothing is acknowledged"
        time.sleep(0.02)
    return time.monotonic() - began


def wait_until_in_sync(cluster: KafkaCluster, prefix: str) -> None:
    """Wait until every replica of the workspace's topics has caught up."""
    client = AdminClient({"bootstrap.servers": ",".join(cluster.bootstrap), "log_level": 0})
    deadline = time.monotonic() + PATIENCE_SECS
    while True:
        topics = [one for name, one in client.list_topics(timeout=10).topics.items() if name.startswith(prefix)]
        if topics and all(len(one.isrs) == len(one.replicas) for topic in topics for one in topic.partitions.values()):
            return
        assert time.monotonic() < deadline, "a broker does not catch up"
        time.sleep(0.1)


def check_books(scene: Scene, client: LoadClient, *, most_repeats: int = 0) -> None:
    """`most_repeats` is for killed and stopped workers: brokers that come and go repeat no delivery."""
    client.stop()
    ledgers = scene.drain()
    assert all(ledger["adds_up"] for ledger in ledgers.values())
    for action, receipts in scene.receipts().items():
        keys = Counter((receipt.message_id, receipt.key) for receipt in receipts)
        assert client.acknowledged <= {message_id for message_id, _ in keys}
        assert len(keys) == len({message_id for message_id, _ in keys}), action
        assert sum(count - 1 for count in keys.values()) <= most_repeats, action


def test_killed_broker_of_three_loses_nothing_that_was_acknowledged(
    three_brokers: KafkaCluster, tmp_path: Path
) -> None:
    """`PACELINE_SOAK=1` kills each in turn, with all replicas in sync between."""
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=MAX_IN_FLIGHT)
    bus = {"type": "kafka", "bootstrap": three_brokers.bootstrap, "topic_prefix": "shop.", "partitions": 6}
    move_to_kafka(workspace, bus)
    with Scene(workspace, tmp_path) as scene:
        client = LoadClient(scene.port, name="steady", resends=True)
        client.start()
        wait_for_ingest(client)
        for number, node in enumerate(three_brokers.nodes[:KILLS], start=1):
            node.kill()
            waited = wait_for_ingest(client)
            print(f"broker {number} killed: ingest back after {waited:.1f} s, {len(client.acknowledged)} acknowledged")
            if IS_SOAK:
                assert waited < INGEST_BACK_SECS
                node.start()
                three_brokers.wait_until_ready()
                wait_until_in_sync(three_brokers, "shop.")
        check_books(scene, client)


@pytest.mark.soak
def test_worker_that_was_stopped_doubles_nothing_when_it_goes_on(tmp_path: Path) -> None:
    with start_or_skip(tmp_path / "kafka") as cluster:
        workspace = write_webhooks(tmp_path / "workspace", max_in_flight=MAX_IN_FLIGHT)
        move_to_kafka(workspace, single_node(cluster.bootstrap))
        with Scene(workspace, tmp_path) as scene:
            client = LoadClient(scene.port, name="steady", resends=True)
            client.start()
            wait_for_ingest(client)
            second = start_worker(workspace, log=tmp_path / "second.log", fake_vendors=scene.vendors_url)
            with second:
                for stopped in (scene.worker, second):
                    os.kill(stopped.pid, signal.SIGSTOP)
                    time.sleep(LEASE_SECS + 5.0)
                    os.kill(stopped.pid, signal.SIGCONT)
                    time.sleep(5.0)
                check_books(scene, client, most_repeats=2 * MAX_IN_FLIGHT * 2)


@pytest.mark.soak
def test_gateway_refuses_while_the_broker_is_down_and_takes_events_again_by_itself(tmp_path: Path) -> None:
    with start_or_skip(tmp_path / "kafka") as cluster:
        workspace = write_webhooks(tmp_path / "workspace", max_in_flight=MAX_IN_FLIGHT)
        move_to_kafka(workspace, single_node(cluster.bootstrap, delivery_timeout_secs=2))
        with Scene(workspace, tmp_path) as scene:
            before = acknowledged(scene, "before")
            cluster.nodes[0].kill()
            status, headers = post(scene, "during")
            assert status == HTTPStatus.SERVICE_UNAVAILABLE
            assert 1 <= int(headers["retry-after"]) <= 10
            cluster.nodes[0].start()
            after = acknowledged(scene, "after")
            ledgers = scene.drain()
            assert all(ledger["adds_up"] for ledger in ledgers.values())
            for receipts in scene.receipts().values():
                assert {before, after} <= {receipt.message_id for receipt in receipts}


def test_full_disk_of_the_broker_costs_refusals_and_nothing_else(small_disk: Path, tmp_path: Path) -> None:
    with start_or_skip(small_disk) as cluster:
        workspace = write_webhooks(tmp_path / "workspace", max_in_flight=MAX_IN_FLIGHT)
        move_to_kafka(workspace, single_node(cluster.bootstrap, delivery_timeout_secs=2))
        with Scene(workspace, tmp_path) as scene:
            promised = {acknowledged(scene, "first")}
            deadline = time.monotonic() + PATIENCE_SECS
            for number in itertools.count():
                status, headers = post(scene, f"fills-{number}", padding="x" * 200_000)
                if status != HTTPStatus.OK:
                    break
                promised.add(f"fills-{number}")
                assert time.monotonic() < deadline, "the disk does not become full"
            assert status == HTTPStatus.SERVICE_UNAVAILABLE
            assert 1 <= int(headers["retry-after"]) <= 10
            subprocess.run(["mount", "-o", f"remount,size={4 * DISK_BYTES}", small_disk], check=True)
            cluster.nodes[0].kill()
            cluster.nodes[0].start()
            promised.add(acknowledged(scene, "last"))
            scene.drain()
            for receipts in scene.receipts().values():
                assert promised <= {receipt.message_id for receipt in receipts}


def post(scene: Scene, message_id: str, *, padding: str = "") -> tuple[int, Message]:
    """Send one order; the answer's status and headers."""
    event = {
        "event": "Order Completed",
        "messageId": message_id,
        "userId": "user-1",
        "properties": {"total": 1.5, "padding": padding},
    }
    credentials = base64.b64encode(f"{WRITE_KEY}:".encode()).decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{scene.port}/v1/track",
        json.dumps(event).encode(),
        {"authorization": f"Basic {credentials}", "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECS) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers


def acknowledged(scene: Scene, message_id: str) -> str:
    """Send one order until the gateway takes it."""
    deadline = time.monotonic() + PATIENCE_SECS
    while post(scene, message_id)[0] != HTTPStatus.OK:
        assert time.monotonic() < deadline, "the gateway takes nothing in"
        time.sleep(0.2)
    return message_id
