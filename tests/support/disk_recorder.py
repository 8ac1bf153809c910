"""Loss of power on paper: what real processes wrote and synced is recorded, and any moment of it can be made again.

The recorder (disk_recorder.c) is preloaded into the processes. `Recording.cuts` then says for any moment what a disk
would hold if power were lost there: what was synced, and of the rest nothing, everything, or a random part of it, torn
at sectors. It is stricter than real file systems: a file whose folder was not synced is gone, and what a failed sync
covered is never written by a later one.
"""

from __future__ import annotations

import mmap
import os
import random
import re
import shutil
import struct
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

_HEAD = struct.Struct("<BBHIiIQQ")
_SECTOR_BYTES = 512
_TRUNCATES, _CREATES = 1, 2
_SOURCE = Path(__file__).with_suffix(".c")
_VERDICT = re.compile(rb'"id":"([^"]+)","verdict":"accepted"')
_FAULTS = struct.Struct("<5I")


class Recorded(NamedTuple):
    """One thing that a process did. `number` is its place among all of them."""

    number: int
    kind: str
    pid: int
    descriptor: int
    inode: int
    offset: int
    path: str
    data: bytes


class DiskRecorder:
    """The recorder of what child processes do below `root`, and the switches of its faults."""

    def __init__(self, root: Path, journal: Path, library: Path) -> None:
        self.root = root
        self.journal = journal
        faults = journal.with_suffix(".faults")
        faults.write_bytes(bytes(_FAULTS.size))
        self._file = faults.open("r+b")
        self._map = mmap.mmap(self._file.fileno(), _FAULTS.size)
        self._environment = {
            "LD_PRELOAD": str(library),
            "DISK_RECORDER_ROOT": str(root),
            "DISK_RECORDER_JOURNAL": str(journal),
            "DISK_RECORDER_FAULTS": str(faults),
        }

    @contextmanager
    def preloaded(self) -> Iterator[None]:
        """Processes that are started inside the block are recorded."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self._environment.items():
                patch.setenv(name, value)
            yield

    def fail_syncs(self, every: int) -> None:
        """From now on every such sync ends with EIO, its pages lost; 0 ends that."""
        struct.pack_into("<I", self._map, 0, every)

    def fill(self, is_full: bool) -> None:
        """Whether every write is refused with ENOSPC from now on."""
        struct.pack_into("<I", self._map, 4, int(is_full))

    @property
    def failed_syncs(self) -> int:
        """How many syncs were made to fail."""
        return int(_FAULTS.unpack_from(self._map)[3])

    @property
    def refused_writes(self) -> int:
        """How many writes were refused."""
        return int(_FAULTS.unpack_from(self._map)[4])

    def recorded(self) -> Iterator[Recorded]:
        """Everything that was recorded, in order."""
        with self.journal.open("rb") as journal:
            number = 0
            while len(head := journal.read(_HEAD.size)) == _HEAD.size:
                kind, _, path_bytes, pid, descriptor, data_bytes, inode, offset = _HEAD.unpack(head)
                path = os.fsdecode(journal.read(path_bytes))
                yield Recorded(number, chr(kind), pid, descriptor, inode, offset, path, journal.read(data_bytes))
                number += 1


def build_recorder(folder: Path) -> Path:
    """The compiled recorder. Skips the test where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("the disk recorder needs a C compiler")
    library = folder / "disk_recorder.so"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl", "-lpthread"], check=True)
    return library


@dataclass
class _File:
    """A file's contents on the disk, and what has been written and not yet synced."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Recorded] = field(default_factory=list)

    def sync(self, before: int) -> None:
        for change in self.pending:
            if change.number < before:
                _apply(self.durable, change)
        self.pending = [change for change in self.pending if change.number >= before]

    def lose(self, before: int) -> None:
        self.pending = [change for change in self.pending if change.number >= before]

    def after_cut(self, chance: random.Random, survival: float) -> bytes:
        contents = bytearray(self.durable)
        for change in self.pending:
            if change.kind == "t":
                if chance.random() < survival:
                    _apply(contents, change)
                continue
            for start in range(0, len(change.data), _SECTOR_BYTES):
                if chance.random() < survival:
                    part = change.data[start : start + _SECTOR_BYTES]
                    _apply(contents, change._replace(offset=change.offset + start, data=part))
        return bytes(contents)


@dataclass
class _Names:
    """Which names lead to which files: all that were made, and those whose folder was synced since."""

    now: dict[str, _File | None] = field(default_factory=dict)
    durable: dict[str, _File | None] = field(default_factory=dict)

    def sync_folder(self, folder: str) -> None:
        for name in {*self.now, *self.durable}:
            if _folder_of(name) == folder:
                if name in self.now:
                    self.durable[name] = self.now[name]
                else:
                    del self.durable[name]


@dataclass(frozen=True)
class Cut:
    """A moment at which power is lost: what the disk held, and what the world outside had seen by then."""

    number: int
    survival: float
    files: Mapping[str, bytes]
    folders: Set[str]
    acknowledged: Set[str]
    received: bytes

    def restore(self, root: Path, target: Path) -> None:
        """Write the disk's files under `target` instead of `root`; replaces what is in the folders they lie in."""
        for folder in sorted(self.folders):
            (target / Path(folder).relative_to(root)).mkdir(parents=True, exist_ok=True)
        for name, contents in self.files.items():
            place = target / Path(name).relative_to(root)
            if place.parent.exists():  # else its folder was lost, and the file with it
                place.write_bytes(contents)


class Playback:
    """Plays a recording and stops at moments of one's choice."""

    def __init__(self, recorder: DiskRecorder, *, outside: str) -> None:
        """`outside` is the file of another machine, which loses nothing."""
        self._root = str(recorder.root)
        self._recorder = recorder
        self._outside = outside
        self._files: dict[int, _File] = {}
        self._folders: dict[int, str] = {}
        self._names = _Names()
        self._begun: dict[tuple[int, int], int] = {}
        self.acknowledged: set[str] = set()

    def cuts(self, moments: Sequence[int], chance: random.Random) -> Iterator[Cut]:
        """What is left after a loss of power just before each of `moments`, in order."""
        waiting = sorted(moments)
        for step in self._recorder.recorded():
            while waiting and waiting[0] <= step.number:
                yield self._cut(waiting.pop(0), chance)
            self._take(step)
        for moment in waiting:
            yield self._cut(moment, chance)

    def _cut(self, number: int, chance: random.Random) -> Cut:
        survival = chance.choice([0.0, 0.0, 1.0, 0.5, 0.9, chance.random()])
        names = self._names.durable if survival < 1 else self._names.now
        outside = self._names.now.get(self._outside)
        return Cut(
            number=number,
            survival=survival,
            files={
                name: file.after_cut(chance, survival)
                for name, file in names.items()
                if file is not None and name != self._outside and self._leads_somewhere(name, names)
            },
            folders={name for name, file in names.items() if file is None and self._leads_somewhere(name, names)},
            acknowledged=set(self.acknowledged),
            received=b"" if outside is None else outside.after_cut(chance, 1.0),
        )

    def _leads_somewhere(self, name: str, names: Mapping[str, _File | None]) -> bool:
        """Whether every folder above was made before the recording, or is on the disk too."""
        folder = _folder_of(name)
        while folder.startswith(self._root):
            if folder in self._names.now and folder not in names:
                return False
            folder = _folder_of(folder)
        return True

    def _take(self, step: Recorded) -> None:
        match step.kind:
            case "o":
                self._open(step)
            case "m":
                self._names.now[step.path] = None
            case "u":
                self._names.now.pop(step.path, None)
            case "r":
                self._names.now[os.fsdecode(step.data)] = self._names.now.pop(step.path, None)
            case "w" | "t" if step.inode in self._files:
                self._files[step.inode].pending.append(step)
            case "S":
                self._begun[step.pid, step.descriptor] = step.number
            case "E" | "F":
                self._end_sync(step)
            case "x":
                self.acknowledged.update(found.decode() for found in _VERDICT.findall(step.data))
            case _:
                pass

    def _open(self, step: Recorded) -> None:
        known = self._names.now.get(step.path)
        if Path(step.path).is_dir():
            self._folders[step.inode] = step.path
        elif known is not None and known is self._files.get(step.inode):
            if step.offset & _TRUNCATES:
                known.pending.append(step._replace(kind="t", offset=0))
        elif step.offset & _CREATES:  # anything else that is not known was there before
            self._names.now[step.path] = self._files[step.inode] = _File()
        else:
            self._files.pop(step.inode, None)

    def _end_sync(self, step: Recorded) -> None:
        begun = self._begun.pop((step.pid, step.descriptor), step.number)
        if step.inode in self._folders:
            if step.kind == "E":
                self._names.sync_folder(self._folders[step.inode])
        elif step.inode in self._files:
            file = self._files[step.inode]
            file.sync(begun) if step.kind == "E" else file.lose(begun)


def count_answers(recorder: DiskRecorder, file: str) -> Counter[str]:
    """How many acknowledged events were `covered`, and how many answers came too `early`.

    Covered is an event when a sync of `file` that began behind the first write with its id ended before the answer.
    """
    written: dict[str, int] = {}
    synced: dict[int, int] = {}
    begun: dict[tuple[int, int], int] = {}
    inodes: set[int] = set()
    verdicts: Counter[str] = Counter()
    for step in recorder.recorded():
        if step.kind == "o" and step.path.endswith(file):
            inodes.add(step.inode)
        elif step.kind == "w" and step.inode in inodes:
            for found in re.findall(rb"cut-[a-z-]+\d-\d{7}", step.data):
                written.setdefault(found.decode(), step.number)  # later commits write a shared page again
        elif step.kind == "S":
            begun[step.pid, step.descriptor] = step.number
        elif step.kind == "E" and step.inode in inodes:
            synced[step.inode] = max(synced.get(step.inode, -1), begun[step.pid, step.descriptor])
        elif step.kind == "F" and step.inode in inodes:
            start = begun[step.pid, step.descriptor]
            covered = max(synced.values(), default=-1)
            written = {
                event: at for event, at in written.items() if at < covered or at > start
            }  # must be written again
        elif step.kind == "x":
            for found in _VERDICT.findall(step.data):
                at = written.get(found.decode())
                is_covered = at is not None and max(synced.values(), default=-1) > at
                verdicts["covered" if is_covered else "early"] += 1
    return verdicts


def _folder_of(name: str) -> str:
    return name.rpartition("/")[0]


def _apply(contents: bytearray, change: Recorded) -> None:
    if change.kind == "t":
        del contents[change.offset :]
        contents.extend(bytes(change.offset - len(contents)))
        return
    if len(contents) < change.offset:
        contents.extend(bytes(change.offset - len(contents)))
    contents[change.offset : change.offset + len(change.data)] = change.data
