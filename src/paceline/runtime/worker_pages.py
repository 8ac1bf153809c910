"""What a worker says about itself over HTTP: whether it lives, whether it takes part, and how far its lanes are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from paceline.errors import StorageError
from paceline.observe.exposition import CONTENT_TYPE, write_metrics
from paceline.observe.ledger import LaneLedger

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_JSON = b"application/json"


class WorkerPages:
    """An ASGI application with `/health`, `/ready` and `/metrics`.

    `takes_part` says whether the worker has renewed its leases lately; `read_ledgers` draws up the accounts, at the
    cost of some reads of the store and the ends of the log.
    """

    def __init__(
        self, takes_part: Callable[[], bool], read_ledgers: Callable[[], Awaitable[Sequence[LaneLedger]]]
    ) -> None:
        self._takes_part = takes_part
        self._read_ledgers = read_ledgers

    async def __call__(self, scope: MutableMapping[str, Any], receive: object, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        if scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, 405, _JSON, b'{"error":"this page takes GET"}')
            return
        match scope["path"]:
            case "/health":
                await _answer(send, 200, _JSON, b'{"status":"ok"}')
            case "/ready" if self._takes_part():
                await _answer(send, 200, _JSON, b'{"status":"ready"}')
            case "/ready":
                await _answer(send, 503, _JSON, b'{"error":"the leases could not be renewed lately"}')
            case "/metrics":
                await self._metrics(send)
            case _:
                await _answer(send, 404, _JSON, b'{"error":"there are /health, /ready and /metrics"}')

    async def _metrics(self, send: Send) -> None:
        try:
            text = write_metrics(await self._read_ledgers())
        except StorageError:
            await _answer(send, 503, _JSON, b'{"error":"store or log cannot be read"}')
        else:
            await _answer(send, 200, CONTENT_TYPE, text.encode())


async def _answer(send: Send, status: int, content_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
