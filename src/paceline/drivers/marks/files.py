"""Marks in memory-mapped files: the kernel keeps them when the process ends, and writing one costs no system call.

A folder holds `<lane>.<pid>.mark` for every running lane and `<lane>.strikes.json` for what earlier ones left behind.
A mark file whose owner holds no lock on it any more belongs to a process that has ended: what is marked in it becomes a
strike. A loss of power may lose a mark, which costs no event: it is only recognized one crash later.
"""

from __future__ import annotations

import fcntl
import functools
import mmap
import os
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import msgspec

from paceline.errors import StorageError
from paceline.model.record import Position

MOST_POSITIONS = 255
"""How many events of a batch are marked. Batches are smaller, unless somebody allows more in flight."""

MOST_STRIKES = 1000

_BYTES = 1 + MOST_POSITIONS * struct.calcsize("<IQ")


@functools.cache
def _mark_of(count: int) -> struct.Struct:
    """A mark: how many, then the place of each."""
    return struct.Struct("<B" + "IQ" * count)


class FileMarks:
    """The marks of the workers of one machine, in a folder of theirs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lane(self, name: str) -> FileMark:
        """See the port."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            strikes = _StrikesFile(self._folder / f"{name}.strikes.json")
            strikes.add(_left_behind(self._folder, name))
            return FileMark(self._folder / f"{name}.{os.getpid()}.mark", strikes)
        except OSError as error:
            raise StorageError(
                f"the in-progress mark cannot be kept: {error.strerror}", where=str(self._folder)
            ) from error


class FileMark:
    """One lane's mark in a file of its own, locked as long as the process lives."""

    def __init__(self, path: Path, strikes: _StrikesFile) -> None:
        self._path = path
        self._strikes = strikes
        self.strikes: Mapping[Position, int] = strikes.read()
        self._file = path.open("w+b")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._file.truncate(_BYTES)
        self._map = mmap.mmap(self._file.fileno(), _BYTES)

    def begin(self, positions: Sequence[Position]) -> None:
        """See the port."""
        if len(positions) > MOST_POSITIONS:
            positions = positions[:MOST_POSITIONS]
        count = len(positions)
        _mark_of(count).pack_into(self._map, 0, count, *chain.from_iterable(positions))

    def end(self) -> None:
        """See the port."""
        self._map[0] = 0

    def forgive(self, position: Position) -> None:
        """See the port."""
        self._strikes.remove(position)

    def close(self) -> None:
        """See the port."""
        self._map.close()
        self._file.close()
        self._path.unlink(missing_ok=True)


class _StrikesFile:
    """Strikes by position, of one lane."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[Position, int]:
        try:
            rows = msgspec.json.decode(self._path.read_bytes(), type=list[tuple[int, int, int]])
        except FileNotFoundError:
            return {}
        except msgspec.DecodeError:
            return {}  # half written by a process that ended: at worst, a bad event ends one more process
        return {Position(partition, offset): strikes for partition, offset, strikes in rows}

    def add(self, positions: Sequence[Position]) -> None:
        if positions:
            strikes = Counter(self.read())
            strikes.update(positions)
            self._write(strikes)

    def remove(self, position: Position) -> None:
        strikes = self.read()
        if strikes.pop(position, None) is not None:
            self._write(strikes)

    def _write(self, strikes: Mapping[Position, int]) -> None:
        newest = sorted(strikes.items())[-MOST_STRIKES:]
        written = self._path.with_suffix(".new")
        written.write_bytes(msgspec.json.encode([(*position, number) for position, number in newest]))
        written.replace(self._path)


def _left_behind(folder: Path, lane: str) -> list[Position]:
    """What was marked in the files of processes that have ended; the files are removed."""
    found: list[Position] = []
    for path in folder.glob(f"{lane}.*.mark"):
        with suppress(FileNotFoundError, BlockingIOError), path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found += _read_mark(file)
            path.unlink()
    return found


def _read_mark(file: BinaryIO) -> list[Position]:
    body = file.read()
    if len(body) < _BYTES:
        return []
    count = body[0]
    numbers = _mark_of(count).unpack_from(body)[1:]
    return [Position(*place) for place in zip(numbers[::2], numbers[1::2], strict=True)]
