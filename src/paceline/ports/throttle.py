"""The port of what the lanes of one account at a vendor share: its pauses and its pace."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Turns(msgspec.Struct, frozen=True, kw_only=True):
    """Calls that were reserved: when the first may be made, and until when the account is paused (Unix milliseconds).

    `paused_until_ms` is 0 for an account without a pause, or one whose pause is over.
    """

    first_ms: float
    paused_until_ms: int


class ThrottleStore(Protocol):
    """Shared by all lanes of all workers, and kept over restarts.

    A worker calls `pause` when a vendor asks for one, and, while it has something to send, a few times a second
    `take_turns` for each account whose pace is known and `paused_until` for the others; never once a call.
    """

    async def pause(self, account: str, *, until_ms: int) -> None:
        """Nobody calls the account before `until_ms`. An earlier pause that lasts longer stays. Raises StorageError."""

    async def paused_until(self, account: str) -> int:
        """Until when the account is paused (Unix milliseconds); 0 when it never was."""

    async def take_turns(self, account: str, *, turns: int, interval_ms: float, slack_ms: float, now_ms: int) -> Turns:
        """Reserve `turns` calls, `interval_ms` apart, behind all that were reserved before.

        When they are due is up to `first_turn_ms`. What one caller gets, no other gets. Raises StorageError.
        """


def first_turn_ms(next_turn_ms: float, *, slack_ms: float, now_ms: int) -> float:
    """When reserved calls begin, if the ones before them end at `next_turn_ms`: for drivers, so that all agree.

    Turns that are over are lost, but a caller that is late by no more than `slack_ms` keeps its pace.
    """
    return next_turn_ms if next_turn_ms >= now_ms - slack_ms else float(now_ms)
