"""A real gateway under attack, over raw sockets: one answer, no second request, the same process in the end."""

from __future__ import annotations

import base64
import gzip
import json
import random
import socket
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from workspaces import WRITE_KEY, write_settings

from paceline.testing.system import HOST, start_gateway

AUTH = b"Authorization: Basic " + base64.b64encode(WRITE_KEY.encode() + b":") + b"\r\n"
EVENT = b'{"userId":"u","event":"Fine"}'
HEAD = b"POST /v1/track HTTP/1.1\r\nHost: a\r\n" + AUTH
LENGTH = b"Content-Length: %d\r\n\r\n" % len(EVENT)
SMUGGLED = (
    b"POST /v1/track HTTP/1.1\r\nHost: a\r\n"
    + AUTH
    + b"Content-Length: 33\r\n\r\n"
    + b'{"userId":"u","event":"Smuggled"}'
)
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
LIMITS = """
gateway: {limits: {header_read_secs: 1, body_read_secs: 1, max_connections: 300}}
disk: {ballast_bytes: 0}
"""


class Target:
    """A running gateway."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "gateway.log"
        workspace = write_settings(folder / "shop")
        settings = workspace / "paceline.yaml"
        settings.write_text(settings.read_text() + LIMITS)
        self.child, self.port = start_gateway(workspace, log=self.log)

    def ask(self, raw: bytes, *, ends: bool = False, secs: float = 3.0) -> bytes:
        """Everything that comes back until the connection ends, or nothing more comes for a moment."""
        with socket.create_connection((HOST, self.port)) as connection:
            connection.settimeout(secs)
            try:
                connection.sendall(raw)
                if ends:
                    connection.shutdown(socket.SHUT_WR)
                answer = b""
                while part := connection.recv(65536):
                    answer += part
                    connection.settimeout(0.15)
            except TimeoutError:
                return answer
            except ConnectionError:
                return b"<reset>"
            return answer + b"<end>"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    running = Target(tmp_path_factory.mktemp("attacked"))
    yield running
    pid = running.child.pid
    assert running.ask(HEAD + LENGTH + EVENT).startswith(b"HTTP/1.1 200")
    assert running.child.pid == pid
    running.child.stop()
    lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    assert not [line for line in lines if line["event"] == "gateway.failed"]


def statuses(answer: bytes) -> list[int]:
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:] if part[:3].isdigit()]


AMBIGUOUS = {
    "length and coding": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n123456",
    "two equal lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\n12345",
    "list of lengths": HEAD + b"Content-Length: 5, 5\r\n\r\n12345",
    "signed length": HEAD + b"Content-Length: +5\r\n\r\n12345",
    "negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "hex length": HEAD + b"Content-Length: 0x5\r\n\r\n12345",
    "endless length": HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "coding before chunked": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "coding after chunked": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "almost chunked": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two codings": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "vertical tab in coding": HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "folded header": HEAD + b"X-A: b\r\n c\r\n" + LENGTH + EVENT,
    "space before colon": HEAD + b"Content-Length : 3\r\n" + LENGTH + EVENT,
    "bare line feeds": HEAD.replace(b"\r\n", b"\n") + b"Content-Length: 0\n\n",
    "bare carriage return": HEAD + b"X-A: a\rb\r\n" + LENGTH + EVENT,
    "zero byte in header": HEAD + b"X-A: a\x00b\r\n" + LENGTH + EVENT,
    "zero byte in name": HEAD + b"X\x00A: a\r\n" + LENGTH + EVENT,
    "no header name": HEAD + b": a\r\n" + LENGTH + EVENT,
    "two hosts": HEAD + b"Host: b\r\n" + LENGTH + EVENT,
    "no host": b"POST /v1/track HTTP/1.1\r\n" + AUTH + LENGTH + EVENT,
    "two credentials": HEAD + AUTH + LENGTH + EVENT,
    "two encodings": HEAD + b"Content-Encoding: gzip\r\nContent-Encoding: identity\r\n" + LENGTH + EVENT,
    "HTTP/0.9": b"GET /health\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2.0": HEAD.replace(b"HTTP/1.1", b"HTTP/2.0") + LENGTH + EVENT,
    "HTTP/1.2": HEAD.replace(b"HTTP/1.1", b"HTTP/1.2") + LENGTH + EVENT,
    "coding in HTTP/1.0": HEAD.replace(b"HTTP/1.1", b"HTTP/1.0") + CHUNKED + b"0\r\n\r\n",
    "other protocol wanted": HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + LENGTH + EVENT,
    "CONNECT": b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "lower-case method": HEAD.lower() + LENGTH + EVENT,
    "high byte in path": b"GET /h\xffealth HTTP/1.1\r\nHost: a\r\n\r\n",
    "path without slash": b"GET health HTTP/1.1\r\nHost: a\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50),
    "chunk size not hex": HEAD + CHUNKED + b"zz\r\n" + EVENT + b"\r\n0\r\n\r\n",
    "negative chunk": HEAD + CHUNKED + b"-1\r\n" + EVENT + b"\r\n0\r\n\r\n",
    "chunk size with 0x": HEAD + CHUNKED + b"0x1d\r\n" + EVENT + b"\r\n0\r\n\r\n",
    "endless chunk": HEAD + CHUNKED + b"ffffffffffffffffff\r\n" + EVENT + b"\r\n0\r\n\r\n",
    "chunks by line feed": HEAD + CHUNKED + b"1d\n" + EVENT + b"\n0\n\n",
    "chunk longer than its size": HEAD + CHUNKED + b"5\r\n" + EVENT + b"\r\n0\r\n\r\n",
    "line feed in chunk extension": HEAD + CHUNKED + b"1d;a\nb\r\n" + EVENT + b"\r\n0\r\n\r\n",
    "odd expectation": HEAD + b"Expect: 200-ok\r\n" + LENGTH + EVENT,
    "unknown method": b"FOO /v1/track HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_ambiguous_request_gets_one_refusal_and_nothing_behind_it_is_executed(target: Target, name: str):
    answer = target.ask(AMBIGUOUS[name] + SMUGGLED)
    assert len(statuses(answer)) == 1
    assert statuses(answer)[0] in range(400, 500)
    assert answer.endswith(b"<end>")
    assert b'"accepted"' not in answer


WELL_FORMED = {
    "chunk extension": HEAD + CHUNKED + b"1d;a=b\r\n" + EVENT + b"\r\n0\r\n\r\n",
    "absolute form": b"POST http://a/v1/track HTTP/1.1\r\nHost: a\r\n" + AUTH + LENGTH + EVENT,
    "empty lines before": b"\r\n\r\n" + HEAD + LENGTH + EVENT,
    "percent-encoded path": b"POST /v1/tr%61ck HTTP/1.1\r\nHost: a\r\n" + AUTH + LENGTH + EVENT,
    "HTTP/1.0": b"POST /v1/track HTTP/1.0\r\n" + AUTH + LENGTH + EVENT,
    "tab after colon": HEAD + b"X-A:\ta\t\r\n" + LENGTH + EVENT,
    "trailer": HEAD + CHUNKED + b"1d\r\n" + EVENT + b"\r\n0\r\nX-Sum: 1\r\n\r\n",
}


@pytest.mark.parametrize("name", WELL_FORMED)
def test_unusual_but_plain_request_is_served(target: Target, name: str):
    assert statuses(target.ask(WELL_FORMED[name])) == [200]


def test_credentials_in_a_trailer_come_too_late(target: Target):
    raw = b"POST /v1/track HTTP/1.1\r\nHost: a\r\n" + CHUNKED + b"1d\r\n" + EVENT + b"\r\n0\r\n" + AUTH + b"\r\n"
    assert statuses(target.ask(raw)) == [401]


def test_requests_behind_each_other_are_answered_in_order(target: Target):
    answer = target.ask(HEAD + LENGTH + EVENT + b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n" + HEAD + LENGTH + EVENT)
    assert statuses(answer) == [200, 404, 200]


def test_garbage_behind_a_request_does_not_cost_its_answer(target: Target):
    answer = target.ask(HEAD + LENGTH + EVENT + b"\x00\x01garbage\r\n\r\n" + SMUGGLED)
    assert statuses(answer) == [200]
    assert answer.endswith(b"<end>")


def test_bad_chunk_in_a_queued_request_does_not_cost_the_answer_before_it(target: Target):
    answer = target.ask(HEAD + LENGTH + EVENT + HEAD + CHUNKED + b"zz\r\n" + SMUGGLED)
    assert statuses(answer) == [200]
    assert answer.endswith(b"<end>")


def test_nothing_behind_the_last_request_is_executed(target: Target):
    answer = target.ask(HEAD + b"Connection: close\r\n" + LENGTH + EVENT + SMUGGLED)
    assert statuses(answer) == [200]
    assert answer.endswith(b"<end>")


def test_client_that_has_closed_its_side_gets_its_answer(target: Target):
    assert statuses(target.ask(HEAD + LENGTH + EVENT, ends=True)) == [200]


def test_client_that_left_in_the_middle_is_forgotten(target: Target):
    assert target.ask(HEAD + LENGTH + EVENT[:5], ends=True) == b"<end>"


def test_continue_is_said_when_it_is_expected(target: Target):
    assert statuses(target.ask(HEAD + b"Expect: 100-continue\r\n" + LENGTH + EVENT)) == [100, 200]


def test_slow_header_is_cut_off(target: Target):
    assert statuses(target.ask(HEAD)) == [408]


def test_slow_body_is_cut_off(target: Target):
    answer = target.ask(HEAD + LENGTH + EVENT[:5])
    assert statuses(answer) == [408]
    assert b"x-paceline-limit: body_read_secs=1; actual=" in answer


def test_dripping_header_is_cut_off(target: Target):
    with socket.create_connection((HOST, target.port)) as connection:
        connection.settimeout(0.1)
        connection.sendall(HEAD)
        for _ in range(60):
            try:
                connection.sendall(b"X-A: b\r\n")
                if connection.recv(1000).startswith(b"HTTP/1.1 408"):
                    return
            except TimeoutError:
                continue
    pytest.fail("the gateway was patient for ever")


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"X-A: " + b"a" * 200_000 + b"\r\n" + LENGTH + EVENT,
        HEAD + b"X-A: b\r\n" * 5_000 + LENGTH + EVENT,
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        HEAD + b"X-A: " + b"a" * 400_000,
    ],
    ids=["long value", "many headers", "long path", "no end"],
)
def test_large_header_block_is_refused_and_says_the_limit(target: Target, raw: bytes):
    answer = target.ask(raw)
    assert statuses(answer) == [431]
    assert b"x-paceline-limit: max_header_bytes=16384; actual=" in answer


def test_large_upload_is_refused_and_its_client_can_read_why(target: Target):
    answer = target.ask(HEAD + b"Content-Length: 5000000\r\n\r\n" + b"a" * 5_000_000)
    assert statuses(answer) == [413]
    assert b"x-paceline-limit: max_body_bytes=1048576; actual=5000000" in answer


def test_large_chunked_upload_is_refused(target: Target):
    answer = target.ask(HEAD + CHUNKED + b"".join(b"10000\r\n" + b"a" * 65536 + b"\r\n" for _ in range(40)))
    assert statuses(answer) == [413]


def test_endless_chunk_extension_is_refused(target: Target):
    assert statuses(target.ask(HEAD + CHUNKED + b"1;" + b"a" * 6_000_000)) in ([413], [400])


def post(target: Target, body: bytes, headers: bytes = b"", path: bytes = b"/v1/batch") -> tuple[int, dict]:
    head = HEAD.replace(b"/v1/track", path) + headers + b"Content-Length: %d\r\n\r\n" % len(body)
    answer = target.ask(head + body)
    return statuses(answer)[0], json.loads(answer.removesuffix(b"<end>").partition(b"\r\n\r\n")[2])


ZEROS = gzip.compress(bytes(64 * 1024**2))
BAD_BODIES = {
    "NaN": b'{"batch":[{"type":"page","userId":"u","x":NaN}]}',
    "Infinity": b'{"batch":[{"type":"page","userId":"u","x":-Infinity}]}',
    "byte order mark": b'\xef\xbb\xbf{"batch":[]}',
    "UTF-16": '{"batch":[]}'.encode("utf-16"),
    "UTF-32": '{"batch":[]}'.encode("utf-32"),
    "not UTF-8": b'{"batch":["\xff"]}',
    "overlong UTF-8": b'{"batch":["\xc0\xaf"]}',
    "surrogate in UTF-8": b'{"batch":["\xed\xa0\x80"]}',
    "nothing": b"",
    "null": b"null",
    "deep list": b"[" * 100_000,
    "deep object": b'{"a":' * 100_000,
    "deep batch": b'{"batch":' + b"[" * 100_000,
    "deep in an ignored field": b'{"batch":[],"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "trailing garbage": b'{"batch":[]}{"batch":[]}',
    "comment": b'{"batch":[]/**/}',
    "single quotes": b"{'batch':[]}",
    "wrong type": b'{"batch":{}}',
    "control character": b'{"batch":["\x01"]}',
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_body_that_is_no_batch_is_400(target: Target, name: str):
    assert post(target, BAD_BODIES[name])[0] == 400


ODD_EVENTS = [
    b'{"type":"page","userId":"u","x":1e400}',
    b'{"type":"page","userId":"u","x":-0.0,"y":-0}',
    b'{"type":"page","userId":"u","x":123456789012345678901234567890123456789012345678901234567890}',
    b'{"type":"page","userId":"u","x":1' + b"0" * 5000 + b"}",
    b'{"type":"page","userId":"u","userId":"v"}',
    b'{"type":"page","userId":"\\ud800"}',
    b'{"type":"page","userId":"u","x":"\\udc00\\ud800"}',
    b'{"type":"page","userId":"\\u0000"}',
    b'{"type":"track","event":"\\ud800","userId":"u"}',
    b'{"type":"page","userId":"u","__proto__":{"a":1},"constructor":1}',
    b'{"type":"page","userId":' + b"9" * 600 + b"}",
    b'{"type":"page","userId":"u","x":' + b"[" * 40 + b"]" * 40 + b"}",
    b'{"type":"page","userId":"u","x":{' + b",".join(b'"%d":1' % n for n in range(11_000)) + b"}}",
    b'{"type":"page","userId":"u","timestamp":"9999-99-99","sentAt":{}}',
    b'{"type":"page","messageId":"' + b"m" * 600 + b'","userId":"u"}',
    b'{"type":"page","messageId":7,"userId":"u"}',
    b'{"type":["page"],"userId":"u"}',
    b'{"type":"page","userId":true}',
    b"7",
    b'"text"',
    b"[]",
]


def test_odd_events_never_harm_the_good_ones_beside_them(target: Target):
    good = b'{"type":"page","userId":"u","messageId":"good"}'
    for odd in ODD_EVENTS:
        status, answer = post(target, b'{"batch":[' + good + b"," + odd + b"," + good + b"]}")
        if status == 400:  # not JSON at all, which spoils a whole body
            assert answer["error"]["code"] in {"bad_json", "bad_utf8", "too_deep"}
            continue
        assert status == 200
        assert [event["verdict"] for event in answer["events"]][::2] == ["accepted", "accepted"]


BOMBS = {
    "bomb": (ZEROS, 413),
    "nested bomb": (gzip.compress(ZEROS), 400),
    "cut short": (gzip.compress(b'{"batch":[]}')[:-5], 400),
    "wrong length": (gzip.compress(b'{"batch":[]}')[:-4] + b"\x01\x00\x00\x00", 400),
    "wrong checksum": (gzip.compress(b'{"batch":[]}')[:-8] + bytes(8), 400),
    "two members": (gzip.compress(b'{"batch":[') + gzip.compress(b"]}"), 400),
    "garbage behind": (gzip.compress(b'{"batch":[]}') + b"garbage", 400),
    "not gzip": (b'{"batch":[]}', 400),
    "zlib": (zlib.compress(b'{"batch":[]}'), 400),
    "nothing": (b"", 400),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bad_gzip_is_refused(target: Target, name: str):
    body, expected = BOMBS[name]
    assert post(target, body, b"Content-Encoding: gzip\r\n")[0] == expected


@pytest.mark.parametrize("encoding", [b"br", b"deflate", b"zstd", b"gzip, gzip", b"x", b"gzip;q=1"])
def test_other_encodings_are_415(target: Target, encoding: bytes):
    assert post(target, ZEROS, b"Content-Encoding: " + encoding + b"\r\n")[0] == 415


@pytest.mark.parametrize(
    "credentials",
    [
        b"",
        b"Basic",
        b"Basic ",
        b"Basic ====",
        b"Basic \xff\xfe",
        b"Bearer " + WRITE_KEY.encode(),
        b"basic" + b"A" * 9_000,
    ]
    + [b"Basic " + base64.b64encode(text) for text in (b":", b"\xff\xff:", WRITE_KEY.encode()[:-1] + b"z:", b":key")],
)
def test_odd_credentials_are_401(target: Target, credentials: bytes):
    raw = b"POST /v1/track HTTP/1.1\r\nHost: a\r\nAuthorization: " + credentials + b"\r\n" + LENGTH + EVENT
    assert statuses(target.ask(raw)) == [401]


def test_many_idle_connections_leave_room_for_others_once_they_are_cut_off(target: Target):
    idle = [socket.create_connection((HOST, target.port)) for _ in range(320)]
    try:
        full = target.ask(HEAD + LENGTH + EVENT)
        assert statuses(full) == [503]
        assert b"\r\nretry-after: " in full
        time.sleep(2.0)
        assert statuses(target.ask(HEAD + LENGTH + EVENT)) == [200]
    finally:
        for connection in idle:
            connection.close()


SEEDS = [*AMBIGUOUS.values(), *WELL_FORMED.values(), *(HEAD + LENGTH + body for body in BAD_BODIES.values())]


def mutate(raw: bytes, chance: random.Random) -> bytes:
    data = bytearray(raw[:5_000])
    for _ in range(chance.randint(1, 8)):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                data[place:place] = chance.choice([b"\r\n", b"\n", b"\r", b":", b" ", b"\x00", b",", b"0", b"\xff"])
            case 1:
                del data[place : place + chance.randint(1, 20)]
            case 2 if place < len(data):
                data[place] = chance.randrange(256)
            case _:
                data[place:place] = data[place // 2 : place // 2 + chance.randint(1, 40)]
    return bytes(data)


def attack(target: Target, seconds: float, seed: int) -> int:
    chance = random.Random(seed)
    until = time.monotonic() + seconds
    attacks = 0
    while time.monotonic() < until:
        answer = target.ask(mutate(chance.choice(SEEDS), chance), ends=True, secs=5.0)
        assert all(status < 500 for status in statuses(answer)), answer
        attacks += 1
    return attacks


def test_requests_with_random_faults_never_get_a_server_error(target: Target):
    assert attack(target, 3.0, seed=1) > 50


@pytest.mark.soak
def test_requests_with_random_faults_never_get_a_server_error_for_minutes(target: Target):
    assert attack(target, 300.0, seed=int(time.time())) > 5_000
