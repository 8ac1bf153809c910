"""HTTP/1.1 on the gateway's sockets: uvicorn's protocol, strict about framing, and with an end to patience.

A request that two parsers could read in two ways is refused and its connection ends, so that nothing behind it is
ever taken for a request of its own (RFC 9112, sections 6.3 and 11.2, https://www.rfc-editor.org/rfc/rfc9112, read
2026-11-23). What llhttp refuses by itself (both Content-Length and Transfer-Encoding, line folding, bare line feeds,
white space before the colon) stays refused; what it would let pass is looked for here.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from paceline.model.settings import GatewayLimits
from paceline.runtime.gateway.refusal import RequestRefusal, headers_too_large

LINGER_SECS = 2.0
"""For so long what a client still sends is read and thrown away, so that the answer reaches it before the reset."""

LINGER_BYTES = 8 * 1024**2
KEEP_ALIVE_SECS = 75.0
LAST_REQUEST_SECS = 0.3
"""For so long a gateway that ends still takes a request on an open connection: it may be on its way already."""

_MOST_LINGERING = 256
_FRAMING_BYTES = 64 * 1024

_single = frozenset(
    {b"host", b"authorization", b"content-encoding", b"content-type", b"content-length", b"transfer-encoding"}
)


class _RefusedError(Exception):
    """Ends the parsing of a request that is refused."""


class DoorProtocol(HttpToolsProtocol):
    """One connection of a client.

    Refuses ambiguous framing, ends slow connections (`sweep` is called twice a second), answers a client that has
    closed its sending side, never answers out of turn, and lets the answer to a refused upload arrive.
    """

    def __init__(self, *, limits: Callable[[], GatewayLimits], **parts: Any) -> None:
        super().__init__(**parts)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=False)
        self._limits = limits
        self._refusal: RequestRefusal | None = None
        self._head_since: float | None = None
        self._body_since: float | None = None
        self._close_by: float | None = None
        self._message_bytes = 0
        self._idle_since = 0.0
        self._is_deaf = False
        self._has_ended = False
        self._is_ending = False
        self._running: RequestResponseCycle
        self._socket: asyncio.Transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn says so too
        self._socket = transport
        super().connection_made(transport)
        self.transport = _Transport(transport, self._end)  # type: ignore[assignment]  # all of it that answers need
        self._head_since = self.loop.time()
        most = self._limits().max_connections
        if len(self.connections) > most:
            self._refuse(_too_many_connections(most, len(self.connections)))
            if len(self.connections) > most + _MOST_LINGERING:
                self._socket.close()

    def data_received(self, data: bytes) -> None:
        self._message_bytes += len(data)
        if self._is_deaf:
            if self._message_bytes > LINGER_BYTES:
                self._socket.abort()
            return
        if self._head_since is None and self._body_since is None:
            self._head_since = self.loop.time()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._stop_reading()  # the request itself was understood and is answered; its other protocol is not spoken
        except httptools.HttpParserError:
            self._refuse(self._refusal or _bad("bad_http", "the request is not HTTP/1.1, or could be read in two ways"))
        else:
            limits = self._limits()
            if self._head_since is not None and self._message_bytes > limits.max_header_bytes:
                self._refuse(headers_too_large(limits.max_header_bytes, self._message_bytes))
            elif self._body_since is not None and self._message_bytes > 4 * limits.max_body_bytes + _FRAMING_BYTES:
                # Chunk sizes, their extensions and trailers are not body, but somebody could send them for ever.
                self._refuse(_too_large_on_the_wire(limits.max_body_bytes, self._message_bytes))

    def eof_received(self) -> bool:  # type: ignore[override]  # True keeps the sending side open
        """A client that has sent its requests and closed its side still gets its answers."""
        self._has_ended = True
        if self._is_deaf or self._body_since is not None or not self._is_answering():
            return False
        self._stop_reading()
        return True

    def on_message_begin(self) -> None:
        latest = self._latest
        if latest is not None and not latest.keep_alive:
            raise _RefusedError  # what follows the last request of a connection is nobody's request
        self._head_since, self._body_since = self.loop.time(), None
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._body_since is None:  # else a trailer: it comes after the decisions that its name could change
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._refusal = self._fault_of_head()
        if self._refusal is not None:
            raise _RefusedError
        super().on_headers_complete()
        if self._is_ending:
            self.cycle.keep_alive = False
        self._head_since, self._body_since = None, self.loop.time()
        self._message_bytes = 0

    def on_message_complete(self) -> None:
        self._body_since = None
        self._message_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Begin the next request of a pipeline. (uvicorn's own arms a timer for every answer; here `sweep` looks.)"""
        self.server_state.total_requests += 1
        if self._socket.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._idle_since = self.loop.time()

    def shutdown(self) -> None:
        """The server ends: so does the connection, when what it has asked, or asks at once, is answered."""
        self._is_ending = True
        if self._is_answering():
            self.cycle.keep_alive = False
        else:
            self.loop.call_later(LAST_REQUEST_SECS, self._close_when_idle)

    def _close_when_idle(self) -> None:
        is_reading = self._message_bytes > 0 or self._body_since is not None
        if not is_reading and not self._is_answering():
            self._socket.close()

    def sweep(self, now: float) -> None:
        """End the connection when it has been slow for too long; `now` is the loop's time."""
        limits = self._limits()
        if self._close_by is not None:
            if now > self._close_by:
                self._socket.abort()
        elif self._head_since is not None:
            if now - self._head_since <= limits.header_read_secs:
                return
            if self._latest is None and self._message_bytes == 0:
                self._socket.close()  # it has never said anything
            else:
                self._refuse(_slow("header", limits.header_read_secs, now - self._head_since))
        elif self._body_since is not None:
            if now - self._body_since > limits.body_read_secs:
                self._refuse(_slow("body", limits.body_read_secs, now - self._body_since))
        elif not self._is_answering() and now - self._idle_since > KEEP_ALIVE_SECS:
            self._socket.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _fault_of_head(self) -> RequestRefusal | None:
        """What makes the head of a request unacceptable."""
        most = self._limits().max_header_bytes
        if len(self.url) > most:
            return headers_too_large(most, len(self.url))
        seen: set[bytes] = set()
        for name, value in self.headers:
            if name in _single:
                if name in seen:
                    return _bad("duplicate_header", f"the header {name.decode()} is there twice")
                seen.add(name)
                if name == b"transfer-encoding" and value.strip().lower() != b"chunked":
                    return _bad("bad_transfer_encoding", "the only transfer coding is chunked")
            elif name == b"expect" and value.lower() != b"100-continue":
                return RequestRefusal(
                    status=417, code="expectation_failed", message="the only expectation is 100-continue", closes=True
                )
        version = self.parser.get_http_version()
        if version not in {"1.1", "1.0"}:
            return _bad("http_version", "this server speaks HTTP/1.1 and HTTP/1.0")
        if version == "1.1" and b"host" not in seen:
            return _bad("no_host", "the header host is missing")
        if version == "1.0" and b"transfer-encoding" in seen:
            return _bad("bad_transfer_encoding", "HTTP/1.0 has no transfer codings")
        if self.parser.should_upgrade() and seen & {b"content-length", b"transfer-encoding"}:
            return _bad("upgrade", "this server speaks HTTP/1.1 and nothing else")
        return None

    @property
    def _latest(self) -> RequestResponseCycle | None:
        """The request that was read last; None before the first (uvicorn's annotation leaves that out)."""
        return self.cycle

    def _is_answering(self) -> bool:
        latest = self._latest
        return latest is not None and not latest.response_complete

    def _stop_reading(self) -> None:
        """Read nothing more; the connection ends behind the last answer that is due."""
        self._is_deaf = True
        self._message_bytes = 0
        self._close_by = self.loop.time() + self._limits().body_read_secs
        self.cycle.keep_alive = False

    def _refuse(self, refusal: RequestRefusal) -> None:
        """Answer the request that is being read, if that was not done yet, and end the connection.

        Requests before it on the connection get their own answers first, and then it gets none.
        """
        is_reading_body = self._body_since is not None
        if is_reading_body and self.pipeline:
            self.pipeline.popleft()  # the refused request waits for its turn
            self.cycle = self.pipeline[0][0] if self.pipeline else self._running
            self._stop_reading()
        elif not is_reading_body and self._is_answering():
            self._stop_reading()
        else:
            if is_reading_body and self.cycle.response_started:
                return self._end()
            if is_reading_body:
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            self.transport.write(_on_the_wire(refusal))
            self._end()
        return None

    def _end(self) -> None:
        """Close at once when everything was read, or else behind what the client is still sending."""
        if self._socket.is_closing():
            return
        is_read = self._head_since is None and self._body_since is None and not self._is_deaf
        if is_read or self._has_ended or not self._socket.can_write_eof():
            self._socket.close()
            return
        self._is_deaf = True
        self._message_bytes = 0
        self._close_by = self.loop.time() + LINGER_SECS
        self._socket.write_eof()
        self.flow.resume_reading()


class _Transport:
    """The transport that answers are written to: closing it waits for what a client is still sending."""

    def __init__(self, transport: asyncio.Transport, end: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info
        self.close = end


def _too_large_on_the_wire(limit: int, actual: int) -> RequestRefusal:
    return RequestRefusal(
        status=413,
        code="body_too_large",
        message="the body is too large on the wire",
        limit="max_body_bytes",
        value=limit,
        actual=actual,
        closes=True,
    )


def _too_many_connections(limit: int, actual: int) -> RequestRefusal:
    return RequestRefusal(
        status=503,
        code="too_many_connections",
        message="every connection that may be open is open; come back later",
        limit="max_connections",
        value=limit,
        actual=actual,
        retry_after_secs=random.randint(1, 10),  # noqa: S311  (spreads clients out, protects nothing)
    )


def _bad(code: str, message: str) -> RequestRefusal:
    return RequestRefusal(status=400, code=code, message=message, closes=True)


def _slow(part: str, limit_secs: float, actual_secs: float) -> RequestRefusal:
    return RequestRefusal(
        status=408,
        code=f"{part}_too_slow",
        message=f"the {part} did not arrive within {limit_secs:g} s",
        limit=f"{part}_read_secs",
        value=limit_secs,
        actual=round(actual_secs, 1),
        closes=True,
    )


def _on_the_wire(refusal: RequestRefusal) -> bytes:
    body = refusal.body
    lines = [b"HTTP/1.1 %d %s" % (refusal.status, HTTPStatus(refusal.status).phrase.encode())]
    lines += [b"content-type: application/json", b"content-length: %d" % len(body)]
    lines += [name + b": " + value for name, value in refusal.headers if name != b"connection"]
    return b"\r\n".join([*lines, b"connection: close", b"", body])
