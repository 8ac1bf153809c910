"""`paceline debt` from the outside."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from debt_workspaces import Adapter, Field, commit, write_workspace

from paceline.cli.debt import command
from paceline.errors import UsageError

ADAPTER = Adapter(
    team="growth",
    event="Order Completed",
    vendor="crm",
    fields=(Field(target="amount", expression="$.properties.total | number"),),
    name="orders",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with a one-off, in git."""
    root = write_workspace(tmp_path / "shop", [ADAPTER])
    commit(root, day="2026-10-01")
    return root


def debt(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, [str(root), "--today", "2026-11-23", *arguments])


def test_text_names_grade_places_and_what_was_not_looked_at(root: Path) -> None:
    result = debt(root)
    assert result.exit_code == 0
    assert "grade" in result.output.splitlines()[0]
    assert "mappings/orders.yaml:5" in result.output
    assert "Not evaluated" in result.output
    assert "\x1b[" not in result.output


def test_json_is_the_same_for_the_same_files(root: Path) -> None:
    first, second = debt(root, "--json"), debt(root, "--json")
    assert first.stdout == second.stdout
    report = json.loads(first.stdout)
    assert report["score"]["principal_hours"] == pytest.approx(4.25 + 0.5)
    assert {item["kind"] for item in report["items"]} == {"one_off_adapter", "undocumented_mapping"}
    assert [point["day"] for point in report["trend"]] == ["2026-10-01"]


def test_markdown_has_the_three_sub_scores(root: Path) -> None:
    text = debt(root, "--markdown").stdout
    assert text.startswith("## Integration debt: grade")
    assert all(name in text for name in ("one-off adapters", "undocumented mappings", "manual workarounds"))


def test_code_is_scanned_for_the_vendors_of_the_workspace(root: Path, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/send.py").write_text("import requests\nrequests.post('https://api.crm.example/send')\n")
    report = json.loads(debt(root, "--code", str(tmp_path / "app"), "--json").stdout)
    places = {item["subject"]: item["place"] for item in report["items"] if item["subject"].startswith("code:")}
    assert places == {
        "code: adapter for crm": "../app/send.py:2",
        "code: crm api.crm.example/send": "../app/send.py:2",
    }


def test_own_connector_of_the_workspace_is_no_debt(root: Path) -> None:
    (root / "connectors/crm/connector.py").write_text("def f(s):\n    s.get('https://api.crm.example')\n")
    report = json.loads(debt(root, "--code", str(root), "--json").stdout)
    assert not [item for item in report["items"] if item["subject"].startswith("code:")]


def test_gate_fails_on_new_debt_only(root: Path) -> None:
    assert debt(root, "--base", "HEAD", "--max-new-hours", "0").exit_code == 0
    mapping = root / "mappings/orders.yaml"
    mapping.write_text(mapping.read_text().replace("fields: {", "fields: {plan: $.properties.plan, "))
    assert debt(root, "--base", "HEAD", "--max-new-hours", "10").exit_code == 0
    result = debt(root, "--base", "HEAD", "--max-new-hours", "0.5")
    assert result.exit_code == 1
    assert "adds" in result.stderr


def test_gate_is_not_passed_by_breaking_a_file(root: Path) -> None:
    (root / "mappings/orders.yaml").write_text("mapping: [")
    assert isinstance(debt(root, "--base", "HEAD", "--max-new-hours", "9").exception, UsageError)


def test_new_call_in_code_of_the_same_repository_is_new_debt(root: Path) -> None:
    (root / "backend").mkdir()
    (root / "backend/a.py").write_text("x = 1\n")
    commit(root, day="2026-10-02")
    (root / "backend/a.py").write_text("import requests\nrequests.post('https://api.crm.example/send')\n")
    report = json.loads(debt(root, "--code", str(root / "backend"), "--base", "HEAD", "--json").stdout)
    assert report["against_base"]["has_code"] is True
    assert report["against_base"]["change"]["added_hours"] == pytest.approx(4.5)


def test_gate_without_a_base_is_refused(root: Path) -> None:
    assert isinstance(debt(root, "--max-new-hours", "1").exception, UsageError)


def test_folder_that_is_not_there_is_refused(root: Path) -> None:
    assert isinstance(debt(root, "--code", "no/such/folder").exception, UsageError)


def test_picture_is_well_formed(root: Path, tmp_path: Path) -> None:
    assert debt(root, "--picture", str(tmp_path / "trend.svg")).exit_code == 0
    drawn = ElementTree.parse(tmp_path / "trend.svg").getroot()
    assert len(drawn.findall("{http://www.w3.org/2000/svg}circle")) == 1


def test_workspace_outside_of_git_has_no_trend(tmp_path: Path) -> None:
    root = write_workspace(tmp_path / "shop", [ADAPTER])
    result = debt(root)
    assert (result.exit_code, "Trend" in result.output) == (0, False)
