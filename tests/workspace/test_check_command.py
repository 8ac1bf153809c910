"""`paceline check` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from golden_workspaces import BASE, Golden, write_changed_base

from paceline.cli.check import command
from paceline.errors import UsageError

DAY = ["--today", "2026-11-23"]
BROKEN = Golden(
    write={"teams.yaml": "teams: 1\n"}, replace={"integrations/mailing.yaml": {"stage: hybrid": "stage: hybird"}}
)
WARNED = Golden(write={"mapping/a.yaml": "x"})


def check(*arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, *DAY])


def test_good_workspace_exits_with_0_and_a_verdict() -> None:
    result = check(str(BASE))
    assert (result.exit_code, result.output) == (0, "7 files checked, no findings\n")


def test_findings_exit_with_1_and_are_counted_in_the_last_line(tmp_path: Path) -> None:
    workspace = write_changed_base(BROKEN, tmp_path)
    result = check(str(workspace))
    assert result.exit_code == 1
    assert f"{workspace}/teams.yaml:1:8 PL103" in result.output or "teams.yaml:1:8 PL103" in result.output
    assert result.output.splitlines()[-1] == "7 files checked: 2 errors"


def test_warnings_fail_only_when_strict(tmp_path: Path) -> None:
    workspace = write_changed_base(WARNED, tmp_path)
    assert check(str(workspace)).exit_code == 0
    assert check(str(workspace), "--strict").exit_code == 1


def test_of_a_file_only_its_own_findings_are_shown(tmp_path: Path) -> None:
    workspace = write_changed_base(BROKEN, tmp_path)
    result = check(str(workspace / "teams.yaml"), "--json")
    assert [finding["file"] for finding in json.loads(result.output)["findings"]] == ["teams.yaml"]


def test_every_format_tells_every_finding(tmp_path: Path) -> None:
    workspace = str(write_changed_base(BROKEN, tmp_path))
    assert json.loads(check(workspace, "--json").output) == json.loads(check(workspace, "--format", "json").output)
    assert check(workspace, "--format", "github").output.count("::error ") == 2
    assert check(workspace, "--format", "junit").output.count("<failure ") == 2


def test_good_workspace_gives_no_github_annotations() -> None:
    assert check(str(BASE), "--format", "github").output == ""


def test_folder_without_a_workspace_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        CliRunner().invoke(command, [str(tmp_path)], catch_exceptions=False)
    assert caught.value.exit_status == 2


def test_wrong_day_is_a_usage_error() -> None:
    assert CliRunner().invoke(command, [str(BASE), "--today", "tomorrow"]).exit_code == 2


def test_end_date_is_compared_with_the_day_given() -> None:
    result = CliRunner().invoke(command, [str(BASE), "--today", "2027-01-16"])
    assert result.exit_code == 1
    assert "PL304 mailing expired on 2027-01-15" in result.output
