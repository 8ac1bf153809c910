"""The tables of the PostgreSQL store go from version to version, while processes of two versions work on them."""

from __future__ import annotations

import secrets
import threading

import psycopg
import pytest
from postgres_server import PostgresServer

from paceline.drivers.postgres_schema import Migration, migrate, prepare_schema, read_state
from paceline.drivers.postgres_server import Address
from paceline.drivers.store.postgres import PostgresStore
from paceline.drivers.store.postgres.schema import MIGRATIONS, SLICES
from paceline.errors import StorageError, UsageError
from paceline.ports.store import LaneCommit
from paceline.testing.coroutines import runs_to_end
from paceline.testing.store_samples import DELIVERED, LANE

FUTURE = (
    *MIGRATIONS,
    Migration(
        name="a column",
        forward=["ALTER TABLE lanes ADD COLUMN color text"],
        back=["ALTER TABLE lanes DROP COLUMN color"],
        usable_from=len(MIGRATIONS),
    ),
)
BREAKING = (
    *FUTURE,
    Migration(name="no way back", forward=["ALTER TABLE lanes DROP COLUMN color"], back=[], usable_from=4),
)


@pytest.fixture
def address(postgres_server: PostgresServer) -> Address:
    return Address(postgres_server.url, f"schema_{secrets.token_hex(6)}")


def version(address: Address) -> int:
    with address.connect() as connection:
        return read_state(connection, address, MIGRATIONS).version


def tables(address: Address) -> set[str]:
    with address.connect() as connection:
        rows = connection.execute(
            "SELECT c.relname || coalesce('.' || a.attname, '') FROM pg_class c LEFT JOIN pg_attribute a"
            " ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE c.relnamespace = to_regnamespace(%s)",
            (address.schema,),
        )
        return {name for (name,) in rows}


def test_empty_schema_gets_the_newest_tables(address: Address) -> None:
    prepare_schema(address, MIGRATIONS)
    assert version(address) == len(MIGRATIONS)


def test_journal_has_a_partition_for_every_slice(address: Address) -> None:
    prepare_schema(address, MIGRATIONS)
    assert {f"seen_{number}" for number in range(SLICES)} == {
        name.removesuffix(".slice") for name in tables(address) if name.startswith("seen_") and name.endswith(".slice")
    }


def test_processes_that_begin_at_once_make_the_tables_once(address: Address) -> None:
    failures: list[Exception] = []

    def prepare() -> None:
        try:
            prepare_schema(address, MIGRATIONS)
        except StorageError as error:
            failures.append(error)

    threads = [threading.Thread(target=prepare) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert version(address) == len(MIGRATIONS)


def test_process_refuses_tables_that_are_too_old_and_says_what_to_do(address: Address) -> None:
    migrate(address, MIGRATIONS, to=1)
    with pytest.raises(StorageError, match=r"version 1, and this paceline needs 2.*run: paceline store migrate"):
        prepare_schema(address, MIGRATIONS)


def test_process_of_before_goes_on_with_newer_tables_that_allow_it(address: Address) -> None:
    migrate(address, FUTURE)
    prepare_schema(address, MIGRATIONS)


def test_process_of_before_refuses_newer_tables_that_do_not_allow_it(address: Address) -> None:
    migrate(address, BREAKING)
    with pytest.raises(StorageError, match=r"made by a newer paceline.*store migrate --to 2"):
        prepare_schema(address, MIGRATIONS)


def test_migration_forward_and_back_leaves_the_tables_as_they_were(address: Address) -> None:
    migrate(address, MIGRATIONS)
    before = tables(address)
    migrate(address, FUTURE)
    assert tables(address) - before == {"lanes.color"}
    steps = migrate(address, FUTURE, to=len(MIGRATIONS))
    assert [(step.version, step.direction) for step in steps] == [(3, "back")]
    assert tables(address) == before


@runs_to_end
async def test_migration_forward_and_back_under_a_running_worker_loses_nothing(
    address: Address, postgres_server: PostgresServer
) -> None:
    store = PostgresStore(postgres_server.url, schema=address.schema)
    await store.open_lane(LANE, {0: 0})
    for number, known in enumerate((MIGRATIONS, FUTURE, MIGRATIONS, FUTURE), 1):
        migrate(address, FUTURE, to=len(known))
        await store.commit(LaneCommit(lane=LANE, cursors={0: number}, counts={DELIVERED: 1}))
    assert (await store.open_lane(LANE, {})).counts == {DELIVERED: 4}
    await store.close()


def test_dry_run_changes_nothing(address: Address) -> None:
    steps = migrate(address, MIGRATIONS, is_dry=True)
    assert [step.version for step in steps] == [1, 2]
    assert version(address) == 0
    assert tables(address) == set()


def test_migration_that_would_wait_for_a_table_gives_up_instead(address: Address) -> None:
    migrate(address, MIGRATIONS)
    with psycopg.connect(address.connection_string) as other:
        other.execute("SELECT count(*) FROM lanes")
        with pytest.raises(StorageError, match="lock timeout"):
            migrate(address, FUTURE)
    assert version(address) == len(MIGRATIONS)


def test_version_that_does_not_exist_is_the_users_mistake(address: Address) -> None:
    with pytest.raises(UsageError, match="there is no version 9"):
        migrate(address, MIGRATIONS, to=9)


def test_program_that_does_not_know_the_way_back_says_who_does(address: Address) -> None:
    migrate(address, FUTURE)
    with pytest.raises(StorageError, match="let the newer paceline run: paceline store migrate --to 1"):
        migrate(address, MIGRATIONS, to=1)
