"""A process that commits to a store until it is killed, and says what was acknowledged.

    python -m paceline.testing.store_committer OPENER

Two lanes and the process loop commit one step after another: each moves a cursor by one and counts one event, so at
any moment a cursor and its ledger must say the same. Each acknowledged step is a JSON line on standard error.
"""

from __future__ import annotations

import asyncio
import os
import sys

import msgspec

from paceline.model.delivery import Fate, Outcome, OutcomeClass, Parked
from paceline.model.record import Position
from paceline.ports.store import AdmissionCommit, Count, LaneCommit, Store
from paceline.testing.openers import Opener

LANES = ("first", "second")
ADMISSION = "admission"


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log: `lane` has taken its step to `cursor`."""

    event: str = "acknowledged"
    lane: str
    cursor: int


def make_fingerprint(number: int) -> bytes:
    """The fingerprint that step `number` of the process loop commits."""
    return (number * 0x9E3779B97F4A7C15 % 2**96).to_bytes(12, "little")


async def step_lane(store: Store, lane: str) -> None:
    """Deliver odd events and park even ones, for ever."""
    cursor = (await store.open_lane(lane, {0: 0})).cursors[0]
    while True:
        fate = Fate.DELIVERED if cursor % 2 else Fate.PARKED
        park = () if cursor % 2 else (_make_parked(lane, cursor),)
        cursor += 1
        await store.commit(LaneCommit(lane=lane, cursors={0: cursor}, counts={Count(fate): 1}, park=park))
        _acknowledge(lane, cursor)


async def step_admission(store: Store) -> None:
    """Admit one event after another, for ever."""
    cursor = (await store.open_admission()).get(0, 0)
    while True:
        cursor += 1
        await store.commit_admission(
            AdmissionCommit(
                cursors={0: cursor}, counts={Count(Fate.DELIVERED): 1}, seen=[make_fingerprint(cursor)], at_ms=cursor
            )
        )
        _acknowledge(ADMISSION, cursor)


async def main(opener: str) -> None:
    """Run the three until somebody kills us."""
    store: Store = Opener.from_argument(opener).open()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(step_admission(store))
        for lane in LANES:
            tasks.create_task(step_lane(store, lane))


def _make_parked(lane: str, offset: int) -> Parked:
    return Parked(
        delivery_id=f"{lane}-{offset}",
        position=Position(0, offset),
        key="user-1",
        mapping="order.webhook",
        attempts=1,
        due_ms=offset,
        first_failed_ms=offset,
        outcome=Outcome(outcome_class=OutcomeClass.TRANSIENT, status=503),
    )


def _acknowledge(lane: str, cursor: int) -> None:
    # One write a line: a kill leaves no half line behind.
    os.write(2, msgspec.json.encode(Acknowledged(lane=lane, cursor=cursor)) + b"\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
