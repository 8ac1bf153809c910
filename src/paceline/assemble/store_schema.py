"""The tables of a workspace's store: of which version they are, and how they get to another one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

import msgspec

from paceline.assemble.storage import postgres_url
from paceline.drivers.sqlite_file import connect_reader, prepare_file, storage_errors
from paceline.drivers.store.sqlite.schema import STORE_SCHEMA
from paceline.errors import UsageError
from paceline.model.settings import MemoryStore, PostgresStore, SqliteStore
from paceline.workspace.load import find_workspace, load_workspace

if TYPE_CHECKING:
    from paceline.drivers.postgres_server import Address


class StoreStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Where a store is and of which version its tables are; 0 where there are none yet.

    `verdict` is `ready`, `empty` (the first worker makes the tables), `behind` or `ahead` of this program. Programs
    that know version `usable_from`, or a newer one, can work with the tables.
    """

    type: str
    where: str
    version: int
    usable_from: int
    newest: int
    verdict: str
    remedy: str = ""


class StoreStep(msgspec.Struct, frozen=True, kw_only=True):
    """A migration that was made, or would be."""

    version: int
    direction: str
    name: str


def read_store_status(path: Path) -> StoreStatus:
    """How the store of the workspace at `path` stands. Changes nothing. Raises StorageError."""
    root = find_workspace(path)
    match load_workspace(root).settings.store:
        case SqliteStore(path=file):
            return _file_status(root / file)
        case MemoryStore():
            return StoreStatus(type="memory", where="", version=0, usable_from=0, newest=0, verdict="ready")
        case PostgresStore() as choice:
            return _postgres_status(root, choice)
        case never:
            assert_never(never)


def server_time_ms(path: Path) -> float:
    """The clock of the store's server, in Unix milliseconds. Raises StorageError, and UsageError without a server."""
    root = find_workspace(path)
    choice = load_workspace(root).settings.store
    if not isinstance(choice, PostgresStore):
        raise UsageError("the store has no server of its own", where="paceline.yaml (store)")
    address = _address(root, choice)
    from paceline.drivers.postgres_server import server_errors  # noqa: PLC0415  (of the extra `postgres`)

    with server_errors(address), address.connect() as connection:
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp()) * 1000").fetchone()
    assert row is not None
    return float(row[0])


def migrate_store(path: Path, *, to: int | None = None, is_dry: bool = False) -> Sequence[StoreStep]:
    """Bring the store's tables to a version, the newest by default; what was done, or would be.

    Raises UsageError for a version that cannot be reached, StorageError.
    """
    root = find_workspace(path)
    match load_workspace(root).settings.store:
        case SqliteStore(path=file):
            return _migrate_file(root / file, to, is_dry)
        case MemoryStore():
            return ()
        case PostgresStore() as choice:
            from paceline.drivers.postgres_schema import migrate  # noqa: PLC0415  (of the extra `postgres`)
            from paceline.drivers.store.postgres.schema import MIGRATIONS  # noqa: PLC0415

            steps = migrate(_address(root, choice), MIGRATIONS, to=to, is_dry=is_dry)
            return [StoreStep(version=one.version, direction=one.direction, name=one.name) for one in steps]
        case never:
            assert_never(never)


def _address(root: Path, choice: PostgresStore) -> Address:
    url = postgres_url(root, choice)
    from paceline.drivers.postgres_server import Address  # noqa: PLC0415  (of the extra `postgres`)

    return Address(url, choice.schema)


def _postgres_status(root: Path, choice: PostgresStore) -> StoreStatus:
    address = _address(root, choice)
    from paceline.drivers.postgres_schema import read_state  # noqa: PLC0415  (of the extra `postgres`)
    from paceline.drivers.postgres_server import check_server, server_errors  # noqa: PLC0415
    from paceline.drivers.store.postgres.schema import MIGRATIONS  # noqa: PLC0415

    with server_errors(address), address.connect() as connection:
        check_server(connection, address)
        state = read_state(connection, address, MIGRATIONS)
    remedies = {
        "empty": "the first worker makes the tables; or run: paceline store migrate",
        "behind": "run: paceline store migrate (processes of the version before may go on meanwhile)",
        "ahead": f"upgrade paceline, or let the newer one run: paceline store migrate --to {state.newest}",
    }
    return StoreStatus(
        type="postgres",
        where=address.where,
        version=state.version,
        usable_from=state.usable_from,
        newest=state.newest,
        verdict=state.verdict,
        remedy=remedies.get(state.verdict, ""),
    )


def _file_status(file: Path) -> StoreStatus:
    newest = len(STORE_SCHEMA.migrations)
    version = 0
    if file.exists():
        with storage_errors(file), closing(connect_reader(file)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        verdict, remedy = "empty", "the first worker makes the file"
    elif version < newest:
        verdict, remedy = "behind", "the next start of a worker brings it up to date; or run: paceline store migrate"
    elif version > newest:
        verdict, remedy = "ahead", "upgrade paceline, or put back the copy of the file from before"
    else:
        verdict, remedy = "ready", ""
    return StoreStatus(
        type="sqlite",
        where=str(file),
        version=version,
        usable_from=version,
        newest=newest,
        verdict=verdict,
        remedy=remedy,
    )


def _migrate_file(file: Path, to: int | None, is_dry: bool) -> Sequence[StoreStep]:
    status = _file_status(file)
    if to not in (None, status.newest):
        raise UsageError(
            f"an embedded store cannot be brought to version {to}",
            where=str(file),
            expected=f"version {status.newest}: one machine's file only goes forward, with its program",
            remedy="stop paceline and put back the copy of the file from before the upgrade",
        )
    if not is_dry:
        prepare_file(file, STORE_SCHEMA)
    return [
        StoreStep(version=number, direction="forward", name=f"schema {number}")
        for number in range(status.version + 1, status.newest + 1)
    ]
