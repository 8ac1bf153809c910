"""From deliveries to outcomes: batches, requests, answers, and a smaller request when a vendor refuses a whole one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from paceline.delivery.batch import make_batches
from paceline.delivery.encoding import encode
from paceline.model.delivery import Delivery, Outcome, OutcomeClass
from paceline.model.event import Refusal
from paceline.model.integration import DeliveryLimits
from paceline.ports.clock import Clock
from paceline.ports.connector import Connector
from paceline.ports.sender import Sender
from paceline.runtime.deliver.gate import Gate


class Tried(msgspec.Struct, frozen=True):
    """A delivery that was sent, and what came of it."""

    delivery: Delivery
    outcome: Outcome


class Held(msgspec.Struct, frozen=True):
    """A delivery that was not sent: the gate closed first, or an earlier one of its key failed (`is_behind`)."""

    delivery: Delivery
    is_behind: bool = False


class Vendor(msgspec.Struct, frozen=True, kw_only=True):
    """How a lane reaches its vendor: the connector, its checked settings, and sockets of the lane's own."""

    connector: Connector
    settings: Mapping[str, object]
    sender: Sender
    limits: DeliveryLimits


class Dispatcher:
    """Sends deliveries of one lane; at most `limits.max_requests` requests at a time.

    With `keeps_order` requests go one after the other, a key at most once in each, and deliveries behind a failed one
    of the same key are held back.
    """

    def __init__(self, vendor: Vendor, gate: Gate, clock: Clock, *, keeps_order: bool) -> None:
        self._vendor = vendor
        self._connector = vendor.connector
        self._gate = gate
        self._clock = clock
        self._keeps_order = keeps_order
        self._slots = asyncio.Semaphore(vendor.limits.max_requests)

    async def send(self, deliveries: Sequence[Delivery]) -> list[Tried | Held]:
        """What became of each delivery, in no particular order."""
        batches = make_batches(
            deliveries, batch_key=self._batch_key, max_items=self._max_items, distinct_keys=self._keeps_order
        )
        if len(batches) == 1:
            return await self._send_in_slot(batches[0])
        if self._keeps_order or self._gate.is_probing():
            return await self._send_in_turn(batches)
        results = await asyncio.gather(*(self._send_in_slot(batch) for batch in batches))
        return [result for some in results for result in some]

    async def _send_in_turn(self, batches: Sequence[list[Delivery]]) -> list[Tried | Held]:
        results: list[Tried | Held] = []
        blocked: set[str] = set()
        for batch in batches:
            free = [delivery for delivery in batch if delivery.key not in blocked]
            results.extend(Held(delivery, is_behind=True) for delivery in batch if delivery.key in blocked)
            if not free:
                continue
            sent = await self._send_in_slot(free)
            results.extend(sent)
            if self._keeps_order:
                blocked.update(result.delivery.key for result in sent if not _is_settled(result))
        return results

    async def _send_in_slot(self, batch: list[Delivery]) -> list[Tried | Held]:
        async with self._slots:
            return await self._send_batch(batch)

    async def _send_batch(self, batch: list[Delivery]) -> list[Tried | Held]:
        if self._gate.secs_until_open() > 0:
            return [Held(delivery) for delivery in batch]
        action = batch[0].action
        items = [delivery.item for delivery in batch]
        request = self._connector.build(action, items, self._vendor.settings, now_ms=self._clock.now_ms())
        wire = encode(request)
        if isinstance(wire, Refusal):
            if len(batch) > 1:
                return await self._send_halves(batch)
            return [Tried(batch[0], _unsendable(wire))]
        if len(batch) > 1 and len(wire.body) > self._connector.batch_limits(action).max_bytes:
            return await self._send_halves(batch)
        answer = await self._vendor.sender.send(wire, timeout_secs=self._vendor.limits.timeout_secs)
        outcomes = self._connector.read(action, items, answer, now_ms=self._clock.now_ms())
        self._gate.after_call(outcomes)
        if len(batch) > 1 and all(_asks_for_smaller(outcome) for outcome in outcomes):
            return await self._send_halves(batch)
        return [Tried(delivery, outcome) for delivery, outcome in zip(batch, outcomes, strict=True)]

    async def _send_halves(self, batch: list[Delivery]) -> list[Tried | Held]:
        middle = len(batch) // 2
        return [*await self._send_batch(batch[:middle]), *await self._send_batch(batch[middle:])]

    def _batch_key(self, delivery: Delivery) -> tuple[str, object]:
        return (delivery.action, self._connector.batch_key(delivery.action, delivery.item.payload))

    def _max_items(self, delivery: Delivery) -> int:
        most = self._connector.batch_limits(delivery.action).max_items
        return most if self._vendor.limits.max_batch is None else min(most, self._vendor.limits.max_batch)


def _unsendable(refusal: Refusal) -> Outcome:
    return Outcome(
        outcome_class=OutcomeClass.POISON, vendor_code=refusal.reason, message=f"{refusal.rule}: {refusal.message}"
    )


def _asks_for_smaller(outcome: Outcome) -> bool:
    return outcome.is_whole_request and outcome.outcome_class in {OutcomeClass.PERMANENT, OutcomeClass.TOO_BIG}


def _is_settled(result: Tried | Held) -> bool:
    """Whether later deliveries of the same key may go: it was delivered, or no try will ever help it."""
    if isinstance(result, Held):
        return False
    return result.outcome.outcome_class in {
        OutcomeClass.OK,
        OutcomeClass.PERMANENT,
        OutcomeClass.TOO_BIG,
        OutcomeClass.POISON,
    }
