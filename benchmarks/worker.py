"""CPU time of the worker alone: admission and lanes over a log that is full already, with a vendor that costs nothing.

    python benchmarks/worker.py [--events 60000] [--route direct|bus] [--lanes 1]

Prints CPU µs an event for the whole process (all threads). Useful under a profiler, because nothing waits.
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
import uvloop

from paceline.assemble import lanes as assembling
from paceline.assemble.door import build_door
from paceline.assemble.opening import open_workspace
from paceline.drivers.bus.sqlite import SqliteBus
from paceline.drivers.marks.files import FileMarks
from paceline.drivers.store.sqlite import SqliteStore
from paceline.model.delivery import Answer, WireRequest
from paceline.observe.telemetry import Telemetry
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


async def main(events: int, route: str, lanes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "workspace"
        write_workspace(root, sink_port=9, behaviors=["ok"] * lanes, max_in_flight=100)
        for file in (root / "integrations").iterdir():
            file.write_text(file.read_text() + f"route: {route}\n")
        opened = open_workspace(root, os.environ)
        bus, store = SqliteBus(root / "bus"), SqliteStore(root / "store.db")
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
            await asyncio.sleep(0.02)
            states = await store.lanes()
            done = sum(sum(state.counts.values()) for name, state in states.items() if name.startswith("lane_"))
        cpu, secs = time.process_time() - cpu, time.perf_counter() - started
        stopping.set()
        await working
        print(f"{route}, {lanes} lanes: {cpu / events * 1e6:.1f} CPU µs an event, {events / secs:,.0f} events/s")
        await store.close()
        await bus.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--route", choices=["direct", "bus"], default="direct")
    parser.add_argument("--lanes", type=int, default=1)
    chosen = parser.parse_args()
    uvloop.run(main(chosen.events, chosen.route, chosen.lanes))
