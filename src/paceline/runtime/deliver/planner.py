"""How a lane makes deliveries of records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from paceline.delivery.plan import LanePlan, Refused, plan_delivery
from paceline.model.delivery import Delivery
from paceline.model.event import Event, Filtered
from paceline.model.record import Position, Record


class Planner(Protocol):
    """Knows what becomes of a record of the lane's topic."""

    def takes(self, record: Record, position: Position) -> str | None:
        """The rule that filters a record out by its attributes alone, None when the event has to be looked at."""

    def plan(self, record: Record, position: Position) -> Delivery | Filtered | Refused:
        """The delivery of a record. The mapping's clock is the time of receipt, so a retry makes the same payload.

        Raises whatever a defect in a mapping function raises.
        """


class PlainPlanner:
    """Plans every record in the same way."""

    def __init__(self, plan: LanePlan, read: Callable[[Record, Position], Event]) -> None:
        self._plan = plan
        self._read = read

    def takes(self, record: Record, position: Position) -> str | None:
        """See the protocol."""
        return self._plan.takes(record.type, record.source)

    def plan(self, record: Record, position: Position) -> Delivery | Filtered | Refused:
        """See the protocol."""
        event = self._read(record, position)
        return plan_delivery(event, record.type, position, self._plan, now_ms=event.received_ms)
