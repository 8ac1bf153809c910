"""Writes the answer to one request. Every answer is JSON and carries the CORS headers that its request earned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from paceline.runtime.gateway.refusal import Header, RequestRefusal

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Answer:
    """One answer. `is_begun` as soon as there can be no other one."""

    def __init__(self, send: Send, cors: tuple[Header, ...]) -> None:
        self._send = send
        self._cors = cors
        self._added: list[Header] = []
        self.is_begun = False

    def add(self, headers: Iterable[Header]) -> None:
        """Headers that go with whatever the answer will be."""
        self._added += headers

    async def ok(self, body: bytes) -> None:
        """200 with a JSON body."""
        await self._write(200, body, ())

    async def preflight(self) -> None:
        """What a browser asks before it sends from another page."""
        allowed = (
            (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
            (b"access-control-allow-headers", b"authorization, content-type, content-encoding"),
            (b"access-control-max-age", b"86400"),
        )
        await self._write(204, b"", allowed if self._cors else ())

    async def refuse(self, refusal: RequestRefusal, *extra: Header) -> None:
        """Turn the request down."""
        await self._write(refusal.status, refusal.body, (*refusal.headers, *extra))

    async def _write(self, status: int, body: bytes, extra: tuple[Header, ...]) -> None:
        self.is_begun = True
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *self._cors]
        headers += [*self._added, *extra]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
