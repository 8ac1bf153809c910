"""The memory bus keeps the promises of every bus."""

from __future__ import annotations

import pytest

from paceline.drivers.bus.memory import MemoryBus
from paceline.model.record import Cursors, Position
from paceline.model.settings import Retention
from paceline.testing.bus_suite import BusSuite


class MemorySite:
    def open(self, *, partitions: int = 4) -> MemoryBus:
        return MemoryBus(partitions, retention=Retention(max_bytes=1))

    async def damage(self, bus: MemoryBus, topic: str, position: Position) -> None:
        bus.damage(topic, position)

    async def drop(self, bus: MemoryBus, topic: str, keep_from: Cursors) -> None:
        await bus.trim(topic, keep_from)


class TestMemoryBus(BusSuite):
    @pytest.fixture
    def site(self) -> MemorySite:
        return MemorySite()
