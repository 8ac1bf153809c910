"""`paceline` that ends itself without warning at a named moment, such as just before a commit of a lane.

On SIGUSR1 it reads the file named by CRASH_POINT: the moment, a blank, and how often it passes before it counts.
"""

from __future__ import annotations

import functools
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

CHECKPOINT_BYTES = 64 * 1024
SPEC = Path(os.environ["CRASH_POINT"])
armed: dict[str, int] = {}


def arm(number: int, frame: FrameType | None) -> None:
    moment, times = SPEC.read_text().split()
    armed[moment] = int(times)


def reach(moment: str) -> None:
    if moment in armed:
        armed[moment] -= 1
        if armed[moment] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60.0)


class WatchedConnection(sqlite3.Connection):
    """Reaches a moment before and after each commit and each checkpoint."""

    def __init__(self, database: str, *arguments: Any, **options: Any) -> None:
        super().__init__(database, *arguments, **options)
        self.file = Path(database.partition("?")[0]).stem
        self.kinds: set[str] = set()

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        if sql == "COMMIT":
            kinds, self.kinds = self.kinds or {self.file}, set()
        elif sql.startswith("PRAGMA wal_checkpoint"):
            kinds = {f"{self.file}_checkpoint"}
        else:
            return super().execute(sql, *arguments)
        for kind in kinds:
            reach(f"{kind}.before")
        done = super().execute(sql, *arguments)
        for kind in kinds:
            reach(f"{kind}.after")
        return done


sqlite3.connect = functools.partial(sqlite3.connect, factory=WatchedConnection)  # type: ignore[assignment]

from paceline.cli.main import main  # noqa: E402
from paceline.drivers.bus.sqlite import writer  # noqa: E402
from paceline.drivers.sender.curl import CurlSender  # noqa: E402
from paceline.drivers.store.sqlite import leasing, writing  # noqa: E402
from paceline.model.delivery import Answer, WireRequest  # noqa: E402


def name_change(module: Any, function: str, kind: Callable[..., str]) -> None:
    """What `function` writes belongs to a commit of this kind."""
    write = getattr(module, function)

    def write_and_name(connection: WatchedConnection, *arguments: Any, **options: Any) -> object:
        connection.kinds.add(kind(**options))
        return write(connection, *arguments, **options)

    setattr(module, function, write_and_name)


name_change(writing, "apply_lane_commit", lambda change: "parked" if change.park else "lane")
name_change(writing, "apply_admission_commit", lambda **_: "admission")
name_change(writing, "pause", lambda **_: "pause")
name_change(writing, "take_turns", lambda **_: "turns")
name_change(leasing, "hold", lambda **_: "lease")
writer.CHECKPOINT_BYTES = CHECKPOINT_BYTES
send = CurlSender.send


async def send_between(self: CurlSender, request: WireRequest, *, timeout_secs: float) -> Answer:
    reach("send.before")
    answer = await send(self, request, timeout_secs=timeout_secs)
    reach("send.after")
    return answer


CurlSender.send = send_between  # type: ignore[method-assign]
signal.signal(signal.SIGUSR1, arm)
main()
