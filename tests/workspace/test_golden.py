"""Every rule, by samples in valid/ and invalid/ that are named after the behavior."""

from __future__ import annotations

from pathlib import Path

import pytest
from golden_workspaces import BASE, check_folder, golden_files, read_golden, shown, write_changed_base

from paceline.workspace.reference import all_codes


def test_base_workspace_has_no_findings() -> None:
    assert check_folder(BASE) == ()


@pytest.mark.parametrize("path", golden_files("valid"), ids=lambda path: path.stem)
def test_valid_workspace_has_no_findings(path: Path, tmp_path: Path) -> None:
    workspace = write_changed_base(read_golden(path), tmp_path)
    assert [shown(finding) for finding in check_folder(workspace)] == []


@pytest.mark.parametrize("path", golden_files("invalid"), ids=lambda path: path.stem)
def test_invalid_workspace_has_these_findings(path: Path, tmp_path: Path) -> None:
    golden = read_golden(path)
    workspace = write_changed_base(golden, tmp_path)
    assert [shown(finding) for finding in check_folder(workspace)] == [text.strip() for text in golden.find]


def test_every_code_is_shown_by_an_invalid_sample() -> None:
    found = {text.split()[1] for path in golden_files("invalid") for text in read_golden(path).find}
    assert found == set(all_codes())
