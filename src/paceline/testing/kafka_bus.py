"""A Kafka bus by the words of paceline.yaml, for tests and the processes that they start."""

from __future__ import annotations

from typing import Any

import msgspec

from paceline.drivers.bus.kafka import KafkaBus
from paceline.model import kafka_settings


def open_kafka(**chosen: Any) -> KafkaBus:
    """The bus that these settings describe, secrets and all."""
    return KafkaBus(msgspec.convert(chosen, kafka_settings.KafkaBus))
