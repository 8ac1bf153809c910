"""`paceline decide`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from decision_requests import changed, known_case

from paceline.cli import decide as module
from paceline.cli.decide import command
from paceline.errors import MissingExtraError, UnknownNameError, UsageError, WorkspaceError


@pytest.fixture
def backlog(tmp_path: Path) -> Path:
    file = tmp_path / "backlog.yaml"
    other = changed(known_case(), lambda row: row.update(request="GROW-12"))
    file.write_text(yaml.safe_dump({"currency": "USD", "requests": [known_case(), other]}, sort_keys=False))
    return file


def invoke(*arguments: str, text: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(command, list(arguments), input=text)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_request_of_a_backlog_is_decided_by_name(backlog: Path) -> None:
    status, output = invoke("GROW-12", "--backlog", str(backlog))
    assert status == 0
    assert output.startswith("GROW-12: hybrid (confidence low)")
    assert "USD" in output


def test_request_of_a_workspace_is_found_from_a_folder_inside_it(
    backlog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (backlog.parent / "paceline.yaml").write_text("workspace: shop\n")
    inside = backlog.parent / "mappings"
    inside.mkdir()
    monkeypatch.chdir(inside)
    assert invoke("personalized_email")[1].startswith("personalized_email: hybrid")


@pytest.mark.parametrize("name", ["request.yaml", "request.json"])
def test_file_with_one_request_is_decided(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text(json.dumps(known_case(), indent=1))
    assert invoke(str(file))[1].startswith("personalized_email: hybrid")


def test_faults_of_a_file_with_one_request_are_located(tmp_path: Path) -> None:
    file = tmp_path / "request.yaml"
    file.write_text("request: x\noutcome: y\nkind: tactical\nasked: 2026-11-23\nestimates: {sprint: {}}\n")
    with pytest.raises(WorkspaceError) as raised:
        invoke(str(file))
    assert [(finding.line, finding.message) for finding in raised.value.findings] == [
        (5, "estimates.sprint.days: nothing says how long the sprint takes"),
        (5, "estimates.marathon.days: nothing says how long the marathon takes"),
    ]


def test_json_is_the_report(backlog: Path) -> None:
    report = json.loads(invoke("GROW-12", "--backlog", str(backlog), "--json")[1])
    assert report["verdict"] == "hybrid"
    assert report["expiry"]["weeks"] == 12
    assert [option["option"] for option in report["options"]] == ["sprint", "hybrid", "marathon"]


def test_markdown_has_everything(backlog: Path) -> None:
    output = invoke("GROW-12", "--backlog", str(backlog), "--markdown")[1]
    assert output.startswith("# GROW-12: hybrid")
    assert "## Formulas" in output


def test_full_text_has_the_inputs_and_where_they_come_from(backlog: Path) -> None:
    output = invoke("GROW-12", "--backlog", str(backlog), "--full")[1]
    assert "estimates.sprint.ops_hours_per_week" in output
    assert "default D12" in output


def test_unknown_name_gets_the_nearest_one(backlog: Path) -> None:
    with pytest.raises(UnknownNameError) as raised:
        invoke("GROW-21", "--backlog", str(backlog))
    assert raised.value.remedy == "did you mean 'GROW-12'?"


def test_name_is_needed_where_there_are_several(backlog: Path) -> None:
    with pytest.raises(UsageError, match="2 requests"):
        invoke("--backlog", str(backlog))


def test_faults_are_located_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "backlog.yaml"
    row = changed(known_case(), lambda row: row.update(deadline="2020-01-01"))
    file.write_text(yaml.safe_dump({"requests": [row]}, sort_keys=False))
    with pytest.raises(WorkspaceError) as raised:
        invoke("--backlog", str(file))
    (finding,) = raised.value.findings
    line = file.read_text().splitlines()[finding.line - 1]
    assert line.strip() == "deadline: '2020-01-01'"
    assert "requests.0.deadline" in finding.message


def test_request_that_is_not_ready_is_status_1(tmp_path: Path) -> None:
    file = tmp_path / "backlog.yaml"
    row = changed(known_case(), lambda row: row.pop("owner"))
    file.write_text(yaml.safe_dump({"requests": [row]}, sort_keys=False))
    status, output = invoke("--backlog", str(file))
    assert status == 1
    assert "write down an owner" in output


def test_rows_are_answered_in_order_and_a_bad_one_stops_nothing() -> None:
    rows = [
        json.dumps(known_case()),
        "not json",
        json.dumps({"request": "x"}),
        json.dumps(changed(known_case(), lambda row: row["estimates"]["sprint"]["days"].update(low=-1))),
        '{"request": NaN}',
        "[1]",
        json.dumps(known_case()),
    ]
    status, output = invoke("--jsonl", text="\n".join(rows) + "\n")
    answers = [json.loads(line) for line in output.splitlines()]
    assert status == 0
    assert [answer.get("verdict", "error") for answer in answers] == [
        "hybrid",
        "error",
        "error",
        "error",
        "error",
        "error",
        "hybrid",
    ]
    assert answers[3]["error"] == {
        "what": "-1 is negative",
        "where": "estimates.sprint.days.low",
        "remedy": "time to build the sprint is at least 0.01",
        "faults": [
            {
                "path": ["estimates", "sprint", "days", "low"],
                "message": "-1 is negative",
                "remedy": "time to build the sprint is at least 0.01",
            }
        ],
    }
    assert {fault["path"][0] for fault in answers[2]["error"]["faults"]} == {"outcome", "kind", "asked", "estimates"}


def test_other_processes_answer_with_the_same_bytes() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-m", "paceline", "decide", "--jsonl"],
            input=json.dumps(known_case()).encode(),
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": threads},
            check=True,
            timeout=60,
        ).stdout
        for seed, threads in (("1", "1"), ("2", "2"))
    }
    assert len(answers) == 1


def test_missing_numpy_says_what_to_install(backlog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as raised:
        invoke("GROW-12", "--backlog", str(backlog))
    assert raised.value.remedy == 'run: pip install "paceline[decide]"'


def answers_to(*lines: str | bytes) -> list[dict[str, object]]:
    text = b"\n".join(line.encode() if isinstance(line, str) else line for line in lines) + b"\n"
    result = CliRunner().invoke(command, ["--jsonl"], input=text)
    assert result.exit_code == 0
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(found) == len(lines)
    return found


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "1" + "0" * 400])
def test_number_that_is_not_finite_is_refused_with_its_place(number: str) -> None:
    line = json.dumps(known_case()).replace('"low": 2,', f'"low": {number},', 1)
    refused, after = answers_to(line, json.dumps(known_case()))
    error = refused["error"]
    assert isinstance(error, dict)
    assert error["where"] == "estimates.sprint.days.low"
    assert error["remedy"] == "write a finite number"
    assert after["verdict"] == "hybrid"


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe",
        '{"\\ud800": 1}',
        '{"request": "\\udc00"}',
        '{"kind": "tactical", "kind": "strategic"}',
        "null",
        '{"request": ' + "[" * 100_000,
        '"text"',
    ],
    ids=["bytes", "half a character in a key", "in a value", "a key twice", "null", "nested", "text"],
)
def test_line_that_is_no_request_is_an_error_and_the_next_one_is_answered(line: str | bytes) -> None:
    refused, after = answers_to(line, json.dumps(known_case()))
    assert "error" in refused
    assert "verdict" not in refused
    assert after["verdict"] == "hybrid"


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "3000-01-01"])
def test_year_that_cannot_be_meant_is_refused(day: str) -> None:
    (refused,) = answers_to(json.dumps(changed(known_case(), lambda row: row.update(asked=day))))
    error = refused["error"]
    assert isinstance(error, dict)
    assert error["where"] == "asked"
