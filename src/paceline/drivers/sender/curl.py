"""The sender over libcurl's multi interface, driven by the running asyncio loop.

libcurl was chosen by measurement: 22 CPU µs a request at concurrency 64 against 104 for aiohttp and more for the rest,
and it asks before it opens each socket, which is where the address check has to sit.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from typing import Any

import pycurl

from paceline.delivery.egress import EgressPolicy, is_denied
from paceline.drivers.sender.lines import CONNECT_TIMEOUT_SECS, MAX_ANSWER_BYTES, is_one_request, is_plain_url
from paceline.model.delivery import Answer, WireRequest

_faults = {
    pycurl.E_COULDNT_RESOLVE_HOST: "dns",
    pycurl.E_COULDNT_CONNECT: "connect",
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_SSL_CONNECT_ERROR: "tls",
    pycurl.E_PEER_FAILED_VERIFICATION: "tls",
    pycurl.E_SSL_CACERT_BADFILE: "tls",
    pycurl.E_WRITE_ERROR: "too_large",
    pycurl.E_UNSUPPORTED_PROTOCOL: "refused_address",
    pycurl.E_URL_MALFORMAT: "refused_address",
}


class CurlSender:
    """Sends the requests of one lane over at most `max_connections` sockets of its own.

    Follows no redirect, uses no proxy, verifies TLS, asks for no compression and reads at most 1 MiB of an answer. Each
    address is judged by `policy` at the moment of dialing, so a name that resolves differently the second time gains
    nothing. Make it inside a running loop.
    """

    def __init__(self, policy: EgressPolicy, *, max_connections: int = 8) -> None:
        self._policy = policy
        self._loop = asyncio.get_running_loop()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAX_TOTAL_CONNECTIONS, max_connections)
        self._multi.setopt(pycurl.M_MAXCONNECTS, max_connections)
        self._timer: asyncio.TimerHandle | asyncio.Handle | None = None
        self._idle: deque[_Exchange] = deque()
        self._busy: dict[Any, _Exchange] = {}
        self._certificates = ssl.get_default_verify_paths()

    async def send(self, request: WireRequest, *, timeout_secs: float) -> Answer:
        """Send one request; every failure is an Answer with a fault."""
        if not is_plain_url(request.url):
            return Answer(status=0, fault="refused_address")
        if not is_one_request(request):
            return Answer(status=0, fault="refused_header")
        exchange = self._idle.pop() if self._idle else _Exchange(self._policy, self._certificates)
        done: asyncio.Future[Answer] = self._loop.create_future()
        exchange.begin(request, timeout_secs, done)
        self._busy[exchange.easy] = exchange
        self._multi.add_handle(exchange.easy)
        try:
            return await done
        finally:
            if self._busy.pop(exchange.easy, None) is not None:  # canceled before the answer came
                self._multi.remove_handle(exchange.easy)
            self._idle.append(exchange)

    async def close(self) -> None:
        """Close every socket; requests under way end with the fault `reset`."""
        for exchange in list(self._busy.values()):
            self._finish(exchange, Answer(status=0, fault="reset"))
        await asyncio.sleep(0)
        if self._timer is not None:
            self._timer.cancel()
        self._multi.close()

    def _watch_socket(self, what: int, fd: int, _multi: object, _data: object) -> None:
        self._loop.remove_reader(fd)
        self._loop.remove_writer(fd)
        if what in {pycurl.POLL_IN, pycurl.POLL_INOUT}:
            self._loop.add_reader(fd, self._act, fd, pycurl.CSELECT_IN)
        if what in {pycurl.POLL_OUT, pycurl.POLL_INOUT}:
            self._loop.add_writer(fd, self._act, fd, pycurl.CSELECT_OUT)

    def _set_timer(self, timeout_ms: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if timeout_ms == 0:
            self._timer = self._loop.call_soon(self._act, pycurl.SOCKET_TIMEOUT, 0)
        elif timeout_ms > 0:
            self._timer = self._loop.call_later(timeout_ms / 1000, self._act, pycurl.SOCKET_TIMEOUT, 0)

    def _act(self, fd: int, event: int) -> None:
        self._multi.socket_action(fd, event)
        remaining = 1
        while remaining:
            remaining, succeeded, failed = self._multi.info_read()
            for easy in succeeded:
                exchange = self._busy[easy]
                self._finish(exchange, exchange.answer(fault=""))
            for easy, code, _message in failed:
                exchange = self._busy[easy]
                self._finish(exchange, exchange.answer(fault=_faults.get(code, "reset")))

    def _finish(self, exchange: _Exchange, answer: Answer) -> None:
        del self._busy[exchange.easy]
        self._multi.remove_handle(exchange.easy)
        exchange.end(answer)


class _Exchange:
    """One libcurl handle, used again and again, and what one request gathers while it is under way."""

    def __init__(self, policy: EgressPolicy, certificates: ssl.DefaultVerifyPaths) -> None:
        self._policy = policy
        self._done: asyncio.Future[Answer] | None = None
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._header_lines: list[bytes] = []
        self._was_refused = False
        self.easy = easy = pycurl.Curl()
        easy.setopt(pycurl.NOSIGNAL, 1)
        easy.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        easy.setopt(pycurl.FOLLOWLOCATION, 0)
        easy.setopt(pycurl.PROXY, "")
        easy.setopt(pycurl.NETRC, 0)
        easy.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
        easy.setopt(pycurl.SSL_VERIFYPEER, 1)
        easy.setopt(pycurl.SSL_VERIFYHOST, 2)
        easy.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        easy.setopt(pycurl.CONNECTTIMEOUT_MS, int(CONNECT_TIMEOUT_SECS * 1000))
        easy.setopt(pycurl.WRITEFUNCTION, self._take_body)
        easy.setopt(pycurl.HEADERFUNCTION, self._header_lines.append)
        easy.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        if certificates.cafile:
            easy.setopt(pycurl.CAINFO, certificates.cafile)
        if certificates.capath:
            easy.setopt(pycurl.CAPATH, certificates.capath)

    def begin(self, request: WireRequest, timeout_secs: float, done: asyncio.Future[Answer]) -> None:
        self._done = done
        self._body.clear()
        self._body_bytes = 0
        self._header_lines.clear()
        self._was_refused = False
        easy = self.easy
        easy.setopt(pycurl.URL, request.url)
        easy.setopt(pycurl.TIMEOUT_MS, max(1, int(timeout_secs * 1000)))
        easy.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in request.headers] + ["Expect:"])
        if request.body or request.method in {"POST", "PUT", "PATCH"}:
            easy.setopt(pycurl.POSTFIELDS, request.body)
        else:
            easy.setopt(pycurl.HTTPGET, 1)
        easy.setopt(pycurl.CUSTOMREQUEST, request.method)

    def answer(self, *, fault: str) -> Answer:
        elapsed_secs = self.easy.getinfo(pycurl.TOTAL_TIME)
        if fault:
            return Answer(status=0, fault="refused_address" if self._was_refused else fault, elapsed_secs=elapsed_secs)
        return Answer(
            status=self.easy.getinfo(pycurl.RESPONSE_CODE),
            headers=_parse_headers(self._header_lines),
            body=b"".join(self._body),
            elapsed_secs=elapsed_secs,
        )

    def end(self, answer: Answer) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(answer)
        self._done = None

    def _take_body(self, part: bytes) -> int:
        self._body_bytes += len(part)
        if self._body_bytes > MAX_ANSWER_BYTES:
            return 0
        self._body.append(part)
        return len(part)

    def _open_socket(self, _purpose: int, address: Any) -> socket.socket | int:
        family, kind, protocol, dialed = address
        if family not in {socket.AF_INET, socket.AF_INET6} or is_denied(dialed[0], dialed[1], self._policy):
            self._was_refused = True
            refused: int = pycurl.SOCKET_BAD
            return refused
        return socket.socket(family, kind, protocol)


def _parse_headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        if line.startswith(b"HTTP/"):
            headers.clear()  # a 1xx answer came before this one
            continue
        name, separator, value = line.decode("latin-1").partition(":")
        if separator:
            headers[name.strip().lower()] = value.strip()
    return headers
