"""What tests of a store are written with: a place for one, and small rows, letters, exclusions and fingerprints."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from paceline.model.delivery import Attempt, DeadLetter, DeadLetterClass, Fate, Outcome, OutcomeClass, Parked
from paceline.model.record import Position
from paceline.model.settings import DedupSettings
from paceline.ports.store import (
    Count,
    DeadLetterFilter,
    Exclusion,
    LaneCommit,
    LaneState,
    ReplayJob,
    ReplayStep,
    Store,
)

LANE = "customerio_onboarding"
HOUR_MS = 3_600_000

DELIVERED = Count(Fate.DELIVERED)
PARKED = Count(Fate.PARKED)
DEAD = Count(Fate.DEAD, DeadLetterClass.VENDOR_PERMANENT)
_STOPPED_HERE = (Fate.DELIVERED, Fate.FILTERED, Fate.SUPPRESSED, Fate.REJECTED, Fate.DEAD, Fate.PARKED)


class StoreSite(Protocol):
    """A place where one store lives. Made for each test."""

    def open(self, dedup: DedupSettings | None = None) -> Store:
        """The store; for a durable driver, the same data each time."""


@asynccontextmanager
async def opened(site: StoreSite, dedup: DedupSettings | None = None) -> AsyncIterator[Store]:
    """The site's store, closed at the end."""
    store = site.open(dedup)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def parking(site: StoreSite, rows: Sequence[Parked]) -> AsyncIterator[Store]:
    """A store whose lane has just parked these rows."""
    async with opened(site) as store:
        await store.open_lane(LANE, {0: 0, 1: 0})
        await store.commit(LaneCommit(lane=LANE, counts={PARKED: len(rows)}, park=rows))
        yield store


def adds_up(state: LaneState) -> bool:
    """Whether every event that the lane took is counted in exactly one fate."""
    taken = sum(state.cursors[partition] - start for partition, start in state.start.items())
    return taken + state.read_again == sum(
        number for count, number in state.counts.items() if count.fate in _STOPPED_HERE
    )


def make_parked(  # noqa: PLR0913  (a sample: each test names what it is about)
    offset: int,
    *,
    partition: int = 0,
    due_ms: int = 10,
    key: str = "user-1",
    behind: bool = False,
    name: str = "",
    replay_job: str = "",
) -> Parked:
    """A row of the retry table, called `delivery-OFFSET` unless it has a name."""
    return Parked(
        delivery_id=name or f"delivery-{offset}",
        position=Position(partition, offset),
        key=key,
        mapping="order_completed.customerio",
        attempts=1,
        due_ms=due_ms,
        first_failed_ms=1,
        outcome=Outcome(outcome_class=OutcomeClass.TRANSIENT, status=503),
        behind=behind,
        replay_job=replay_job,
    )


def make_job(name: str = "job-1", *, which: DeadLetterFilter | None = None, now_ms: int = 0) -> ReplayJob:
    """A replay that has just begun."""
    return ReplayJob(id=name, by="somebody", started_ms=now_ms, updated_ms=now_ms, which=which or DeadLetterFilter())


async def replay_all(store: Store, which: DeadLetterFilter | None = None, *, now_ms: int = 0) -> int:
    """Send all open dead letters again that a filter names, in one step; how many that were."""
    which = which or DeadLetterFilter()
    letters = await store.dead_letters(which)
    return (await store.replay(ReplayStep(job=make_job(which=which, now_ms=now_ms), letters=letters))).moved


def make_letter(
    offset: int,
    *,
    lane: str = LANE,
    letter_class: DeadLetterClass = DeadLetterClass.VENDOR_PERMANENT,
    status: int = 400,
    source: str = "web",
    replay_job: str = "",
) -> DeadLetter:
    """A dead letter called `delivery-OFFSET`."""
    return DeadLetter(
        delivery_id=f"delivery-{offset}",
        lane=lane,
        position=Position(0, offset),
        key="user-1",
        event_id=f"event-{offset}",
        event_name="track:Order Completed",
        source=source,
        mapping="order_completed.customerio",
        letter_class=letter_class,
        outcome=Outcome(outcome_class=OutcomeClass.PERMANENT, status=status, message="no"),
        attempts=3,
        first_failed_ms=1,
        last_failed_ms=offset,
        contract="order_completed/1.2.0",
        mapping_version=3,
        connector_version="customerio v1",
        preview='{"id":"<text of 6>"}',
        history=(Attempt(at_ms=1, status=status, outcome_class=OutcomeClass.PERMANENT),),
        replay_job=replay_job,
    )


def make_exclusion(
    offset: int, *, partition: int = 0, fate: Fate = Fate.SUPPRESSED, at_ms: int = 0, rule: str = "dedup"
) -> Exclusion:
    """An exclusion of the event at an offset."""
    return Exclusion(
        position=Position(partition, offset),
        fate=fate,
        rule=rule,
        detail="seen before",
        event_id=f"event-{offset}",
        event_name="track:Order Completed",
        source="web",
        at_ms=at_ms,
    )


def fingerprints(numbers: Iterable[int]) -> list[bytes]:
    """Fingerprints of made-up messages."""
    return [hashlib.blake2b(str(number).encode(), digest_size=12).digest() for number in numbers]


def positions(found: Iterable[Parked | DeadLetter | Exclusion]) -> list[int]:
    """Their offsets."""
    return [each.position.offset for each in found]
