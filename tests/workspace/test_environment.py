"""The `.env` file of a workspace."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.errors import UsageError, WorkspaceError
from paceline.workspace.environment import parse_env, read_env_file, workspace_environment


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("A = 1", "1"),
        ("export A=1", "1"),
        ("A=", ""),
        ("A=# nothing", ""),
        ("A=one two # comment", "one two"),
        ("A=a#b", "a#b"),
        ("A='x # y' # comment", "x # y"),
        (r"A='x\n'", r"x\n"),
        (r'A="x\n\"y\" \\"', 'x\n"y" \\'),
        ("A=$HOME", "$HOME"),
        ("A=whsec_abc==", "whsec_abc=="),
    ],
)
def test_line_gives_value(line: str, value: str) -> None:
    assert parse_env(line.encode(), ".env") == ({"A": value}, [])


@pytest.mark.parametrize("line", ["A", "1A=x", "A B=x", "A='open", 'A="open', "A='a' b", "=x"])
def test_wrong_line_is_a_finding_on_its_line(line: str) -> None:
    variables, findings = parse_env(f"OK=1\n\n{line}\n".encode(), ".env")
    assert variables == {"OK": "1"}
    assert [(finding.code, finding.line) for finding in findings] == [("PL014", 3)]


def test_variable_of_the_process_wins(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=file\nB=file\n")
    assert workspace_environment(tmp_path, {"A": "process", "C": "process"}) == {
        "A": "process",
        "B": "file",
        "C": "process",
    }


def test_workspace_without_env_file_has_the_process_environment(tmp_path: Path) -> None:
    assert workspace_environment(tmp_path, {"A": "1"}) == {"A": "1"}


def test_wrong_env_file_raises_with_all_findings(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A\nB\n")
    with pytest.raises(WorkspaceError) as caught:
        workspace_environment(tmp_path, {})
    assert [finding.line for finding in caught.value.findings] == [1, 2]


def test_missing_env_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.env"):
        read_env_file(tmp_path / ".env")


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_give_variables_or_findings(content: bytes) -> None:
    variables, findings = parse_env(content, ".env")
    assert all(isinstance(value, str) for value in variables.values())
    assert all(finding.file == ".env" for finding in findings)
