"""A vendor with a limit: a token bucket, and pauses that it insists on. Runs in the test's own process."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from types import TracebackType
from typing import Self

IN_FLIGHT_SECS = 0.3
"""Calls that come so soon after a refusal may have been on their way already."""


@dataclass
class StrictVendor:
    """Takes `per_sec` calls a second, a tenth of a second's worth at once; refuses the others for `pause_secs`."""

    per_sec: float
    pause_secs: float = 1.0
    says_date: bool = False
    calls: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    early: list[float] = field(default_factory=list)
    port: int = 0
    _closed_until: float = 0.0
    _closed_since: float = 0.0
    _tokens: float = 0.0
    _filled_at: float = field(default_factory=time.monotonic)

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def close(self, secs: float) -> None:
        """Refuse the next call, and every other one for so long."""
        self.pause_secs = secs
        self._tokens = float("-inf")

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
                await reader.readexactly(length)
                writer.write(self._answer(time.monotonic()))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, now: float) -> bytes:
        self.calls.append(now)
        if now < self._closed_until:
            if now > self._closed_since + IN_FLIGHT_SECS:
                self.early.append(now)
            return self._refuse(now)
        if self._tokens == float("-inf") and self._closed_until:
            self._tokens = 1.0
        self._tokens = min(self._tokens + (now - self._filled_at) * self.per_sec, max(1.0, self.per_sec / 10))
        self._filled_at = now
        if self._tokens >= 1:
            self._tokens -= 1
            self._closed_until = 0.0
            return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        self._closed_since, self._closed_until = now, now + self.pause_secs
        return self._refuse(now)

    def _refuse(self, now: float) -> bytes:
        self.refused.append(now)
        left = max(self._closed_until - now, 0.0)
        value = formatdate(time.time() + left + 1.0, usegmt=True) if self.says_date else str(int(left) + 1)
        return f"HTTP/1.1 429 Too Many Requests\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n".encode()
