"""The session by which the workers of this process are known to live."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import psycopg

from paceline.drivers.postgres_schema import lock_key
from paceline.drivers.postgres_server import Address, server_error
from paceline.drivers.store.postgres import leasing
from paceline.drivers.store.postgres.database import PATIENCE_SECS, Connection, Rows, Statement, carry_out, is_alive
from paceline.errors import StorageError
from paceline.ports.leases import Holding


class Presence:
    """One connection beside the shared ones, with a lock for each worker. A lost one is opened again."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._connection: Connection | None = None
        self._workers: set[str] = set()
        self._present: set[str] = set()
        self._alone = asyncio.Lock()

    @property
    def workers(self) -> list[str]:
        """Who holds leases through this process."""
        return sorted(self._workers)

    async def hold(self, worker: str, names: Sequence[str], *, ttl_ms: int, now_ms: int) -> Holding:
        """Renew leases and take free ones, as the port says. Raises StorageError."""
        self._workers.add(worker)
        async with self._alone:
            try:
                async with asyncio.timeout(PATIENCE_SECS):
                    try:
                        rows = await self._hold(worker, names, ttl_ms, now_ms)
                    except psycopg.OperationalError:
                        # The connection may have ended since the last time; nothing is wrong with saying it twice.
                        await self._drop()
                        rows = await self._hold(worker, names, ttl_ms, now_ms)
            except (psycopg.Error, OSError) as error:
                await self._drop()
                raise server_error(error, self._address) from error
            except TimeoutError as error:
                await self._drop()
                raise StorageError("PostgreSQL does not answer", where=str(self._address)) from error
        return leasing.as_holding(rows, names)

    async def _hold(self, worker: str, names: Sequence[str], ttl_ms: int, now_ms: int) -> Rows:
        schema = self._address.schema
        connection = await self._open()
        if worker not in self._present:
            (((is_locked,),),) = await carry_out(connection, [leasing.be_present(schema, worker)])
            # Where an earlier session of ours has not ended yet, the lock is taken the next time.
            self._present |= {worker} if is_locked else set()
        mine = sorted({worker, *self._present})
        statements = leasing.hold(schema, worker, names, mine=mine, ttl_ms=ttl_ms, now_ms=now_ms)
        *_, rows = await carry_out(connection, statements)
        return rows

    async def forget(self, worker: str) -> None:
        """The worker has ended."""
        self._workers.discard(worker)
        async with self._alone:
            if worker in self._present and self._connection is not None:
                self._present.discard(worker)
                key = lock_key(self._address.schema, worker)
                with suppress(psycopg.Error):
                    await carry_out(self._connection, [Statement("SELECT pg_advisory_unlock(%s)", (key,))])

    async def close(self) -> None:
        """Let go of the connection, and with it of the locks."""
        async with self._alone:
            await self._drop()

    async def _open(self) -> Connection:
        if self._connection is None or not is_alive(self._connection):
            await self._drop()
            self._connection = await self._address.connect_async()
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._present.clear()
        if connection is not None:
            await connection.close()
