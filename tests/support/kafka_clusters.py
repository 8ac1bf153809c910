"""Real brokers for tests, or the word that a test was not evaluated.

A test that only needs some Kafka asks for `server`: the one at `PACELINE_TEST_KAFKA` (host:port, without TLS or a
password), or one in a container where a Docker daemon runs, or `broker`. A test that kills brokers, fills their disks
or uses their other doors starts them on this machine, with Java.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from paceline.errors import EnvironmentFaultError
from paceline.testing.kafka_files import KAFKA_VERSION
from paceline.testing.kafka_server import HOST, KafkaCluster, Listener, free_ports, wait_for_brokers

ADDRESS = "PACELINE_TEST_KAFKA"
_IMAGE = f"apache/kafka:{KAFKA_VERSION}"
_PULL_SECS = 120


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A Kafka that somebody runs. `data` is its folder, if it is on this machine."""

    bootstrap: list[str]
    data: Path | None = None


def start_or_skip(
    folder: Path,
    doors: dict[str, Listener] | None = None,
    *,
    nodes: int = 1,
    properties: dict[str, str] | None = None,
) -> KafkaCluster:
    """Brokers that are ready to be entered; where they cannot be had, the test is not evaluated."""
    try:
        return KafkaCluster(folder, nodes=nodes, listeners=doors, properties=properties)
    except EnvironmentFaultError as error:
        pytest.skip(f"not evaluated: Kafka ({error.what})")


@contextmanager
def server_elsewhere() -> Iterator[Server | None]:
    """The server that the environment names, or one in a container; None where there is neither."""
    address = os.environ.get(ADDRESS)
    if address:
        yield Server(bootstrap=address.split(","))
        return
    port = free_ports(1)[0]
    container = _start_container(port)
    try:
        yield Server(bootstrap=[f"{HOST}:{port}"]) if container and _is_ready(port) else None
    finally:
        if container:
            subprocess.run(["docker", "kill", container], capture_output=True, check=False)


def _start_container(port: int) -> str:
    """Its id; empty where there is no Docker daemon or no image."""
    settings = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": "PLAIN://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAIN://{HOST}:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAIN",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    }
    environment = [part for name, value in settings.items() for part in ("--env", f"{name}={value}")]
    command = ["docker", "run", "--detach", "--rm", "--publish", f"{HOST}:{port}:9092", *environment, _IMAGE]
    try:
        if subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False).returncode:
            return ""
        started = subprocess.run(command, capture_output=True, text=True, timeout=_PULL_SECS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return started.stdout.strip() if started.returncode == 0 else ""


def _is_ready(port: int) -> bool:
    try:
        wait_for_brokers([f"{HOST}:{port}"], wanted=1)
    except EnvironmentFaultError:
        return False
    return True
