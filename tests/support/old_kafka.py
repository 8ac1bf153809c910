"""A broker of long ago: it speaks Kafka 0.10, answers what it knows and nothing else. For tests of sentences."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from typing import Self

_API_VERSIONS, _METADATA = 18, 3
_SPOKEN = ((0, 2), (1, 3), (2, 1), (3, 2), (8, 2), (9, 1), (10, 0), (11, 1), (12, 0), (13, 0), (14, 0), (18, 0))
_UNSUPPORTED_VERSION = 35


class OldBroker(socketserver.ThreadingTCPServer):
    """Listens on loopback while it is entered; `address` is its host:port. Has every topic that it is asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Connection(socketserver.BaseRequestHandler):
    request: socket.socket
    server: OldBroker

    def handle(self) -> None:
        while len(head := self._receive(4)) == 4:
            request = self._receive(struct.unpack(">i", head)[0])
            api, version, correlation = struct.unpack(">hhi", request[:8])
            client_bytes = struct.unpack(">h", request[8:10])[0]
            body = request[10 + max(client_bytes, 0) :]
            if api == _API_VERSIONS:
                answer = _api_versions(version)
            elif api == _METADATA:
                answer = self._metadata(version, body)
            else:
                return
            answer = struct.pack(">i", correlation) + answer
            self.request.sendall(struct.pack(">i", len(answer)) + answer)

    def _receive(self, count: int) -> bytes:
        received = b""
        while len(received) < count and (part := self.request.recv(count - len(received))):
            received += part
        return received

    def _metadata(self, version: int, body: bytes) -> bytes:
        """One broker, and one partition of each topic. Versions 1 and 2 of the answer."""
        host, port = b"127.0.0.1", self.server.server_address[1]
        answer = struct.pack(">ii", 1, 1) + _text(host) + struct.pack(">i", port) + struct.pack(">h", -1)
        if version >= 2:
            answer += struct.pack(">h", -1)
        answer += struct.pack(">i", 1)
        names = _names(body)
        answer += struct.pack(">i", len(names))
        for name in names:
            answer += struct.pack(">h", 0) + _text(name) + b"\0" + struct.pack(">i", 1)
            answer += struct.pack(">hii", 0, 0, 1) + struct.pack(">ii", 1, 1) + struct.pack(">ii", 1, 1)
        return answer


def _api_versions(version: int) -> bytes:
    spoken = _SPOKEN if version == 0 else ((_API_VERSIONS, 0),)
    answer = struct.pack(">hi", 0 if version == 0 else _UNSUPPORTED_VERSION, len(spoken))
    return answer + b"".join(struct.pack(">hhh", api, 0, newest) for api, newest in spoken)


def _names(body: bytes) -> list[bytes]:
    count, names, place = struct.unpack(">i", body[:4])[0], [], 4
    for _ in range(max(count, 0)):
        size = struct.unpack(">h", body[place : place + 2])[0]
        names.append(body[place + 2 : place + 2 + size])
        place += 2 + size
    return names


def _text(value: bytes) -> bytes:
    return struct.pack(">h", len(value)) + value
