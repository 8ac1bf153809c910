"""The published bus suite on a real Kafka."""

from __future__ import annotations

import pytest
from kafka_clusters import Server
from kafka_site import KafkaSite

from paceline.testing.durable_bus_suite import DurableBusSuite


class TestKafkaBus(DurableBusSuite):
    @pytest.fixture
    def site(self, server: Server) -> KafkaSite:
        return KafkaSite(server.bootstrap, server.data)
