"""Notices that something changed by looking again and again, which works on every file system."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from contextlib import suppress

WATCH_INTERVAL_SECS = 0.5


async def watch(fingerprint: Callable[[], Hashable], on_change: Callable[[], None], stopping: asyncio.Event) -> None:
    """Call `on_change` each time that `fingerprint` gives another value, until `stopping` is set."""
    known = fingerprint()
    while not stopping.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), WATCH_INTERVAL_SECS)
            return
        now = fingerprint()
        if now != known:
            known = now
            on_change()
