"""CPU time of the worker alone: admission and lanes over a log that is full already, with a vendor that costs nothing.

    python benchmarks/worker.py [--events 60000] [--route direct|bus] [--lanes 1] [--postgres URL]

Prints CPU µs an event for the whole process (all threads). Useful under a profiler, because nothing waits. With the URL
of a PostgreSQL of this machine the store is there, in a schema that is dropped afterwards; then the CPU time of its
server processes is told too, and how many statements and transactions an event took.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psycopg
import uvloop

from paceline.assemble import lanes as assembling
from paceline.assemble.door import build_door
from paceline.assemble.opening import open_workspace
from paceline.drivers.bus.sqlite import SqliteBus
from paceline.drivers.marks.files import FileMarks
from paceline.drivers.store.postgres import PostgresStore
from paceline.drivers.store.postgres.database import Statement
from paceline.drivers.store.sqlite import SqliteStore
from paceline.model.delivery import Answer, WireRequest
from paceline.observe.telemetry import Telemetry
from paceline.ports.store import Store
from paceline.runtime.clock import SystemClock
from paceline.runtime.deliver.gate import Gates
from paceline.runtime.gateway.decode import DecodedRequest, RequestFacts, decode_request, read_envelope
from paceline.runtime.memo import EventMemo
from paceline.runtime.memory import tune_memory
from paceline.runtime.worker import Worker
from paceline.testing.bench.events import order_completed
from paceline.testing.bench.workspace import write_workspace

USERS = 2_000
EVENTS_A_REQUEST = 100


class InstantVendor:
    """A sender whose vendor has taken everything before it was asked."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    async def send(self, request: WireRequest, *, timeout_secs: float) -> Answer:
        return Answer(status=200)

    async def close(self) -> None:
        pass


async def main(events: int, route: str, lanes: int, postgres: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "workspace"
        write_workspace(root, sink_port=9, behaviors=["ok"] * lanes, max_in_flight=100)
        for file in (root / "integrations").iterdir():
            file.write_text(file.read_text() + f"route: {route}\n")
        opened = open_workspace(root, os.environ)
        bus, store, server = SqliteBus(root / "bus"), *open_store(root, postgres)
        door = build_door(opened)
        source = next(iter(door.sources.values()))
        facts = RequestFacts(call=None, source=source, received_ms=time.time_ns() // 1_000_000, headers={})
        ids = (str(number) for number in itertools.count())
        for first in range(0, events, EVENTS_A_REQUEST):
            batch = [
                order_completed(n, n % USERS, at=datetime.now(UTC)) for n in range(first, first + EVENTS_A_REQUEST)
            ]
            body = msgspec.json.encode({"batch": batch, "sentAt": datetime.now(UTC)})
            decoded = decode_request(body, read_envelope(body, door.limits), facts, door, lambda: next(ids))
            assert isinstance(decoded, DecodedRequest)
            await bus.append("events", decoded.records)
        assembling.CurlSender = InstantVendor  # type: ignore[misc, assignment]
        clock, telemetry, stopping = SystemClock(), Telemetry(), asyncio.Event()

        async def keep_all() -> None:
            return None

        memos = {"events": EventMemo(), "canonical": EventMemo()}
        worker = Worker(name="bench", bus=bus, store=store, clock=clock, telemetry=telemetry, keep_house=keep_all)
        gates, marks = Gates(clock, telemetry, store), FileMarks(root / "marks")
        parts = assembling.SharedParts(
            bus=bus, store=store, clock=clock, telemetry=telemetry, memos=memos, gates=gates, marks=marks
        )
        lane_set = assembling.build_lanes(opened, parts)
        tune_memory()
        started, cpu = time.perf_counter(), time.process_time()
        working = asyncio.create_task(worker.run(lane_set, stopping))
        done = 0
        while done < events * lanes:
            await asyncio.sleep(0.1)
            states = await store.lanes()
            done = sum(sum(state.counts.values()) for name, state in states.items() if name.startswith("lane_"))
        cpu, secs = time.process_time() - cpu, time.perf_counter() - started
        stopping.set()
        await working
        print(f"{route}, {lanes} lanes: {cpu / events * 1e6:.1f} CPU µs an event, {events / secs:,.0f} events/s")
        if server is not None:
            print(server.told(events))
        await store.close()
        await bus.close()
        if server is not None:
            server.drop()


class Server:
    """What the store's server does meanwhile."""

    def __init__(self, url: str, store: PostgresStore, schema: str) -> None:
        self._url = url
        self._schema = schema
        self.transactions = self.statements = 0
        run = store._database.run

        async def counted(*statements: Statement) -> list[list[tuple[object, ...]]]:
            self.transactions += 1
            self.statements += len(statements)
            return await run(*statements)

        store._database.run = counted  # type: ignore[method-assign]

    def told(self, events: int) -> str:
        """The server's part."""
        with psycopg.connect(self._url, application_name="bench") as connection:
            pids = connection.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'paceline'").fetchall()
        ticks = sum(
            sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13])) for (pid,) in pids
        )
        cpu_secs = ticks / os.sysconf("SC_CLK_TCK")
        return (
            f"  server: {cpu_secs / events * 1e6:.1f} CPU µs an event; {self.transactions} transactions with"
            f" {self.statements} statements, {events / self.statements:.0f} events a statement"
        )

    def drop(self) -> None:
        """Leave nothing behind."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {self._schema} CASCADE".encode())


def open_store(root: Path, postgres: str) -> tuple[Store, Server | None]:
    """The store to measure, and its server where it has one."""
    if not postgres:
        return SqliteStore(root / "store.db"), None
    schema = f"bench_{os.getpid()}"
    store = PostgresStore(postgres, schema=schema)
    return store, Server(postgres, store, schema)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--route", choices=["direct", "bus"], default="direct")
    parser.add_argument("--lanes", type=int, default=1)
    parser.add_argument("--postgres", metavar="URL", default="")
    chosen = parser.parse_args()
    uvloop.run(main(chosen.events, chosen.route, chosen.lanes, chosen.postgres))
