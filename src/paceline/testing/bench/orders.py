"""How the benchmark talks to its own processes: one JSON line in, one JSON line out."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

import msgspec

MAX_ORDER_BYTES = 64 * 1024


async def serve_orders(answer: Callable[[object], Awaitable[object]]) -> None:
    """Answer every line of standard input until it ends."""
    reader = asyncio.StreamReader(limit=MAX_ORDER_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        sys.stdout.buffer.write(msgspec.json.encode(await answer(msgspec.json.decode(line))) + b"\n")
        sys.stdout.buffer.flush()
