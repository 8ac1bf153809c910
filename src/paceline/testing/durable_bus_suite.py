"""What a bus must keep beyond `BusSuite` when it outlives its processes, and several share it.

It starts child processes, and kills some.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import pytest

from paceline.model.record import Cursors, Position, StoredRecord
from paceline.runtime.children import Child, module
from paceline.testing.bus_appender import TASKS
from paceline.testing.bus_samples import (
    PATIENCE_SECS,
    TOPIC,
    BusSite,
    by_partition,
    from_start,
    make_record,
    opened,
    read_all,
    read_in_time,
)
from paceline.testing.bus_suite import BusSuite
from paceline.testing.coroutines import runs_to_end
from paceline.testing.openers import Opener

KILLS = 20


class DurableBusSite(BusSite, Protocol):
    """A place that outlives a process."""

    def opener(self, *, partitions: int = 4) -> Opener:
        """How another process opens the same bus."""


class DurableBusSuite(BusSuite):
    """The further promises of a bus that outlives its processes, and that several processes share."""

    @pytest.fixture
    def site(self) -> DurableBusSite:
        """Supplied by the driver's test module."""
        raise NotImplementedError

    @runs_to_end
    async def test_records_survive_reopening(self, site: DurableBusSite) -> None:
        records = [make_record(number, key=f"user-{number}") for number in range(20)]
        async with opened(site) as bus:
            await bus.append(TOPIC, records)
            before = await read_all(bus)
        async with opened(site) as bus:
            assert sorted(await read_all(bus)) == sorted(before)

    @runs_to_end
    async def test_offsets_go_on_after_reopening(self, site: DurableBusSite) -> None:
        async with opened(site) as bus:
            before = await bus.append(TOPIC, [make_record(1), make_record(2)])
        async with opened(site) as bus:
            after = await bus.append(TOPIC, [make_record(3)])
        assert [position.offset for position in [*before, *after]] == [0, 1, 2]

    @runs_to_end
    async def test_origins_are_known_after_reopening(self, site: DurableBusSite) -> None:
        record = make_record(1, origin=Position(1, 5))
        async with opened(site) as bus:
            await bus.append(TOPIC, [record])
        async with opened(site) as bus:
            await bus.append(TOPIC, [record])
            assert len(await read_all(bus)) == 1

    @runs_to_end
    async def test_another_process_is_heard_while_waiting(self, site: DurableBusSite, tmp_path: Path) -> None:
        async with opened(site) as bus:
            waiting = asyncio.create_task(read_in_time(bus))
            await asyncio.sleep(0.05)
            with start_appender(site, tmp_path, "other", count=1):
                assert len(await waiting) >= 1

    @runs_to_end
    async def test_processes_append_to_one_topic_together(self, site: DurableBusSite, tmp_path: Path) -> None:
        names = ("a", "b")
        children = [start_appender(site, tmp_path, name, count=60) for name in names]
        for child in children:
            await asyncio.to_thread(child.wait)
        async with opened(site) as bus:
            found = await read_all(bus)
            own = await bus.append(TOPIC, [make_record(1, key="0")])
        numbers = numbers_by_task(one.record.id for one in found if one.record)
        assert {task: sorted(seen) for task, seen in numbers.items()} == {
            (name, task): list(range(len(numbers[name, task]))) for name in names for task in range(TASKS)
        }
        assert all(len(seen) >= 60 for seen in numbers.values())
        offsets = by_partition([*found, StoredRecord(own[0], None)])
        assert offsets == {partition: list(range(len(seen))) for partition, seen in offsets.items()}

    def test_nothing_acknowledged_is_lost_when_the_process_is_killed(
        self, site: DurableBusSite, tmp_path: Path
    ) -> None:
        cursors: Cursors = from_start()
        for kill in range(KILLS):
            name = f"kill{kill}"
            with start_appender(site, tmp_path, name) as child:
                child.wait_for_lines(4 + kill)
                child.kill()
            acknowledged = child.acknowledged()
            found = asyncio.run(self._read_on(site, cursors))
            seen = [one.record.id for one in found if one.record]
            assert len(seen) == len(found), "a record is torn"
            assert set(acknowledged) <= set(seen), "an acknowledged record is lost"
            assert len(set(seen)) == len(seen), "a record was appended twice"
            for numbers in numbers_by_task(seen).values():
                assert numbers == list(range(len(numbers))), "order was lost"

    @staticmethod
    async def _read_on(site: DurableBusSite, cursors: Cursors) -> list[StoredRecord]:
        async with opened(site) as bus:
            return await read_all(bus, cursors=cursors)


class Appender:
    """A child process that appends until it is killed."""

    def __init__(self, child: Child) -> None:
        self._child = child

    def acknowledged(self) -> list[str]:
        """The ids of all records that were acknowledged so far."""
        return [one for line in self._child.log_lines() for one in line["ids"]]

    def wait_for_lines(self, count: int) -> None:
        """Wait until so many appends were acknowledged."""
        deadline = time.monotonic() + PATIENCE_SECS
        while len(self._child.log_lines()) < count:
            assert time.monotonic() < deadline, "the child appends nothing"
            time.sleep(0.005)

    def wait(self) -> None:
        """Wait until the process has ended by itself, and then for nothing."""
        with self._child:
            deadline = time.monotonic() + PATIENCE_SECS
            while self._child.is_running:
                assert time.monotonic() < deadline, "the child does not end"
                time.sleep(0.005)

    def kill(self) -> None:
        """End the process without a warning."""
        self._child.kill()

    def __enter__(self) -> Appender:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._child.is_running:
            self._child.kill()


def start_appender(site: DurableBusSite, folder: Path, name: str, *, count: int | None = None) -> Appender:
    """Start a process that appends to the site's bus, `count` records a task or for ever."""
    argv = module("paceline.testing.bus_appender", site.opener().as_argument(), name)
    argv += [] if count is None else [str(count)]
    return Appender(Child.start(argv, log=folder / f"{name}.log"))


def numbers_by_task(ids: Iterable[str]) -> dict[tuple[str, int], list[int]]:
    """The numbers that each task of each appending process appended, in the order they were read."""
    numbers: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for one in ids:
        name, task, number = one.split("-")
        numbers[name, int(task)].append(int(number))
    return dict(numbers)
