"""A lane at work: first attempts and retries, from planning to settlement."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from paceline.delivery.plan import EXPIRED_RULE, Refused
from paceline.delivery.settle import Delivered, GivenUp, Waits, settle
from paceline.model.delivery import Delivery, Fate, Outcome, OutcomeClass, Parked
from paceline.model.event import Filtered, Refusal
from paceline.model.record import Cursors, Position, Record, StoredRecord, advance
from paceline.observe.facts import DeliveryDeadLettered
from paceline.ports.marks import LaneMark
from paceline.ports.store import Exclusion
from paceline.runtime.deliver.budget import RetryBudget
from paceline.runtime.deliver.dispatch import Dispatcher, Held, Tried, Vendor
from paceline.runtime.deliver.in_flight import InFlight
from paceline.runtime.deliver.lane_settings import LanePorts, LaneSettings
from paceline.runtime.deliver.letters import DEFECT_REASON, Letters
from paceline.runtime.deliver.planner import PlainPlanner, Planner
from paceline.runtime.deliver.tally import Tally

MAX_STRETCH_RECORDS = 1000
ADMISSION_WAIT_SECS = 0.002
MAX_ADMISSION_WAIT_SECS = 0.05
BUDGET_WAIT_SECS = 0.05
MOST_STRIKES = 2
"""An event during whose handling the process ended so often is set aside."""

PORTIONS = 2
"""A lane's deliveries in flight go in so many portions: one is recorded while the next is sent."""


class LaneRun:
    """Delivers one integration's events, first attempts and retries in two loops of their own.

    After every step its cursor, ledger, retry rows and dead letters are committed together; until then at most
    `max_in_flight` deliveries are sent, so that is how many a crash can repeat, under the same idempotency keys.
    """

    def __init__(
        self,
        settings: LaneSettings,
        vendor: Vendor,
        ports: LanePorts,
        *,
        mark: LaneMark,
        stopping: asyncio.Event,
        epoch: int = 0,
    ) -> None:
        self.name = settings.name
        self._settings = settings
        self._bus = ports.bus
        self._store = ports.store
        self._clock = ports.clock
        self._telemetry = ports.telemetry
        self._jitter = ports.jitter
        self._read = ports.memo.read
        self._gate = ports.gate
        self._replay_plans = ports.replay_plans
        self._planner: Planner = PlainPlanner(settings.plan, ports.memo.read)
        self._routing = ports.routing
        self._route_watch = ports.route_watch
        self._mark = mark
        self._stopping = stopping
        self._epoch = epoch
        self._dispatcher = Dispatcher(
            vendor, ports.gate, ports.clock, mark=mark, stopping=stopping, keeps_order=settings.keeps_order
        )
        self._quarantined = {position for position, strikes in mark.strikes.items() if strikes >= MOST_STRIKES}
        self._parked_keys: Counter[str] = Counter()
        self._in_flight = InFlight(vendor.limits.max_in_flight)
        self._portion_size = 1 if settings.is_strict else max(1, vendor.limits.max_in_flight // PORTIONS)
        self._last_portion: asyncio.Task[None] | None = None
        self._admission_wait_secs = ADMISSION_WAIT_SECS
        self._budget = RetryBudget()
        self._letters = Letters(settings.name, settings.connector_version)

    async def run(self, start: Cursors) -> None:
        """Until `stopping` is set."""
        state = await self._store.open_lane(self.name, start)
        self._parked_keys = Counter(state.parked_keys)
        if self._route_watch is not None:
            await self._route_watch.begin(state.cursors)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._deliver_new(dict(state.cursors)))
            tasks.create_task(self._deliver_waiting())
            if self._route_watch is not None:
                tasks.create_task(self._route_watch.run(self._stopping))

    async def _deliver_new(self, cursors: Cursors) -> None:
        reader = self._bus.reader(self._settings.topic, self.name)
        self._last_portion = None
        try:
            async with asyncio.TaskGroup() as portions:
                while not self._stopping.is_set():
                    if await self._is_gate_closed():
                        continue
                    wanted = {
                        partition: cursors.get(partition, 0)
                        for partition in reader.assignment()
                        if not self._is_held_up(partition)
                    }
                    if not wanted:
                        await self._clock.sleep(self._settings.look_secs)
                        continue
                    stored = await reader.read(
                        wanted, max_records=MAX_STRETCH_RECORDS, wait_secs=self._settings.look_secs
                    )
                    stored, exclusions = await self._judged(stored, wanted)
                    if stored:
                        done = await self._deliver_stretch(stored, exclusions, portions)
                        cursors = advance(cursors, stored[:done])
        finally:
            await reader.close()

    async def _is_gate_closed(self) -> bool:
        secs = self._gate.secs_until_open()
        parks_after_ms = self._settings.parks_after_ms
        if parks_after_ms is not None and self._clock.now_ms() > parks_after_ms:
            secs = max(secs, self._settings.look_secs)
        if secs > 0:
            await self._clock.sleep(min(secs, self._settings.look_secs))
        return secs > 0

    def _is_held_up(self, partition: int) -> bool:
        """Whether a strict lane has a delivery waiting there: it reads no further before that has another fate."""
        return self._settings.is_strict and self._parked_keys[_partition_key(partition)] > 0

    async def _judged(
        self, stored: Sequence[StoredRecord], first: Cursors
    ) -> tuple[Sequence[StoredRecord], Mapping[Position, Exclusion]]:
        """What of `stored` admission has judged, and its exclusions. Canonical records carry their verdict."""
        if self._settings.topic != "events" or not stored:
            return stored, {}
        admission = await self._store.admission(first, advance(first, stored))
        judged = [one for one in stored if one.position.offset < admission.cursors.get(one.position.partition, 0)]
        if judged:
            self._admission_wait_secs = ADMISSION_WAIT_SECS
        else:
            await self._clock.sleep(self._admission_wait_secs)
            # Where nobody runs the process loop for a while, the store is not asked hundreds of times a second.
            self._admission_wait_secs = min(2 * self._admission_wait_secs, MAX_ADMISSION_WAIT_SECS)
        return judged, admission.exclusions

    async def _deliver_stretch(
        self,
        stored: Sequence[StoredRecord],
        exclusions: Mapping[Position, Exclusion],
        portions: asyncio.TaskGroup,
    ) -> int:
        """Plan, and hand over portions to be delivered; how many records are done with."""
        tally = Tally(self.name, self._parked_keys)
        portion: list[Delivery] = []
        planner = await self._planner_of({one.position: one.record for one in stored if one.record is not None})
        for number, one in enumerate(stored, 1):
            planned = self._plan(one, exclusions, planner, tally)
            tally.pass_by(one.position)
            if planned is not None:
                portion.append(planned)
            if len(portion) >= self._portion_size:
                await self._hand_over(portion, tally, portions)
                tally, portion = Tally(self.name, self._parked_keys), []
                is_closed = self._stopping.is_set() or self._gate.secs_until_open() > 0
                if is_closed or self._is_held_up(one.position.partition):
                    return number
        if not tally.is_empty():
            await self._hand_over(portion, tally, portions)
        return len(stored)

    async def _hand_over(self, portion: Sequence[Delivery], tally: Tally, portions: asyncio.TaskGroup) -> None:
        """Begin to deliver a portion as soon as that many may be in flight. A lane that keeps order waits for its end.

        Portions may be sent at the same time but are recorded one after the other, because the cursor may pass a
        record only when everything before it is recorded.
        """
        await self._in_flight.take(len(portion))
        self._budget.earn(len(portion), now_secs=self._clock.monotonic_secs())
        task = portions.create_task(self._deliver_portion(portion, tally, self._last_portion))
        self._last_portion = task
        if self._settings.keeps_order:
            await asyncio.wait({task})

    async def _deliver_portion(
        self, portion: Sequence[Delivery], tally: Tally, previous: asyncio.Task[None] | None
    ) -> None:
        try:
            await self._send(portion, tally)
            if previous is not None:
                await previous
            await self._record(tally)
        finally:
            self._in_flight.give_back(len(portion))

    async def _planner_of(self, records: Mapping[Position, Record]) -> Planner:
        return self._planner if self._routing is None else await self._routing.planner(records)

    def _plan(
        self, one: StoredRecord, exclusions: Mapping[Position, Exclusion], planner: Planner, tally: Tally
    ) -> Delivery | None:
        record = one.record
        excluded = exclusions.get(one.position)
        if excluded is not None:
            tally.count(excluded.fate, excluded.rule)
        elif record is None:
            tally.count(Fate.REJECTED, "storage.checksum")
        elif record.verdict is not None:
            tally.count(Fate(record.verdict.fate), record.verdict.rule)
        elif (rule := planner.takes(record, one.position)) is not None:
            tally.count(Fate.FILTERED, rule)
        elif self._settings.plan.is_over(record.received_ms):
            tally.count(Fate.SUPPRESSED, EXPIRED_RULE)
        elif one.position in self._quarantined:
            tally.bury(self._letters.of_crash(record, one.position, self._clock.now_ms()))
        else:
            return self._plan_record(record, one.position, planner, tally)
        return None

    def _plan_record(self, record: Record, position: Position, planner: Planner, tally: Tally) -> Delivery | None:
        match self._transform(record, position, planner):
            case Filtered() as filtered:
                tally.count(Fate.FILTERED, filtered.rule)
            case Refused() as refused:
                tally.bury(self._letters.of_refused(refused, record, position, self._clock.now_ms()))
            case delivery:
                if self._settings.keeps_order and self._parked_keys[delivery.key]:
                    tally.park(_behind(delivery, self._clock.now_ms()))
                    return None
                return delivery
        return None

    def _transform(self, record: Record, position: Position, planner: Planner) -> Delivery | Filtered | Refused:
        self._mark.begin((position,))
        try:
            planned = planner.plan(record, position)
            if self._settings.is_strict and isinstance(planned, Delivery):
                return msgspec.structs.replace(planned, key=_partition_key(position.partition))
            return planned
        except Exception as defect:  # noqa: BLE001  (a defect in a mapping must not stop the lane for other events)
            message = f"the mapping raised {type(defect).__name__}"
            return Refused(mapping="", refusal=Refusal(rule="", reason=DEFECT_REASON, message=message))
        finally:
            self._mark.end()

    async def _send(self, portion: Sequence[Delivery], tally: Tally) -> None:
        """Send a portion and settle every delivery in it. Nothing of it counts before it is recorded."""
        for result in await self._dispatcher.send(portion) if portion else ():
            self._settle(result, tally)

    async def _record(self, tally: Tally) -> None:
        await self._store.commit(tally.change(self._epoch, self._clock.now_ms()))
        tally.free_keys()
        for letter in tally.dead:
            if letter.position in self._quarantined:
                self._quarantined.discard(letter.position)
                self._mark.forgive(letter.position)
            self._telemetry.record(
                DeliveryDeadLettered(
                    lane=self.name,
                    delivery_id=letter.delivery_id,
                    event_name=letter.event_name,
                    letter_class=letter.letter_class,
                    status=letter.outcome.status,
                    attempts=letter.attempts,
                )
            )

    def _settle(self, result: Tried | Held, tally: Tally) -> None:
        delivery = result.delivery
        now_ms = self._clock.now_ms()
        if self._routing is not None and isinstance(result, Tried):
            self._routing.settle(delivery, result.outcome)
        if isinstance(result, Held):
            if result.is_behind:
                return tally.park(_behind(delivery, now_ms))
            due_ms = now_ms + int(self._gate.secs_until_open() * 1000)
            return tally.park(_held(delivery, due_ms))
        match settle(delivery, result.outcome, self._settings.retry, now_ms=now_ms, jitter=self._jitter()):
            case Delivered():
                tally.deliver()
            case Waits(parked):
                tally.park(parked)
            case GivenUp() as given_up:
                tally.bury(self._letters.of_delivery(delivery, result.outcome, given_up, now_ms))
        return None

    async def _deliver_waiting(self) -> None:
        """The retry loop."""
        while not self._stopping.is_set():
            if await self._is_gate_closed():
                continue
            allowed = self._budget.spend(self._portion_size, now_secs=self._clock.monotonic_secs())
            if not allowed:
                await self._clock.sleep(BUDGET_WAIT_SECS)
                continue
            now_ms = self._clock.now_ms()
            waiting = await self._store.due(self.name, now_ms=now_ms, limit=allowed)
            if waiting:
                await self._in_flight.take(len(waiting))
                try:
                    await self._retry(waiting)
                finally:
                    self._in_flight.give_back(len(waiting))
                continue
            next_due_ms = await self._store.next_due(self.name)
            wait_secs = self._settings.look_secs if next_due_ms is None else max(next_due_ms - now_ms, 10) / 1000
            await self._clock.sleep(min(wait_secs, self._settings.look_secs))

    async def _retry(self, waiting: Sequence[Parked]) -> None:
        """Make waiting deliveries again from the log, with the same idempotency key, and send.

        They are planned anew, so what may not be delivered any more is not: with today's mapping, or the one that a
        replay asked for.
        """
        records = await self._bus.fetch(self._settings.topic, [parked.position for parked in waiting])
        tally = Tally(self.name, self._parked_keys)
        portion: list[Delivery] = []
        today = await self._planner_of(records)
        for parked in waiting:
            planner = await self._replay_planner(parked) or today
            tally.unpark(parked)
            delivery = self._plan_again(parked, records.get(parked.position), planner, tally)
            if delivery is not None:
                portion.append(delivery)
        await self._send(portion, tally)
        await self._record(tally)

    async def _replay_planner(self, parked: Parked) -> Planner | None:
        """For a delivery that is replayed with other mappings than today's."""
        if not parked.replay_job or self._replay_plans is None:
            return None
        plan = await self._replay_plans.plan_of(parked.replay_job)
        return None if plan is None else PlainPlanner(plan, self._read)

    def _plan_again(self, parked: Parked, record: Record | None, planner: Planner, tally: Tally) -> Delivery | None:
        """The delivery that waited, as it is to be sent now; None when it got another fate."""
        now_ms = self._clock.now_ms()
        if record is None:
            tally.bury(self._letters.of_lost(parked, now_ms))
        elif parked.position in self._quarantined:
            tally.bury(self._letters.of_crash(record, parked.position, now_ms, parked=parked))
        elif (rule := planner.takes(record, parked.position)) is not None:
            tally.count(Fate.FILTERED, rule)
        else:
            match self._transform(record, parked.position, planner):
                case Filtered() as filtered:
                    tally.count(Fate.FILTERED, filtered.rule)
                case Refused() as refused:
                    tally.bury(self._letters.of_refused(refused, record, parked.position, now_ms, parked=parked))
                case delivery:
                    return msgspec.structs.replace(
                        delivery,
                        attempts=parked.attempts,
                        first_failed_ms=parked.first_failed_ms,
                        history=parked.history,
                        replay_job=parked.replay_job,
                    )
        return None


def _partition_key(partition: int) -> str:
    """What all deliveries of a partition wait for, in a strict lane, as others wait for an event's own key."""
    return f"partition {partition}"


def _held(delivery: Delivery, due_ms: int, *, is_behind: bool = False) -> Parked:
    """A delivery that was not sent: no attempt is counted, and the retry window does not begin."""
    return Parked(
        delivery_id=delivery.id,
        position=delivery.position,
        key=delivery.key,
        mapping=delivery.mapping,
        attempts=delivery.attempts,
        due_ms=due_ms,
        first_failed_ms=delivery.first_failed_ms,
        outcome=Outcome(outcome_class=OutcomeClass.THROTTLE, message="not sent: the lane is paused"),
        behind=is_behind,
        history=delivery.history,
        replay_job=delivery.replay_job,
    )


def _behind(delivery: Delivery, now_ms: int) -> Parked:
    """A delivery that waits for an earlier one of its ordering key."""
    return _held(delivery, now_ms, is_behind=True)
