"""The memory store keeps the promises of every store."""

from __future__ import annotations

import pytest

from paceline.drivers.store.memory import MemoryStore
from paceline.model.settings import DedupSettings
from paceline.testing.store_suite import StoreSuite


class MemorySite:
    def open(self, dedup: DedupSettings | None = None) -> MemoryStore:
        return MemoryStore(dedup)


class TestMemoryStore(StoreSuite):
    @pytest.fixture
    def site(self) -> MemorySite:
        return MemorySite()
