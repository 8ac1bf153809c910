"""A workspace on disk whose first lane has given up on events, for tests of commands about dead letters."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click
import pytest
from workspaces import SOURCE, write_webhooks

from paceline.assemble.inspection import inspect
from paceline.cli.main import paceline_command
from paceline.delivery.plan import make_delivery_id
from paceline.errors import PacelineError
from paceline.model.delivery import DeadLetter, DeadLetterClass, Fate, Outcome, OutcomeClass
from paceline.model.record import Position, Record
from paceline.ports.bus import Bus
from paceline.ports.store import Count, LaneCommit, Store
from paceline.runtime.clock import SystemClock
from paceline.runtime.process import ProcessLoop

LANE = "send_lane"
OTHER_LANE = "send_batch_lane"
EVENT = "track:Order Completed"
FIRST_MS = 1_700_000_000_000

T = TypeVar("T")


def make_records(count: int) -> list[Record]:
    """Orders m0, m1, … of users u0, u1, …, with totals 0, 1, …; one a minute."""
    return [
        Record(
            id=f"m{number}",
            source=SOURCE,
            type=EVENT,
            key=f"u{number}",
            received_ms=FIRST_MS + number * 60_000,
            data=json.dumps(
                {
                    "type": "track",
                    "event": "Order Completed",
                    "messageId": f"m{number}",
                    "userId": f"u{number}",
                    "context": {"traits": {"email": f"u{number}@example.com"}},
                    "properties": {"total": number},
                }
            ).encode(),
        )
        for number in range(count)
    ]


def make_letter(record: Record, position: Position, number: int) -> DeadLetter:
    """The vendor refused every third one, and did not answer for the others."""
    is_refused = number % 3 == 0
    return DeadLetter(
        delivery_id=make_delivery_id(SOURCE, LANE, record.id),
        lane=LANE,
        position=position,
        key=record.key,
        event_id=record.id,
        event_name=record.type,
        source=SOURCE,
        mapping="order_completed.send",
        letter_class=DeadLetterClass.VENDOR_PERMANENT if is_refused else DeadLetterClass.VENDOR_EXHAUSTED,
        outcome=Outcome(outcome_class=OutcomeClass.PERMANENT, status=400 if is_refused else 503, message="no"),
        attempts=1 if is_refused else 9,
        first_failed_ms=record.received_ms,
        last_failed_ms=record.received_ms,
    )


def bury(folder: Path, count: int) -> Path:
    """A workspace in which the lane `send_lane` has given up on `count` events, and nobody else was there yet."""
    workspace = write_webhooks(folder, max_in_flight=100)
    look(workspace, lambda bus, store: _bury(bus, store, count))
    return workspace


async def _bury(bus: Bus, store: Store, count: int) -> None:
    records = make_records(count)
    positions = await bus.append("events", records)
    ends = await bus.ends("events")
    cursors = {partition: end.next for partition, end in ends.items()}
    await run_admission(bus, store, count)
    await store.open_lane(LANE, dict.fromkeys(cursors, 0))
    letters = [make_letter(record, positions[number], number) for number, record in enumerate(records)]
    counts = [Count(Fate.DEAD, letter.letter_class) for letter in letters]
    await store.commit(
        LaneCommit(
            lane=LANE, cursors=cursors, counts={count: counts.count(count) for count in set(counts)}, dead=letters
        )
    )


async def run_admission(bus: Bus, store: Store, until: int) -> None:
    """Let the process loop judge what is in the log."""
    stopping = asyncio.Event()
    loop = asyncio.create_task(ProcessLoop(bus, store, SystemClock(), look_secs=0.01).run(stopping))
    while sum((await store.lanes())[ProcessLoop.name].cursors.values()) < until:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    stopping.set()
    await loop


def look(workspace: Path, ask: Callable[[Bus, Store], Awaitable[T]]) -> T:
    """Ask the workspace's log and store."""
    return inspect(workspace, lambda _opened, bus, store: ask(bus, store))


class Told:
    """What a command printed, and its exit status."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err

    @property
    def json(self) -> dict:
        return json.loads(self.out)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> Told:
    """Run a command in this process."""
    capsys.readouterr()
    status, said = 0, ""
    try:
        paceline_command.main(args=list(arguments), prog_name="paceline", standalone_mode=False)
    except PacelineError as error:
        status, said = error.exit_status, str(error)
    except click.ClickException as error:
        status, said = error.exit_code, error.format_message()
    except SystemExit as end:
        status = int(end.code or 0)
    captured = capsys.readouterr()
    return Told(status, captured.out, captured.err + said)


def letters_of(workspace: Path, state: Sequence[str] = ("open",)) -> list[str]:
    """The event ids of letters, by what has become of them."""
    from paceline.model.delivery import LetterState
    from paceline.ports.store import DeadLetterFilter

    async def ask(_: Bus, store: Store) -> list[str]:
        return [
            letter.event_id
            for one in state
            for letter in await store.dead_letters(DeadLetterFilter(state=LetterState(one), limit=10_000))
        ]

    return sorted(look(workspace, ask))
