"""Picks the bus and the store that paceline.yaml names, and where a worker keeps its marks."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from paceline.assemble.kafka import open_kafka
from paceline.drivers.bus.memory import MemoryBus
from paceline.drivers.bus.sqlite import SqliteBus
from paceline.drivers.kept.memory import MemoryKeptEvents
from paceline.drivers.kept.sqlite import SqliteKeptEvents
from paceline.drivers.marks.files import FileMarks
from paceline.drivers.marks.memory import MemoryMarks
from paceline.drivers.store.memory import MemoryStore
from paceline.drivers.store.sqlite import SqliteStore
from paceline.errors import MissingExtraError, UsageError
from paceline.model import settings
from paceline.model.kafka_settings import KafkaBus
from paceline.ports.bus import Bus, BusCapabilities
from paceline.ports.kept import KeptEvents
from paceline.ports.marks import Marks
from paceline.ports.store import Store
from paceline.workspace.environment import workspace_environment
from paceline.workspace.load import load_workspace
from paceline.workspace.secrets import resolve, reveal
from paceline.workspace.workspace import Workspace

if TYPE_CHECKING:
    from paceline.drivers.postgres_server import Address

SETTINGS_FILE = "paceline.yaml"
AnyBus = settings.SqliteBus | settings.MemoryBus | KafkaBus
MARKS_FOLDER = ".paceline/marks"
KEPT_FILE = ".paceline/kept_events.db"


def open_bus(root: Path, choice: AnyBus, *, max_event_bytes: int = settings.GatewayLimits().max_event_bytes) -> Bus:
    """The bus of a workspace at `root`, for events of at most `max_event_bytes`.

    Raises StorageError when its place cannot be used. A cluster is connected to when the bus is first used.
    """
    match choice:
        case settings.SqliteBus():
            return SqliteBus(root / choice.path, choice.partitions, retention=choice.retention)
        case settings.MemoryBus():
            return MemoryBus(partitions=choice.partitions)
        case KafkaBus():
            return open_kafka(root, choice, max_event_bytes=max_event_bytes)
        case _:
            assert_never(choice)


def require_capable(bus: BusCapabilities) -> None:
    """Raises UsageError when gateway and worker cannot run on a bus, with what it lacks."""
    lacks = []
    if not bus.shared:
        lacks.append("other processes cannot read what the gateway appends to it")
    if not bus.durable:
        lacks.append("events that were acknowledged would be lost with the process")
    if not bus.dense_offsets:
        lacks.append("its offsets have gaps, so that the ledger could not add up")
    if lacks:
        raise UsageError(
            f"a workspace cannot run on the bus {bus.name}: {'; '.join(lacks)}",
            where="paceline.yaml (bus)",
            remedy="choose bus: {type: sqlite} or bus: {type: kafka, ...}",
        )


def open_store(root: Path, choice: settings.StoreSettings, dedup: settings.DedupSettings) -> Store:
    """The store of a workspace at `root`. Raises StorageError when its place cannot be used.

    And for PostgreSQL UsageError, MissingSecretError and MissingExtraError.
    """
    match choice:
        case settings.SqliteStore():
            return SqliteStore(root / choice.path, dedup=dedup)
        case settings.MemoryStore():
            return MemoryStore(dedup=dedup)
        case settings.PostgresStore():
            url = postgres_url(root, choice)
            from paceline.drivers.store.postgres import PostgresStore  # noqa: PLC0415  (of the extra `postgres`)

            return PostgresStore(url, dedup, schema=choice.schema, connections=choice.connections)
        case _:
            assert_never(choice)


def open_kept_events(root: Path, choice: settings.StoreSettings) -> KeptEvents:
    """Where the events of dead letters stay that the log lets go of: beside an embedded store."""
    match choice:
        case settings.SqliteStore():
            return SqliteKeptEvents((root / choice.path).parent / "kept_events.db")
        case settings.PostgresStore():
            return SqliteKeptEvents(root / KEPT_FILE)
        case settings.MemoryStore():
            return MemoryKeptEvents()
        case _:
            assert_never(choice)


def postgres_url(root: Path, choice: settings.PostgresStore) -> str:
    """The server's URL with its password. Raises MissingSecretError, and MissingExtraError without the driver."""
    if find_spec("psycopg") is None:
        raise MissingExtraError("PostgreSQL needs psycopg, which is not installed", "postgres")
    environment = workspace_environment(root, os.environ)
    resolved = resolve(choice.url, environment, _read_text, where="paceline.yaml", needed_by="the store")
    return str(reveal(resolved))


def store_address(root: Path) -> Address | None:
    """Where the PostgreSQL of a workspace's store is, its tables ready; None where the store is another one.

    Raises StorageError.
    """
    if not (root / SETTINGS_FILE).exists():
        return None
    choice = load_workspace(root).settings.store
    if not isinstance(choice, settings.PostgresStore):
        return None
    url = postgres_url(root, choice)
    from paceline.drivers.postgres_schema import prepare_schema  # noqa: PLC0415  (of the extra `postgres`)
    from paceline.drivers.postgres_server import Address  # noqa: PLC0415
    from paceline.drivers.store.postgres.schema import MIGRATIONS  # noqa: PLC0415

    address = Address(url, choice.schema)
    prepare_schema(address, MIGRATIONS)
    return address


def data_folders(workspace: Workspace) -> list[Path]:
    """Where bus and store of a workspace keep their files: what must not run full."""
    root, chosen = workspace.path, workspace.settings
    folders: list[Path] = []
    if isinstance(chosen.bus, settings.SqliteBus):
        folders.append(root / chosen.bus.path)
    if isinstance(chosen.store, settings.SqliteStore):
        folders.append((root / chosen.store.path).parent)
    return folders or [root]


def open_marks(root: Path, choice: settings.StoreSettings) -> Marks:
    """Where the lanes of a workspace at `root` mark what they work on: beside an embedded store, or on this machine."""
    match choice:
        case settings.SqliteStore():
            return FileMarks((root / choice.path).parent / "marks")
        case settings.PostgresStore():
            return FileMarks(root / MARKS_FOLDER)
        case settings.MemoryStore():
            return MemoryMarks()
        case _:
            assert_never(choice)


def _read_text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")
