"""Loading a workspace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from golden_workspaces import BASE, Golden, write_changed_base

from paceline.errors import UsageError, WorkspaceError
from paceline.model.event import EventType
from paceline.workspace.load import find_workspace, load_workspace
from paceline.workspace.report import findings_json, findings_text


def test_every_file_is_found_under_its_name() -> None:
    workspace = load_workspace(BASE)
    assert workspace.findings == ()
    assert workspace.settings.workspace == "base"
    assert list(workspace.teams.teams) == ["growth"]
    assert list(workspace.contracts["signed_up"]) == ["1.0.0"]
    assert list(workspace.mappings) == ["signed_up.hook"]
    assert list(workspace.integrations) == ["mailing"]
    assert list(workspace.cases) == ["signed_up.hook"]
    assert workspace.samples["signed_up"]["event"] == "Signed Up"
    assert workspace.contract_for((EventType.TRACK, "Signed Up")) == "signed_up"
    assert workspace.contract_for((EventType.PAGE, "")) is None


def test_workspace_is_found_from_a_folder_or_file_inside(tmp_path: Path) -> None:
    workspace = write_changed_base(Golden(), tmp_path)
    assert find_workspace(workspace / "mappings") == workspace
    assert find_workspace(workspace / "mappings" / "signed_up.hook.yaml") == workspace


def test_folder_outside_of_any_workspace_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"paceline\.yaml"):
        find_workspace(tmp_path)
    with pytest.raises(UsageError, match="no such file"):
        find_workspace(tmp_path / "missing")
    with pytest.raises(UsageError, match="not a folder"):
        load_workspace(tmp_path / "missing")


def test_findings_of_all_files_are_collected_in_one_pass(tmp_path: Path) -> None:
    broken = Golden(
        write={"teams.yaml": "teams: 1\n", "integrations/mailing.yaml": "stage: [\n", "samples/x.json": "{"}
    )
    workspace = load_workspace(write_changed_base(broken, tmp_path))
    assert [(finding.file, finding.code) for finding in workspace.findings] == [
        ("integrations/mailing.yaml", "PL003"),
        ("samples/x.json", "PL012"),
        ("teams.yaml", "PL103"),
    ]
    assert list(workspace.mappings) == ["signed_up.hook"]
    assert workspace.has_broken("integration")
    assert workspace.names("integration") == ["mailing"]


def test_broken_workspace_refuses_to_be_used(tmp_path: Path) -> None:
    workspace = load_workspace(write_changed_base(Golden(write={"teams.yaml": "teams: 1\nx: 2\n"}), tmp_path))
    with pytest.raises(WorkspaceError) as caught:
        workspace.require_no_errors()
    assert len(caught.value.findings) == 2
    assert caught.value.where == "teams.yaml:1:8 PL103"


def test_warning_does_not_keep_a_workspace_from_being_used(tmp_path: Path) -> None:
    misplaced = Golden(write={"mapping/a.yaml": "x"})
    workspace = load_workspace(write_changed_base(misplaced, tmp_path))
    assert [finding.code for finding in workspace.findings] == ["PL015"]
    workspace.require_no_errors()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_unreadable_file_is_a_finding(tmp_path: Path) -> None:
    folder = write_changed_base(Golden(), tmp_path)
    (folder / "teams.yaml").chmod(0)
    assert [(f.file, f.code) for f in load_workspace(folder).findings] == [("teams.yaml", "PL001")]


def test_dangling_link_is_a_finding(tmp_path: Path) -> None:
    folder = write_changed_base(Golden(), tmp_path)
    (folder / "mappings" / "gone.yaml").symlink_to("nowhere.yaml")
    findings = load_workspace(folder).findings
    assert [(finding.file, finding.code) for finding in findings] == [("mappings/gone.yaml", "PL001")]


def test_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    folder = write_changed_base(Golden(), tmp_path)
    os.mkfifo(folder / "mappings" / "pipe.yaml")
    findings = load_workspace(folder).findings
    assert [(finding.file, finding.code) for finding in findings] == [("mappings/pipe.yaml", "PL009")]


def test_file_name_that_is_not_utf8_is_no_obstacle(tmp_path: Path) -> None:
    folder = write_changed_base(Golden(), tmp_path)
    (folder / "mappings" / os.fsdecode(b"\xff.yaml")).write_text("mapping: a\n")
    findings = load_workspace(folder).findings
    assert {finding.code for finding in findings} == {"PL102", "PL107"}
    assert "\ufffd.yaml" in findings_text(findings)
    assert "\ufffd.yaml" in findings_json(findings, files=1).encode().decode()


def test_folder_with_the_name_of_a_file_is_a_finding(tmp_path: Path) -> None:
    folder = write_changed_base(Golden(delete=["teams.yaml"]), tmp_path)
    (folder / "paceline.yaml").unlink()
    (folder / "paceline.yaml").mkdir()
    assert [(finding.file, finding.code) for finding in load_workspace(folder).findings] == [("paceline.yaml", "PL001")]
