"""What the embedded drivers do when the disk or the file is not as it should be."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from paceline.drivers import sqlite_file
from paceline.drivers.bus.sqlite import SqliteBus
from paceline.drivers.store.sqlite import SqliteStore
from paceline.errors import StorageError, StorageFullError
from paceline.model.record import Position, Record, StoredRecord
from paceline.ports.store import LaneCommit
from paceline.testing.bus_samples import TOPIC, make_record, read_all
from paceline.testing.coroutines import runs_to_end
from paceline.testing.store_samples import DELIVERED, LANE

Opening = Callable[[Path], Any]


async def open_topic(path: Path) -> None:
    bus = SqliteBus(path.parent)
    try:
        await bus.ends(path.stem)
    finally:
        await bus.close()


async def open_store(path: Path) -> None:
    await SqliteStore(path).close()


@pytest.fixture(params=[open_topic, open_store])
def opening(request: pytest.FixtureRequest) -> Opening:
    """Opens a file as a topic, and as a store."""
    return request.param


@runs_to_end
async def test_file_that_is_no_database_is_refused(opening: Opening, tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    path.write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(StorageError, match="is not a SQLite database; move it away") as caught:
        await opening(path)
    assert caught.value.where == str(path)
    assert caught.value.exit_status == 3


@runs_to_end
async def test_database_of_another_program_is_refused_and_left_alone(opening: Opening, tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE diary (day TEXT)")
    before = path.read_bytes()
    with pytest.raises(StorageError, match="database of something else"):
        await opening(path)
    assert path.read_bytes() == before


@runs_to_end
async def test_store_does_not_open_a_topic(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    await open_topic(path)
    with pytest.raises(StorageError, match="database of something else"):
        await open_store(path)


@runs_to_end
async def test_newer_file_is_refused(opening: Opening, tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    await opening(path)
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version=99")
    with pytest.raises(StorageError, match=r"newer paceline \(schema 99\); expected .*; upgrade paceline"):
        await opening(path)


@pytest.mark.parametrize("journal_mode", ["", "PRAGMA journal_mode=WAL"])
@runs_to_end
async def test_file_whose_creation_was_interrupted_is_finished(
    opening: Opening, tmp_path: Path, journal_mode: str
) -> None:
    path = tmp_path / "events.db"
    with closing(sqlite3.connect(path)) as interrupted:
        interrupted.execute(journal_mode)
    await opening(path)
    await opening(path)


@runs_to_end
async def test_folder_that_is_a_file_is_refused(opening: Opening, tmp_path: Path) -> None:
    (tmp_path / "bus").write_text("")
    with pytest.raises(StorageError, match=r"make .* a folder"):
        await opening(tmp_path / "bus" / "events.db")


AS_NOBODY = """
import asyncio, concurrent.futures.thread, os, sys  # nobody may not be able to read Python's own files later
from pathlib import Path
from paceline.drivers.bus.sqlite import SqliteBus
from paceline.drivers.store.sqlite import SqliteStore
from paceline.errors import StorageError

async def main():
    for attempt in (lambda: SqliteBus(folder).ends("events"), lambda: SqliteStore(folder / "store.db").due("a")):
        try:
            await attempt()
        except StorageError as error:
            print(error)

folder = Path(sys.argv[1])
if os.geteuid() == 0:
    os.setuid(65534)
asyncio.run(main())
"""


def test_read_only_folder_is_refused_with_what_to_do() -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o555)
        run = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(folder)], capture_output=True, text=True, check=True, cwd="/"
        )
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
    lines = run.stdout.splitlines()
    assert len(lines) == 2
    assert all(str(folder) in line and "in which this user can create and write files" in line for line in lines)


@runs_to_end
async def test_lock_that_another_program_keeps_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT_SECS", 0.05)
    bus = SqliteBus(tmp_path)
    await bus.append(TOPIC, [make_record(1)])
    with closing(sqlite3.connect(tmp_path / "events.db", isolation_level=None)) as browser:
        browser.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="another process has kept the write lock"):
            await bus.append(TOPIC, [make_record(2)])
    await bus.append(TOPIC, [make_record(3)])
    assert ids(await read_all(bus)) == ["1", "3"]
    await bus.close()


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """No file of this process can grow beyond `size`: what a quota does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@runs_to_end
async def test_failed_append_fails_its_whole_group_and_nothing_else(tmp_path: Path) -> None:
    bus = SqliteBus(tmp_path)
    await bus.append(TOPIC, [make_record(0)])
    with files_limited_to(100_000):
        group = [bus.append(TOPIC, [make_large_record(f"lost-{n}")]) for n in range(30)]
        results = await asyncio.gather(*group, return_exceptions=True)
    assert {type(result) for result in results} <= {StorageError, StorageFullError}
    positions = await bus.append(TOPIC, [make_record(1)])
    found = await read_all(bus)
    assert [one.record.id for one in found if one.record and one.position in positions] == ["1"]
    assert sorted(ids(found)) == ["0", "1"]
    await bus.close()


@runs_to_end
async def test_failed_commit_of_a_lane_changes_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    await store.open_lane(LANE, {0: 0})
    with files_limited_to(1000), pytest.raises(StorageError):
        await store.commit(LaneCommit(lane=LANE, cursors={0: 1}, counts={DELIVERED: 1}))
    assert (await store.lanes())[LANE].cursors == {0: 0}
    await store.commit(LaneCommit(lane=LANE, cursors={0: 2}, counts={DELIVERED: 2}))
    state = (await store.lanes())[LANE]
    assert (state.cursors, state.counts) == ({0: 2}, {DELIVERED: 2})
    await store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root can mount a small disk")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], check=False).returncode:
        pytest.skip("this system lets nobody mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@runs_to_end
async def test_full_disk_keeps_what_was_acknowledged_and_recovers_without_a_restart(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_000_000))
    bus = SqliteBus(small_disk / "bus")
    acknowledged: list[str] = []

    async def fill() -> None:
        for number in range(1000):
            await bus.append(TOPIC, [make_large_record(str(number))])
            acknowledged.append(str(number))

    with pytest.raises(StorageFullError, match="free space on this disk"):
        await fill()
    assert ids(await read_all(bus)) == acknowledged
    ballast.unlink()
    await bus.append(TOPIC, [make_large_record("after")])
    assert ids(await read_all(bus)) == [*acknowledged, "after"]
    await bus.close()


@runs_to_end
async def test_every_flipped_bit_in_the_payload_is_found_and_costs_one_record(tmp_path: Path) -> None:
    records = [make_large_record(str(number)) for number in range(40)]
    bus = SqliteBus(tmp_path, partitions=1)
    await bus.append(TOPIC, records)
    await bus.close()
    path = tmp_path / "events.db"
    content = path.read_bytes()
    payload = [place for place in range(len(content)) if content[place - 8 : place + 8] == b"~" * 16]
    for place in payload[:: len(payload) // 30]:
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        bus = SqliteBus(tmp_path, partitions=1)
        found = await read_all(bus)
        await bus.close()
        assert sum(one.record is None for one in found) == 1
        assert all(one.record in (None, records[one.position.offset]) for one in found)


@runs_to_end
async def test_page_that_broke_off_costs_its_chunk_and_no_other(tmp_path: Path) -> None:
    bus = SqliteBus(tmp_path, partitions=1)
    for name in ("before", "broken", "after"):
        await bus.append(TOPIC, [make_large_record(f"{name}-{number}") for number in range(10)])
    await bus.close()
    path = tmp_path / "events.db"
    content = bytearray(path.read_bytes())
    page = content.index(b"broken-4") // 4096 * 4096
    content[page : page + 4] = (10**9).to_bytes(4, "big")  # where the next page of the chunk is
    path.write_bytes(content)
    bus = SqliteBus(tmp_path, partitions=1)
    found = await read_all(bus)
    await bus.close()
    assert [one.position for one in found] == [Position(0, offset) for offset in range(30)]
    assert ids(found) == [f"{name}-{number}" for name in ("before", "after") for number in range(10)]


def make_large_record(identity: str) -> Record:
    return Record(
        id=identity, source="web", type="track:Large", key="user-1", received_ms=0, data=b"~" * 5000 + identity.encode()
    )


def ids(found: list[StoredRecord]) -> list[str]:
    return [one.record.id for one in found if one.record is not None]
