"""How a fake vendor misbehaves, and when."""

from __future__ import annotations

import enum
import math
import zlib
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta


class Mode(enum.StrEnum):
    """What a fake vendor does to requests."""

    OK = "ok"
    THROTTLE = "throttle"
    """Answers 429 with Retry-After."""
    ERROR = "error"
    """Answers `status` (503)."""
    SLOW = "slow"
    """Takes the request, then answers after `delay_secs`."""
    HANG = "hang"
    """Never answers."""
    BODY_ERRORS = "body_errors"
    """Answers success by its status and failure in its body."""
    PARTIAL = "partial"
    """Takes some items and refuses others, always the same ones."""


class Behavior(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do until told otherwise.

    `ratio` is the share of requests that it happens to; for `partial` and `body_errors` the share of items, chosen by
    their id, so that a refused item is refused each time. After `times` misbehaving requests all is well again.
    """

    mode: Mode = Mode.OK
    status: Annotated[int, Meta(ge=200, le=599)] | None = None
    retry_after_secs: Annotated[float, Meta(ge=0)] = 1.0
    ratio: Annotated[float, Meta(ge=0, le=1)] = 1.0
    delay_secs: Annotated[float, Meta(ge=0, le=600)] = 1.0
    times: Annotated[int, Meta(ge=1)] | None = None

    @property
    def is_about_items(self) -> bool:
        """Whether single items are chosen rather than whole requests."""
        return self.mode in {Mode.PARTIAL, Mode.BODY_ERRORS}

    def refuses(self, item_id: str) -> bool:
        """Whether this item is one of the chosen ones."""
        return zlib.crc32(item_id.encode(errors="surrogatepass")) < self.ratio * 2**32


class Temper:
    """A behavior under way: which request is next to suffer from it."""

    def __init__(self, behavior: Behavior | None = None) -> None:
        self.behavior = behavior or Behavior()
        self._seen = 0
        self._misbehaved = 0

    def next_request(self, item_ids: Sequence[str] = ()) -> Behavior:
        """How to treat the next request: the behavior, or the good one when this request is spared."""
        behavior = self.behavior
        if behavior.mode is Mode.OK or (behavior.times is not None and self._misbehaved >= behavior.times):
            return Behavior()
        if behavior.is_about_items:
            chosen = any(behavior.refuses(item_id) for item_id in item_ids)
        else:
            # Evenly spread rather than random, so that a test knows how many to expect.
            chosen = math.floor((self._seen + 1) * behavior.ratio) > math.floor(self._seen * behavior.ratio)
        self._seen += 1
        self._misbehaved += chosen
        return behavior if chosen else Behavior()
