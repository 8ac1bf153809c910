"""Real brokers, started when the first test asks for them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion
from kafka_clusters import Server, server_elsewhere, start_or_skip

from paceline.testing.kafka_server import KafkaCluster, Listener

_JAAS = "org.apache.kafka.common.security"


def make_certificate(folder: Path, name: str) -> Path:
    """A certificate for 127.0.0.1 that signs itself; its key and both together lie beside it."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    subject = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        key,
        "-out",
        certificate,
    ]
    subprocess.run([*command, *subject], check=True, capture_output=True)
    (folder / f"{name}.store.pem").write_text(key.read_text() + certificate.read_text())
    return certificate


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `broker.pem`, which signs the brokers' door with TLS, and `stranger.pem`, which does not."""
    if shutil.which("openssl") is None:
        pytest.skip("not evaluated: Kafka with TLS (there is no openssl)")
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("broker", "stranger"):
        make_certificate(folder, name)
    return folder


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Some Kafka: that of the environment, in a container, or on this machine."""
    with server_elsewhere() as elsewhere:
        if elsewhere is not None:
            yield elsewhere
            return
    broker: KafkaCluster = request.getfixturevalue("broker")
    yield Server(bootstrap=broker.bootstrap, data=broker.nodes[0].data)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[KafkaCluster]:
    """A Kafka of one node with three doors: plain, TLS, and SASL with the users alice (plain) and bob (SCRAM)."""
    sasl = {
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512,OAUTHBEARER",
        "plain.sasl.jaas.config": f'{_JAAS}.plain.PlainLoginModule required user_alice="in wonderland";',
        "scram-sha-512.sasl.jaas.config": f"{_JAAS}.scram.ScramLoginModule required;",
        "oauthbearer.sasl.jaas.config": (
            f'{_JAAS}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";'
        ),
    }
    tls = {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(certificates / "broker.store.pem")}
    doors = {
        "SASL": Listener(protocol="SASL_PLAINTEXT", properties=sasl),
        "TLS": Listener(protocol="SSL", properties=tls),
    }
    # One thread answers all requests, so that who asks after a process was killed comes behind what that one had sent.
    cluster = start_or_skip(tmp_path_factory.mktemp("kafka"), doors, properties={"num.io.threads": "1"})
    with cluster:
        client = AdminClient({"bootstrap.servers": cluster.bootstrap[0], "log_level": 0})
        secret = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        for made in client.alter_user_scram_credentials(
            [UserScramCredentialUpsertion("bob", secret, b"the builder")]
        ).values():
            made.result(20)
        yield cluster
