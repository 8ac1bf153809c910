"""A sender over the standard library alone, for functions: each request in a thread, connections kept.

libcurl costs a worker a tenth of this (see `curl.py`) but brings 6 MB and 17 ms of cold start, and its wheels need a
newer glibc than some function platforms have. A function makes a few calls an invocation, so it takes this one.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias
from urllib.parse import urlsplit

from paceline.delivery.egress import EgressPolicy, is_denied
from paceline.drivers.sender.lines import CONNECT_TIMEOUT_SECS, MAX_ANSWER_BYTES, is_one_request, is_plain_url
from paceline.model.delivery import Answer, WireRequest

Origin: TypeAlias = tuple[str, str, int]
_Address: TypeAlias = tuple[
    socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
]


class ThreadSender:
    """Sends at most `max_connections` requests at a time.

    Follows no redirect, uses no proxy, verifies TLS, asks for no compression and reads at most 1 MiB of an answer. A
    name is resolved once a connection, each of its addresses is judged by `policy`, and the address that was judged is
    the one that is dialed. A kept connection that turns out to be closed is replaced once, as browsers and libcurl do.
    """

    def __init__(self, policy: EgressPolicy, *, max_connections: int = 8) -> None:
        self._policy = policy
        self._threads = ThreadPoolExecutor(max_connections, thread_name_prefix="sender")
        self._idle: dict[Origin, list[_Connection]] = {}
        self._busy: set[_Connection] = set()
        self._tls: ssl.SSLContext | None = None

    async def send(self, request: WireRequest, *, timeout_secs: float) -> Answer:
        """Send one request; every failure is an Answer with a fault."""
        if not is_plain_url(request.url):
            return Answer(status=0, fault="refused_address")
        if not is_one_request(request):
            return Answer(status=0, fault="refused_header")
        exchange = _Exchange(request, time.monotonic() + timeout_secs)
        running = asyncio.get_running_loop().run_in_executor(self._threads, self._run, exchange)
        try:
            return await asyncio.wait_for(asyncio.shield(running), timeout_secs)
        except TimeoutError:
            exchange.abort()  # a vendor that drips bytes keeps every single read in time
            return Answer(status=0, fault="timeout", elapsed_secs=timeout_secs)

    async def close(self) -> None:
        """Close every socket; requests under way end with the fault `reset`."""
        for connection in [*self._busy, *(one for kept in self._idle.values() for one in kept)]:
            connection.abort()
        self._idle.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _run(self, exchange: _Exchange) -> Answer:
        began = time.monotonic()
        parts = urlsplit(exchange.request.url)
        assert parts.hostname is not None
        port = parts.port or (443 if parts.scheme == "https" else 80)
        origin = (parts.scheme, parts.hostname, port)
        kept = self._idle.get(origin)
        connection = kept.pop() if kept else self._connection(origin)
        was_kept = connection.sock is not None
        try:
            answer = self._exchange(exchange, connection, origin)
            if answer is None and was_kept:
                answer = self._exchange(exchange, self._connection(origin), origin)
        except Exception as error:  # noqa: BLE001 - whatever a socket or a parser says is an answer's fault
            answer = Answer(status=0, fault=_fault_of(error))
        elapsed = time.monotonic() - began
        if answer is None:
            return Answer(status=0, fault="reset", elapsed_secs=elapsed)
        return Answer(
            status=answer.status, headers=answer.headers, body=answer.body, fault=answer.fault, elapsed_secs=elapsed
        )

    def _exchange(self, exchange: _Exchange, connection: _Connection, origin: Origin) -> Answer | None:
        """One try; None when the connection was closed before a byte of an answer came."""
        self._busy.add(connection)
        is_reusable = False
        try:
            answer, is_reusable = exchange.over(connection)
            return answer
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            return None
        finally:
            self._busy.discard(connection)
            if is_reusable:
                self._idle.setdefault(origin, []).append(connection)
            else:
                connection.close()

    def _connection(self, origin: Origin) -> _Connection:
        scheme, host, port = origin
        return _Connection(host, port, self._tls_context() if scheme == "https" else None, self._policy)

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        return self._tls


class _RefusedAddressError(OSError):
    """No address of the host may be called."""


class _Connection(http.client.HTTPConnection):
    """A connection to an address that the policy allows, with TLS where `tls` is given."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None, policy: EgressPolicy) -> None:
        super().__init__(host, port)
        self.default_port = 443 if tls is not None else 80
        self._tls = tls
        self._policy = policy

    def connect(self) -> None:
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        allowed = [one for one in found if not is_denied(str(one[4][0]), int(one[4][1]), self._policy)]
        if not allowed:
            raise _RefusedAddressError
        plain = _dial(allowed, min(self.timeout or CONNECT_TIMEOUT_SECS, CONNECT_TIMEOUT_SECS))
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sock = plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise

    def abort(self) -> None:
        """End whatever a thread waits for on this connection."""
        sock = self.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class _Exchange:
    """One request and the reading of its answer, until `ends` (monotonic)."""

    def __init__(self, request: WireRequest, ends: float) -> None:
        self.request = request
        self._ends = ends
        self._connection: _Connection | None = None

    def abort(self) -> None:
        if self._connection is not None:
            self._connection.abort()

    def over(self, connection: _Connection) -> tuple[Answer, bool]:
        """The answer, and whether the connection can be used again."""
        self._connection = connection
        request = self.request
        parts = urlsplit(request.url)
        self._wait_at_most(connection)
        names = {name.lower(): value.lower() for name, value in request.headers}
        connection.putrequest(
            request.method,
            f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}",
            skip_host="host" in names,
            skip_accept_encoding=True,
        )
        for name, value in request.headers:
            connection.putheader(name, value)
        if (request.body or request.method in {"POST", "PUT", "PATCH"}) and "content-length" not in names:
            connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body or None)
        self._wait_at_most(connection)
        response = connection.getresponse()
        self._wait_at_most(connection)
        body = response.read(MAX_ANSWER_BYTES + 1)
        if len(body) > MAX_ANSWER_BYTES:
            return Answer(status=0, fault="too_large"), False
        headers = {name.lower(): value.strip() for name, value in response.headers.items()}
        is_last = response.will_close or names.get("connection") == "close"
        return Answer(status=response.status, headers=headers, body=body), not is_last

    def _wait_at_most(self, connection: _Connection) -> None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.timeout = left
        if connection.sock is not None:
            connection.sock.settimeout(left)


def _dial(addresses: Sequence[_Address], timeout_secs: float) -> socket.socket:
    """A socket to the first address that answers. Raises the last one's error."""
    last: OSError | None = None
    for family, kind, protocol, _name, address in addresses:
        dialed = socket.socket(family, kind, protocol)
        try:
            dialed.settimeout(timeout_secs)
            dialed.connect(address)
        except OSError as error:
            dialed.close()
            last = error
        else:
            return dialed
    assert last is not None
    raise last


def _fault_of(error: Exception) -> str:
    for kind, fault in _faults:
        if isinstance(error, kind):
            return fault
    return "reset"


_faults: tuple[tuple[type[Exception], str], ...] = (
    (_RefusedAddressError, "refused_address"),
    (socket.gaierror, "dns"),
    (TimeoutError, "timeout"),
    (ssl.SSLError, "tls"),
    (ConnectionRefusedError, "connect"),
    (ConnectionError, "reset"),
    (http.client.HTTPException, "reset"),
    (OSError, "connect"),
)
