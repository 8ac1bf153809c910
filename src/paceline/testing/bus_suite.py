"""What every bus driver must keep: one test for each promise of the port.

A driver's test module subclasses `BusSuite`, or `DurableBusSuite` of `durable_bus_suite`, and supplies the fixture
`site`:

    class TestOurBus(BusSuite):
        @pytest.fixture
        def site(self, tmp_path: Path) -> OurSite:
            return OurSite(tmp_path)

Needs pytest, and no plugin.
"""

from __future__ import annotations

import asyncio

import pytest

from paceline.model.record import Position, Record, StoredRecord, Verdict, choose_partition
from paceline.testing.bus_samples import (
    TOPIC,
    BusSite,
    append_one_by_one,
    by_partition,
    from_start,
    ids_by_key,
    key_of_partition,
    make_record,
    opened,
    read_all,
    read_in_time,
    read_some,
    reopened,
)
from paceline.testing.coroutines import runs_to_end


class BusSuite:
    """The promises of every bus."""

    @pytest.fixture
    def site(self) -> BusSite:
        """Supplied by the driver's test module."""
        raise NotImplementedError

    @runs_to_end
    async def test_records_come_back_as_they_were_appended(self, site: BusSite) -> None:
        plain = make_record(1)
        full = Record(
            id="ü\u2028\x00",
            source="wéb",
            type="track:Bestellung 🛒",
            key="",
            received_ms=2**50,
            data=bytes(range(256)),
            dataschema="order_completed/1.2.0",
            sent_at="2026-01-01T00:00:00Z",
            headers={"user-agent": "x", "x-forwarded-for": "::1"},
            verdict=Verdict(rule="contract", detail="why"),
            origin=Position(1, 7),
        )
        empty = Record(id="", source="", type="", key="", received_ms=0, data=b"")
        async with opened(site) as bus:
            await bus.append(TOPIC, [plain, full, empty])
            found = [one.record for one in await read_all(bus)]
        assert sorted(found, key=repr) == sorted([plain, full, empty], key=repr)

    @runs_to_end
    async def test_append_returns_one_position_for_each_record_in_order(self, site: BusSite) -> None:
        records = [make_record(number, key=f"user-{number % 5}") for number in range(50)]
        async with opened(site) as bus:
            positions = await bus.append(TOPIC, records)
            found = {one.position: one.record for one in await read_all(bus)}
        assert [found[position] for position in positions] == records

    @runs_to_end
    async def test_append_of_nothing_changes_nothing(self, site: BusSite) -> None:
        async with opened(site) as bus:
            assert list(await bus.append(TOPIC, [])) == []
            assert await read_all(bus) == []

    @runs_to_end
    async def test_offsets_of_a_partition_are_dense_from_zero(self, site: BusSite) -> None:
        async with opened(site) as bus:
            if not bus.capabilities.dense_offsets:
                pytest.skip("this driver does not promise dense offsets")
            for size in (1, 7, 30, 2):
                await bus.append(TOPIC, [make_record(number, key=f"user-{number}") for number in range(size)])
            offsets = by_partition(await read_all(bus))
        assert offsets == {partition: list(range(len(found))) for partition, found in offsets.items()}

    @runs_to_end
    async def test_records_of_one_key_keep_their_order(self, site: BusSite) -> None:
        records = [make_record(number, key=f"user-{number % 7}") for number in range(200)]
        async with opened(site) as bus:
            for start in range(0, 200, 9):
                await bus.append(TOPIC, records[start : start + 9])
            found = await read_all(bus, max_records=13)
        assert ids_by_key(found) == ids_by_key(StoredRecord(Position(0, 0), record) for record in records)

    @runs_to_end
    async def test_partition_depends_only_on_source_and_key(self, site: BusSite) -> None:
        records = [make_record(number, source=f"s{number % 3}", key=f"user-{number % 11}") for number in range(60)]
        async with opened(site, partitions=3) as bus:
            positions = await bus.append(TOPIC, records)
        expected = [choose_partition(record.source, record.key, 3) for record in records]
        assert [position.partition for position in positions] == expected

    @runs_to_end
    async def test_every_partition_is_assigned_to_a_lone_reader(self, site: BusSite) -> None:
        async with opened(site, partitions=3) as bus:
            reader = bus.reader(TOPIC, "lane")
            await reader.read(from_start(3), max_records=1, wait_secs=0)
            assert reader.assignment() == {0, 1, 2}
            await reader.close()

    @runs_to_end
    async def test_uncommitted_record_is_read_again(self, site: BusSite) -> None:
        async with opened(site) as bus:
            await bus.append(TOPIC, [make_record(1)])
            first, second = await read_some(bus, from_start()), await read_some(bus, from_start())
        assert len(first) == 1
        assert first == second

    @runs_to_end
    async def test_reading_goes_on_at_the_cursor(self, site: BusSite) -> None:
        async with opened(site) as bus:
            positions = await bus.append(TOPIC, [make_record(number) for number in range(10)])
            place = positions[6]
            found = await read_some(bus, {place.partition: place.offset})
        assert [one.position for one in found] == list(positions[6:])

    @runs_to_end
    async def test_reader_can_go_back(self, site: BusSite) -> None:
        async with opened(site) as bus:
            await bus.append(TOPIC, [make_record(number) for number in range(10)])
            reader = bus.reader(TOPIC, "lane")
            whole = await reader.read(from_start(), max_records=100, wait_secs=0)
            again = await reader.read(from_start(), max_records=100, wait_secs=0)
            await reader.close()
        assert len(whole) == 10
        assert list(again) == list(whole)

    @runs_to_end
    async def test_read_returns_at_most_the_asked_number(self, site: BusSite) -> None:
        async with opened(site) as bus:
            await bus.append(TOPIC, [make_record(number, key=f"user-{number}") for number in range(100)])
            for limit in (1, 3, 50):
                assert len(await read_some(bus, from_start(), max_records=limit)) == limit

    @runs_to_end
    async def test_backlog_of_one_partition_does_not_starve_another(self, site: BusSite) -> None:
        async with opened(site, partitions=2) as bus:
            busy, quiet = key_of_partition(0, 2), key_of_partition(1, 2)
            await bus.append(TOPIC, [make_record(number, key=busy) for number in range(200)])
            await bus.append(TOPIC, [make_record(1000, key=quiet)])
            reader = bus.reader(TOPIC, "lane")
            found = [
                *await reader.read(from_start(2), max_records=20, wait_secs=0),
                *await reader.read({0: 20, 1: 0}, max_records=20, wait_secs=0),
            ]
            await reader.close()
        assert "1000" in [one.record.id for one in found if one.record]

    @runs_to_end
    async def test_partitions_without_a_cursor_are_not_read(self, site: BusSite) -> None:
        async with opened(site) as bus:
            await bus.append(TOPIC, [make_record(number, key=f"user-{number}") for number in range(40)])
            found = await read_some(bus, {2: 0})
        assert {one.position.partition for one in found} == {2}

    @runs_to_end
    async def test_read_waits_for_the_first_record(self, site: BusSite) -> None:
        async with opened(site) as bus:
            waiting = asyncio.create_task(read_in_time(bus))
            await asyncio.sleep(0.05)
            await bus.append(TOPIC, [make_record(1)])
            assert [one.record for one in await waiting] == [make_record(1)]

    @runs_to_end
    async def test_all_waiting_readers_get_the_record(self, site: BusSite) -> None:
        async with opened(site) as bus:
            waiting = [asyncio.create_task(read_in_time(bus)) for _ in range(5)]
            await asyncio.sleep(0.05)
            await bus.append(TOPIC, [make_record(1)])
            assert [len(await one) for one in waiting] == [1] * 5

    @runs_to_end
    async def test_read_returns_nothing_when_nothing_comes(self, site: BusSite) -> None:
        async with opened(site) as bus:
            assert list(await read_some(bus, from_start(), wait_secs=0.05)) == []

    @runs_to_end
    async def test_cursor_at_the_end_reads_only_what_comes_later(self, site: BusSite) -> None:
        async with opened(site) as bus:
            await bus.append(TOPIC, [make_record(number) for number in range(5)])
            ends = {partition: ends.next for partition, ends in (await bus.ends(TOPIC)).items()}
            assert list(await read_some(bus, ends)) == []
            await bus.append(TOPIC, [make_record(5)])
            assert [one.record for one in await read_some(bus, ends)] == [make_record(5)]

    @runs_to_end
    async def test_two_readers_do_not_disturb_each_other(self, site: BusSite) -> None:
        async with opened(site) as bus:
            await bus.append(TOPIC, [make_record(number, key=f"user-{number}") for number in range(60)])
            slow, fast = await asyncio.gather(read_all(bus, max_records=2), read_all(bus, max_records=50))
        assert sorted(slow) == sorted(fast)
        assert len(slow) == 60

    @runs_to_end
    async def test_concurrent_appends_are_all_kept_each_in_its_order(self, site: BusSite) -> None:
        async with opened(site) as bus:

            async def append(task: int) -> list[tuple[Position, Record]]:
                records = [make_record(number, key=f"task-{task}") for number in range(task * 100, task * 100 + 30)]
                positions: list[Position] = []
                for start in range(0, 30, 3):
                    positions += await bus.append(TOPIC, records[start : start + 3])
                return list(zip(positions, records, strict=True))

            expected = [pair for pairs in await asyncio.gather(*map(append, range(10))) for pair in pairs]
            found = await read_all(bus)
        assert sorted(found) == sorted(StoredRecord(*pair) for pair in expected)
        assert all(numbers == sorted(numbers, key=int) for numbers in ids_by_key(found).values())

    @runs_to_end
    async def test_topics_are_separate(self, site: BusSite) -> None:
        async with opened(site) as bus:
            await bus.append("canonical", [make_record(1)])
            assert await read_all(bus) == []

    @runs_to_end
    async def test_repeated_origin_is_skipped(self, site: BusSite) -> None:
        records = [make_record(number, origin=Position(1, number)) for number in range(5)]
        async with opened(site) as bus:
            await bus.append(TOPIC, records)
            again = await bus.append(TOPIC, records)
            found = await read_all(bus)
        assert [one.record for one in found] == records
        assert set(again) == {Position(1, 4)}

    @runs_to_end
    async def test_older_origin_is_skipped(self, site: BusSite) -> None:
        async with opened(site) as bus:
            await bus.append(TOPIC, [make_record(9, origin=Position(1, 9))])
            await bus.append(TOPIC, [make_record(8, origin=Position(1, 8))])
            assert [one.record.id for one in await read_all(bus) if one.record] == ["9"]

    @runs_to_end
    async def test_partly_repeated_append_adds_only_what_is_new(self, site: BusSite) -> None:
        records = [make_record(number, origin=Position(number % 2, number)) for number in range(20)]
        async with opened(site) as bus:
            await bus.append(TOPIC, records[:11])
            positions = await bus.append(TOPIC, records[4:])
            found = await read_all(bus)
        assert sorted(int(one.record.id) for one in found if one.record) == list(range(20))
        assert [positions[index] for index in range(7, 16)] == [Position(n % 2, n // 2) for n in range(11, 20)]

    @runs_to_end
    async def test_origin_repeated_inside_one_append_is_skipped(self, site: BusSite) -> None:
        record = make_record(1, origin=Position(2, 5))
        async with opened(site) as bus:
            positions = await bus.append(TOPIC, [record, record])
            assert len(await read_all(bus)) == 1
        assert positions[0] == positions[1]

    @runs_to_end
    async def test_origins_of_one_partition_do_not_hide_those_of_another(self, site: BusSite) -> None:
        async with opened(site) as bus:
            await bus.append(TOPIC, [make_record(1, origin=Position(0, 100))])
            await bus.append(TOPIC, [make_record(2, origin=Position(3, 1))])
            assert len(await read_all(bus)) == 2

    @runs_to_end
    async def test_record_goes_to_the_partition_of_its_origin(self, site: BusSite) -> None:
        async with opened(site) as bus:
            positions = await bus.append(TOPIC, [make_record(1, origin=Position(p, 0)) for p in (2, 0, 3)])
        assert [position.partition for position in positions] == [2, 0, 3]

    @runs_to_end
    async def test_damaged_record_is_reported_and_its_neighbors_are_read(self, site: BusSite) -> None:
        records = [make_record(number) for number in range(7)]
        async with opened(site) as bus:
            positions = await bus.append(TOPIC, records)
            await site.damage(bus, TOPIC, positions[3])
        async with reopened(site, bus) as bus:
            found = await read_all(bus)
        expected = [None if number == 3 else record for number, record in enumerate(records)]
        assert [one.record for one in found] == expected
        assert [one.position for one in found] == list(positions)

    @runs_to_end
    async def test_fetch_returns_records_at_single_positions(self, site: BusSite) -> None:
        records = [make_record(number, key=f"user-{number}") for number in range(30)]
        async with opened(site) as bus:
            positions = [*await bus.append(TOPIC, records[:20]), *await bus.append(TOPIC, records[20:])]
            found = await bus.fetch(TOPIC, [positions[25], positions[0], positions[7], positions[0]])
        assert found == {positions[number]: records[number] for number in (0, 7, 25)}

    @runs_to_end
    async def test_fetch_leaves_out_what_was_never_there(self, site: BusSite) -> None:
        async with opened(site) as bus:
            (position,) = await bus.append(TOPIC, [make_record(1)])
            assert await bus.fetch(TOPIC, [Position(position.partition, 1)]) == {}

    @runs_to_end
    async def test_fetch_leaves_out_a_damaged_record(self, site: BusSite) -> None:
        async with opened(site) as bus:
            positions = await bus.append(TOPIC, [make_record(number) for number in range(3)])
            await site.damage(bus, TOPIC, positions[1])
        async with reopened(site, bus) as bus:
            assert set(await bus.fetch(TOPIC, positions)) == {positions[0], positions[2]}

    @runs_to_end
    async def test_ends_of_an_unused_topic_are_zero(self, site: BusSite) -> None:
        async with opened(site, partitions=2) as bus:
            assert await bus.ends(TOPIC) == {0: (0, 0), 1: (0, 0)}

    @runs_to_end
    async def test_ends_count_what_was_appended(self, site: BusSite) -> None:
        async with opened(site, partitions=2) as bus:
            key = key_of_partition(1, 2)
            await bus.append(TOPIC, [make_record(number, key=key) for number in range(5)])
            assert await bus.ends(TOPIC) == {0: (0, 0), 1: (0, 5)}

    @runs_to_end
    async def test_cursor_before_the_first_kept_offset_goes_on_there(self, site: BusSite) -> None:
        async with opened(site) as bus:
            positions = await append_one_by_one(bus, 6)
            await site.drop(bus, TOPIC, {positions[0].partition: positions[4].offset})
            found = await read_all(bus)
        assert [one.position for one in found] == positions[4:]

    @runs_to_end
    async def test_ends_begin_at_the_first_kept_record(self, site: BusSite) -> None:
        async with opened(site) as bus:
            positions = await append_one_by_one(bus, 6)
            await site.drop(bus, TOPIC, {positions[0].partition: 4})
            assert (await bus.ends(TOPIC))[positions[0].partition] == (4, 6)

    @runs_to_end
    async def test_fetch_leaves_out_what_retention_dropped(self, site: BusSite) -> None:
        async with opened(site) as bus:
            positions = await append_one_by_one(bus, 3)
            await read_all(bus)
            await site.drop(bus, TOPIC, {positions[0].partition: 2})
            assert set(await bus.fetch(TOPIC, positions)) == {positions[2]}

    @runs_to_end
    async def test_offsets_go_on_when_retention_dropped_everything(self, site: BusSite) -> None:
        async with opened(site) as bus:
            positions = await append_one_by_one(bus, 3)
            await site.drop(bus, TOPIC, {positions[0].partition: 3})
            assert (await bus.ends(TOPIC))[positions[0].partition] == (3, 3)
            assert [position.offset for position in await bus.append(TOPIC, [make_record(9)])] == [3]
            assert [one.position.offset for one in await read_all(bus)] == [3]

    @runs_to_end
    async def test_origin_is_known_when_retention_dropped_its_record(self, site: BusSite) -> None:
        async with opened(site) as bus:
            await bus.append(TOPIC, [make_record(1, origin=Position(1, 5))])
            await site.drop(bus, TOPIC, {1: 1})
            await bus.append(TOPIC, [make_record(1, origin=Position(1, 5))])
            assert await read_all(bus) == []

    @runs_to_end
    async def test_close_lets_appends_under_way_finish(self, site: BusSite) -> None:
        bus = site.open()
        appends = [asyncio.create_task(bus.append(TOPIC, [make_record(number)])) for number in range(5)]
        await asyncio.sleep(0.01)
        await bus.close()
        assert [len(positions) for positions in await asyncio.gather(*appends)] == [1] * 5
