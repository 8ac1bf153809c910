"""What was appended a second time by a worker that was thought dead doubles nothing, for readers and for writers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from kafka_clusters import Server
from kafka_site import open_kafka, single_node

from paceline.drivers.bus.kafka import KafkaBus
from paceline.errors import StorageError
from paceline.model.record import Position, Record, StoredRecord
from paceline.testing.bus_samples import TOPIC, make_record, read_all, read_some
from paceline.testing.coroutines import runs_to_end

PARTITION = 1


@pytest.fixture
def chosen(server: Server) -> dict[str, Any]:
    return single_node(server.bootstrap)


@asynccontextmanager
async def buses(chosen: dict[str, Any], count: int) -> AsyncIterator[list[KafkaBus]]:
    """Several workers' buses on the same topics."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(count):
            made.append(open_kafka(**chosen))
            stack.push_async_callback(made[-1].close)
        yield made


def derived(numbers: Iterable[int]) -> list[Record]:
    return [make_record(number, origin=Position(PARTITION, number)) for number in numbers]


def stored(numbers: Iterable[int]) -> list[StoredRecord]:
    return [StoredRecord(record.origin or Position(0, 0), record) for record in derived(numbers)]


async def append_beside_one_thought_dead(dead: KafkaBus, alive: KafkaBus) -> None:
    """150 records, of which Kafka has 180: the first worker goes on where it believes the topic to end."""
    await dead.append(TOPIC, derived(range(100)))
    await alive.append(TOPIC, derived(range(150)))
    await dead.append(TOPIC, derived(range(100, 130)))


@runs_to_end
async def test_reader_gets_each_record_once_in_order_at_its_place(chosen: dict[str, Any]) -> None:
    async with buses(chosen, 2) as (dead, alive):
        await append_beside_one_thought_dead(dead, alive)
        await alive.append(TOPIC, derived(range(150, 200)))
        assert await read_all(alive) == stored(range(200))


@runs_to_end
async def test_reader_finds_places_behind_what_was_repeated(chosen: dict[str, Any]) -> None:
    async with buses(chosen, 2) as (dead, alive):
        await append_beside_one_thought_dead(dead, alive)
        await alive.append(TOPIC, derived(range(150, 200)))
        assert list(await read_some(alive, {PARTITION: 170})) == stored(range(170, 200))


@runs_to_end
async def test_fetch_finds_places_behind_what_was_repeated(chosen: dict[str, Any]) -> None:
    async with buses(chosen, 2) as (dead, alive):
        await append_beside_one_thought_dead(dead, alive)
        await alive.append(TOPIC, derived(range(150, 200)))
        wanted = [Position(PARTITION, place) for place in (10, 120, 149, 150, 199, 200)]
        assert await alive.fetch(TOPIC, wanted) == {one: record for one, record in stored(range(200)) if one in wanted}


@runs_to_end
async def test_ends_do_not_count_what_was_repeated(chosen: dict[str, Any]) -> None:
    async with buses(chosen, 3) as (dead, alive, fresh):
        await append_beside_one_thought_dead(dead, alive)
        assert (await fresh.ends(TOPIC))[PARTITION] == (0, 150)


@runs_to_end
async def test_new_worker_goes_on_behind_the_last_origin_although_a_repeated_one_lies_behind_it(
    chosen: dict[str, Any],
) -> None:
    async with buses(chosen, 3) as (dead, alive, fresh):
        await append_beside_one_thought_dead(dead, alive)
        positions = await fresh.append(TOPIC, derived(range(100, 160)))
        assert positions[-1] == (PARTITION, 159)
        assert await read_all(fresh) == stored(range(160))


@runs_to_end
async def test_cursor_beyond_the_end_is_an_error_and_not_the_end(chosen: dict[str, Any], server: Server) -> None:
    async with buses(chosen, 1) as (bus,):
        await bus.append(TOPIC, derived(range(5)))
        with pytest.raises(StorageError, match="was read up to 6 before"):
            await read_some(bus, {PARTITION: 6})


@runs_to_end
async def test_trim_drops_what_is_old_and_not_needed_but_never_the_last_record(chosen: dict[str, Any]) -> None:
    old = {**chosen, "retention": {"max_age_hours": 1e-9}}
    async with buses(old, 2) as (bus, fresh):
        await bus.append(TOPIC, derived(range(10)))
        await bus.trim(TOPIC, {PARTITION: 4})
        assert (await bus.ends(TOPIC))[PARTITION] == (4, 10)
        await bus.trim(TOPIC, {PARTITION: 10})
        assert (await bus.ends(TOPIC))[PARTITION] == (9, 10)
        await fresh.append(TOPIC, derived(range(12)))
        assert [one.position.offset for one in await read_all(fresh)] == [9, 10, 11]


@runs_to_end
async def test_trim_keeps_what_is_younger_than_retention(chosen: dict[str, Any]) -> None:
    async with buses(chosen, 1) as (bus,):
        await bus.append(TOPIC, derived(range(10)))
        await bus.trim(TOPIC, {PARTITION: 8})
        assert (await bus.ends(TOPIC))[PARTITION] == (0, 10)


@runs_to_end
async def test_foreign_message_is_a_damaged_record_and_its_neighbors_are_read(
    chosen: dict[str, Any], server: Server
) -> None:
    from confluent_kafka import Producer

    async with buses(chosen, 1) as (bus,):
        before = await bus.append(TOPIC, [make_record(1)])
        foreign = Producer({"bootstrap.servers": server.bootstrap[0], "log_level": 0})
        foreign.produce(f"{chosen['topic_prefix']}{TOPIC}", b"{}", partition=before[0].partition)
        foreign.flush(20)
        await bus.append(TOPIC, [make_record(2)])
        assert [one.record for one in await read_all(bus)] == [make_record(1), None, make_record(2)]


@runs_to_end
async def test_topic_is_created_as_paceline_yaml_says(chosen: dict[str, Any], server: Server) -> None:
    from confluent_kafka.admin import ConfigResource

    dropped = {**chosen, "partitions": 3, "retention": {"max_age_hours": 48, "unread": "dropped"}}
    async with buses(dropped, 1) as (bus,):
        await bus.ends(TOPIC)
    name = f"{chosen['topic_prefix']}{TOPIC}"
    client = AdminClient({"bootstrap.servers": server.bootstrap[0], "log_level": 0})
    assert len(client.list_topics(name, timeout=10).topics[name].partitions) == 3
    resource = ConfigResource(ConfigResource.Type.TOPIC, name)
    has = client.describe_configs([resource])[resource].result(10)
    wanted = {"retention.ms": "172800000", "cleanup.policy": "delete", "flush.messages": "1"}
    assert {option: has[option].value for option in wanted} == wanted
