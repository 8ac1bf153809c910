"""From what a platform brings, or a row of a file, to records: judged by the door as the gateway judges."""

from __future__ import annotations

import itertools

import msgspec

from paceline.deploy.incoming import Incoming, unwrap
from paceline.model.delivery import DeadLetter, DeadLetterClass, Outcome, OutcomeClass
from paceline.model.record import Position, Record
from paceline.ports.clock import Clock
from paceline.runtime.gateway.decode import Envelope, RequestFacts, decode_request, read_envelope
from paceline.runtime.gateway.door import Door, Source
from paceline.runtime.gateway.refusal import RequestRefusal


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a message: its record, or the letter of one that the door would not take. `data` is what came."""

    message: int
    data: bytes
    record: Record | None = None
    is_replay: bool = False
    letter: DeadLetter | None = None


class Intake:
    """One integration's door for events that nobody waits beside. `source` is whom events are of that do not say so."""

    def __init__(self, door: Door, source: str, *, lane: str, clock: Clock) -> None:
        self._door = door
        self._source = source
        self._lane = lane
        self._clock = clock
        sources = [*door.sources.values(), *(webhook.source for webhook in door.webhooks.values())]
        self._sources: dict[str, Source] = {source.name: source for source in sources}

    def receive(self, message: Incoming, place: int) -> list[Received]:
        """The events of a message, judged by the door as the gateway does."""
        message = unwrap(message)
        limits = self._door.limits
        envelope = read_envelope(message.body, limits)
        if isinstance(envelope, RequestRefusal):
            return [self._refused(message, place, message.body, envelope.code, envelope.message)]
        if not isinstance(envelope.batch, list):
            envelope = Envelope(batch=[msgspec.Raw(message.body)], sentAt=envelope.sentAt)
        assert isinstance(envelope.batch, list)
        name = message.source or self._source
        source = self._sources.get(name) or Source(name=name)
        facts = RequestFacts(call=None, source=source, received_ms=message.received_ms, headers={})
        numbers = itertools.count()

        def new_id() -> str:
            number = next(numbers)
            return f"{message.id}-{number}" if number else message.id

        decoded = decode_request(message.body, envelope, facts, self._door, new_id)
        if isinstance(decoded, RequestRefusal):
            return [self._refused(message, place, message.body, decoded.code, decoded.message)]
        records = iter(decoded.records)
        received: list[Received] = []
        for verdict, raw in zip(decoded.verdicts, envelope.batch, strict=True):
            if verdict.verdict == "rejected":
                received.append(self._refused(message, place, bytes(raw), verdict.reason, verdict.detail))
            else:
                record = next(records)
                received.append(Received(message=place, data=record.data, record=record, is_replay=message.is_replay))
        return received

    def _refused(self, message: Incoming, place: int, data: bytes, rule: str, detail: str) -> Received:
        """Nobody waits for an answer, as a client of the gateway would: so it is a dead letter."""
        letter = DeadLetter(
            delivery_id="",
            lane=self._lane,
            position=Position(0, 0),
            key="",
            event_id=message.id,
            event_name="",
            source=message.source or self._source,
            mapping="",
            letter_class=DeadLetterClass.CONTRACT,
            outcome=Outcome(outcome_class=OutcomeClass.POISON, vendor_code=rule, message=detail),
            attempts=0,
            first_failed_ms=message.received_ms,
            last_failed_ms=self._clock.now_ms(),
        )
        return Received(message=place, data=data, letter=letter)
