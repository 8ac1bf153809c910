"""`paceline init` makes a working workspace."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from golden_workspaces import check_folder

from paceline.cli.init import command
from paceline.errors import EnvironmentFaultError, UnknownNameError, UsageError
from paceline.workspace.scaffold import TEMPLATE_DAY, template_folders, workspace_files, write_workspace

NAMES = sorted(template_folders())


def test_the_shop_is_a_template() -> None:
    assert "shop" in NAMES


@pytest.mark.parametrize("days", [0, 400])
@pytest.mark.parametrize("name", NAMES)
def test_new_workspace_has_no_findings_whenever_it_is_made(name: str, days: int, tmp_path: Path) -> None:
    today = TEMPLATE_DAY + dt.timedelta(days=days)
    write_workspace(tmp_path / "new", workspace_files(name, name="new", today=today))
    assert [str(finding) for finding in check_folder(tmp_path / "new", today=today)] == []


def test_command_writes_a_workspace_and_says_what_to_do_next(tmp_path: Path) -> None:
    folder = tmp_path / "My Shop"
    result = CliRunner().invoke(command, [str(folder)])
    assert result.exit_code == 0
    assert f"paceline check {folder}" in result.output
    assert "workspace: my_shop\n" in (folder / "paceline.yaml").read_text()
    assert ".env" in (folder / ".gitignore").read_text()


def test_schema_lines_lead_to_the_schemas_of_the_new_workspace(tmp_path: Path) -> None:
    CliRunner().invoke(command, [str(tmp_path / "new")])
    modelines = 0
    for file in (tmp_path / "new").rglob("*.yaml"):
        first = file.read_text().split("\n", 1)[0]
        assert first.startswith("# yaml-language-server: $schema=")
        assert (file.parent / first.partition("$schema=")[2]).resolve().is_file(), file
        modelines += 1
    assert modelines > 20


def test_existing_file_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "teams.yaml").write_text("mine\n")
    with pytest.raises(UsageError, match=r"teams\.yaml"):
        CliRunner().invoke(command, [str(tmp_path)], catch_exceptions=False)
    assert [path.name for path in tmp_path.iterdir()] == ["teams.yaml"]
    assert (tmp_path / "teams.yaml").read_text() == "mine\n"


def test_folder_with_other_files_is_fine(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "LICENSE").write_text("mine\n")
    assert CliRunner().invoke(command, [str(tmp_path)]).exit_code == 0


def test_unknown_template_is_a_usage_error_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="shop"):
        CliRunner().invoke(command, [str(tmp_path / "x"), "--template", "shpo"], catch_exceptions=False)
    assert not (tmp_path / "x").exists()


def test_place_that_cannot_be_written_is_an_environment_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFaultError):
        write_workspace(tmp_path / "file" / "new", {"a.yaml": b""})


def test_json_names_what_was_written(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path / "new"), "--json"])
    assert "paceline.yaml" in json.loads(result.output)["files"]
