"""The way out: the sender connects to nothing that its policy denies, whatever a URL or a name server says."""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pycurl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.delivery.egress import EgressPolicy, is_denied, parse_egress
from paceline.drivers.sender.curl import CurlSender
from paceline.drivers.sender.lines import MAX_ANSWER_BYTES, is_plain_url
from paceline.drivers.sender.threads import ThreadSender
from paceline.model.delivery import Answer, WireRequest


class Listener:
    """Counts connections, and answers each request with the same bytes."""

    def __init__(
        self, host: str, port: int = 0, answer: bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=2000)
        self.port = self._socket.getsockname()[1]
        self.answer = answer
        self.connections = 0
        self.requests: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                while request := connection.recv(65536):
                    self.requests.append(request)
                    connection.sendall(self.answer)
            except OSError:
                return

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listening = Listener("127.0.0.1")
    yield listening
    listening.close()


class Using:
    """The sender that the tests of one round are about."""

    make: Any = CurlSender


@pytest.fixture(params=[CurlSender, ThreadSender], scope="module", autouse=True)
def sender_kind(request: pytest.FixtureRequest) -> None:
    Using.make = request.param


def send(url: str, policy: EgressPolicy | None = None, *, timeout_secs: float = 2.0, **request: Any) -> Answer:
    async def run() -> Answer:
        sender = Using.make(policy or EgressPolicy())
        try:
            return await sender.send(WireRequest(method="POST", url=url, **request), timeout_secs=timeout_secs)
        finally:
            await sender.close()

    return asyncio.run(run())


def allowed(listener: Listener) -> EgressPolicy:
    return parse_egress([f"127.0.0.1:{listener.port}"])


LOOPBACK_HOSTS = [
    "127.0.0.1", "localhost", "LOCALHOST.", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "127.0.0.1.", "foo.localhost",
]  # fmt: skip


@pytest.mark.parametrize("host", LOOPBACK_HOSTS)
def test_no_spelling_of_this_machine_is_dialed(listener: Listener, host: str):
    answer = send(f"http://{host}:{listener.port}/")
    assert answer.status == 0
    assert listener.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://user@127.0.0.1:{port}/", "http://api.example:80@127.0.0.1:{port}/", "http://api.example\\@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}\r\nHost: x/", "http://127.0.0.1:{port}/\x00", "http://127.0.0.1 :{port}/",
        "file:///etc/passwd", "gopher://127.0.0.1:{port}/", "ftp://127.0.0.1:{port}/", "dict://127.0.0.1:{port}/",
        "http:127.0.0.1:{port}/", "//127.0.0.1:{port}/", "http://[::1/", "http://a:99999/", "http://\u2488\u2489/", "",
    ],
)  # fmt: skip
def test_odd_url_is_refused_before_any_parser_sees_it(listener: Listener, url: str):
    answer = send(url.format(port=listener.port), allowed(listener))
    assert (answer.status, answer.fault) == (0, "refused_address")
    assert listener.connections == 0


@given(st.text(max_size=40))
def test_any_text_is_a_plain_url_or_not(text: str):
    assert is_plain_url(f"http://{text}") in (True, False)


@pytest.mark.parametrize(
    "headers", [(("X-A", "b\r\nX-B: c"),), (("X-A\r\nX-B", "c"),), (("X A", "b"),), (("X-A", "b\x00"),)]
)
def test_header_that_would_begin_another_line_is_not_sent(listener: Listener, headers: tuple):
    url = f"http://127.0.0.1:{listener.port}/"
    assert send(url, allowed(listener), headers=headers).status == 0
    assert listener.requests == []


def test_redirect_is_not_followed(listener: Listener):
    forbidden = Listener("127.0.0.1")
    location = f"location: http://127.0.0.1:{forbidden.port}/".encode()
    listener.answer = b"HTTP/1.1 302 Found\r\n" + location + b"\r\ncontent-length: 0\r\n\r\n"
    policy = parse_egress([f"127.0.0.1:{listener.port}", f"127.0.0.1:{forbidden.port}"])
    assert send(f"http://127.0.0.1:{listener.port}/", policy).status == 302
    assert forbidden.connections == 0
    forbidden.close()


def test_proxy_of_the_environment_is_not_used(listener: Listener, monkeypatch: pytest.MonkeyPatch):
    proxy = Listener("127.0.0.1")
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    assert send(f"http://127.0.0.1:{listener.port}/", allowed(listener)).status == 200
    assert proxy.connections == 0
    proxy.close()


def test_answer_is_read_up_to_a_limit(listener: Listener):
    listener.answer = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(MAX_ANSWER_BYTES * 3)
    assert send(f"http://127.0.0.1:{listener.port}/", allowed(listener)).fault == "too_large"


def test_headers_of_an_answer_are_read_up_to_a_limit(listener: Listener):
    listener.answer = b"HTTP/1.1 200 OK\r\n" + b"x-a: b\r\n" * 100_000 + b"\r\n"
    assert send(f"http://127.0.0.1:{listener.port}/", allowed(listener)).status == 0


def test_answer_is_not_decompressed(listener: Listener):
    bomb = gzip.compress(bytes(10_000_000))
    listener.answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb) + bomb
    answer = send(f"http://127.0.0.1:{listener.port}/", allowed(listener))
    assert answer.body == bomb
    assert b"accept-encoding" not in listener.requests[0].lower()


def test_answer_that_never_ends_is_given_up(listener: Listener):
    listener.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx"
    assert send(f"http://127.0.0.1:{listener.port}/", allowed(listener), timeout_secs=0.2).fault == "timeout"


def test_ports_beyond_the_list_are_denied_for_public_addresses():
    assert is_denied("93.184.216.34", 22, EgressPolicy())
    assert not is_denied("93.184.216.34", 8443, parse_egress([], ports=[443, 8443]))


METADATA = "169.254.169.254"


@pytest.fixture
def metadata() -> Iterator[Listener | None]:
    """A fake metadata service where clouds have theirs, if this system lets us take the address."""
    added = os.geteuid() == 0 and os.system(f"ip addr add {METADATA}/32 dev lo 2>/dev/null") == 0
    listening = Listener(METADATA, 80) if added else None
    yield listening
    if listening is not None:
        listening.close()
        os.system(f"ip addr del {METADATA}/32 dev lo")


def test_name_that_changes_its_address_never_reaches_this_machine(
    monkeypatch: pytest.MonkeyPatch, metadata: Listener | None
):
    """The first address that the name has is allowed (it stands for a public one), the second one is ours."""
    allowed_one = Listener("127.0.0.2")
    port = allowed_one.port
    forbidden = [Listener("127.0.0.1", port), Listener("::1", port)]
    policy = parse_egress([f"127.0.0.2:{port}"])
    denied = ["127.0.0.1", "::1", METADATA, "::ffff:127.0.0.1"]
    resolved: list[str] = []

    async def run() -> list[Answer]:
        sender = Using.make(policy, max_connections=4)
        answers: list[Answer] = []
        for number in range(1000):
            turn = number % 5
            addresses = (
                "127.0.0.2" if turn == 0 else denied[turn - 1] if number % 2 else f"{denied[turn - 1]},127.0.0.1"
            )
            resolved[:] = [f"+rebinding.example:{port}:{addresses}"]
            url = f"http://rebinding.example:{port}/{number}"
            request = WireRequest(method="POST", url=url, headers=(("Connection", "close"),))
            answers.append(await sender.send(request, timeout_secs=2.0))
        await sender.close()
        return answers

    resolve_with(lambda: resolved, monkeypatch)
    answers = asyncio.run(run())
    assert [answer.fault for answer in answers if answer.status == 0] == ["refused_address"] * 800
    assert [listening.connections for listening in forbidden] == [0, 0]
    assert metadata is None or metadata.connections == 0
    assert allowed_one.connections == 200
    for listening in (allowed_one, *forbidden):
        listening.close()


def resolve_with(resolved: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let both senders look every name up in a list of ours, anew for each request."""
    from paceline.drivers.sender import curl

    begin = curl._Exchange.begin

    def begin_resolved(self: Any, *arguments: Any) -> None:
        begin(self, *arguments)
        self.easy.setopt(pycurl.RESOLVE, list(resolved()))
        self.easy.setopt(pycurl.FORBID_REUSE, 1)

    monkeypatch.setattr(curl._Exchange, "begin", begin_resolved)
    look_up = socket.getaddrinfo

    def look_up_resolved(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        addresses = resolved()[0].split(":", 2)[2].split(",")
        return [found for one in addresses for found in look_up(one, port, *arguments, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up_resolved)
