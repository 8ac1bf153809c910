"""What the PostgreSQL store says when the server, the address or the rights are not as they should be."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator

import psycopg
import pytest
from postgres_server import LocalServer, NoServerError, PostgresServer, local_server
from psycopg.conninfo import conninfo_to_dict

from paceline.drivers import postgres_server as driver
from paceline.drivers.store.postgres import PostgresStore
from paceline.drivers.store.postgres.database import is_alive
from paceline.errors import StorageError, StorageFullError, UsageError
from paceline.model.settings import DedupSettings
from paceline.ports.store import DeadLetterFilter, LaneCommit
from paceline.testing.coroutines import runs_to_end
from paceline.testing.store_samples import DEAD, DELIVERED, LANE, PARKED, make_letter, make_parked, opened


def refusal(url: str, **settings: str) -> StorageError:
    with pytest.raises(StorageError) as caught:
        PostgresStore(url, **settings)
    assert caught.value.exit_status == 3
    assert caught.value.remedy
    return caught.value


@pytest.fixture(scope="module")
def own_server() -> Iterator[LocalServer]:
    """A server that tests of this file may treat badly."""
    try:
        with local_server() as server:
            yield server
    except NoServerError as error:
        pytest.skip(f"not evaluated: {error}")


class UrlSite:
    def __init__(self, url: str) -> None:
        self.url = url

    def open(self, dedup: DedupSettings | None = None) -> PostgresStore:
        return PostgresStore(self.url, dedup)


def test_address_that_is_none_is_the_users_mistake_and_is_not_repeated() -> None:
    with pytest.raises(UsageError, match=r"cannot be read; expected postgresql://USER") as caught:
        PostgresStore("postgres!//shop:hunter2@db/shop")
    assert "hunter2" not in str(caught.value)


def test_port_on_which_nothing_listens_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = refusal(f"postgresql://shop:hunter2@127.0.0.1:{port}/shop")
    assert str(error).startswith(f"postgresql://shop@127.0.0.1:{port}/shop: nothing answers there")
    assert "hunter2" not in str(error)


def test_host_that_does_not_exist_is_named(postgres_server: PostgresServer) -> None:
    error = refusal(postgres_server.with_changes(host="no-such-host.invalid"))
    assert error.what == "there is no host of that name: no-such-host.invalid"


def test_wrong_password_is_told_and_not_shown(postgres_server: PostgresServer) -> None:
    error = refusal(postgres_server.with_changes(password="hunter2"))
    user = conninfo_to_dict(postgres_server.url)["user"]
    assert error.what == f"PostgreSQL refuses the password of user {user}"
    assert "hunter2" not in str(error)


def test_missing_password_is_told(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    given = {**conninfo_to_dict(postgres_server.url)}
    del given["password"]
    error = refusal(psycopg.conninfo.make_conninfo(**given))
    assert "asks for a password" in error.what


def test_missing_database_is_told_with_the_command_that_makes_it(postgres_server: PostgresServer) -> None:
    error = refusal(postgres_server.with_changes(dbname="nowhere"))
    assert error.what == "there is no database nowhere on this server"
    assert error.remedy == "create it: createdb -E UTF8 -T template0 nowhere"


def test_server_that_is_too_old_is_told(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "OLDEST_SERVER", 99)
    error = refusal(postgres_server.url)
    assert error.what.startswith("the server is PostgreSQL 1")
    assert error.expected == "PostgreSQL 99 or newer"


def test_database_that_is_not_utf8_is_told(own_server: LocalServer) -> None:
    own_server.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    assert refusal(own_server.with_changes(dbname="latin")).what == "the database keeps its texts as LATIN1"


def test_user_who_may_not_create_tables_is_told_what_to_grant(own_server: LocalServer) -> None:
    own_server.execute("CREATE ROLE reader LOGIN PASSWORD 'secret'")
    error = refusal(own_server.with_changes(user="reader", password="secret"), schema="mine")
    assert "permission denied for database postgres" in error.what
    assert "GRANT CREATE ON DATABASE" in error.remedy


@runs_to_end
async def test_user_who_may_only_read_and_write_rows_can_run_a_worker(own_server: LocalServer) -> None:
    await PostgresStore(own_server.url, schema="shared").close()
    for statement in (
        "CREATE ROLE worker LOGIN PASSWORD 'secret'",
        "GRANT USAGE ON SCHEMA shared TO worker",
        "GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA shared TO worker",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA shared TO worker",
    ):
        own_server.execute(statement)
    store = PostgresStore(own_server.with_changes(user="worker", password="secret"), schema="shared")
    await store.open_lane(LANE, {0: 0})
    change = LaneCommit(lane=LANE, counts={PARKED: 1, DEAD: 1}, park=[make_parked(1)], dead=[make_letter(2)])
    await store.commit(change)
    assert len(await store.dead_letters(DeadLetterFilter())) == 1
    await store.close()


def test_server_without_tls_is_told_when_the_address_asks_for_it(postgres_server: PostgresServer) -> None:
    if postgres_server.execute("SHOW ssl") != [("off",)]:
        pytest.skip("this server has TLS")
    error = refusal(postgres_server.with_changes(sslmode="require"))
    assert error.what == "the address asks for TLS, and the server has none"


def test_server_that_wants_tls_is_told(own_server: LocalServer) -> None:
    own_server.execute("CREATE ROLE guarded LOGIN PASSWORD 'secret'")
    rules = own_server.data / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"hostssl all guarded 127.0.0.1/32 scram-sha-256\nhost all guarded all reject\n{before}")
    own_server.execute("SELECT pg_reload_conf()")
    time.sleep(0.3)
    error = refusal(own_server.with_changes(user="guarded", password="secret", sslmode="disable"))
    assert "TLS" in error.what
    assert "sslmode=require" in error.remedy


def test_authority_of_the_certificate_that_is_missing_is_told(postgres_server: PostgresServer) -> None:
    error = refusal(postgres_server.with_changes(sslmode="verify-full", sslrootcert="/nowhere/ca.pem"))
    assert "/nowhere/ca.pem" in error.what or "the server has none" in error.what


@runs_to_end
async def test_server_that_has_no_connection_left_is_told(own_server: LocalServer) -> None:
    own_server.execute("CREATE ROLE crowded LOGIN SUPERUSER PASSWORD 'secret' CONNECTION LIMIT 0")
    own_server.execute("ALTER ROLE crowded NOSUPERUSER")
    error = refusal(own_server.with_changes(user="crowded", password="secret"))
    assert error.what == "PostgreSQL has no connection left"


@runs_to_end
async def test_full_disk_is_its_own_error() -> None:
    error = driver.server_error(psycopg.errors.DiskFull("no space"), driver.Address("postgresql://db/shop"))
    assert isinstance(error, StorageFullError)


@runs_to_end
async def test_store_goes_on_by_itself_when_the_server_was_killed_and_started_again(own_server: LocalServer) -> None:
    async with opened(UrlSite(own_server.url)) as store:
        await store.open_lane(LANE, {0: 0})
        await store.commit(LaneCommit(lane=LANE, cursors={0: 1}, counts={DELIVERED: 1}))
        own_server.kill()
        own_server.start()
        await store.commit(LaneCommit(lane=LANE, cursors={0: 2}, counts={DELIVERED: 1}))
        assert (await store.lanes())[LANE].counts == {DELIVERED: 2}


@runs_to_end
async def test_commit_waits_for_a_server_that_is_being_started(own_server: LocalServer) -> None:
    async with opened(UrlSite(own_server.url)) as store:
        before = (await store.open_lane("other", {0: 0})).counts.get(DELIVERED, 0)
        own_server.kill()
        # A step that is under way when the server dies has to fail.
        while any(map(is_alive, store._database._idle)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        starting = asyncio.create_task(asyncio.to_thread(own_server.start))
        await store.commit(LaneCommit(lane="other", counts={DELIVERED: 1}))
        await starting
        assert (await store.lanes())["other"].counts == {DELIVERED: before + 1}


@runs_to_end
async def test_commit_to_a_server_that_stays_away_fails_after_some_seconds(
    own_server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paceline.drivers.store.postgres.database.RESTART_SECS", 0.3)
    async with opened(UrlSite(own_server.url)) as store:
        own_server.kill()
        try:
            with pytest.raises(StorageError, match="nothing answers there"):
                await store.commit(LaneCommit(lane=LANE, counts={DELIVERED: 1}))
        finally:
            own_server.start()


@runs_to_end
async def test_tables_that_somebody_dropped_are_told(own_server: LocalServer) -> None:
    store = PostgresStore(own_server.url, schema="gone")
    own_server.execute("DROP SCHEMA gone CASCADE")
    with pytest.raises(StorageError, match="run: paceline store status"):
        await store.lanes()
    await store.close()
