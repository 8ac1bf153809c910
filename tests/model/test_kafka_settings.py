"""What a cluster could not keep is refused where it is written."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from paceline.model.kafka_settings import KafkaBus
from paceline.model.settings import PacelineFile

GOOD = {"type": "kafka", "bootstrap": ["kafka-1.example:9093", "kafka-2.example:9093"], "topic_prefix": "shop."}
PASSWORD = {"username": "paceline", "password": "${env:KAFKA_PASSWORD}"}

refusals: dict[str, tuple[dict[str, Any], str]] = {
    "one copy": ({"replication": 1, "min_insync_replicas": 1}, "its end would lose them"),
    "one copy must have it": ({"min_insync_replicas": 1}, "accept it with durability: single_node"),
    "no broker may be away": ({"replication": 2}, "nothing is taken in while one broker is away"),
    "single node with three": ({"durability": "single_node"}, "goes with replication: 1"),
    "password in the clear": ({"sasl": {"mechanism": "plain", **PASSWORD}}, "add tls"),
    "password in the file": ({"sasl": {"mechanism": "scram-sha-512", **PASSWORD, "password": "x"}}, "matching regex"),
    "certificate without key": ({"tls": {"certificate_file": "client.pem"}}, "go together"),
    "no port": ({"bootstrap": ["kafka.example"]}, "matching regex"),
    "no prefix": ({"topic_prefix": ""}, "matching regex"),
}
accepted: dict[str, dict[str, Any]] = {
    "defaults": {},
    "single node on purpose": {"replication": 1, "min_insync_replicas": 1, "durability": "single_node"},
    "password behind tls": {"tls": {}, "sasl": {"mechanism": "plain", **PASSWORD}},
    "challenge without tls": {"sasl": {"mechanism": "scram-sha-256", **PASSWORD}},
    "password on this machine": {"bootstrap": ["localhost:9092"], "sasl": {"mechanism": "plain", **PASSWORD}},
}


@pytest.mark.parametrize("case", refusals)
def test_setting_that_cannot_be_kept_is_refused_with_the_reason(case: str) -> None:
    changes, words = refusals[case]
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert({**GOOD, **changes}, KafkaBus)


@pytest.mark.parametrize("case", accepted)
def test_setting_that_can_be_kept_is_accepted(case: str) -> None:
    assert msgspec.convert({**GOOD, **accepted[case]}, KafkaBus)


def test_paceline_yaml_takes_kafka_for_its_bus() -> None:
    file = msgspec.convert({"workspace": "shop", "bus": GOOD, "sources": {}}, PacelineFile)
    assert isinstance(file.bus, KafkaBus)
