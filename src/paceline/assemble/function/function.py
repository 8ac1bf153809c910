"""A function from its packed folder: what platforms bring goes through the door and the delivery of a lane."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from paceline.assemble.function.intake import Intake
from paceline.assemble.function.parts import Packed, Parts
from paceline.assemble.function.secrets import PlatformSecrets
from paceline.assemble.lane_parts import account_of, credentials_of, rate_limits
from paceline.delivery.egress import EgressPolicy, parse_egress
from paceline.delivery.retry import RetryPolicy
from paceline.deploy.aws import AwsCredentials
from paceline.deploy.incoming import Incoming
from paceline.deploy.letters import LetterSink, NoLetters, Platform, letter_sink, write_letter
from paceline.drivers.marks.memory import MemoryMark
from paceline.drivers.sender.redirect import FakeVendorSender
from paceline.drivers.sender.threads import ThreadSender
from paceline.drivers.store.throttles import MemoryThrottles
from paceline.errors import EnvironmentFaultError
from paceline.model.connector import RateLimit
from paceline.model.delivery import DeadLetter, Fate
from paceline.model.record import Record
from paceline.observe.facts import DeliveryDeadLettered, FunctionInvoked, FunctionNotDone
from paceline.observe.telemetry import Telemetry
from paceline.ports.sender import Sender
from paceline.runtime.clock import SystemClock
from paceline.runtime.deliver.dispatch import Vendor
from paceline.runtime.deliver.gate import Gate
from paceline.runtime.deliver.invocation import End, InvocationPorts, Invocations, Terms

RESERVED_SECS = 2.0
"""What of an invocation's time is kept for dead letters and the answer; never more than a fifth of it."""

PLATFORM_EGRESS = parse_egress(["0.0.0.0/0", "::/0"])
"""For the platform's own services, which lie in private networks and on link-local addresses. Never for a vendor."""


class UnfinishedError(EnvironmentFaultError):
    """The vendor does not take an event now, and the platform is to bring it again."""


class Kept(NamedTuple):
    """A letter to be kept, with the event that it is about; `place` is that of its message or record."""

    place: int
    letter: DeadLetter
    event: bytes
    received_ms: int


class Function:
    """One integration in a process of a platform's. Make it once a process; it opens itself with the first invocation.

    `environment` are the function's variables (docs/functions.md lists them). Until they are opened, no secret is read.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], *, telemetry: Telemetry | None = None) -> None:
        self.packed = Packed(folder)
        self.name = self.packed.bundle.integration.integration
        self.environment = environment
        self.telemetry = telemetry or Telemetry()
        self.clock = SystemClock()
        platform_sender = ThreadSender(PLATFORM_EGRESS, max_connections=4)
        self._platform = Platform(
            sender=platform_sender,
            clock=self.clock,
            credentials=lambda: AwsCredentials.of(environment),
            aws_url=environment.get("AWS_ENDPOINT_URL", ""),
            metadata_url=environment.get("PACELINE_METADATA_URL", ""),
            pubsub_url=environment.get("PACELINE_PUBSUB_URL", ""),
        )
        self._secrets = PlatformSecrets(environment, self._platform)
        self.letters: LetterSink = letter_sink(environment.get("PACELINE_DEAD_LETTERS", ""), self._platform)
        self._open: OpenFunction | None = None
        self._opening: asyncio.Lock | None = None

    @property
    def keeps_letters(self) -> bool:
        """Whether there is a place for dead letters."""
        return not isinstance(self.letters, NoLetters)

    async def open(self) -> OpenFunction:
        """With its secrets, ready to deliver. Raises MissingSecretError, UsageError."""
        if self._opening is None:
            self._opening = asyncio.Lock()
        async with self._opening:
            if self._open is None:
                parts = self.packed.open(await self._secrets.environment(self.packed.bundle))
                self._open = OpenFunction(parts, self)
                await self._open.gate.join(self.name)
        return self._open

    async def deliver(self, messages: Sequence[Incoming], *, trigger: str, terms: Terms) -> list[bool]:
        """Whether each message is done with; the platform is to bring the others again.

        `terms` speak of messages by their place. Raises MissingSecretError, UsageError.
        """
        opened = await self.open()
        received = [one for place, message in enumerate(messages) for one in opened.intake.receive(message, place)]
        taken = [one for one in received if one.record is not None]
        places = [one.message for one in taken]
        records = [one.record for one in taken if one.record is not None]
        replays = frozenset(number for number, one in enumerate(taken) if one.is_replay)
        terms = msgspec.structs.replace(_by_record(terms, places), replays=replays)
        ends = await opened.deliver(records, terms, trigger=trigger)
        undone = {place for place, end in zip(places, ends, strict=True) if end.fate is None}
        refused = [one for one in received if one.letter is not None]
        undone |= await self.keep(
            [
                Kept(one.message, one.letter, one.data, messages[one.message].received_ms)
                for one in refused
                if one.letter is not None
            ]
        )
        return [place not in undone for place in range(len(messages))]

    async def keep(self, letters: Sequence[Kept]) -> set[int]:
        """Put letters where they are kept; the places of those that are not."""
        if not letters:
            return set()
        kept = await self.letters.keep(
            [write_letter(one.letter, one.event, received_ms=one.received_ms) for one in letters]
        )
        for number, letter in enumerate(one.letter for one in letters):
            if number in kept:
                self.telemetry.record(
                    DeliveryDeadLettered(
                        lane=self.name,
                        delivery_id=letter.delivery_id,
                        event_name=letter.event_name,
                        letter_class=letter.letter_class,
                        status=letter.outcome.status,
                        attempts=letter.attempts,
                    )
                )
        left = {one.place for number, one in enumerate(letters) if number not in kept}
        if left:
            reason = "they could not be sent" if self.keeps_letters else "PACELINE_DEAD_LETTERS names no place for them"
            self.telemetry.record(
                FunctionNotDone(lane=self.name, what=f"keep {len(letters) - len(kept)} dead letters", reason=reason)
            )
        return left


class OpenFunction:
    """A function with its secrets: its door, and its delivery."""

    def __init__(self, parts: Parts, function: Function) -> None:
        self.parts = parts
        self._function = function
        self._clock = function.clock
        connector, settings, integration = parts.connector, parts.settings, parts.integration
        sender = _vendor_sender(parts, function.environment.get("PACELINE_FAKE_VENDORS", ""))
        instances = max(1, int(function.environment.get("PACELINE_INSTANCES") or 1))
        limits = [
            RateLimit(requests=limit.requests, per_secs=limit.per_secs * instances)
            for limit in rate_limits(connector.manifest, integration)
        ]
        account = account_of(connector.name, settings)
        self.gate = Gate(account, self._clock, function.telemetry, MemoryThrottles(), limits=limits)
        vendor = Vendor(
            connector=connector,
            credentials=credentials_of(connector, settings, sender, self._clock),
            sender=sender,
            limits=integration.limits,
        )
        ports = InvocationPorts(clock=self._clock, gate=self.gate, mark=MemoryMark(), jitter=random.random)
        self._invocations = Invocations(parts.lane_settings, vendor, ports)
        self.intake = Intake(parts.door, parts.source, lane=function.name, clock=function.clock)

    async def deliver(self, records: Sequence[Record], terms: Terms, *, trigger: str) -> list[End]:
        """Deliver, and keep the letters of what was given up on; an end whose letter is not kept is unfinished."""
        began = self._clock.monotonic_secs()
        ends = await self._invocations.deliver(records, terms)
        not_kept = await self._function.keep(
            [
                Kept(place, end.letter, record.data, record.received_ms)
                for place, (record, end) in enumerate(zip(records, ends, strict=True))
                if end.letter is not None
            ]
        )
        ends = [
            End(None, end.rule) if place in not_kept and (self._function.keeps_letters or trigger != "http") else end
            for place, end in enumerate(ends)
        ]
        self._invocations.remember(records, ends)
        counts = Counter(end.fate for end in ends)
        self._function.telemetry.record(
            FunctionInvoked(
                lane=self._function.name,
                trigger=trigger,
                events=len(ends),
                delivered=counts[Fate.DELIVERED],
                filtered=counts[Fate.FILTERED],
                suppressed=counts[Fate.SUPPRESSED],
                rejected=counts[Fate.REJECTED],
                dead=counts[Fate.DEAD],
                unfinished=counts[None],
                elapsed_ms=int((self._clock.monotonic_secs() - began) * 1000),
            )
        )
        return ends


def terms_of(messages: Sequence[Incoming], retry: RetryPolicy, *, now_secs: float, left_secs: float) -> Terms:
    """The terms of an invocation that has `left_secs` left at `now_secs` (monotonic)."""
    usable = left_secs - min(RESERVED_SECS, left_secs / 5)
    return Terms(
        ends_secs=now_secs + usable,
        retry=retry,
        first_failed_ms={place: one.first_tried_ms for place, one in enumerate(messages) if one.first_tried_ms},
        last_chances=frozenset(place for place, one in enumerate(messages) if one.is_last_chance),
    )


def _by_record(terms: Terms, places: Sequence[int]) -> Terms:
    """Terms about messages as terms about their records; `places` has the message of each record."""
    return Terms(
        ends_secs=terms.ends_secs,
        retry=terms.retry,
        first_failed_ms={
            number: terms.first_failed_ms[place]
            for number, place in enumerate(places)
            if place in terms.first_failed_ms
        },
        last_chances=frozenset(number for number, place in enumerate(places) if place in terms.last_chances),
    )


def _vendor_sender(parts: Parts, fake_vendors: str) -> Sender:
    """The sender for the vendor; `fake_vendors` is the URL of fake vendors that get every request instead."""
    most = parts.integration.limits.max_requests
    if not fake_vendors:
        return ThreadSender(parts.egress, max_connections=most)
    place = fake_vendors.partition("://")[2].rstrip("/")
    policy: EgressPolicy = parse_egress([place], ports=parts.egress.ports)
    return FakeVendorSender(
        ThreadSender(policy, max_connections=most), base_url=fake_vendors, connector=parts.connector.name
    )
