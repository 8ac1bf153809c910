"""Whatever is done to the audit log behind our back is found."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from paceline.drivers.audit.file import FileAuditLog
from paceline.ports.audit import Anchor, AuditEntry

KEY = b"0123456789abcdef0123456789abcdef"
RECORDS = 40
TAMPERINGS = 1000


def make_entry(number: int) -> AuditEntry:
    return AuditEntry(
        at=f"2026-11-23T10:00:{number % 60:02}.000Z",
        who="ops",
        where="host-1",
        what="dlq.discarded" if number % 3 else "replay.began",
        subject=f"job-{number}",
        reason="test data",
        after=f"{number:032x}",
    )


@pytest.fixture
def log(tmp_path: Path) -> FileAuditLog:
    written = FileAuditLog(tmp_path / "audit.log", KEY)
    for number in range(RECORDS):
        written.append(make_entry(number))
    return written


def flip(lines: list[bytes], chance: random.Random) -> list[bytes]:
    place = chance.randrange(len(lines))
    line = bytearray(lines[place])
    line[chance.randrange(len(line))] ^= 1 << chance.randrange(8)
    return [*lines[:place], bytes(line), *lines[place + 1 :]]


def edit(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """A change of a word that leaves good JSON."""
    place = chance.randrange(len(lines))
    old, new = chance.choice([(b"ops", b"eve"), (b"test data", b"a request"), (b"host-1", b"host-2"), (b":{", b": {")])
    changed = lines[place].replace(old, new)
    return [*lines[:place], changed, *lines[place + 1 :]]


def delete(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """Some lines of the beginning or the middle go; the end needs an anchor."""
    first = chance.randrange(len(lines) - 1)
    last = chance.randrange(first, min(first + 5, len(lines) - 1))
    return lines[:first] + lines[last + 1 :]


def reorder(lines: list[bytes], chance: random.Random) -> list[bytes]:
    one, other = chance.sample(range(len(lines)), 2)
    moved = list(lines)
    moved[one], moved[other] = moved[other], moved[one]
    return moved


def insert(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """A line of this log, or one that somebody without the key has made."""
    place = chance.randrange(len(lines) + 1)
    forged = chance.choice([lines[chance.randrange(len(lines))], lines[-1].replace(b"ops", b"eve")])
    return [*lines[:place], forged, *lines[place:]]


def merge(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """A record takes the entry of another one, and keeps its own hash."""
    one, other = chance.sample(range(len(lines)), 2)
    head, _, tail = lines[one].partition(b'"entry":')
    entry = lines[other].partition(b'"entry":')[2].rpartition(b',"hash"')[0]
    return [*lines[:one], head + b'"entry":' + entry + b',"hash"' + tail.rpartition(b',"hash"')[2], *lines[one + 1 :]]


@pytest.mark.parametrize("tamper", [flip, edit, delete, reorder, insert, merge])
def test_every_tampering_is_found(
    tamper: Callable[[list[bytes], random.Random], list[bytes]], log: FileAuditLog, tmp_path: Path
) -> None:
    file = tmp_path / "audit.log"
    whole = file.read_bytes()
    lines = whole.splitlines()
    chance = random.Random(tamper.__name__)
    tampered = found = 0
    while tampered < TAMPERINGS // 6 + 1:
        content = b"\n".join(tamper(lines, chance)) + b"\n"
        if content == whole:
            continue
        tampered += 1
        file.write_bytes(content)
        found += bool(log.verify().faults)
    assert found == tampered


def test_untouched_log_has_no_fault(log: FileAuditLog) -> None:
    verification = log.verify()
    assert (verification.records, list(verification.faults)) == (RECORDS, [])


def test_end_that_was_cut_off_is_found_with_an_anchor(log: FileAuditLog, tmp_path: Path) -> None:
    anchor = log.verify().end
    assert anchor is not None
    file = tmp_path / "audit.log"
    lines = file.read_bytes().splitlines(keepends=True)
    for kept in range(len(lines)):
        file.write_bytes(b"".join(lines[:kept]))
        assert log.verify().faults == []
        assert [fault.line for fault in log.verify([anchor]).faults] == [0]


def test_log_that_was_cut_off_and_written_on_is_found_with_an_anchor(log: FileAuditLog, tmp_path: Path) -> None:
    anchor = log.verify().end
    file = tmp_path / "audit.log"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    log.append(make_entry(99))
    assert log.verify().faults == []
    assert log.verify([anchor]).faults != []


def test_log_that_has_grown_still_has_its_anchors(log: FileAuditLog) -> None:
    anchors: list[Anchor] = []
    for number in range(3):
        anchors.append(log.verify().end)
        log.append(make_entry(number))
    assert log.verify(anchors).faults == []


def test_log_that_was_sealed_with_another_key_is_found(log: FileAuditLog, tmp_path: Path) -> None:
    assert FileAuditLog(tmp_path / "audit.log", b"another key, as long as the other").verify().faults != []
