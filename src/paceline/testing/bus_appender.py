"""A process that appends to a bus until it is killed, and says what was acknowledged.

    python -m paceline.testing.bus_appender OPENER NAME [COUNT]

Four tasks append one to three records at a time, with ids `NAME-TASK-NUMBER`, key `TASK` and numbers that count up.
Each acknowledged append is a JSON line on standard error. With COUNT each task ends after that many records.
"""

from __future__ import annotations

import asyncio
import os
import sys

import msgspec

from paceline.model.record import Record
from paceline.ports.bus import Bus
from paceline.testing.openers import Opener

TOPIC = "events"
TASKS = 4


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log."""

    event: str = "acknowledged"
    ids: list[str]


async def append_for_ever(bus: Bus, name: str, task: int, count: float) -> None:
    """Append until there are `count` records."""
    number = 0
    while number < count:
        ids = [f"{name}-{task}-{number + step}" for step in range(number % 3 + 1)]
        await bus.append(TOPIC, [_make_record(one, str(task)) for one in ids])
        # One write a line: a kill leaves no half line behind.
        os.write(2, msgspec.json.encode(Acknowledged(ids=ids)) + b"\n")
        number += len(ids)


async def main(opener: str, name: str, count: str = "inf") -> None:
    """Run the tasks."""
    bus: Bus = Opener.from_argument(opener).open()
    async with asyncio.TaskGroup() as tasks:
        for task in range(TASKS):
            tasks.create_task(append_for_ever(bus, name, task, float(count)))
    await bus.close()


def _make_record(identity: str, key: str) -> Record:
    return Record(id=identity, source="web", type="track:Killed", key=key, received_ms=0, data=identity.encode() * 50)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
