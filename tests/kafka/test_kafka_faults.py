"""What is wrong with a cluster, or with what paceline.yaml says of it, is said in a sentence, with exit status 3."""

from __future__ import annotations

import asyncio
import base64
import http.server
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka.admin import AdminClient, NewTopic
from kafka_site import single_node
from kafka_workspaces import move_to_kafka
from old_kafka import OldBroker
from workspaces import write_settings

from paceline.assemble.storage import open_bus
from paceline.errors import StorageError
from paceline.model import kafka_settings
from paceline.model.record import Position
from paceline.testing.bus_samples import make_record
from paceline.testing.kafka_server import KafkaCluster

NOBODY = "127.0.0.1:9"


def append_one(root: Path, chosen: dict[str, Any]) -> list[Position]:
    """Open the bus that paceline.yaml describes, with secrets from `.env`, and append a record."""

    async def run() -> list[Position]:
        bus = open_bus(root, msgspec.convert(chosen, kafka_settings.KafkaBus))
        try:
            return list(await bus.append("events", [make_record(1)]))
        finally:
            await bus.close()

    return asyncio.run(run())


@pytest.fixture
def root(tmp_path: Path, certificates: Path) -> Path:
    (tmp_path / ".env").write_text("ALICE=in wonderland\nBOB=the builder\nWRONG=guess\nCLIENT=shh\n")
    for name in ("broker.pem", "stranger.pem"):
        (tmp_path / name).write_bytes((certificates / name).read_bytes())
    return tmp_path


@pytest.fixture
def token_url() -> Iterator[str]:
    """An OAuth server that gives everybody a token for an hour."""

    class Tokens(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            now = int(time.time())
            parts = [{"alg": "none"}, {"sub": "paceline", "iat": now, "exp": now + 3600}]
            encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
            answer = json.dumps({"access_token": ".".join([*encoded, ""]), "expires_in": 3600}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/token"
    server.shutdown()
    server.server_close()


def plain(password: str = "ALICE") -> dict[str, Any]:
    return {"mechanism": "plain", "username": "alice", "password": f"${{env:{password}}}"}


def scram(password: str = "BOB") -> dict[str, Any]:
    return {"mechanism": "scram-sha-512", "username": "bob", "password": f"${{env:{password}}}"}


@pytest.mark.parametrize("sasl", [plain(), scram()], ids=["plain", "scram"])
def test_user_with_the_right_password_is_let_in(broker: KafkaCluster, root: Path, sasl: dict[str, Any]) -> None:
    assert len(append_one(root, single_node(broker.bootstrap_of("SASL"), sasl=sasl))) == 1


def test_token_of_an_oauth_server_is_let_in(broker: KafkaCluster, root: Path, token_url: str) -> None:
    sasl = {
        "mechanism": "oauthbearer",
        "token_url": token_url,
        "client_id": "paceline",
        "client_secret": "${env:CLIENT}",
        "scope": "events",
    }
    assert len(append_one(root, single_node(broker.bootstrap_of("SASL"), sasl=sasl))) == 1


def test_broker_whose_certificate_is_trusted_is_used(broker: KafkaCluster, root: Path) -> None:
    chosen = single_node(broker.bootstrap_of("TLS"), tls={"ca_file": "broker.pem"})
    assert len(append_one(root, chosen)) == 1


Changes = Callable[[KafkaCluster], dict[str, Any]]
faults: dict[str, tuple[Changes, tuple[str, ...]]] = {
    "nobody listens": (
        lambda _: {"bootstrap": [NOBODY], "delivery_timeout_secs": 2},
        ("Connection refused", "bus.bootstrap"),
    ),
    "no such host": (lambda _: {"bootstrap": ["no.such.host.invalid:9092"]}, ("Failed to resolve", "no such host")),
    "wrong password, plain": (
        lambda one: {"bootstrap": one.bootstrap_of("SASL"), "sasl": plain("WRONG")},
        ("Invalid username or password", "bus.sasl"),
    ),
    "wrong password, scram": (
        lambda one: {"bootstrap": one.bootstrap_of("SASL"), "sasl": scram("WRONG")},
        ("invalid credentials", "bus.sasl"),
    ),
    "mechanism that is not allowed": (
        lambda one: {"bootstrap": one.bootstrap_of("SASL"), "sasl": {**scram(), "mechanism": "scram-sha-256"}},
        ("supported mechanisms: PLAIN,SCRAM-SHA-512,OAUTHBEARER", "bus.sasl"),
    ),
    "strange certificate": (
        lambda one: {"bootstrap": one.bootstrap_of("TLS"), "tls": {"ca_file": "stranger.pem"}},
        ("certificate verify failed", "bus.tls"),
    ),
    "certificate of another host": (
        lambda one: {
            "bootstrap": [address.replace("127.0.0.1", "localhost") for address in one.bootstrap_of("TLS")],
            "tls": {"ca_file": "broker.pem"},
        },
        ("certificate verify failed", "bus.tls"),
    ),
    "file that is not there": (
        lambda one: {"bootstrap": one.bootstrap_of("TLS"), "tls": {"ca_file": "gone.pem"}},
        ("gone.pem", "is not there"),
    ),
    "missing topic": (lambda _: {"create_topics": False}, ("there is no topic", "kafka-topics.sh --bootstrap-server")),
    "too few brokers": (
        lambda _: {"replication": 3, "min_insync_replicas": 2, "durability": "replicated"},
        ("could not be created", "start as many brokers as bus.replication says"),
    ),
}


@pytest.mark.parametrize("fault", faults)
def test_fault_is_said_in_a_sentence(broker: KafkaCluster, root: Path, fault: str) -> None:
    changes, words = faults[fault]
    with pytest.raises(StorageError) as raised:
        append_one(root, {**single_node(broker.bootstrap), **changes(broker)})
    assert [word for word in words if word not in str(raised.value)] == []


def test_broker_that_is_too_old_is_refused(tmp_path: Path) -> None:
    with OldBroker() as old, pytest.raises(StorageError, match=r"run Apache Kafka 3\.5 or later"):
        append_one(tmp_path, single_node([old.address], partitions=1))


wrong_topics = {
    "cleanup.policy": ({"cleanup.policy": "compact"}, "compact, which removes events"),
    "retention": ({"retention.ms": "86400000"}, "would drop events that a lane still needs"),
    "retention by size": ({"retention.bytes": "1000000"}, "retention.bytes is 1000000"),
    "flush": ({"flush.messages": "1000"}, "a power cut of the one broker would lose acknowledged events"),
    "unclean": ({"unclean.leader.election.enable": "true"}, "loses acknowledged events"),
    "small messages": ({"max.message.bytes": "1000"}, "max.message.bytes is 1000"),
    "partitions": ({}, "keys would move"),
}


@pytest.mark.parametrize("wrong", wrong_topics)
def test_topic_that_cannot_keep_the_promise_is_refused(broker: KafkaCluster, root: Path, wrong: str) -> None:
    configuration, words = wrong_topics[wrong]
    chosen = single_node(broker.bootstrap)
    good = {"retention.ms": "-1", "flush.messages": "1"}
    partitions = 3 if wrong == "partitions" else 4
    topic = NewTopic(f"{chosen['topic_prefix']}events", partitions, 1, config={**good, **configuration})
    client = AdminClient({"bootstrap.servers": broker.bootstrap[0], "log_level": 0})
    for made in client.create_topics([topic]).values():
        made.result(20)
    with pytest.raises(StorageError, match=words):
        append_one(root, chosen)


@pytest.mark.parametrize("process", ["gateway", "worker"])
def test_process_that_cannot_reach_its_cluster_ends_with_status_3(tmp_path: Path, process: str) -> None:
    workspace = move_to_kafka(write_settings(tmp_path / "workspace"), single_node(["no.such.host.invalid:9092"]))
    port = ["--port", "0"] if process == "gateway" else []
    command = [sys.executable, "-m", "paceline", "serve", process, str(workspace), *port]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert "no such host is known here" in done.stderr
    assert "Traceback" not in done.stderr
