"""The sending end: makes load at a constant arrival rate (open loop), or as fast as it is answered (closed loop).

usage: python -m paceline.testing.bench.generator
Orders come as JSON lines on standard input, see `Order`. In an open loop, send times follow from the rate alone and a
waiting time counts from the scheduled send time, also when all connections were busy then: a server that stalls cannot
hide it (no coordinated omission). In a closed loop every connection sends again as soon as it is answered, unless too
many acknowledged events have not yet reached the sink.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from collections import deque
from functools import partial
from pathlib import Path
from typing import cast

import msgspec
import uvloop

from paceline.testing.bench.counters import SharedCounters
from paceline.testing.bench.events import RequestTemplate
from paceline.testing.bench.latency import Latency, summarize
from paceline.testing.bench.orders import serve_orders

TICK_SECS = 0.001
ACCEPTED = b'"accepted"'


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What to send. `rate` is events a second, 0 for a closed loop.

    `backlog_file` and `backlog_lanes` say where the sink counts; a closed loop then never runs more than `max_backlog`
    events ahead of the slowest of these lanes.
    """

    port: int
    write_key: str
    connections: int
    events_per_request: int
    rate: float = 0.0
    backlog_file: str = ""
    backlog_lanes: tuple[int, ...] = ()
    max_backlog: int = 0


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """`start` a load, `read` what happened since the last reading, `stop` and wait for every answer, or `report` the
    numbers of all acknowledged requests."""

    do: str
    load: Load | None = None


class GeneratorReading(msgspec.Struct, frozen=True, kw_only=True):
    """What happened since the last reading. `refused_events` were answered, but not with `accepted`.

    `waiting` is how many scheduled requests have not been sent yet: more than a few mean that the rate was too high.
    """

    at_ns: int
    acknowledged_events: int
    refused_events: int
    requests: int
    errors: int
    waiting: int
    latency: Latency


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """One acknowledged request: its number, and how many of its events were accepted."""

    number: int
    accepted: int


class Generator:
    """All connections and their book."""

    def __init__(self) -> None:
        self.load: Load | None = None
        self.is_running = False
        self.acknowledged: list[tuple[int, int]] = []
        self._next_number = int.from_bytes(os.urandom(2)) << 24
        self._connections: list[Connection] = []
        self._idle: deque[Connection] = deque()
        self._due: deque[int] = deque()
        self._backlog: SharedCounters | None = None
        self._accepted_total = 0
        self._pacer: asyncio.Task[None] | None = None
        self._times_ns: list[int] = []
        self._requests = self._accepted = self._refused = self._errors = 0

    async def start(self, load: Load) -> None:
        """Connect and begin."""
        self.load = load
        self._due.clear()
        self._idle.clear()
        self._backlog = SharedCounters.open(Path(load.backlog_file)) if load.backlog_file else None
        loop = asyncio.get_running_loop()
        self._connections = []
        for number in range(load.connections):
            connection = Connection(self, build_template(load, number))
            await loop.create_connection(partial(_given, connection), "127.0.0.1", load.port)
            self._connections.append(connection)
        self.is_running = True
        self._idle.extend(self._connections)
        self._pacer = asyncio.create_task(self._pace_open() if load.rate else self._pace_closed())

    async def stop(self) -> None:
        """Send nothing new, wait for the answers under way (at most 30 s), disconnect."""
        self.is_running = False
        if self._pacer is not None:
            await self._pacer
        for _ in range(30_000):
            if not any(connection.is_busy for connection in self._connections):
                break
            await asyncio.sleep(TICK_SECS)
        self._errors += sum(connection.is_busy for connection in self._connections)
        for connection in self._connections:
            connection.close()
        self._connections = []

    def read(self) -> GeneratorReading:
        """What happened since the last reading."""
        reading = GeneratorReading(
            at_ns=time.time_ns(),
            acknowledged_events=self._accepted,
            refused_events=self._refused,
            requests=self._requests,
            errors=self._errors,
            waiting=len(self._due),
            latency=summarize(self._times_ns),
        )
        self._times_ns = []
        self._requests = self._accepted = self._refused = self._errors = 0
        return reading

    def note_answer(self, connection: Connection, *, accepted: int, sent_ns: int) -> None:
        """A connection was answered: book it and give the connection new work."""
        self._times_ns.append(time.time_ns() - sent_ns)
        self._requests += 1
        self._accepted += accepted
        self._accepted_total += accepted
        self._refused += connection.template.events - accepted
        self.acknowledged.append((connection.number, accepted))
        if self._due:
            self._send(connection, self._due.popleft())
        elif self.is_running and self.load is not None and not self.load.rate and self._has_room():
            self._send(connection, time.time_ns())
        else:
            self._idle.append(connection)

    def note_error(self) -> None:
        """A connection was closed or answered something that is not 200."""
        self._errors += 1

    async def _pace_open(self) -> None:
        assert self.load is not None
        interval_ns = 1e9 * self.load.events_per_request / self.load.rate
        start_ns = time.time_ns()
        scheduled = 0
        while self.is_running:
            elapsed_ns = time.time_ns() - start_ns
            while scheduled * interval_ns <= elapsed_ns:
                self._due.append(start_ns + int(scheduled * interval_ns))
                scheduled += 1
            while self._due and self._idle:
                self._send(self._idle.popleft(), self._due.popleft())
            await asyncio.sleep(max(TICK_SECS, (scheduled * interval_ns - elapsed_ns) / 1e9))
        self._due.clear()

    async def _pace_closed(self) -> None:
        while self.is_running:
            while self._idle and self._has_room():
                self._send(self._idle.popleft(), time.time_ns())
            await asyncio.sleep(TICK_SECS)

    def _send(self, connection: Connection, scheduled_ns: int) -> None:
        connection.send(self._next_number, scheduled_ns)
        self._next_number += 1

    def _has_room(self) -> bool:
        assert self.load is not None
        if self._backlog is None:
            return True
        delivered = min(map(self._backlog.read, self.load.backlog_lanes))
        return self._accepted_total - delivered < self.load.max_backlog


class Connection(asyncio.Protocol):
    """One keep-alive connection with a request of its own; one request under way at a time."""

    def __init__(self, generator: Generator, template: RequestTemplate) -> None:
        self.template = template
        self.number = 0
        self.is_busy = False
        self._generator = generator
        self._sent_ns = 0
        self._answer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is not a subclass

    def connection_lost(self, exc: Exception | None) -> None:
        if self.is_busy:
            self.is_busy = False
            self._generator.note_error()

    def send(self, number: int, scheduled_ns: int) -> None:
        """Send the request as number `number`."""
        assert self._transport is not None
        self.template.stamp(number, scheduled_ns)
        self.number = number
        self._sent_ns = scheduled_ns
        self.is_busy = True
        self._transport.write(self.template.wire)

    def close(self) -> None:
        """Disconnect."""
        self.is_busy = False
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        answer = self._answer + data if self._answer else data
        if not is_complete(answer):
            self._answer = answer
            return
        self._answer = b""
        self.is_busy = False
        if answer.startswith(b"HTTP/1.1 200"):
            accepted = answer.count(ACCEPTED)
            self._generator.note_answer(self, accepted=accepted, sent_ns=self._sent_ns)
        else:
            self._generator.note_error()
            self.close()


def _given(connection: Connection) -> Connection:
    return connection


def build_template(load: Load, connection: int) -> RequestTemplate:
    """The request of one connection; every connection speaks for users of its own."""
    return RequestTemplate(
        host=f"127.0.0.1:{load.port}",
        write_key=load.write_key,
        events=load.events_per_request,
        first_user=connection * load.events_per_request,
    )


def is_complete(answer: bytes) -> bool:
    """Whether this is a whole HTTP/1.1 answer with a Content-Length."""
    head_end = answer.find(b"\r\n\r\n")
    if head_end < 0:
        return False
    head = answer[:head_end].lower()
    length_at = head.find(b"content-length:")
    if length_at < 0:
        return True
    length = int(head[length_at + 15 :].split(b"\r\n", 1)[0])
    return len(answer) >= head_end + 4 + length


async def run() -> None:
    """Follow orders until standard input ends."""
    generator = Generator()
    sys.stderr.write('{"event":"generator.ready"}\n')

    async def follow(raw: object) -> object:
        order = msgspec.convert(raw, Order)
        match order.do:
            case "start":
                assert order.load is not None
                await generator.start(order.load)
            case "stop":
                await generator.stop()
            case "report":
                return [Acknowledged(number=number, accepted=accepted) for number, accepted in generator.acknowledged]
            case _:
                return generator.read()
        return None

    await serve_orders(follow)


if __name__ == "__main__":
    gc.disable()  # collecting would be measured as somebody else's latency
    uvloop.run(run())
