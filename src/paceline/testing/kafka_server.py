"""Real Kafka brokers on loopback, each a process of its own in a folder of its own.

    with KafkaCluster(tmp_path / "kafka", nodes=3) as cluster:
        bus = KafkaBus(KafkaSettings(bootstrap=cluster.bootstrap, ...))
        cluster.nodes[0].kill()

Every node is broker and controller (KRaft). `listeners` adds doors with TLS or SASL beside the plain one.
"""

from __future__ import annotations

import base64
import contextlib
import os
import random
import shutil
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import msgspec

from paceline.errors import EnvironmentFaultError, MissingExtraError
from paceline.runtime.children import Child
from paceline.testing.kafka_files import CLUSTER_ID, QUICK_START, KafkaFiles, find_kafka_files

HOST = "127.0.0.1"
START_SECS = 90.0
_ports = range(20_000, 32_000)


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """A further door of every node: SSL, SASL_PLAINTEXT or SASL_SSL, with properties of its own."""

    protocol: str
    properties: Mapping[str, str] = {}


class KafkaNode:
    """One broker. Kill it, stop it, pause it, start it again: its folder and its ports stay."""

    def __init__(self, files: KafkaFiles, folder: Path, properties: Mapping[str, str], *, java: Sequence[str]) -> None:
        self._files = files
        self._properties = properties
        self._java = java
        self._process: Child | None = None
        self.folder = folder

    @property
    def data(self) -> Path:
        """Where the node keeps its topics."""
        return self.folder / "data"

    @property
    def process(self) -> Child:
        """Its process, running or ended."""
        assert self._process is not None, "the node was never started"
        return self._process

    def start(self) -> None:
        """Start the process; returns at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.data / "meta.properties").exists():
            shutil.copytree(self._files.folder / "formatted", self.data, dirs_exist_ok=True)
            (self.data / "meta.properties").write_text(_meta_properties(self._properties["node.id"]))
        file = self.folder / "server.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in self._properties.items()))
        self._process = Child.start(self._files.server(file, self._java), log=self.folder / "server.log")

    def kill(self) -> None:
        """SIGKILL, and wait until the process is gone."""
        if self._process is not None and self._process.is_running:
            self._process.kill()

    def pause(self) -> None:
        """Let the process stand still."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.process.pid, signal.SIGCONT)

    def log_end(self) -> str:
        """The end of what it said."""
        return (self.folder / "server.log").read_text(errors="replace")[-3000:]


class KafkaCluster:
    """One node or several. A context manager: entering starts them, leaving kills what still runs."""

    def __init__(
        self,
        folder: Path,
        *,
        nodes: int = 1,
        listeners: Mapping[str, Listener] | None = None,
        properties: Mapping[str, str] | None = None,
        java_options: Sequence[str] = QUICK_START,
    ) -> None:
        """`properties` are added to those of every node. Raises EnvironmentFaultError when Kafka cannot be had."""
        files = find_kafka_files()
        self._listeners = dict(listeners or {})
        names = ["PLAIN", *self._listeners, "CONTROLLER"]
        ports = [dict(zip(names, free_ports(len(names)), strict=True)) for _ in range(nodes)]
        voters = ",".join(f"{number}@{HOST}:{own['CONTROLLER']}" for number, own in enumerate(ports, start=1))
        self._ports = ports
        self.nodes = [
            KafkaNode(
                files,
                folder / f"node-{number}",
                {
                    "node.id": str(number),
                    "log.dirs": str(folder / f"node-{number}" / "data"),
                    "controller.quorum.voters": voters,
                    **self._doors(own),
                    **_for_tests(nodes),
                    **(properties or {}),
                },
                java=java_options,
            )
            for number, own in enumerate(ports, start=1)
        ]

    @property
    def bootstrap(self) -> list[str]:
        """The addresses of the plain listener."""
        return self.bootstrap_of("PLAIN")

    def bootstrap_of(self, listener: str) -> list[str]:
        """The addresses of another listener."""
        return [f"{HOST}:{own[listener]}" for own in self._ports]

    def start(self) -> None:
        """Start every node and wait until all of them answer."""
        for node in self.nodes:
            node.start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until all brokers are in the cluster. Raises EnvironmentFaultError with what one of them said."""
        try:
            wait_for_brokers(self.bootstrap, wanted=len(self.nodes), go_on=self._all_run)
        except EnvironmentFaultError as error:
            told = next((node for node in self.nodes if not node.process.is_running), self.nodes[0])
            raise EnvironmentFaultError(error.what, where=str(told.folder), remedy=told.log_end()) from None

    def _all_run(self) -> bool:
        return all(node.process.is_running for node in self.nodes)

    def kill(self) -> None:
        """End every node at once."""
        for node in self.nodes:
            node.kill()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _doors(self, ports: Mapping[str, int]) -> dict[str, str]:
        protocols = {"PLAIN": "PLAINTEXT", "CONTROLLER": "PLAINTEXT"}
        protocols |= {name: one.protocol for name, one in self._listeners.items()}
        doors = {
            "process.roles": "broker,controller",
            "listeners": ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items()),
            "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAIN",
        }
        for name, listener in self._listeners.items():
            prefix = f"listener.name.{name.lower()}."
            doors |= {prefix + key: value for key, value in listener.properties.items()}
        return doors


def wait_for_brokers(bootstrap: Sequence[str], *, wanted: int, go_on: Callable[[], bool] = lambda: True) -> None:
    """Wait until a cluster has so many brokers, as long as `go_on` says so. Raises EnvironmentFaultError."""
    try:
        from confluent_kafka import KafkaException  # noqa: PLC0415  an extra
        from confluent_kafka.admin import AdminClient  # noqa: PLC0415
    except ImportError:
        raise MissingExtraError("Kafka's client is not installed", "kafka") from None
    fast = {"reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 100, "log_level": 0}
    client = AdminClient({"bootstrap.servers": ",".join(bootstrap), **fast})
    deadline = time.monotonic() + START_SECS
    while True:
        with contextlib.suppress(KafkaException):
            if len(client.list_topics(timeout=1).brokers) >= wanted:
                return
        if not go_on() or time.monotonic() > deadline:
            raise EnvironmentFaultError("Kafka does not start")
        time.sleep(0.05)


def _for_tests(nodes: int) -> dict[str, str]:
    """Small, quick to notice that a node has gone, and nothing made that nobody asked for."""
    return {
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": str(nodes),
        "num.network.threads": "2",
        "num.io.threads": "2",
        "num.recovery.threads.per.data.dir": "1",
        "broker.session.timeout.ms": "6000",
        "broker.heartbeat.interval.ms": "1000",
        "log.index.size.max.bytes": str(1024**2),
        "initial.broker.registration.timeout.ms": "60000",
    }


def _meta_properties(node_id: str) -> str:
    directory = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
    return f"version=1\ncluster.id={CLUSTER_ID}\nnode.id={node_id}\ndirectory.id={directory}\n"


def free_ports(count: int) -> Sequence[int]:
    """Ports of this machine that nobody uses, and that the system gives to nobody who asks for just any."""
    found: list[int] = []
    for port in random.sample(_ports, len(_ports)):
        with contextlib.closing(socket.socket()) as trial, contextlib.suppress(OSError):
            trial.bind((HOST, port))
            found.append(port)
        if len(found) == count:
            return found
    raise EnvironmentFaultError(f"there are no {count} free ports from {_ports[0]} to {_ports[-1]}")
