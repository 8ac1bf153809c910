"""In-progress marks in files: what they say about processes that ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from paceline.drivers.marks.files import MOST_POSITIONS, FileMarks
from paceline.model.record import Position

ENDS_MARKED = """
import os, sys
from pathlib import Path
from paceline.drivers.marks.files import FileMarks
from paceline.model.record import Position
mark = FileMarks(Path(sys.argv[1])).lane("crm")
mark.begin([Position(0, int(offset)) for offset in sys.argv[3:]])
if sys.argv[2] == "between":
    mark.end()
os._exit(7)
"""


def end_process(folder: Path, *offsets: int, when: str = "marked") -> None:
    """A process that ends by itself while it has marked these offsets, or after it has unmarked them."""
    command = [sys.executable, "-c", ENDS_MARKED, str(folder), when, *map(str, offsets)]
    assert subprocess.run(command, check=False).returncode == 7


def strikes(folder: Path) -> dict[Position, int]:
    mark = FileMarks(folder).lane("crm")
    found = dict(mark.strikes)
    mark.close()
    return found


def test_event_that_was_marked_when_its_process_ended_has_a_strike(tmp_path: Path) -> None:
    end_process(tmp_path, 42)
    assert strikes(tmp_path) == {Position(0, 42): 1}


def test_strikes_of_several_processes_add_up_and_are_counted_once_each(tmp_path: Path) -> None:
    end_process(tmp_path, 42)
    end_process(tmp_path, 42, 43)
    strikes(tmp_path)
    assert strikes(tmp_path) == {Position(0, 42): 2, Position(0, 43): 1}


def test_process_that_ended_between_two_events_strikes_nobody(tmp_path: Path) -> None:
    end_process(tmp_path, 42, when="between")
    assert strikes(tmp_path) == {}


def test_orderly_end_strikes_nobody_and_leaves_no_file(tmp_path: Path) -> None:
    mark = FileMarks(tmp_path).lane("crm")
    mark.begin([Position(0, 1)])
    mark.close()
    assert (strikes(tmp_path), list(tmp_path.iterdir())) == ({}, [])


def test_running_process_strikes_nobody(tmp_path: Path) -> None:
    running = FileMarks(tmp_path).lane("crm")
    running.begin([Position(0, 1)])
    code = "import sys; from pathlib import Path; from paceline.drivers.marks.files import FileMarks\n"
    code += "print(dict(FileMarks(Path(sys.argv[1])).lane('crm').strikes))"
    seen = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "{}"
    running.close()


def test_lanes_do_not_mix(tmp_path: Path) -> None:
    end_process(tmp_path, 42)
    other = FileMarks(tmp_path).lane("crm_devices")
    assert other.strikes == {}
    other.close()
    assert strikes(tmp_path) == {Position(0, 42): 1}


def test_forgiven_event_begins_anew(tmp_path: Path) -> None:
    end_process(tmp_path, 42, 43)
    mark = FileMarks(tmp_path).lane("crm")
    mark.forgive(Position(0, 42))
    mark.close()
    assert strikes(tmp_path) == {Position(0, 43): 1}


def test_more_events_than_a_mark_holds_are_marked_as_far_as_it_goes(tmp_path: Path) -> None:
    end_process(tmp_path, *range(MOST_POSITIONS + 10))
    assert len(strikes(tmp_path)) == MOST_POSITIONS


@pytest.mark.parametrize("damage", [b"", b"[[0,", b"{}"])
def test_damaged_strikes_are_none(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "crm.strikes.json").write_bytes(damage)
    (tmp_path / f"crm.{os.getpid() + 1}.mark").write_bytes(b"\1")
    assert strikes(tmp_path) == {}
