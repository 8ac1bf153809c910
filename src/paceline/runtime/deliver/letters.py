"""Makes dead letters: what is kept of a delivery that was given up on. The event itself stays in the log."""

from __future__ import annotations

from paceline.delivery.plan import Refused, make_delivery_id
from paceline.delivery.settle import GivenUp
from paceline.model.delivery import DeadLetter, DeadLetterClass, Delivery, Outcome, OutcomeClass, Parked
from paceline.model.event import Refusal
from paceline.model.record import Position, Record

DEFECT_REASON = "internal"


def letter_of_delivery(lane: str, delivery: Delivery, outcome: Outcome, given_up: GivenUp, now_ms: int) -> DeadLetter:
    """A delivery that the vendor will not take, or has not taken for too long."""
    return DeadLetter(
        delivery_id=delivery.id,
        lane=lane,
        position=delivery.position,
        key=delivery.key,
        event_id=delivery.event_id,
        event_name=delivery.event_name,
        source=delivery.source,
        mapping=delivery.mapping,
        letter_class=given_up.letter_class,
        outcome=outcome,
        attempts=given_up.attempts,
        first_failed_ms=given_up.first_failed_ms,
        last_failed_ms=now_ms,
    )


def letter_of_crash(lane: str, record: Record, position: Position, now_ms: int) -> DeadLetter:
    """An event during whose handling the worker ended twice."""
    message = "the worker ended twice while it worked on this event"
    refusal = Refusal(rule="worker", reason=DEFECT_REASON, message=message)
    return letter_of_refused(lane, Refused(mapping="", refusal=refusal), record, position, now_ms)


def letter_of_refused(lane: str, refused: Refused, record: Record, position: Position, now_ms: int) -> DeadLetter:
    """An event that no mapping could turn into a payload."""
    refusal = refused.refusal
    is_defect = refusal.reason == DEFECT_REASON
    return DeadLetter(
        delivery_id=make_delivery_id(record.source, lane, record.id),
        lane=lane,
        position=position,
        key=record.key,
        event_id=record.id,
        event_name=record.type,
        source=record.source,
        mapping=refused.mapping,
        letter_class=DeadLetterClass.INTERNAL if is_defect else DeadLetterClass.MAPPING,
        outcome=Outcome(
            outcome_class=OutcomeClass.POISON, vendor_code=refusal.reason, message=f"{refusal.rule}: {refusal.message}"
        ),
        attempts=0,
        first_failed_ms=now_ms,
        last_failed_ms=now_ms,
    )


def letter_of_lost(lane: str, parked: Parked, now_ms: int) -> DeadLetter:
    """A waiting delivery whose event the log no longer has."""
    return DeadLetter(
        delivery_id=parked.delivery_id,
        lane=lane,
        position=parked.position,
        key=parked.key,
        event_id="",
        event_name="",
        source="",
        mapping=parked.mapping,
        letter_class=DeadLetterClass.INTERNAL,
        outcome=Outcome(outcome_class=OutcomeClass.POISON, message="the event is no longer in the log"),
        attempts=parked.attempts,
        first_failed_ms=parked.first_failed_ms,
        last_failed_ms=now_ms,
    )
