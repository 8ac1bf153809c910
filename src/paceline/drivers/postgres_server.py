"""Reaching a PostgreSQL server, and saying in plain words why it cannot be used.

The store and the audit log lie on this. An `Address` is what a person wrote (a URL, with libpq's variables for what it
leaves out) and the schema in which paceline's tables are; it never shows a password.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from paceline.errors import DefectError, PacelineError, StorageError, StorageFullError, UsageError

OLDEST_SERVER = 14
"""The oldest major version of PostgreSQL that its makers still mend (https://www.postgresql.org/support/versioning/,
read 2026-11-23)."""

CONNECT_TIMEOUT_SECS = 5

_SESSION: Final[Mapping[str, str]] = {
    # A process that was stopped in the middle of a transaction must not hold its locks for ever.
    "idle_in_transaction_session_timeout": "10s",
    "lock_timeout": "10s",
    "statement_timeout": "60s",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "client_min_messages": "warning",
}
_NETWORK: Final[Mapping[str, object]] = {
    # A server that has vanished without a word is noticed within some 15 s.
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "application_name": "paceline",
    "client_encoding": "utf8",
}
_VALUE_ERRORS = (errors.DataError, errors.IntegrityError, errors.ProgrammingError, errors.NotSupportedError)


class Address:
    """Where a server is, and which of its schemas is ours. Raises UsageError for a URL that is none."""

    def __init__(self, url: str, schema: str = "paceline") -> None:
        self.schema = schema
        try:
            self._given: dict[str, Any] = conninfo_to_dict(url)
        except psycopg.Error:
            # What libpq says may repeat the URL, and with it the password.
            raise UsageError(
                "the address of PostgreSQL cannot be read",
                where="paceline.yaml (store.url)",
                expected="postgresql://USER:PASSWORD@HOST:5432/DATABASE",
                remedy="write special characters of the password as %XX",
            ) from None

    def __str__(self) -> str:
        user, host, port = (self._given.get(name) for name in ("user", "host", "port"))
        place = f"{host or 'localhost'}{f':{port}' if port else ''}"
        return f"postgresql://{f'{user}@' if user else ''}{place}/{self._given.get('dbname') or user or ''}"

    @property
    def where(self) -> str:
        """The address and the schema, for people."""
        return f"{self}, schema {self.schema}"

    @cached_property
    def connection_string(self) -> str:
        """What libpq is given."""
        options = " ".join(f"-c {name}={_escape(value)}" for name, value in self._session().items())
        given = {"connect_timeout": CONNECT_TIMEOUT_SECS, **_NETWORK, **self._given}
        # A URL's own options come last: they are somebody's decision.
        return make_conninfo(**{**given, "options": f"{options} {self._given.get('options', '')}".strip()})

    def _session(self) -> dict[str, str]:
        return {**_SESSION, "search_path": f'"{self.schema}"'}

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection for one caller, each statement its own transaction. Raises StorageError."""
        with server_errors(self):
            connection = psycopg.connect(self.connection_string, autocommit=True)
            connection.execute(_KEEP_PROMISE)
            return connection

    async def connect_async(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        """The same, for a running loop. Raises psycopg.Error."""
        connection = await psycopg.AsyncConnection.connect(self.connection_string, autocommit=True)
        await connection.execute(_KEEP_PROMISE)
        return connection


_KEEP_PROMISE = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)
"""Whatever was made durable is on disk when COMMIT returns, also where somebody has turned that off. What waits for
replicas besides stays as it is."""


def check_server(connection: psycopg.Connection[tuple[Any, ...]], address: Address) -> None:
    """Raises StorageError for a server that cannot hold a store."""
    row = connection.execute(
        "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version'),"
        " pg_is_in_recovery(), current_setting('server_encoding')"
    ).fetchone()
    assert row is not None
    major, version, is_standby, encoding = row
    if major < OLDEST_SERVER:
        raise StorageError(
            f"the server is PostgreSQL {version}, which is too old",
            where=str(address),
            expected=f"PostgreSQL {OLDEST_SERVER} or newer",
            remedy="upgrade the server, or name another one in store.url",
        )
    if is_standby:
        raise StorageError(
            "the server is a standby and takes no writes",
            where=str(address),
            remedy="name the primary, or add target_session_attrs=read-write and all hosts to store.url",
        )
    if encoding != "UTF8":
        raise StorageError(
            f"the database keeps its texts as {encoding}",
            where=str(address),
            expected="UTF8",
            remedy="make another one: CREATE DATABASE paceline ENCODING 'UTF8' TEMPLATE template0",
        )


@contextmanager
def server_errors(address: Address) -> Iterator[None]:
    """Turn what psycopg raises inside the block into a PacelineError that names `address`."""
    try:
        yield
    except (psycopg.Error, OSError) as error:
        raise server_error(error, address) from error


def server_error(error: psycopg.Error | OSError, address: Address) -> PacelineError:
    """The error that a person can act on."""
    where = str(address)
    match error:
        case errors.DiskFull():
            return StorageFullError(
                "no space is left where PostgreSQL keeps its data",
                where=where,
                remedy="free space on the server's disk; work goes on by itself, and nothing acknowledged is lost",
            )
        case errors.InsufficientPrivilege():
            return StorageError(f"the server refuses: {_first_line(error)}", where=where, remedy=_grants(address))
        case errors.UndefinedTable() | errors.InvalidSchemaName() | errors.UndefinedColumn():
            return StorageError(
                f"the tables in schema {address.schema} are not as they should be: {_first_line(error)}",
                where=where,
                remedy="run: paceline store status",
            )
        case errors.ReadOnlySqlTransaction():
            return StorageError(
                "the server takes no writes (is it a standby now?)", where=where, remedy="name the primary in store.url"
            )
        case psycopg.OperationalError() if error.sqlstate is None:
            return _connect_error(error, address)
        case _ if isinstance(error, _VALUE_ERRORS):
            return DefectError(f"the store cannot keep what it was given ({_first_line(error)})", where=where)
        case _:
            return StorageError(
                f"PostgreSQL says: {_first_line(error)}", where=where, remedy="nothing was lost; it is tried again"
            )


def may_come_back(error: psycopg.OperationalError) -> bool:
    """Whether a server that did not let us in may do so in a moment: it is down, or comes up."""
    return re.search(f"{_STARTING}|{_SILENT}|{_CLOSED}", str(error)) is not None


def _connect_error(error: psycopg.Error, address: Address) -> StorageError:
    text = str(error)
    for pattern, what, remedy in _CONNECT_FAULTS:
        found = re.search(pattern, text)
        if found is not None:
            named = found.groupdict(default="")
            facts = {"schema": address.schema, **named}
            return StorageError(what.format(**facts), where=str(address), remedy=remedy.format(**facts))
    return StorageError(
        f"PostgreSQL cannot be reached: {_first_line(error)}",
        where=str(address),
        remedy="look whether it runs, and whether store.url names it",
    )


_STARTING = "starting up|shutting down|in recovery mode|not yet accepting"
_SILENT = "Connection refused|No such file or directory|timeout expired|timed out|No route to host|unreachable"
_CLOSED = "server closed|terminating connection|connection .*(lost|closed)|EOF detected|Connection reset|input failed"

# What libpq and the server say (libpq's fe-connect.c and the server's auth.c); a server that speaks another language
# gets the general sentence.
_CONNECT_FAULTS = (
    (
        r"password authentication failed for user \"(?P<user>[^\"]*)\"",
        "PostgreSQL refuses the password of user {user}",
        "put the right one into store.url, or into the variable that it names",
    ),
    (
        r"no password supplied|fe_sendauth",
        "PostgreSQL asks for a password, and none was given",
        "write it into store.url as a secret reference, or set PGPASSWORD",
    ),
    (
        r"database \"(?P<database>[^\"]*)\" does not exist",
        "there is no database {database} on this server",
        "create it: createdb -E UTF8 -T template0 {database}",
    ),
    (
        r"role \"(?P<user>[^\"]*)\" does not exist",
        "there is no user {user} on this server",
        "create it: createuser --pwprompt {user}",
    ),
    (
        r"pg_hba\.conf (entry|rejects) .*(no encryption|SSL off)",
        "PostgreSQL lets nobody in without TLS from here, or not at all",
        "add sslmode=require (better: verify-full and sslrootcert) to store.url, or a line to the server's pg_hba.conf",
    ),
    (
        r"no pg_hba\.conf entry|pg_hba\.conf rejects",
        "PostgreSQL does not let this user in from here",
        "add a line for it to the server's pg_hba.conf",
    ),
    (
        r"server does not support SSL, but SSL was required",
        "the address asks for TLS, and the server has none",
        "turn on ssl at the server, or take sslmode out of store.url where the network is your own",
    ),
    (
        r"root certificate file \"(?P<file>[^\"]*)\" does not exist",
        "the certificate authority's file {file} is missing",
        "put it there, or name another one as sslrootcert in store.url",
    ),
    (
        r"certificate verify failed|does not match host name|SSL error|server certificate for",
        "the TLS certificate of the server cannot be trusted",
        "name its authority as sslrootcert in store.url, and the host as the certificate does",
    ),
    (
        r"could not translate host name \"(?P<host>[^\"]*)\"|failed to resolve host '(?P<host2>[^']*)'",
        "there is no host of that name: {host}{host2}",
        "correct store.url",
    ),
    (
        r"too many clients|remaining connection slots|too many connections",
        "PostgreSQL has no connection left",
        "raise max_connections there, or lower store.connections; each worker takes one more than that",
    ),
    (
        _STARTING,
        "PostgreSQL is starting or stopping",
        "it is tried again; nothing is lost",
    ),
    (
        _SILENT,
        "nothing answers there",
        "look whether PostgreSQL runs, and whether host and port of store.url are right",
    ),
    (
        _CLOSED,
        "PostgreSQL has closed the connection",
        "it is tried again; nothing is lost",
    ),
)


def _grants(address: Address) -> str:
    return (
        f"let the owner run: paceline store migrate; or: GRANT CREATE ON DATABASE … TO …, or make the schema for this"
        f" user: CREATE SCHEMA {address.schema} AUTHORIZATION …"
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
