"""A disk that runs full: nothing is lost, nothing new is taken in, and work goes on by itself when there is room."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from workspaces import BUS_FOLDER, WRITE_KEY, write_settings, write_webhooks

from paceline.drivers.bus.sqlite import SqliteBus
from paceline.model.settings import DiskSettings
from paceline.observe.telemetry import Telemetry
from paceline.runtime.disk import BALLAST_FILE, DiskRoom, DiskWatch
from paceline.testing.bus_samples import read_all
from paceline.testing.system import HOST, PACELINE, start_fake_vendors, start_gateway, start_worker

MIB = 1024**2


class FakeDisk:
    """A disk of 1,000 MiB whose free space is what the test says, and the ballast's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.others_mib = 0
        settings = DiskSettings(low_water_bytes=100 * MIB, ballast_bytes=8 * MIB)
        self.log = io.StringIO()
        self.watch = DiskWatch([folder], settings, Telemetry(self.log), keeps_ballast=True, measure=self.measure)

    @property
    def told(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.log.getvalue().splitlines()]

    @property
    def has_ballast(self) -> bool:
        return (self.folder / BALLAST_FILE).exists()

    def measure(self, path: Path) -> DiskRoom:
        ballast = 8 * MIB if self.has_ballast else 0
        return DiskRoom(total_bytes=1_000 * MIB, free_bytes=1_000 * MIB - self.others_mib * MIB - ballast)

    def look(self, others_mib: int) -> bool:
        self.others_mib = others_mib
        self.watch.look()
        return self.watch.is_low


@pytest.fixture
def disk(tmp_path: Path) -> FakeDisk:
    return FakeDisk(tmp_path)


def test_ballast_is_made_while_there_is_room(disk: FakeDisk):
    assert not disk.look(0)
    assert (disk.folder / BALLAST_FILE).stat().st_blocks * 512 >= 8 * MIB


def test_disk_below_the_mark_is_low_and_told(disk: FakeDisk):
    disk.look(0)
    assert disk.look(895)
    assert disk.told == ["disk.low"]


def test_ballast_is_kept_at_the_mark_and_given_up_far_below(disk: FakeDisk):
    disk.look(0)
    disk.look(910)
    assert disk.has_ballast
    disk.look(980)
    assert not disk.has_ballast


def test_room_that_the_ballast_gave_is_no_room(disk: FakeDisk):
    disk.look(0)
    disk.look(980)
    assert disk.look(895)
    assert not disk.look(890)
    assert disk.has_ballast


def test_both_changes_are_told_once(disk: FakeDisk):
    for others in (0, 950, 950, 950, 0, 0):
        disk.look(others)
    assert disk.told == ["disk.low", "disk.room_again"]


def test_disk_with_the_least_room_counts(tmp_path: Path):
    rooms = {tmp_path / "bus": DiskRoom(10**12, 10**12), tmp_path / "store": DiskRoom(10**9, 10**6)}
    watch = DiskWatch(list(rooms), DiskSettings(), Telemetry(io.StringIO()), measure=rooms.__getitem__)
    watch.look()
    assert watch.is_low


def test_disk_that_cannot_be_measured_stops_nothing(tmp_path: Path):
    watch = DiskWatch([tmp_path / "missing"], DiskSettings(), Telemetry())
    watch.look()
    assert not watch.is_low


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root can mount a small disk")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=64m", "none", str(folder)], check=False).returncode:
        pytest.skip("this system lets nobody mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_gateway_on_a_full_disk_loses_nothing_and_goes_on_when_there_is_room(small_disk: Path, tmp_path: Path):
    workspace = write_settings(small_disk / "shop")
    settings = workspace / "paceline.yaml"
    settings.write_text(settings.read_text() + "disk: {low_water_bytes: 8388608, ballast_bytes: 4194304}\n")
    log = tmp_path / "gateway.log"
    gateway, port = start_gateway(workspace, log=log)
    acknowledged: list[str] = []

    def send() -> int:
        identity = f"m{time.monotonic_ns()}"
        connection = http.client.HTTPConnection(HOST, port, timeout=10)
        event = {"event": "x", "userId": "u", "messageId": identity, "writeKey": WRITE_KEY, "properties": "~" * 50_000}
        connection.request("POST", "/v1/track", json.dumps(event))
        answer = connection.getresponse()
        body = json.loads(answer.read())
        if answer.status == 200:
            acknowledged.append(identity)
        else:
            assert answer.status == 503
            assert 1 <= int(answer.headers["retry-after"]) <= 10
            assert body["error"]["code"] in {"disk_low", "not_stored"}
        return answer.status

    def wait_for(status: int, secs: float) -> None:
        until = time.monotonic() + secs
        while send() != status:
            assert time.monotonic() < until, f"no {status} within {secs} s"
            time.sleep(0.1)

    with gateway:
        assert send() == 200
        assert (workspace / BUS_FOLDER / BALLAST_FILE).exists()
        others = small_disk / "others"
        with others.open("wb") as file:  # somebody else fills the disk, to the last byte
            try:
                while True:
                    file.write(bytes(MIB))
            except OSError:
                pass
        wait_for(503, 10)
        gateway.wait_for("disk.low", timeout_secs=10)
        assert not (workspace / BUS_FOLDER / BALLAST_FILE).exists()
        ledger = subprocess.run([*PACELINE, "ledger", str(workspace), "--json"], capture_output=True, check=False)
        assert ledger.returncode == 0, ledger.stderr
        pid = gateway.pid
        others.unlink()
        wait_for(200, 5)
        assert (gateway.pid, gateway.is_running) == (pid, True)

    async def stored() -> set[str]:
        bus = SqliteBus(workspace / BUS_FOLDER)
        found = await read_all(bus)
        await bus.close()
        return {one.record.id for one in found if one.record is not None}

    assert set(acknowledged) <= asyncio.run(stored())


@pytest.mark.slow
def test_vendors_are_not_called_while_outcomes_could_not_be_recorded(small_disk: Path, tmp_path: Path):
    workspace = write_webhooks(small_disk / "shop", max_in_flight=100)
    settings = workspace / "paceline.yaml"
    settings.write_text(settings.read_text() + "disk: {low_water_bytes: 8388608, ballast_bytes: 0}\n")
    vendors, url = start_fake_vendors(tmp_path / "vendors", log=tmp_path / "vendors.log")
    gateway, port = start_gateway(workspace, log=tmp_path / "gateway.log")

    def send(identity: str) -> None:
        connection = http.client.HTTPConnection(HOST, port, timeout=10)
        event = {"event": "Order Completed", "userId": "u", "messageId": identity, "writeKey": WRITE_KEY}
        connection.request("POST", "/v1/track", json.dumps(event | {"properties": {"total": 1}}))
        assert connection.getresponse().status == 200

    def received() -> str:
        return "".join(path.read_text(errors="replace") for path in (tmp_path / "vendors").rglob("*") if path.is_file())

    with vendors, gateway:
        send("before")
        others = small_disk / "others"
        others.write_bytes(bytes(58 * MIB))
        worker = start_worker(workspace, log=tmp_path / "worker.log", fake_vendors=url)
        with worker:
            worker.wait_for("disk.low")
            time.sleep(2.0)
            assert "before" not in received()
            others.unlink()
            until = time.monotonic() + 10
            while "before" not in received():
                assert time.monotonic() < until, "nothing was sent when there was room again"
                time.sleep(0.1)
