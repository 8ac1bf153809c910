"""The receiving end: an HTTP server that answers 200 at once and remembers which events came, and when.

usage: python -m paceline.testing.bench.sink COUNTERS_FILE LANES
Listens on a free port of the loopback address and logs it as `sink.ready`. A request to `/ok/N` belongs to lane N and
is answered at once; `/hang/N` is never answered, `/throttle/N` gets 429 with Retry-After. It reads no JSON: it finds
message ids by their mark, whatever the shape of the body. Orders come as JSON lines on standard input: `"read"` for
what happened since the last reading, `"report"` for the whole book, and `{"lane": N, "behavior": "hang"}` for what
becomes of a lane's requests from now on, whatever their path says.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections import Counter
from pathlib import Path
from typing import cast

import msgspec
import uvloop

from paceline.testing.bench.counters import SharedCounters
from paceline.testing.bench.events import PLACE_LENGTH, STAMP_LENGTH, stamps_in
from paceline.testing.bench.latency import Latency, summarize
from paceline.testing.bench.orders import serve_orders

BUFFER_BYTES = 2 * 1024 * 1024
REQUEST_NUMBER_LENGTH = 10
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
THROTTLED = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """One request as it came: when (Unix nanoseconds) and the message ids in it."""

    at_ns: int
    stamps: list[bytes]


class LaneBook(msgspec.Struct, frozen=True, kw_only=True):
    """What one lane got: each event counted once, how many came again, and by request number which ones came."""

    events: int = 0
    doubled: int = 0
    requests: int = 0
    distinct_by_request: dict[int, int] = {}


class SinkReading(msgspec.Struct, frozen=True, kw_only=True):
    """What came since the last reading: when it was read (Unix nanoseconds), events, requests and latency by lane.

    `latency` is that of all lanes together. `most_sockets` is the highest number of open connections so far, by lane.
    """

    at_ns: int
    events: list[int]
    requests: list[int]
    latency: Latency
    latency_by_lane: list[Latency]
    most_sockets: list[int]


class Mood(msgspec.Struct, frozen=True, kw_only=True):
    """An order: how a lane's requests are treated from now on."""

    lane: int
    behavior: str


class Book:
    """Everything that came, by lane. Written on the hot path, worked out only when asked."""

    def __init__(self, lanes: int, counters: SharedCounters) -> None:
        self.arrivals: list[list[Arrival]] = [[] for _ in range(lanes)]
        self.behaviors: dict[int, str] = {}
        self._read_up_to = [0] * lanes
        self._counters = counters
        self._sockets = [0] * lanes
        self._most_sockets = [0] * lanes

    def open(self, lane: int) -> None:
        """A connection brought its first request, and it is for this lane."""
        self._sockets[lane] += 1
        self._most_sockets[lane] = max(self._most_sockets[lane], self._sockets[lane])

    def close(self, lane: int) -> None:
        """A connection of the lane has ended."""
        self._sockets[lane] -= 1

    def note(self, lane: int, body: bytes) -> None:
        """One request of a lane came in."""
        stamps = stamps_in(body)
        self.arrivals[lane].append(Arrival(time.time_ns(), stamps))
        self._counters.add(lane, len(stamps))

    def read(self) -> SinkReading:
        """What came since the last reading."""
        at_ns = time.time_ns()
        fresh = [arrivals[seen:] for arrivals, seen in zip(self.arrivals, self._read_up_to, strict=True)]
        self._read_up_to = [len(arrivals) for arrivals in self.arrivals]
        waited = [
            [
                arrival.at_ns - int(stamp[REQUEST_NUMBER_LENGTH:STAMP_LENGTH], 16)
                for arrival in arrivals
                for stamp in arrival.stamps
            ]
            for arrivals in fresh
        ]
        return SinkReading(
            at_ns=at_ns,
            events=[sum(len(arrival.stamps) for arrival in arrivals) for arrivals in fresh],
            requests=[len(arrivals) for arrivals in fresh],
            latency=summarize([time_ns for times in waited for time_ns in times]),
            latency_by_lane=[summarize(times) for times in waited],
            most_sockets=list(self._most_sockets),
        )

    def report(self) -> list[LaneBook]:
        """The whole book, by lane."""
        return [self._lane_book(arrivals) for arrivals in self.arrivals]

    def _lane_book(self, arrivals: list[Arrival]) -> LaneBook:
        times = Counter(
            stamp[:REQUEST_NUMBER_LENGTH] + stamp[-PLACE_LENGTH:] for arrival in arrivals for stamp in arrival.stamps
        )
        distinct = Counter(int(stamp[:REQUEST_NUMBER_LENGTH], 16) for stamp in times)
        return LaneBook(
            events=len(times),
            doubled=times.total() - len(times),
            requests=len(arrivals),
            distinct_by_request=dict(distinct),
        )


class Receiver(asyncio.BufferedProtocol):
    """One connection of the worker: HTTP/1.1 with Content-Length, one request at a time."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._filled = 0
        self._needed = 0
        self._body_start = 0
        self._lane = -1
        self._transport: asyncio.Transport | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._lane >= 0:
            self._book.close(self._lane)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is not a subclass

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        self._filled += nbytes
        if self._needed == 0 and not self._read_head():
            return
        if self._filled >= self._needed:
            self._take_request()

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n", 0, self._filled)
        if end < 0:
            return False
        head = bytes(self._view[:end]).lower()
        length_at = head.index(b"\r\ncontent-length:") + len(b"\r\ncontent-length:")
        self._body_start = end + 4
        self._needed = self._body_start + int(head[length_at:].split(b"\r\n", 1)[0])
        if b"\r\nexpect: 100-continue" in head:
            self._answer(CONTINUE)
        return True

    def _take_request(self) -> None:
        target = bytes(self._view[: self._body_start]).split(b" ", 2)[1]
        _, path_behavior, number = target.split(b"/")
        lane = int(number)
        if self._lane < 0:
            self._lane = lane
            self._book.open(lane)
        behavior = self._book.behaviors.get(lane) or path_behavior.decode()
        body = bytes(self._view[self._body_start : self._needed])
        self._filled = self._needed = 0
        if behavior == "throttle":
            self._answer(THROTTLED)
        elif behavior == "ok":
            self._book.note(lane, body)
            self._answer(OK)

    def _answer(self, wire: bytes) -> None:
        if self._transport is not None:
            self._transport.write(wire)


async def serve(counters_file: Path, lanes: int) -> None:
    """Receive until standard input ends."""
    book = Book(lanes, SharedCounters.create(counters_file, lanes))
    server = await asyncio.get_running_loop().create_server(lambda: Receiver(book), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sys.stderr.write(f'{{"event":"sink.ready","port":{port}}}\n')

    async def follow(order: object) -> object:
        if isinstance(order, dict):
            mood = msgspec.convert(order, Mood)
            book.behaviors[mood.lane] = mood.behavior
            return None
        return book.report() if order == "report" else book.read()

    await serve_orders(follow)
    server.close()


if __name__ == "__main__":
    gc.disable()  # the book only grows; collecting would stop the clock that others are measured by
    uvloop.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
