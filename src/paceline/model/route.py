"""Routes: which path an event takes to an integration's vendor, and when a toggle may move on."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

Ratio = Annotated[float, Meta(ge=0, le=1)]


class Route(enum.StrEnum):
    """What a lane does with one event.

    `direct`: it is delivered as it came in. `shadow`: the same, and the bus path makes its payload too, to be compared
    and thrown away. `bus`: it is delivered as the canonical event.
    """

    DIRECT = "direct"
    SHADOW = "shadow"
    BUS = "bus"


class Advance(enum.StrEnum):
    """Who takes the next step once the evidence is there: a person, or paceline by itself."""

    ASK = "ask"
    AUTO = "auto"


class ReadyWhen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The evidence that a toggle needs before it moves on; the same bounds, broken, make it step back."""

    parity_ratio: Annotated[Ratio, Meta(description="The share of events whose two payloads are equal.")] = 0.999
    over_events: Annotated[
        int, Meta(ge=1, le=10_000_000, description="How many events must have been compared or delivered.")
    ] = 1000
    lag_p99_secs: Annotated[
        float, Meta(gt=0, description="How long 99 % of the events may take from the gateway on the bus path.")
    ] = 60.0
    error_ratio: Annotated[
        Ratio, Meta(description="The share of events that the bus path may fail on, beyond the vendor's own trouble.")
    ] = 0.001
    for_hours: Annotated[float, Meta(ge=0, le=24 * 90, description="How long all of that must have held.")] = 24.0
