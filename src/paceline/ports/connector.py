"""The port of vendor knowledge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from paceline.model.delivery import Answer, Item, Outcome, Request


class BatchLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many items and bytes of body one request of an action may carry, and how large one item may be."""

    max_items: int = 1
    max_bytes: int = 1024 * 1024
    max_item_bytes: int | None = None


class Connector(Protocol):
    """Knowledge of one vendor's API. Pure: never opens a socket, sleeps, retries or reads a clock.

    A lane asks for `batch_limits` once an action, groups items by `batch_key` (items of one request share it), calls
    `build` once a request, sends it, sends the `follow_up` where there is one, and gives the last answer to `read`.
    """

    @property
    def name(self) -> str:
        """The connector's name, the same as its folder."""

    def batch_limits(self, action: str) -> BatchLimits:
        """What one request of this action may carry."""

    def batch_key(self, action: str, payload: Mapping[str, object]) -> object:
        """Items with equal keys may share a request. Hashable."""

    def build(self, action: str, items: Sequence[Item], settings: Mapping[str, object], *, now_ms: int) -> Request:
        """The request that carries these items, authenticated. `settings` are checked and resolved."""

    def follow_up(
        self, action: str, items: Sequence[Item], settings: Mapping[str, object], answer: Answer, *, now_ms: int
    ) -> Request | None:
        """The second call of what a vendor offers in two only, such as an update of what turns out to exist.

        None for nearly every answer. The answer to it counts instead; there is never a third call.
        """

    def read(self, action: str, items: Sequence[Item], answer: Answer, *, now_ms: int) -> Sequence[Outcome]:
        """One outcome for each item, in order."""
