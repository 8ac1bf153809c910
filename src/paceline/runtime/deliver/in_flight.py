"""How many deliveries of a lane are sent and not yet recorded."""

from __future__ import annotations

import asyncio
from collections import deque


class InFlight:
    """Bounds deliveries in flight to `most`, first come, first served, so that neither loop of a lane starves.

    `take` before sending, `give_back` when the outcome is on disk (or the attempt to record it failed).
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._free = most
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, number: int) -> None:
        """Wait until `number` more may be in flight; `number` is at most `most`."""
        assert number <= self._most
        if number <= self._free and not self._waiting:
            self._free -= number
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((number, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(number)
            raise

    def give_back(self, number: int) -> None:
        """`number` deliveries are no longer in flight."""
        self._free += number
        while self._waiting:
            wanted, turn = self._waiting[0]
            if turn.cancelled():
                self._waiting.popleft()
            elif wanted <= self._free:
                self._waiting.popleft()
                self._free -= wanted
                turn.set_result(None)
            else:
                return
