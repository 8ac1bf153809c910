"""Pauses and turns of accounts in plain dictionaries: for the in-memory store, and for functions."""

from __future__ import annotations

from paceline.ports.throttle import Turns, first_turn_ms


class MemoryThrottles:
    """Forgets everything when its process ends."""

    def __init__(self) -> None:
        self._paused_until: dict[str, int] = {}
        self._next_turn_ms: dict[str, float] = {}

    async def pause(self, account: str, *, until_ms: int) -> None:
        """See the port."""
        self._paused_until[account] = max(until_ms, self._paused_until.get(account, 0))

    async def paused_until(self, account: str) -> int:
        """See the port."""
        return self._paused_until.get(account, 0)

    async def take_turns(self, account: str, *, turns: int, interval_ms: float, slack_ms: float, now_ms: int) -> Turns:
        """See the port."""
        first_ms = first_turn_ms(self._next_turn_ms.get(account, 0.0), slack_ms=slack_ms, now_ms=now_ms)
        self._next_turn_ms[account] = first_ms + turns * interval_ms
        return Turns(first_ms=first_ms, paused_until_ms=self._paused_until.get(account, 0))
