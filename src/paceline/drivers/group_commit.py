"""Many small writes, few commits: what arrives while one commit is on its way makes up the next."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from paceline.errors import DefectError

Change = TypeVar("Change")
Result = TypeVar("Result")

CommitGroup = Callable[[Sequence[Change]], Sequence[Result | Exception]]
"""Commits a group. Runs on the committing thread. One result or exception for each change; raising fails them all."""


class _Waiting(NamedTuple, Generic[Change, Result]):
    change: Change
    weight: int
    done: asyncio.Future[Result]


class GroupCommit(Generic[Change, Result]):
    """Commits changes in the order of `submit`, one group after another, on a thread of its own.

    `most` bounds the weights of one group (a single heavier change is a group of its own). Used from one event loop.
    `afterwards` runs on the thread behind every group, when its callers have already been answered.
    """

    def __init__(
        self,
        commit: CommitGroup[Change, Result],
        *,
        name: str,
        most: int,
        afterwards: Callable[[], None] | None = None,
    ) -> None:
        self._commit = commit
        self._most = most
        self._afterwards = afterwards
        self._name = name
        self._waiting: deque[_Waiting[Change, Result]] = deque()
        self._groups: queue.SimpleQueue[list[_Waiting[Change, Result]] | None] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._is_busy = False
        self._is_closed = False
        self._idle: asyncio.Future[None] | None = None

    def submit(self, change: Change, *, weight: int = 1) -> asyncio.Future[Result]:
        """Queue a change; the future is done when its group is committed, or fails with what the commit raised."""
        if self._is_closed:
            raise DefectError(f"{self._name} was used after it was closed")
        loop = self._loop or self._start()
        done: asyncio.Future[Result] = loop.create_future()
        self._waiting.append(_Waiting(change, weight, done))
        if not self._is_busy:
            self._is_busy = True
            # Not at once: what else this turn of the loop submits belongs to the same group.
            loop.call_soon(self._send_group)
        return done

    async def close(self) -> None:
        """Wait for everything that was submitted, then end the thread."""
        self._is_closed = True
        if self._loop is None or self._thread is None:
            return
        if self._is_busy:
            self._idle = self._loop.create_future()
            await self._idle
        self._groups.put(None)
        await asyncio.to_thread(self._thread.join)

    def _start(self) -> asyncio.AbstractEventLoop:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()
        return self._loop

    def _send_group(self) -> None:
        weight = 0
        group: list[_Waiting[Change, Result]] = []
        while self._waiting and (not group or weight + self._waiting[0].weight <= self._most):
            weight += self._waiting[0].weight
            group.append(self._waiting.popleft())
        self._groups.put(group)

    def _run(self) -> None:
        assert self._loop is not None
        while (group := self._groups.get()) is not None:
            results: Sequence[Result | Exception]
            try:
                results = self._commit([waiting.change for waiting in group])
            except Exception as error:  # noqa: BLE001  it belongs to the callers, not to this thread
                results = [error] * len(group)
            try:
                self._loop.call_soon_threadsafe(self._settle, group, results)
            except RuntimeError:
                return  # the loop ended without close(): nobody waits for an answer
            # The last loop reference to callers' changes goes before the thread waits again.
            del group, results
            if self._afterwards is not None:
                self._afterwards()

    def _settle(self, group: list[_Waiting[Change, Result]], results: Sequence[Result | Exception]) -> None:
        if self._waiting:
            self._send_group()
        else:
            self._is_busy = False
            if self._idle is not None and not self._idle.done():
                self._idle.set_result(None)
        for waiting, result in zip(group, results, strict=True):
            if waiting.done.done():
                continue  # its caller was cancelled meanwhile
            if isinstance(result, Exception):
                waiting.done.set_exception(result)
            else:
                waiting.done.set_result(result)
