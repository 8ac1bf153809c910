"""A vendor's own SDK against the fake vendor: what the SDK sends, and what our connector sends for the same act."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from paceline.connectors.catalog import Catalog
from paceline.delivery.encoding import encode
from paceline.model.delivery import Item, WireRequest
from paceline.testing.fake_vendor.app import FakeVendors
from paceline.testing.fake_vendor.received import Received

CATALOG = Catalog(with_entry_points=False)
NOW_MS = 1_767_225_600_000


@dataclass(frozen=True)
class Seen:
    """One request, as far as it matters. Header names are in lower case; `status` is the fake vendor's answer."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    status: int = 0

    def without(self, *fields: str) -> Seen:
        """The same without some fields at the top of the body."""
        body = {name: value for name, value in self.body.items() if name not in fields}
        return Seen(self.method, self.path, self.query, self.headers, body, self.status)

    def act(self, *headers: str) -> tuple[object, ...]:
        """What has to be the same in both: method, path, query, body and the named headers."""
        return (self.method, self.path, self.query, self.body, {name: self.headers.get(name) for name in headers})


@dataclass
class Vendor:
    """The fake vendor at `url`, and what has arrived there."""

    url: str
    seen: list[Seen] = field(default_factory=list)

    @property
    def last(self) -> Seen:
        return self.seen[-1]


@contextmanager
def serve_vendor(connector: str, host: str) -> Iterator[Vendor]:
    """The fake vendor of `connector` on a loopback port, as if that were `host`. It refuses what the real one would."""
    vendors = FakeVendors(CATALOG, Received(None))
    vendor = Vendor(url="")

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            path = f"/{connector}/{host}{parts.path}"
            status, replied, body = asyncio.run(_ask(vendors, self.command, path, parts.query, headers, raw))
            vendor.seen.append(_seen(self.command, parts.path, parts.query, headers, raw, status=status))
            self.send_response(status)
            for name, value in replied.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names of its base class

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    vendor.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield vendor
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def our_request(connector: str, action: str, payload: dict[str, Any], settings: dict[str, object]) -> Seen:
    """What our connector sends for one payload, which the vendor's description must accept."""
    return our_batch(connector, action, [payload], settings)


def our_batch(connector: str, action: str, payloads: list[dict[str, Any]], settings: dict[str, object]) -> Seen:
    """What our connector sends for several payloads in one request."""
    described = CATALOG.load(connector)
    items = []
    for number, payload in enumerate(payloads, start=1):
        refusal = described.payload_refusal(action, payload)
        assert refusal is None, refusal
        items.append(Item(delivery_id=f"delivery-{number}", payload=payload, occurred_ms=NOW_MS))
    wire = encode(described.build(action, items, settings, now_ms=NOW_MS))
    assert isinstance(wire, WireRequest)
    parts = urlsplit(wire.url)
    headers = {name.lower(): value for name, value in wire.headers}
    return _seen(wire.method, parts.path, parts.query, headers, wire.body, status=0)


def _seen(method: str, path: str, query: str, headers: Mapping[str, str], raw: bytes, *, status: int) -> Seen:
    is_json = "json" in headers.get("content-type", "")
    body = (json.loads(raw) if is_json else dict(parse_qsl(raw.decode()))) if raw else None
    return Seen(method, path, dict(parse_qsl(query)), headers, body, status)


async def _ask(
    vendors: FakeVendors, method: str, path: str, query: str, headers: Mapping[str, str], raw: bytes
) -> tuple[int, dict[str, str], bytes]:
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    incoming = [{"type": "http.request", "body": raw, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await vendors(scope, receive, send)
    replied = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], replied, sent[1]["body"]
