"""Makes dead letters: what is kept of a delivery that was given up on. The event itself stays in the log."""

from __future__ import annotations

from paceline.delivery.payload_preview import preview_of
from paceline.delivery.plan import Refused, make_delivery_id
from paceline.delivery.settle import GivenUp, with_attempt
from paceline.model.delivery import DeadLetter, DeadLetterClass, Delivery, Outcome, OutcomeClass, Parked
from paceline.model.event import Refusal
from paceline.model.record import Position, Record

DEFECT_REASON = "internal"


class Letters:
    """The dead letters of one lane."""

    def __init__(self, lane: str, connector_version: str) -> None:
        self._lane = lane
        self._connector_version = connector_version

    def of_delivery(self, delivery: Delivery, outcome: Outcome, given_up: GivenUp, now_ms: int) -> DeadLetter:
        """A delivery that the vendor will not take, or has not taken for too long."""
        return DeadLetter(
            delivery_id=delivery.id,
            lane=self._lane,
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
            contract=delivery.contract,
            mapping_version=delivery.mapping_version,
            connector_version=self._connector_version,
            preview=preview_of(delivery.item.payload),
            history=with_attempt(delivery, outcome, now_ms=now_ms),
            replay_job=delivery.replay_job,
        )

    def of_crash(self, record: Record, position: Position, now_ms: int, *, parked: Parked | None = None) -> DeadLetter:
        """An event during whose handling the worker ended twice."""
        message = "the worker ended twice while it worked on this event"
        refusal = Refusal(rule="worker", reason=DEFECT_REASON, message=message)
        return self.of_refused(Refused(mapping="", refusal=refusal), record, position, now_ms, parked=parked)

    def of_refused(
        self, refused: Refused, record: Record, position: Position, now_ms: int, *, parked: Parked | None = None
    ) -> DeadLetter:
        """An event that no mapping could turn into a payload; `parked` when it waited to be tried again."""
        refusal = refused.refusal
        is_defect = refusal.reason == DEFECT_REASON
        return DeadLetter(
            delivery_id=make_delivery_id(record.source, self._lane, record.id),
            lane=self._lane,
            position=position,
            key=record.key,
            event_id=record.id,
            event_name=record.type,
            source=record.source,
            mapping=refused.mapping,
            letter_class=DeadLetterClass.INTERNAL if is_defect else DeadLetterClass.MAPPING,
            outcome=Outcome(
                outcome_class=OutcomeClass.POISON,
                vendor_code=refusal.reason,
                message=f"{refusal.rule}: {refusal.message}",
            ),
            attempts=parked.attempts if parked is not None else 0,
            first_failed_ms=parked.first_failed_ms or now_ms if parked is not None else now_ms,
            last_failed_ms=now_ms,
            contract=record.dataschema,
            mapping_version=refused.mapping_version,
            connector_version=self._connector_version,
            history=parked.history if parked is not None else (),
            replay_job=parked.replay_job if parked is not None else "",
        )

    def of_lost(self, parked: Parked, now_ms: int) -> DeadLetter:
        """A waiting delivery whose event the log no longer has."""
        return DeadLetter(
            delivery_id=parked.delivery_id,
            lane=self._lane,
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
            connector_version=self._connector_version,
            history=parked.history,
            replay_job=parked.replay_job,
        )
