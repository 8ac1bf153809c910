"""A Kafka bus for the published suites: one broker for all tests, topics of its own for each."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from paceline.model.record import Cursors, Position
from paceline.ports.bus import Bus
from paceline.testing.kafka_bus import open_kafka
from paceline.testing.openers import Opener

PATIENCE_SECS = 20.0
CLOSE_WAIT = "08"
_numbers = itertools.count()


def single_node(bootstrap: list[str], *, prefix: str = "", **more: Any) -> dict[str, Any]:
    """What paceline.yaml says of a bus on one broker, with a prefix that nobody else has."""
    chosen = {
        "type": "kafka",
        "bootstrap": bootstrap,
        "topic_prefix": prefix or f"t{os.getpid()}-{next(_numbers)}.",
        "replication": 1,
        "min_insync_replicas": 1,
        "durability": "single_node",
        "partitions": 4,
    }
    return {**chosen, **more}


def ports_with_lost_peers() -> set[int]:
    """Ports of this machine with a connection whose other side is gone and whose data may not have been read yet."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == CLOSE_WAIT}


class KafkaSite:
    """Where one bus lives: topics with a prefix of their own. `data` is the broker's folder, if it is on this machine.

    What a process had sent when it was killed reaches the log without its help, as long as the broker still reads from
    it. So opening waits until the broker has let go of everybody who is gone.
    """

    def __init__(self, bootstrap: list[str], data: Path | None) -> None:
        self._chosen = single_node(bootstrap)
        self._data = data

    def open(self, *, partitions: int = 4) -> Bus:
        ports = {int(address.rpartition(":")[2]) for address in self._chosen["bootstrap"]}
        deadline = time.monotonic() + PATIENCE_SECS
        while self._data is not None and ports & ports_with_lost_peers():
            assert time.monotonic() < deadline, "the broker does not let go of a connection"
            time.sleep(0.01)
        return open_kafka(**{**self._chosen, "partitions": partitions})

    def opener(self, *, partitions: int = 4) -> Opener:
        return Opener(
            target="paceline.testing.kafka_bus:open_kafka", arguments={**self._chosen, "partitions": partitions}
        )

    async def damage(self, bus: Bus, topic: str, position: Position) -> None:
        if self._data is None:
            pytest.skip("not evaluated: damage to a topic's files (the broker's disk is elsewhere)")
        record = (await bus.fetch(topic, [position]))[position]
        (log,) = (self._data / f"{self._chosen['topic_prefix']}{topic}-{position.partition}").glob("*.log")
        held = log.read_bytes()
        assert held.count(record.data) == 1
        with log.open("r+b") as file:
            file.seek(held.index(record.data) + 20)
            file.write(bytes([held[held.index(record.data) + 20] ^ 4]))

    async def drop(self, bus: Bus, topic: str, keep_from: Cursors) -> None:
        name = f"{self._chosen['topic_prefix']}{topic}"
        client = AdminClient({"bootstrap.servers": self._chosen["bootstrap"][0]})
        limits = [TopicPartition(name, partition, offset) for partition, offset in keep_from.items()]
        for dropped in client.delete_records(limits).values():
            dropped.result(20)
