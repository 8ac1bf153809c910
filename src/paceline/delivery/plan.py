"""Whether, and as what, an event is due to an integration. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from paceline.model.delivery import Delivery, Item
from paceline.model.event import Event, Filtered, Refusal
from paceline.model.record import Position

TRACK_PREFIX: Final = "track:"
EXPIRED_RULE: Final = "integration.expired"
"""Events that came in after an integration with `after_expiry: refuse` had ended are suppressed by this rule."""


class Transform(Protocol):
    """A compiled mapping, as a lane sees it."""

    @property
    def name(self) -> str:
        """The mapping's name."""

    @property
    def action(self) -> str:
        """The connector's action that it feeds."""

    def apply(self, event: dict[str, object], *, now_ms: int) -> dict[str, object] | Filtered | Refusal:
        """The vendor's payload, or why there is none."""


class LanePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What an integration takes: sources (None: every one) and, by record type, the mappings to try in their order.

    `every_track` are those for the track events that `transforms` does not name. `versions` has the mappings' versions.
    """

    integration: str
    sources: frozenset[str] | None
    transforms: Mapping[str, Sequence[Transform]]
    every_track: Sequence[Transform] = ()
    versions: Mapping[str, int] = {}
    normalized: frozenset[str] = frozenset()
    """Types of records that `every_track` leaves out: what they hold comes again as events of their own."""

    last_ms: int | None = None
    """What was received after this moment (Unix milliseconds) is suppressed; None for no end."""

    def transforms_for(self, record_type: str) -> Sequence[Transform]:
        """The mappings to try on records of a type, in order; none when the integration does not take them."""
        named = self.transforms.get(record_type)
        if named is not None:
            return named
        if not record_type.startswith(TRACK_PREFIX) or record_type in self.normalized:
            return ()
        return self.every_track

    def takes(self, record_type: str, source: str) -> str | None:
        """The rule that filters a record out by its attributes alone, None when the event has to be looked at."""
        if not self.transforms_for(record_type):
            return "no_mapping"
        if self.sources is not None and source not in self.sources:
            return "other_source"
        return None

    def is_over(self, received_ms: int) -> bool:
        """Whether the integration had ended when an event came in."""
        return self.last_ms is not None and received_ms > self.last_ms


class Refused(msgspec.Struct, frozen=True):
    """No mapping could make a payload: the event is at odds with `mapping`."""

    mapping: str
    refusal: Refusal
    mapping_version: int = 0


def plan_delivery(
    event: Event, record_type: str, position: Position, plan: LanePlan, *, now_ms: int
) -> Delivery | Filtered | Refused:
    """The one delivery that an event makes in a lane: the first mapping whose `when` holds decides."""
    filtered = Filtered(rule="no_mapping")
    for transform in plan.transforms_for(record_type):
        match transform.apply(event.payload, now_ms=now_ms):
            case Filtered() as reason:
                filtered = reason
            case Refusal() as refusal:
                return Refused(transform.name, refusal, plan.versions.get(transform.name, 0))
            case payload:
                delivery_id = make_delivery_id(event.source, plan.integration, event.id)
                return Delivery(
                    id=delivery_id,
                    position=position,
                    key=event.key,
                    mapping=transform.name,
                    action=transform.action,
                    item=Item(
                        delivery_id=delivery_id, payload=payload, occurred_ms=event.received_ms, position=position
                    ),
                    event_id=event.id,
                    event_name=record_type,
                    source=event.source,
                    contract=event.contract,
                    mapping_version=plan.versions.get(transform.name, 0),
                )
    return filtered


def make_delivery_id(source: str, integration: str, event_id: str) -> str:
    """The idempotency key of one event's delivery to one integration: 32 hexadecimal digits of a SHA-256.

    It does not depend on the mapping's version or on the route: a retry, a replay with a corrected mapping and the
    switch from a direct lane to the bus all carry the same key.

    >>> make_delivery_id("web", "customerio_onboarding", "m-1")
    '1b62f423e623797cfd543c85a1addb1e'
    """
    text = f"{source}\0{integration}\0{event_id}"
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
