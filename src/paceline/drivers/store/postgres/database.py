"""Connections to one server, and transactions that need one round trip."""

from __future__ import annotations

import asyncio
import select
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, LiteralString, NamedTuple, TypeVar

import psycopg
from psycopg import errors

from paceline.drivers.postgres_server import Address, may_come_back, server_error
from paceline.errors import DefectError, StorageError

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Rows = list[tuple[Any, ...]]
Result = TypeVar("Result")

TRIES = 3
RESTART_SECS = 5.0
RECONNECT_SECS = 0.1
PATIENCE_SECS = 75.0
"""A transaction takes no longer than the server lets a statement run, and a little more."""

_WORTH_ANOTHER_TRY = (errors.DeadlockDetected, errors.SerializationFailure)


class Statement(NamedTuple):
    """Something for the server to do."""

    text: LiteralString
    parameters: Sequence[object] = ()


class Database:
    """A few connections that everybody shares; each is opened when it is needed and kept.

    When a connection is lost, so are the idle ones beside it, and new ones are opened at the next call: a server that
    comes back is used at once. Every method raises StorageError, and DefectError for values that it cannot keep.
    """

    def __init__(self, address: Address, *, most: int) -> None:
        self.address = address
        self._idle: list[Connection] = []
        self._room = asyncio.Semaphore(most)
        self._under_way: set[asyncio.Task[Any]] = set()
        self._is_closed = False

    async def run(self, *statements: Statement) -> list[Rows]:
        """Carry out the statements as one transaction, in one round trip; the rows of each.

        The server has the whole transaction before it answers, so a process that is stopped in the middle holds no
        lock. A caller that is cancelled does not undo it.
        """

        async def within() -> list[Rows]:
            async with self.connection() as connection:
                return await carry_out(connection, statements)

        return await self.shielded(self._again(within))

    async def in_transaction(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Carry out something of several round trips as one transaction."""

        async def within() -> Result:
            async with self.connection() as connection, connection.transaction():
                return await work(connection)

        return await self.shielded(self._again(within))

    async def shielded(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Wait for `work`, which goes on when its caller is cancelled; `close` waits for it too."""
        if self._is_closed:
            work.close()
            raise DefectError("the store was used after it was closed")
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    @staticmethod
    async def _again(work: Callable[[], Awaitable[Result]]) -> Result:
        """Try a transaction again that the server gave up because of another one."""
        for _ in range(TRIES - 1):
            try:
                return await work()
            except StorageError as error:
                if not isinstance(error.__cause__, _WORTH_ANOTHER_TRY):
                    raise
        return await work()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """One of the connections, for as long as the block takes. What psycopg raises in it is told as ours."""
        async with self._room:
            try:
                async with asyncio.timeout(PATIENCE_SECS):
                    connection = self._take() or await self._connect()
                    try:
                        yield connection
                    except BaseException:
                        await self._give_back(connection)
                        raise
                    await self._give_back(connection)
            except TimeoutError as error:
                await self._drop_idle()
                raise StorageError(
                    f"PostgreSQL has not answered for {PATIENCE_SECS:g} s", where=str(self.address)
                ) from error
            except (psycopg.Error, OSError) as error:
                if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | OSError):
                    await self._drop_idle()
                raise server_error(error, self.address) from error

    async def close(self) -> None:
        """Finish what is under way and let go of every connection."""
        self._is_closed = True
        if self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._drop_idle()

    async def _connect(self) -> Connection:
        """A new connection. A server that is being started again is waited for a while: nothing was sent to it yet."""
        deadline = time.monotonic() + RESTART_SECS
        while True:
            try:
                return await self.address.connect_async()
            except psycopg.OperationalError as error:
                if self._is_closed or time.monotonic() > deadline or not may_come_back(error):
                    raise
            await asyncio.sleep(RECONNECT_SECS)

    def _take(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if is_alive(connection):
                return connection
        return None

    async def _give_back(self, connection: Connection) -> None:
        status = connection.pgconn.transaction_status
        if status == psycopg.pq.TransactionStatus.IDLE and not connection.closed:
            self._idle.append(connection)
        else:
            await connection.close()

    async def _drop_idle(self) -> None:
        idle, self._idle = self._idle, []
        for connection in idle:
            if not is_alive(connection):
                await connection.close()
            else:
                self._idle.append(connection)


def is_alive(connection: Connection) -> bool:
    """Whether an idle connection is still one: the server says nothing unasked, except that it ends."""
    if connection.closed or connection.broken:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


async def carry_out(connection: Connection, statements: Sequence[Statement]) -> list[Rows]:
    """The statements as one transaction, sent at once; the rows of each. Raises psycopg.Error; then nothing was done.

    A single statement is a transaction by itself. Several in one pipeline are too: the server ends the transaction
    where the pipeline does.
    """
    if len(statements) == 1:
        ((text, parameters),) = statements
        cursor = await connection.execute(text, parameters, prepare=True, binary=True)
        return [await cursor.fetchall() if cursor.description is not None else []]
    async with connection.pipeline():
        cursors = [
            await connection.execute(text, parameters, prepare=True, binary=True) for text, parameters in statements
        ]
    return [await cursor.fetchall() if cursor.description is not None else [] for cursor in cursors]
