"""Child processes of tests and benchmarks: started, awaited, asked, stopped."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from paceline.errors import EnvironmentFaultError
from paceline.runtime.children import Child

READY = 'import sys; sys.stderr.write(\'not json\\n{"event": "ready", "port": 7}\\n\'); sys.stderr.flush()'
ECHO = f"{READY}\nfor line in sys.stdin: print(line, end='', flush=True)"
SLEEP = f"{READY}\nimport time; time.sleep(60)"


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_a_child_is_ready_when_it_has_logged_so(tmp_path: Path) -> None:
    with Child.start(python(SLEEP), log=tmp_path / "log") as child:
        assert child.wait_for("ready")["port"] == 7


def test_a_second_child_with_the_same_log_is_not_ready_because_the_first_one_was(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text('{"event": "ready", "port": 1}\n')
    with Child.start(python("pass"), log=log) as child, pytest.raises(EnvironmentFaultError, match="status 0 before"):
        child.wait_for("ready")


def test_a_child_that_fails_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    failing = python("import sys; sys.exit('the port is taken')")
    with (
        Child.start(failing, log=tmp_path / "log") as child,
        pytest.raises(EnvironmentFaultError, match="the port is taken"),
    ):
        child.wait_for("ready")


def test_a_child_that_is_never_ready_is_ended(tmp_path: Path) -> None:
    with Child.start(python("import time; time.sleep(60)"), log=tmp_path / "log") as child:
        with pytest.raises(EnvironmentFaultError, match="has not logged 'ready'"):
            child.wait_for("ready", timeout_secs=0.1)
        assert not child.is_running


def test_a_question_is_answered_by_one_line(tmp_path: Path) -> None:
    with Child.start(python(ECHO), log=tmp_path / "log", is_asked=True) as child:
        assert child.ask({"do": "it"}) == {"do": "it"}


def test_leaving_kills_what_still_runs(tmp_path: Path) -> None:
    with Child.start(python(SLEEP), log=tmp_path / "log") as child:
        child.wait_for("ready")
    assert not child.is_running


def test_a_child_that_does_not_stop_when_asked_is_a_fault(tmp_path: Path) -> None:
    stubborn = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SLEEP}"
    with Child.start(python(stubborn), log=tmp_path / "log") as child:
        child.wait_for("ready")
        with pytest.raises(EnvironmentFaultError, match="after SIGTERM"):
            child.stop(timeout_secs=0.1)


def test_usage_counts_the_memory_of_a_running_child(tmp_path: Path) -> None:
    with Child.start(python(SLEEP), log=tmp_path / "log") as child:
        child.wait_for("ready")
        used = child.usage()
    assert 0 < used.resident_bytes <= used.peak_bytes
