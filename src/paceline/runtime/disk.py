"""Room on the disk of the bus and the store: a low-water mark that stops new work in time, and a ballast to give up."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from paceline.model.settings import DiskSettings
from paceline.observe.facts import DiskLow, DiskRoomAgain
from paceline.observe.telemetry import Telemetry

LOOK_SECS = 1.0
"""How often the disk is looked at: an alert comes within ten seconds, and work goes on within five."""

BALLAST_FILE = "ballast"


class DiskRoom(msgspec.Struct, frozen=True):
    """Bytes of a disk: how many there are, and how many this user may still write."""

    total_bytes: int
    free_bytes: int


MeasureDisk = Callable[[Path], DiskRoom]
"""How much room there is where a path lies. Raises OSError."""


def measure_disk(path: Path) -> DiskRoom:
    """What the system says."""
    found = os.statvfs(path)
    return DiskRoom(total_bytes=found.f_blocks * found.f_frsize, free_bytes=found.f_bavail * found.f_frsize)


class DiskWatch:
    """Says whether there is room to go on, looked at once a second by `watch`.

    `folders` is where data lies; when they lie on several disks, the one with the least room counts, and the ballast is
    in the first. `is_low` from the moment on when less than the low-water mark is free, until as much is free again and
    the ballast besides. `keeps_ballast` is for the one process of a workspace that holds the ballast: the gateway. It
    gives the ballast up when less than a quarter of the mark is free, so that reading, replay control and commands go
    on, and makes it anew when there is room. Nothing raises: a disk that cannot be measured counts as roomy, and the
    next write tells.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        settings: DiskSettings,
        telemetry: Telemetry,
        *,
        keeps_ballast: bool = False,
        measure: MeasureDisk = measure_disk,
    ) -> None:
        self._folders = folders
        self._settings = settings
        self._telemetry = telemetry
        self._ballast = folders[0] / BALLAST_FILE if keeps_ballast and settings.ballast_bytes else None
        self._measure = measure
        self.is_low = False
        self.room = DiskRoom(0, 0)

    @property
    def low_water_bytes(self) -> int:
        """The mark of this disk."""
        return self._settings.low_water_of(self.room.total_bytes)

    @property
    def free_bytes(self) -> int:
        """What was free at the last look."""
        return self.room.free_bytes

    def look(self) -> None:
        """Measure, tell what has changed, and give up or make the ballast."""
        rooms = [room for folder in self._folders if (room := self._room_of(folder)) is not None]
        if not rooms:
            return
        self.room = min(rooms, key=lambda room: room.free_bytes)
        mark, free = self.low_water_bytes, self.room.free_bytes
        if free < mark // 4:
            free += self._give_up_ballast()
        owed = self._settings.ballast_bytes if self._ballast is not None and not self._ballast.exists() else 0
        if free < mark and not self.is_low:
            self.is_low = True
            self._telemetry.record(DiskLow(path=str(self._folders[0]), free_bytes=free, low_water_bytes=mark))
        elif self.is_low and free >= mark + owed:
            self.is_low = False
            self._telemetry.record(DiskRoomAgain(path=str(self._folders[0]), free_bytes=free))
        if not self.is_low and owed and free >= mark + owed:
            self._make_ballast()

    async def watch(self, stopping: asyncio.Event, on_look: Callable[[], None] = lambda: None) -> None:
        """Look once a second until `stopping` is set; `on_look` runs after each look. The ballast goes in the end."""
        while not stopping.is_set():
            self.look()
            on_look()
            try:
                await asyncio.wait_for(stopping.wait(), LOOK_SECS)
            except TimeoutError:
                continue
        self._give_up_ballast()

    def _room_of(self, folder: Path) -> DiskRoom | None:
        try:
            return self._measure(folder)
        except OSError:
            return None

    def _make_ballast(self) -> None:
        assert self._ballast is not None
        try:
            handle = os.open(self._ballast, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(handle, 0, self._settings.ballast_bytes)
            finally:
                os.close(handle)
        except OSError:
            self._give_up_ballast()  # a file system without it, or a disk that filled up meanwhile

    def _give_up_ballast(self) -> int:
        """Remove the ballast; the bytes that this has freed."""
        if self._ballast is None:
            return 0
        try:
            size = self._ballast.stat().st_blocks * 512
            self._ballast.unlink()
        except OSError:
            return 0
        return size
