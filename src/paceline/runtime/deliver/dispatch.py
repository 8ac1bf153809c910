"""From deliveries to outcomes: batches, requests, answers, and a smaller request when a vendor refuses a whole one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from paceline.delivery.batch import make_batches
from paceline.delivery.encoding import encode
from paceline.model.delivery import Answer, Delivery, Item, Outcome, OutcomeClass, WireRequest
from paceline.model.event import Refusal
from paceline.model.integration import DeliveryLimits
from paceline.ports.clock import Clock
from paceline.ports.connector import Connector
from paceline.ports.marks import LaneMark
from paceline.ports.sender import Sender
from paceline.runtime.deliver.credentials import Credentials
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
    """How a lane reaches its vendor: the connector, its account's credentials, and sockets of the lane's own."""

    connector: Connector
    credentials: Credentials
    sender: Sender
    limits: DeliveryLimits


class Dispatcher:
    """Sends deliveries of one lane; at most `limits.max_requests` requests at a time.

    With `keeps_order` requests go one after the other, a key at most once in each, and deliveries behind a failed one
    of the same key are held back.
    """

    def __init__(
        self, vendor: Vendor, gate: Gate, clock: Clock, *, mark: LaneMark, stopping: asyncio.Event, keeps_order: bool
    ) -> None:
        self._vendor = vendor
        self._connector = vendor.connector
        self._gate = gate
        self._clock = clock
        self._mark = mark
        self._stopping = stopping
        self._keeps_order = keeps_order
        self._slots = asyncio.Semaphore(vendor.limits.max_requests)

    async def send(self, deliveries: Sequence[Delivery]) -> list[Tried | Held]:
        """What became of each delivery, in no particular order. Once `stopping` is set, no call waits for its turn."""
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

    async def _send_batch(self, batch: list[Delivery], *, has_several_bad: bool = False) -> list[Tried | Held]:
        """One request; smaller ones when it would be too big or the vendor refuses it as a whole.

        With `has_several_bad` a refused batch is halved: where much is bad, that takes the fewest calls.
        """
        outcomes = await self._try(batch)
        if outcomes is None:
            return [Held(delivery) for delivery in batch]
        if len(batch) > 1 and _are_all(outcomes, OutcomeClass.TOO_BIG, OutcomeClass.POISON):
            return await self._send_halves(batch)
        if len(batch) > 1 and _are_all(outcomes, OutcomeClass.PERMANENT):
            return await (self._send_halves(batch) if has_several_bad else self._find_refused(batch, outcomes[0]))
        return [Tried(delivery, outcome) for delivery, outcome in zip(batch, outcomes, strict=True)]

    async def _try(self, batch: Sequence[Delivery]) -> Sequence[Outcome] | None:
        """What the vendor says about each delivery of a batch; None when it may not be called now."""
        if not await self._gate.may_call(self._stopping):
            return None
        settings = await self._vendor.credentials.settings()
        if isinstance(settings, Outcome):
            outcomes: Sequence[Outcome] = [settings] * len(batch)
        else:
            outcomes = await self._call(batch, settings)
            if _are_all(outcomes, OutcomeClass.AUTH):
                outcomes = await self._call_again(batch, settings, outcomes)
        if outcomes[0].outcome_class is not OutcomeClass.POISON:
            await self._gate.after_call(outcomes)
        return outcomes

    async def _call_again(
        self, batch: Sequence[Delivery], refused: Mapping[str, object], outcomes: Sequence[Outcome]
    ) -> Sequence[Outcome]:
        """One more call with renewed credentials, where there are any; otherwise why there are none."""
        renewed = await self._vendor.credentials.renew(refused)
        if renewed is None:
            return outcomes
        return [renewed] * len(batch) if isinstance(renewed, Outcome) else await self._call(batch, renewed)

    async def _call(self, batch: Sequence[Delivery], settings: Mapping[str, object]) -> Sequence[Outcome]:
        """One call to the vendor. A batch that cannot be written is `poison` and is not sent."""
        wire = self._write(batch, settings)
        if isinstance(wire, Refusal):
            return [_unsendable(wire)] * len(batch)
        answer = await self._send(wire)
        following = self._following(batch, settings, answer)
        if isinstance(following, Refusal):
            return [_unsendable(following)] * len(batch)
        if following is not None:
            answer = await self._send(following)
        items = [delivery.item for delivery in batch]
        self._mark.begin([delivery.position for delivery in batch])
        outcomes = self._connector.read(batch[0].action, items, answer, now_ms=self._clock.now_ms())
        self._mark.end()
        return outcomes

    def _following(
        self, batch: Sequence[Delivery], settings: Mapping[str, object], answer: Answer
    ) -> WireRequest | Refusal | None:
        """The second call that an answer asks for, on the wire; None for nearly every answer."""
        action, items = batch[0].action, [delivery.item for delivery in batch]
        self._mark.begin([delivery.position for delivery in batch])
        request = self._connector.follow_up(action, items, settings, answer, now_ms=self._clock.now_ms())
        wire = None if request is None else encode(request)
        self._mark.end()
        return wire

    async def _send(self, wire: WireRequest) -> Answer:
        return await self._vendor.sender.send(wire, timeout_secs=self._vendor.limits.timeout_secs)

    def _write(self, batch: Sequence[Delivery], settings: Mapping[str, object]) -> WireRequest | Refusal:
        """The batch as a request on the wire, or why it cannot be one."""
        action = batch[0].action
        items = [delivery.item for delivery in batch]
        self._mark.begin([delivery.position for delivery in batch])
        request = self._connector.build(action, items, settings, now_ms=self._clock.now_ms())
        wire = encode(request)
        self._mark.end()
        if isinstance(wire, Refusal):
            return wire
        limits = self._connector.batch_limits(action)
        if len(batch) > 1 and len(wire.body) > limits.max_bytes:
            return Refusal(rule="batch", reason="too_big", message=f"the body is over {limits.max_bytes} bytes")
        most = limits.max_item_bytes
        if most is not None and len(wire.body) > most and any(_encoded_bytes(item) > most for item in items):
            return Refusal(rule="payload", reason="too_big", message=f"the payload is over {most} bytes")
        return wire

    async def _send_halves(self, batch: list[Delivery]) -> list[Tried | Held]:
        middle = len(batch) // 2
        first = await self._send_batch(batch[:middle], has_several_bad=True)
        return [*first, *await self._send_batch(batch[middle:], has_several_bad=True)]

    async def _find_refused(self, batch: list[Delivery], refusal: Outcome) -> list[Tried | Held]:
        """Find what the vendor refuses in a batch that it refused as a whole, `refusal`, in log2(n) + 1 further calls.

        Only the first half of what is suspected is sent: taken, the other half is to blame; refused, the other half is
        put by, and all that was put by goes out as one batch in the end. When that is refused too, it is halved.
        """
        results: list[Tried | Held] = []
        put_by: list[Delivery] = []
        while len(batch) > 1:
            half, rest = batch[: len(batch) // 2], batch[len(batch) // 2 :]
            outcomes = await self._try(half)
            if outcomes is None:
                return [*results, *(Held(delivery) for delivery in (*batch, *put_by))]
            if _are_all(outcomes, OutcomeClass.PERMANENT):
                refusal, batch = outcomes[0], half
                put_by += rest
            else:
                results += (Tried(delivery, outcome) for delivery, outcome in zip(half, outcomes, strict=True))
                if not all(outcome.outcome_class is OutcomeClass.OK for outcome in outcomes):
                    return [*results, *await self._send_batch([*rest, *put_by])]
                batch = rest
        results.append(Tried(batch[0], refusal))
        return [*results, *await self._send_batch(put_by, has_several_bad=True)] if put_by else results

    def _batch_key(self, delivery: Delivery) -> tuple[object, ...]:
        key = self._connector.batch_key(delivery.action, delivery.item.payload)
        if self._mark.strikes and delivery.position in self._mark.strikes:
            # It was in a batch that ended the process: alone, it shows whether it was to blame.
            return (delivery.action, key, delivery.position)
        return (delivery.action, key)

    def _max_items(self, delivery: Delivery) -> int:
        most = self._connector.batch_limits(delivery.action).max_items
        return most if self._vendor.limits.max_batch is None else min(most, self._vendor.limits.max_batch)


def _unsendable(refusal: Refusal) -> Outcome:
    return Outcome(
        outcome_class=OutcomeClass.POISON,
        vendor_code=refusal.reason,
        message=f"{refusal.rule}: {refusal.message}",
        is_whole_request=True,
    )


def _are_all(outcomes: Sequence[Outcome], *classes: OutcomeClass) -> bool:
    """Whether one thing of these was said about the request as a whole."""
    return all(outcome.is_whole_request and outcome.outcome_class in classes for outcome in outcomes)


def _encoded_bytes(item: Item) -> int:
    return len(msgspec.json.encode(item.payload))


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
