"""The embedded bus keeps the promises of every durable bus, and its own about retention."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from paceline.drivers.bus.sqlite import SqliteBus
from paceline.errors import DefectError, StorageError
from paceline.model.record import Cursors, Position
from paceline.model.settings import Retention
from paceline.testing.bus_samples import TOPIC, append_one_by_one, make_record, opened, read_all
from paceline.testing.coroutines import runs_to_end
from paceline.testing.durable_bus_suite import DurableBusSuite
from paceline.testing.openers import Opener


class SqliteSite:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, *, partitions: int = 4) -> SqliteBus:
        return SqliteBus(self.folder, partitions, retention=Retention(max_bytes=1))

    def opener(self, *, partitions: int = 4) -> Opener:
        return Opener(
            target="paceline.drivers.bus.sqlite:SqliteBus",
            arguments={"path": str(self.folder), "partitions": partitions},
        )

    async def damage(self, bus: SqliteBus, topic: str, position: Position) -> None:
        record = (await bus.fetch(topic, [position]))[position]
        await bus.close()
        flip_bit(self.folder / f"{topic}.db", record.data[:13])

    async def drop(self, bus: SqliteBus, topic: str, keep_from: Cursors) -> None:
        await bus.trim(topic, keep_from)


class TestSqliteBus(DurableBusSuite):
    @pytest.fixture
    def site(self, tmp_path: Path) -> SqliteSite:
        return SqliteSite(tmp_path / "bus")


def flip_bit(path: Path, needle: bytes) -> None:
    content = bytearray(path.read_bytes())
    place = content.index(needle) + len(needle) - 2
    content[place] ^= 1
    path.write_bytes(content)


class Clock:
    def __init__(self) -> None:
        self.now_ms = 0

    def __call__(self) -> int:
        return self.now_ms


class TestRetention:
    @runs_to_end
    async def test_young_records_are_kept(self, tmp_path: Path) -> None:
        bus = SqliteBus(tmp_path)
        positions = await append_one_by_one(bus, 3)
        trimmed = await bus.trim(TOPIC, {positions[0].partition: 3})
        assert trimmed.records == 0
        assert len(await read_all(bus)) == 3
        await bus.close()

    @runs_to_end
    async def test_old_records_go(self, tmp_path: Path) -> None:
        clock = Clock()
        bus = SqliteBus(tmp_path, retention=Retention(max_age_hours=1), now_ms=clock)
        positions = await append_one_by_one(bus, 2)
        clock.now_ms = 3_600_001
        positions += await append_one_by_one(bus, 2)
        trimmed = await bus.trim(TOPIC, {positions[0].partition: 4})
        assert trimmed.records == 2
        assert [one.position for one in await read_all(bus)] == positions[2:]
        await bus.close()

    @runs_to_end
    async def test_old_records_that_somebody_needs_stay(self, tmp_path: Path) -> None:
        clock = Clock()
        bus = SqliteBus(tmp_path, retention=Retention(max_age_hours=1), now_ms=clock)
        positions = await append_one_by_one(bus, 4)
        clock.now_ms = 2 * 3_600_000
        await bus.trim(TOPIC, {positions[0].partition: 1})
        assert [one.position for one in await read_all(bus)] == positions[1:]
        await bus.close()

    @runs_to_end
    async def test_partitions_without_a_cursor_are_left_alone(self, tmp_path: Path) -> None:
        bus = SqliteBus(tmp_path, retention=Retention(max_bytes=1))
        positions = await append_one_by_one(bus, 2)
        await bus.trim(TOPIC, {(positions[0].partition + 1) % 4: 2})
        assert len(await read_all(bus)) == 2
        await bus.close()

    @runs_to_end
    async def test_size_is_brought_below_its_limit_oldest_first(self, tmp_path: Path) -> None:
        limit = 400_000
        bus = SqliteBus(tmp_path, retention=Retention(max_bytes=limit))
        for start in range(0, 2000, 20):
            await bus.append(TOPIC, [make_record(number, key=f"k{number % 9}") for number in range(start, start + 20)])
        ends = {partition: ends.next for partition, ends in (await bus.ends(TOPIC)).items()}
        trimmed = await bus.trim(TOPIC, ends)
        kept = sorted(int(one.record.id) for one in await read_all(bus) if one.record)
        assert trimmed.kept_bytes <= limit
        assert kept[-1] == 1999
        assert len(kept) > 500
        assert kept[0] >= 2000 - len(kept) - 40
        await bus.close()

    @runs_to_end
    async def test_appends_go_on_while_another_process_trims(self, tmp_path: Path) -> None:
        gateway = SqliteBus(tmp_path, retention=Retention(max_bytes=1))
        worker = SqliteBus(tmp_path, retention=Retention(max_bytes=1))
        positions = await append_one_by_one(gateway, 3)
        await worker.trim(TOPIC, {positions[0].partition: 3})
        positions += await append_one_by_one(gateway, 1)
        assert [position.offset for position in positions] == [0, 1, 2, 3]
        assert [one.position for one in await read_all(worker)] == positions[3:]
        await gateway.close()
        await worker.close()


class TestMistakes:
    @runs_to_end
    async def test_changed_number_of_partitions_is_refused(self, tmp_path: Path) -> None:
        async with opened(SqliteSite(tmp_path)) as bus:
            await bus.append(TOPIC, [make_record(1)])
        async with opened(SqliteSite(tmp_path), partitions=8) as bus:
            with pytest.raises(StorageError, match="partitions back to 4"):
                await bus.ends(TOPIC)

    @runs_to_end
    async def test_name_that_is_no_file_name_is_refused(self, tmp_path: Path) -> None:
        async with opened(SqliteSite(tmp_path)) as bus:
            with pytest.raises(DefectError, match="topic"):
                await bus.append("../events", [make_record(1)])

    @runs_to_end
    async def test_origin_outside_the_topic_is_refused(self, tmp_path: Path) -> None:
        async with opened(SqliteSite(tmp_path)) as bus:
            with pytest.raises(DefectError, match="partition 4"):
                await bus.append(TOPIC, [make_record(1, origin=Position(4, 0))])

    @runs_to_end
    async def test_use_after_close_is_refused(self, tmp_path: Path) -> None:
        bus = SqliteBus(tmp_path)
        await bus.append(TOPIC, [make_record(1)])
        await bus.close()
        with pytest.raises(DefectError, match="closed"):
            await bus.append(TOPIC, [make_record(2)])

    @runs_to_end
    async def test_reader_waiting_at_close_is_released(self, tmp_path: Path) -> None:
        bus = SqliteBus(tmp_path)
        await bus.append(TOPIC, [make_record(1)])
        reader = bus.reader(TOPIC, "lane")
        waiting = asyncio.create_task(reader.read(dict.fromkeys(range(4), 1), max_records=1, wait_secs=20))
        await asyncio.sleep(0.02)
        await bus.close()
        assert list(await waiting) == []


class TestDamagedCounts:
    """The number of records that a chunk says it holds is not to be trusted when its checksum fails."""

    @pytest.mark.parametrize("count", [0, 2, 9])
    @runs_to_end
    async def test_every_offset_is_still_reported_once(self, tmp_path: Path, count: int) -> None:
        bus = SqliteBus(tmp_path, partitions=1)
        for start in (0, 4, 8):
            await bus.append(TOPIC, [make_record(number) for number in range(start, start + 4)])
        await bus.close()
        with closing(sqlite3.connect(tmp_path / "events.db")) as connection:
            connection.execute("UPDATE chunks SET count = ? WHERE id = 4", (count,))
            connection.commit()
        bus = SqliteBus(tmp_path, partitions=1)
        found = await read_all(bus, max_records=3)
        fetched = await bus.fetch(TOPIC, [Position(0, offset) for offset in range(12)])
        await bus.close()
        assert [one.position.offset for one in found] == list(range(12))
        assert [one.record is None for one in found] == [4 <= offset < 8 for offset in range(12)]
        assert sorted(position.offset for position in fetched) == [0, 1, 2, 3, 8, 9, 10, 11]
