"""Opens a workspace's log and store for commands that look, without running anything."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from paceline.assemble.opening import OpenWorkspace, open_workspace
from paceline.assemble.storage import open_bus, open_kept_events, open_store
from paceline.observe.ledger import LaneLedger, balance
from paceline.ports.bus import Bus
from paceline.ports.store import Store
from paceline.runtime.kept_bus import KeptBus
from paceline.runtime.process import EVENTS_TOPIC, ProcessLoop

T = TypeVar("T")


def inspect(path: Path, look: Callable[[OpenWorkspace, Bus, Store], Awaitable[T]]) -> T:
    """Run `look` on the workspace at `path` with its bus and store open, and close them."""

    async def run() -> T:
        opened = open_workspace(path, {})
        settings = opened.workspace.settings
        kept = open_kept_events(opened.workspace.path, settings.store)
        bus = KeptBus(open_bus(opened.workspace.path, settings.bus), kept)
        store = open_store(opened.workspace.path, settings.store, settings.dedup)
        try:
            return await look(opened, bus, store)
        finally:
            await store.close()
            await bus.close()

    return asyncio.run(run())


async def read_ledgers(_: OpenWorkspace, bus: Bus, store: Store) -> list[LaneLedger]:
    """The account of every lane, in order of name; admission itself comes first, under its own name.

    The store is read before the log, so that an event that comes in between can only count as in flight.
    """
    lanes = await store.lanes()
    ends = await bus.ends(EVENTS_TOPIC)
    names = sorted(lanes, key=lambda name: (name != ProcessLoop.name, name))
    return [balance(name, lanes[name], ends) for name in names]
