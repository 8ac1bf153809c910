"""Picks the bus and the store that paceline.yaml names, and where a worker keeps its marks."""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

from paceline.drivers.bus.memory import MemoryBus
from paceline.drivers.bus.sqlite import SqliteBus
from paceline.drivers.marks.files import FileMarks
from paceline.drivers.marks.memory import MemoryMarks
from paceline.drivers.store.memory import MemoryStore
from paceline.drivers.store.sqlite import SqliteStore
from paceline.model import settings
from paceline.ports.bus import Bus
from paceline.ports.marks import Marks
from paceline.ports.store import Store


def open_bus(root: Path, choice: settings.SqliteBus | settings.MemoryBus) -> Bus:
    """The bus of a workspace at `root`. Raises StorageError when its place cannot be used."""
    match choice:
        case settings.SqliteBus():
            return SqliteBus(root / choice.path, choice.partitions, retention=choice.retention)
        case settings.MemoryBus():
            return MemoryBus(partitions=choice.partitions)
        case _:
            assert_never(choice)


def open_store(root: Path, choice: settings.SqliteStore | settings.MemoryStore, dedup: settings.DedupSettings) -> Store:
    """The store of a workspace at `root`. Raises StorageError when its place cannot be used."""
    match choice:
        case settings.SqliteStore():
            return SqliteStore(root / choice.path, dedup=dedup)
        case settings.MemoryStore():
            return MemoryStore(dedup=dedup)
        case _:
            assert_never(choice)


def open_marks(root: Path, choice: settings.SqliteStore | settings.MemoryStore) -> Marks:
    """Where the lanes of a workspace at `root` mark what they work on: beside an embedded store."""
    match choice:
        case settings.SqliteStore():
            return FileMarks((root / choice.path).parent / "marks")
        case settings.MemoryStore():
            return MemoryMarks()
        case _:
            assert_never(choice)
