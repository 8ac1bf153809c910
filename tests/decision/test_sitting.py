"""The sitting of `paceline triage --interactive`."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from paceline.cli.sitting import Sitting
from paceline.decision.questions import NotUnderstoodError, questions, read_range, read_risk, read_seconds

BACKLOG = """\
# from the tracker
requests:
  - request: GROW-12   # first
    outcome: A welcome email
    asked: 2026-11-23
    kind: strategic
  - request: GROW-13
    outcome: An alert
    asked: 2026-11-23
"""
ALL_OF_THE_FIRST = [
    "2 3 6",
    "6 8 12 weeks",
    "500 2k 6k",
    "a test sign-up gets it",
    "it is in the warehouse",
    "c",
    "growth",
    "5 min",
    "platform",
    "to the bus",
    "y",
    "n",
    "3 2 1 2",
]


class Terminal:
    """Answers prompts in order, and keeps what was shown; a clock that each prompt moves by half a minute."""

    def __init__(self, answers: list[str]) -> None:
        self.answers = list(answers)
        self.shown: list[str] = []
        self.seconds = 0.0

    def ask(self, prompt: str) -> str:
        self.shown.append(prompt)
        self.seconds += 30.0
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)

    def say(self, line: str) -> None:
        self.shown.append(click.unstyle(line))

    def now(self) -> float:
        return self.seconds

    @property
    def text(self) -> str:
        return "\n".join(self.shown)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "backlog.yaml"
    file.write_text(BACKLOG)
    return file


def sit(file: Path, answers: list[str], *, minutes: int = 30) -> Terminal:
    terminal = Terminal(answers)
    Sitting(file, minutes=minutes, ask=terminal.ask, say=terminal.say, now=terminal.now).hold()
    return terminal


def first_request(file: Path) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(file.read_text())["requests"][0]
    return found


def test_answers_to_all_questions_are_written_and_the_verdict_is_shown(file: Path) -> None:
    shown = sit(file, [*ALL_OF_THE_FIRST, "q"]).text
    assert "-> hybrid. Start as a hybrid" in shown
    request = first_request(file)
    assert request["estimates"] == {
        "sprint": {"days": {"low": 2, "likely": 3, "high": 6}},
        "marathon": {"days": {"low": 6, "likely": 8, "high": 12, "unit": "weeks"}},
    }
    assert request["cost_of_delay"] == {"per_week": {"low": 500, "likely": 2000, "high": 6000}}
    assert (request["contract_tests"], request["monitoring"]) == (True, False)
    assert request["risk"] == {"privacy": 3, "lock_in": 2, "performance": 1, "observability": 2}
    assert "# from the tracker" in file.read_text()
    assert "# first" in file.read_text()


def test_next_sitting_asks_only_what_is_still_open(file: Path) -> None:
    sit(file, [*ALL_OF_THE_FIRST[:5], "q"])
    again = sit(file, ["q"])
    assert "Canonical events" in again.text
    assert "acceptance" not in again.text.lower()
    done = sit(file, [*ALL_OF_THE_FIRST[5:], "q"])
    assert "GROW-13 (2 of 2)" in done.text
    assert "GROW-13 (1 of 1)" in sit(file, ["q"]).text


def test_time_left_is_shared_by_the_requests_that_are_left(file: Path) -> None:
    shown = sit(file, ["n", "q"]).text
    assert "[15:00 left for this request, 30:00 left in all]" in shown
    assert "[29:30 left for this request, 29:30 left in all]" in shown


def test_time_that_is_over_is_said_and_nobody_is_thrown_out(file: Path) -> None:
    assert "over by 0:30 in all" in sit(file, [*ALL_OF_THE_FIRST[:3], "q"], minutes=1).text


def test_answer_that_cannot_be_used_is_asked_again_with_the_reason(file: Path) -> None:
    shown = sit(file, ["3", "3 2 1", "2 3 6", "q"]).text
    assert "three numbers (low, likely, high)" in shown
    assert "low first and high last" in shown
    assert first_request(file)["estimates"] == {"sprint": {"days": {"low": 2, "likely": 3, "high": 6}}}


def test_question_mark_tells_why_and_enter_skips(file: Path) -> None:
    shown = sit(file, ["?", "", "q"]).text
    assert "Without the durations nothing can be decided" in shown
    assert file.read_text() == BACKLOG


def test_end_of_input_stops_like_q(file: Path) -> None:
    assert "Stopped. 1 answers" in sit(file, ["2 3 6"]).text


def test_backlog_without_open_questions_says_so(file: Path) -> None:
    sit(file, [*ALL_OF_THE_FIRST, "tactical", "1 2 4", "20 30 50", *ALL_OF_THE_FIRST[2:]])
    assert sit(file, []).text == "Every question is answered."


def test_single_request_in_a_file_can_be_asked_about(tmp_path: Path) -> None:
    file = tmp_path / "request.yaml"
    file.write_text("request: a\noutcome: x\nasked: 2026-11-23\n")
    sit(file, ["t", "q"])
    assert yaml.safe_load(file.read_text())["kind"] == "tactical"


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_range, "1 2"),
        (read_range, "a b c"),
        (read_range, "2 2 2"),
        (read_range, "-1 2 3 4"),
        (read_range, "1 2 nan"),
        (read_range, "1 2 inf"),
        (read_seconds, "5"),
        (read_seconds, "0 s"),
        (read_risk, "1 2 3"),
        (read_risk, "1 2 3 6"),
    ],
)
def test_nonsense_is_not_understood(read: object, text: str) -> None:
    with pytest.raises(NotUnderstoodError):
        read(text)  # type: ignore[operator]


def test_there_are_six_questions_and_the_numbers() -> None:
    assert [question.id for question in questions()] == ["N", "C1", "C2", "C3", "C4", "C5", "C6"]


def test_team_that_does_not_exist_is_not_accepted() -> None:
    owner = next(question for question in questions(["growth"]) if question.id == "C3").parts[0]
    with pytest.raises(NotUnderstoodError, match="did you mean 'growth'"):
        owner.read("grwoth")


def test_without_a_terminal_it_refuses(file: Path) -> None:
    command = [sys.executable, "-m", "paceline", "triage", str(file), "--interactive"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3
    assert "needs a terminal" in done.stderr
    assert file.read_text() == BACKLOG


def _until(terminal: int, text: str) -> Iterator[str]:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                part = os.read(terminal, 65536).decode(errors="replace")
            except OSError:
                return
            yield part
            if text in part:
                return


def test_on_a_terminal_it_asks_and_writes(file: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "paceline", "triage", str(file), "--interactive"]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    try:
        assert "left for this request" in "".join(_until(ours, "calendar days"))
        os.write(ours, b"2 3 6\n")
        "".join(_until(ours, "platform piece"))
        os.write(ours, b"q\n")
        rest = "".join(_until(ours, "What is never shown"))
        assert "2 not ready" in rest
        assert process.wait(timeout=30) == 1
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert first_request(file)["estimates"] == {"sprint": {"days": {"low": 2, "likely": 3, "high": 6}}}
