"""One integration inside a function: what one invocation brings is delivered, or handed back, before it ends.

A lane without a log and a store. It plans, builds, sends, reads and settles with the same code; what a lane would park
until later it tries again while the invocation has time, and then leaves to the platform that brought it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from paceline.admission.admit import DUPLICATE_RULE, fingerprint
from paceline.delivery.plan import Refused, plan_delivery
from paceline.delivery.retry import RetryPolicy
from paceline.delivery.settle import Delivered, GivenUp, Waits, settle
from paceline.model.delivery import (
    Answer,
    DeadLetter,
    DeadLetterClass,
    Delivery,
    Fate,
    Outcome,
    OutcomeClass,
    WireRequest,
)
from paceline.model.event import Filtered, Refusal, read_event
from paceline.model.record import Position, Record
from paceline.ports.clock import Clock
from paceline.ports.marks import LaneMark
from paceline.ports.sender import Sender
from paceline.runtime.deliver.dispatch import Dispatcher, Held, Tried, Vendor
from paceline.runtime.deliver.gate import Gate
from paceline.runtime.deliver.lane_settings import LaneSettings
from paceline.runtime.deliver.letters import DEFECT_REASON, Letters

LONGEST_WAIT_SECS = 20.0
"""A function is paid for while it waits, so what has to wait longer goes back to the platform at once."""

LEAST_CALL_SECS = 0.05
"""What a call gets that was begun at the last moment."""

MOST_REMEMBERED = 10_000

CONTRACT_REASON = "contract"


class End(msgspec.Struct, frozen=True):
    """What became of one record. Without a fate it is unfinished: the platform is to bring it again.

    `letter` is there for what was given up on (`dead`), and for what broke its contract (`rejected`), which a product
    with a log would keep in quarantine.
    """

    fate: Fate | None
    rule: str = ""
    letter: DeadLetter | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How long one invocation may try. `ends_secs` is monotonic.

    `first_failed_ms` has records, by their place, that the platform brings again, with the time of their first try.
    `last_chances` are those that it will not bring once more, `replays` those that somebody sends again on purpose.
    """

    ends_secs: float
    retry: RetryPolicy
    first_failed_ms: Mapping[int, int] = {}
    last_chances: Collection[int] = ()
    replays: Collection[int] = ()


class InvocationPorts(msgspec.Struct, frozen=True, kw_only=True):
    """What an invocation works with. `jitter` gives a random number in [0, 1)."""

    clock: Clock
    gate: Gate
    mark: LaneMark
    jitter: Callable[[], float]


class _Pending(msgspec.Struct, frozen=True, kw_only=True):
    delivery: Delivery
    due_ms: int = 0
    outcome: Outcome = Outcome(outcome_class=OutcomeClass.THROTTLE, message="not sent: the lane is paused")


class Invocations:
    """Delivers what invocations bring, one after the other or side by side, until the process ends.

    It remembers what it has done lately: a record that comes again because another one of its message failed is not
    sent twice. That memory ends with the process, so vendors still see a repeat now and then, under the same key.
    """

    def __init__(self, settings: LaneSettings, vendor: Vendor, ports: InvocationPorts) -> None:
        self._settings = settings
        self._vendor = vendor
        self._clock = ports.clock
        self._gate = ports.gate
        self._mark = ports.mark
        self._jitter = ports.jitter
        self._letters = Letters(settings.name, settings.connector_version)
        self._done: dict[bytes, None] = {}

    async def deliver(self, records: Sequence[Record], terms: Terms) -> list[End]:
        """One end for each record, in order. Whoever calls it keeps the letters, then says so by `remember`."""
        ends: dict[int, End] = {}
        pending: list[_Pending] = []
        seen: set[bytes] = set()
        for place, record in enumerate(records):
            mark = fingerprint(record.source, record.id)
            if mark in seen or (mark in self._done and place not in terms.replays):
                ends[place] = End(Fate.SUPPRESSED, DUPLICATE_RULE)
                continue
            seen.add(mark)
            planned = self._plan(record, Position(0, place))
            if isinstance(planned, End):
                ends[place] = planned
            else:
                first_failed_ms = terms.first_failed_ms.get(place, 0)
                pending.append(_Pending(delivery=msgspec.structs.replace(planned, first_failed_ms=first_failed_ms)))
        left = await self._try_while_time(pending, terms, ends)
        for one in left:
            ends[one.delivery.position.offset] = self._leave(one, terms)
        return [ends[place] for place in range(len(records))]

    def remember(self, records: Sequence[Record], ends: Sequence[End]) -> None:
        """These ends stand: their letters are kept. Records of theirs that come again are duplicates."""
        for record, end in zip(records, ends, strict=True):
            if end.fate is not None:
                self._done[fingerprint(record.source, record.id)] = None
        while len(self._done) > MOST_REMEMBERED:
            del self._done[next(iter(self._done))]

    def _plan(self, record: Record, position: Position) -> Delivery | End:
        now_ms = self._clock.now_ms()
        if record.verdict is not None:
            verdict = record.verdict
            refusal = Refusal(rule=verdict.rule, reason=CONTRACT_REASON, message=verdict.detail)
            letter = self._letters.of_refused(Refused(mapping="", refusal=refusal), record, position, now_ms)
            broken = msgspec.structs.replace(letter, letter_class=DeadLetterClass.CONTRACT)
            return End(Fate(verdict.fate), verdict.rule, broken)
        rule = self._settings.plan.takes(record.type, record.source)
        if rule is not None:
            return End(Fate.FILTERED, rule)
        match self._transform(record, position):
            case Filtered() as filtered:
                return End(Fate.FILTERED, filtered.rule)
            case Refused() as refused:
                letter = self._letters.of_refused(refused, record, position, now_ms)
                return End(Fate.DEAD, letter.letter_class, letter)
            case delivery:
                return delivery

    def _transform(self, record: Record, position: Position) -> Delivery | Filtered | Refused:
        """The delivery of a record. The mapping's clock is the time of receipt, so a retry makes the same payload."""
        try:
            event = read_event(record)
            return plan_delivery(event, record.type, position, self._settings.plan, now_ms=event.received_ms)
        except Exception as defect:  # noqa: BLE001  (a defect in a mapping must not stop the other events)
            message = f"the mapping raised {type(defect).__name__}"
            return Refused(mapping="", refusal=Refusal(rule="", reason=DEFECT_REASON, message=message))

    async def _try_while_time(self, pending: list[_Pending], terms: Terms, ends: dict[int, End]) -> Sequence[_Pending]:
        """Send, and send again what fails, while the invocation has time. What is left then."""
        while pending:
            ready, waiting = self._split(pending)
            if ready:
                pending = sorted([*waiting, *await self._send(ready, terms, ends)], key=_place)
                continue
            left_secs = terms.ends_secs - self._clock.monotonic_secs()
            # What waits for an earlier one of its key is not due before that one is, whatever its own time says.
            firsts = {one.delivery.key: one for one in reversed(waiting)} if self._settings.keeps_order else {}
            next_due_ms = min(one.due_ms for one in (firsts.values() or waiting))
            wait_secs = (next_due_ms - self._clock.now_ms()) / 1000
            if wait_secs > min(left_secs, LONGEST_WAIT_SECS):
                return waiting
            await self._clock.sleep(max(wait_secs, 0.001))
        return ()

    def _split(self, pending: Sequence[_Pending]) -> tuple[list[_Pending], list[_Pending]]:
        """What may be sent now and what has to wait: for its time, or for an earlier one of its key."""
        now_ms = self._clock.now_ms()
        ready: list[_Pending] = []
        waiting: list[_Pending] = []
        blocked: set[str] = set()
        for one in pending:
            key = one.delivery.key
            if one.due_ms > now_ms or key in blocked:
                waiting.append(one)
                if self._settings.keeps_order:
                    blocked.add(key)
            else:
                ready.append(one)
        return ready, waiting

    async def _send(self, ready: Sequence[_Pending], terms: Terms, ends: dict[int, End]) -> list[_Pending]:
        """One round. What has to be tried again, with the time for it."""
        left_secs = terms.ends_secs - self._clock.monotonic_secs()
        if left_secs <= 0:
            return [msgspec.structs.replace(one, due_ms=_NEVER_MS) for one in ready]
        again: list[_Pending] = []
        for result in await self._dispatch([one.delivery for one in ready], left_secs):
            now_ms = self._clock.now_ms()
            settled = self._settle(result, terms, now_ms)
            if isinstance(settled, End):
                ends[result.delivery.position.offset] = settled
            else:
                again.append(settled)
        return again

    async def _dispatch(self, deliveries: Sequence[Delivery], left_secs: float) -> Sequence[Tried | Held]:
        """Send, and stop waiting for turns when the time is over."""
        stopping = asyncio.Event()
        ends_secs = self._clock.monotonic_secs() + left_secs
        vendor = msgspec.structs.replace(
            self._vendor, sender=_EndingSender(self._vendor.sender, self._clock, ends_secs)
        )
        dispatcher = Dispatcher(
            vendor, self._gate, self._clock, mark=self._mark, stopping=stopping, keeps_order=self._settings.keeps_order
        )
        alarm = asyncio.create_task(self._set_after(left_secs, stopping))
        try:
            return await dispatcher.send(deliveries)
        finally:
            alarm.cancel()

    async def _set_after(self, secs: float, stopping: asyncio.Event) -> None:
        await self._clock.sleep(secs)
        stopping.set()

    def _settle(self, result: Tried | Held, terms: Terms, now_ms: int) -> End | _Pending:
        delivery = result.delivery
        if isinstance(result, Held):
            wait_secs = 0.0 if result.is_behind else self._gate.secs_until_open()
            return _Pending(delivery=delivery, due_ms=now_ms + int(wait_secs * 1000) + 1)
        outcome = result.outcome
        match settle(delivery, outcome, terms.retry, now_ms=now_ms, jitter=self._jitter()):
            case Delivered():
                return End(Fate.DELIVERED)
            case GivenUp() as given_up:
                return self._bury(delivery, outcome, given_up, now_ms)
            case Waits(parked):
                tried = msgspec.structs.replace(
                    delivery,
                    attempts=parked.attempts,
                    first_failed_ms=parked.first_failed_ms,
                    history=parked.history,
                )
                return _Pending(delivery=tried, due_ms=parked.due_ms, outcome=outcome)

    def _leave(self, one: _Pending, terms: Terms) -> End:
        """Time is over: the platform brings it again, or it is a dead letter when the platform will not."""
        delivery = one.delivery
        if delivery.position.offset not in terms.last_chances:
            return End(None, one.outcome.outcome_class)
        now_ms = self._clock.now_ms()
        is_auth = one.outcome.outcome_class is OutcomeClass.AUTH
        letter_class = DeadLetterClass.AUTH if is_auth else DeadLetterClass.VENDOR_EXHAUSTED
        given_up = GivenUp(letter_class, delivery.attempts, delivery.first_failed_ms or now_ms)
        end = self._bury(delivery, one.outcome, given_up, now_ms)
        assert end.letter is not None
        # Its last try is part of its history already: it was to be followed by another one.
        return End(end.fate, end.rule, msgspec.structs.replace(end.letter, history=delivery.history))

    def _bury(self, delivery: Delivery, outcome: Outcome, given_up: GivenUp, now_ms: int) -> End:
        return End(Fate.DEAD, given_up.letter_class, self._letters.of_delivery(delivery, outcome, given_up, now_ms))


class _EndingSender:
    """Waits for no answer longer than until `ends_secs`."""

    def __init__(self, inner: Sender, clock: Clock, ends_secs: float) -> None:
        self._inner = inner
        self._clock = clock
        self._ends_secs = ends_secs

    async def send(self, request: WireRequest, *, timeout_secs: float) -> Answer:
        """See the port."""
        left_secs = max(self._ends_secs - self._clock.monotonic_secs(), LEAST_CALL_SECS)
        return await self._inner.send(request, timeout_secs=min(timeout_secs, left_secs))

    async def close(self) -> None:
        """See the port."""
        await self._inner.close()


_NEVER_MS = 1 << 62


def _place(one: _Pending) -> int:
    return one.delivery.position.offset
