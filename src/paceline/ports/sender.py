"""The port that puts requests on the wire."""

from __future__ import annotations

from typing import Protocol

from paceline.model.delivery import Answer, WireRequest


class Sender(Protocol):
    """Sends one lane's requests over sockets of its own.

    A lane calls `send` concurrently, up to its own bound. Whatever goes wrong on the network is an Answer with a
    `fault`, never an exception: the lane decides what it means. A sender follows no redirect, reads no proxy from the
    environment, bounds the answer's size, and refuses to connect to addresses that its policy denies.
    """

    async def send(self, request: WireRequest, *, timeout_secs: float) -> Answer:
        """Send and wait for the whole answer, or for `timeout_secs`."""

    async def close(self) -> None:
        """Close every socket. Requests under way end with a fault."""
