"""`paceline test` from the outside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from contract_workspaces import CASES, MAPPING, write_contract_workspace

from paceline.cli.main import paceline_command
from paceline.errors import UnknownNameError, UsageError, WorkspaceError

SHOP = Path(__file__).parents[2] / "examples" / "shop"


@pytest.fixture(autouse=True)
def _outside_of_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return write_contract_workspace(tmp_path)


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(paceline_command, ["test", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def report(*arguments: str | Path) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def broken(tmp_path: Path, old: str, new: str) -> Path:
    """The workspace with another expectation in a case."""
    assert old in CASES
    return write_contract_workspace(tmp_path, test=CASES.replace(old, new, 1))


def test_good_workspace_passes_and_says_so(workspace: Path) -> None:
    result = run(workspace)
    assert result.exit_code == 0
    assert result.stdout == "4 passed, 0 failed\n"


def test_difference_is_shown_with_its_place_and_both_values(tmp_path: Path) -> None:
    result = run(broken(tmp_path, "kind: order, skus: [{sku: a}", "kind: orders, skus: [{sku: z}"))
    assert result.exit_code == 1
    shown = [line.strip() for line in result.stdout.splitlines()]
    assert "payload/skus/0/sku" in shown
    assert shown[shown.index("payload/kind") : shown.index("payload/kind") + 3] == [
        "payload/kind",
        '- expected  "orders"',
        '+ got       "order"',
    ]
    assert "order_completed.hook.yaml:5" in shown[0]
    assert shown[-1] == "3 passed, 1 failed"


def test_other_outcome_is_a_problem_and_not_a_difference(tmp_path: Path) -> None:
    (case,) = [one for one in report(broken(tmp_path, "filtered: true", "payload: {}"))["results"] if "problem" in one]
    assert case["problem"] == "expected a payload, but the event was filtered by when"
    assert case["verdict"] == "faulty"


def test_missing_and_further_requests_are_told(tmp_path: Path) -> None:
    two = report(broken(tmp_path, "events: [order]", "events: [order, order]"))["results"][3]
    assert [one["path"] for one in two["mismatches"]] == ["requests/1"]
    assert "expected" not in two["mismatches"][0]


def test_settings_that_the_connector_refuses_are_a_problem(tmp_path: Path) -> None:
    case = report(broken(tmp_path, 'settings: {url: "https', 'settings: {adress: "https'))["results"][3]
    assert case["problem"].startswith("settings")


def test_names_choose_mappings_also_by_a_pattern(workspace: Path) -> None:
    assert len(report(workspace, "order_*")["results"]) == 4
    assert len(report(workspace, "order_completed.hook")["results"]) == 4
    with pytest.raises(UnknownNameError, match=r"order_completed\.hok"):
        run(workspace, "order_completed.hok")


def test_name_without_a_workspace_means_the_one_around_the_folder(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace / "mappings")
    assert run("order_completed.hook").stdout == "4 passed, 0 failed\n"


def test_broken_workspace_is_not_tested(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError):
        run(write_contract_workspace(tmp_path, mapping=MAPPING.replace("$.userId!", "$.userId |")))


def test_junit_has_every_case_and_what_failed(tmp_path: Path) -> None:
    file = tmp_path / "reports" / "junit.xml"
    run(broken(tmp_path / "w", "total: 5, kind", "total: 6, kind"), "--junit", file)
    root = ElementTree.parse(file).getroot()
    assert (root.get("tests"), root.get("failures")) == ("4", "1")
    (failure,) = root.iter("failure")
    assert failure.get("message") == "payload/total: expected 6, got 5"


def test_github_gets_annotations_at_the_place_in_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    workspace = broken(tmp_path / "shop", "reason: missing", "reason: refused")
    (line,) = [line for line in run(workspace).stdout.splitlines() if line.startswith("::")]
    assert line.startswith("::error file=shop/tests/order_completed.hook.yaml,line=11,title=order_completed.hook%3A an")
    assert line.endswith('::refused/reason: expected "refused", got "missing"')
    assert "::error" not in run(workspace, "--no-github").stdout


def test_update_rewrites_what_differs_and_nothing_else(tmp_path: Path) -> None:
    workspace = broken(tmp_path, "kind: order, skus: [{sku: a}", "kind: orders, skus: [{sku: z}")
    result = run(workspace, "--update")
    assert result.exit_code == 0
    assert (workspace / "tests/order_completed.hook.yaml").read_text() == CASES
    assert "updated      tests/order_completed.hook.yaml:5 an order is passed on" in result.stdout
    assert result.stdout.endswith("3 passed, 0 failed, 1 updated\n")


def test_without_update_no_file_is_written(tmp_path: Path) -> None:
    workspace = broken(tmp_path, "total: 5, kind", "total: 6, kind")
    before = (workspace / "tests/order_completed.hook.yaml").read_text()
    run(workspace)
    assert (workspace / "tests/order_completed.hook.yaml").read_text() == before


def test_update_leaves_a_case_alone_whose_event_is_not_delivered(tmp_path: Path) -> None:
    workspace = broken(tmp_path, "filtered: true", "payload: {user: user-1}")
    before = (workspace / "tests/order_completed.hook.yaml").read_text()
    result = run(workspace, "--update")
    assert result.exit_code == 1
    assert (workspace / "tests/order_completed.hook.yaml").read_text() == before
    assert "not updated" in result.stdout


def test_update_of_a_request_writes_only_the_parts_that_it_states(tmp_path: Path) -> None:
    workspace = broken(tmp_path, "{method: POST, url:", "{method: PUT, headers: {Content-Type: x}, url:")
    run(workspace, "--update")
    text = (workspace / "tests/order_completed.hook.yaml").read_text()
    assert "method: POST, headers: {" in text
    assert run(workspace).exit_code == 0


def test_full_coverage_is_told(workspace: Path) -> None:
    result = run(workspace, "--coverage")
    assert result.stdout == "4 passed, 0 failed; 13 rules, 13 covered (100.0 %)\n"


def test_rule_without_a_test_is_told_with_its_place(tmp_path: Path) -> None:
    cases = CASES[: CASES.index("  - name: an order of nobody")]
    workspace = write_contract_workspace(tmp_path, test=cases)
    result = run(workspace, "--coverage")
    assert result.exit_code == 0
    (line,) = [line for line in result.stdout.splitlines() if "no test would miss" in line]
    assert line.endswith(
        "mappings/order_completed.hook.yaml:7:9 no test would miss `!` after $.userId of user (removed)"
    )


def test_coverage_below_the_minimum_fails(tmp_path: Path) -> None:
    workspace = write_contract_workspace(tmp_path, test=CASES[: CASES.index("  - name: an order of nobody")])
    result = run(workspace, "--min-coverage", "100", "--junit", tmp_path / "j.xml")
    assert result.exit_code == 1
    assert "fewer than the 100 % asked for" in result.stdout.splitlines()[-1]
    assert "no test would miss" in (tmp_path / "j.xml").read_text()
    assert run(workspace, "--min-coverage", "90").exit_code == 0


def test_coverage_is_not_measured_where_a_test_fails(tmp_path: Path) -> None:
    result = run(broken(tmp_path, "total: 5, kind", "total: 6, kind"), "--coverage")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1].endswith("coverage is only measured where every test passes")


def test_connector_of_a_workspace_is_tested_by_its_name(workspace: Path) -> None:
    CliRunner().invoke(paceline_command, ["new", "connector", "acme", "--workspace", str(workspace)])
    outcome = report(workspace, "--connector", "acme", "--coverage")
    assert (outcome["passed"], outcome["coverage"]["share"]) == (2, 1.0)


def test_connectors_are_not_updated(workspace: Path) -> None:
    with pytest.raises(UsageError, match="--update"):
        run(workspace, "--connector", "webhook", "--update")


def test_every_rule_of_the_example_is_noticed_by_its_tests() -> None:
    missed = [
        f"{rule['file']}:{rule['line']} {rule['rule']}"
        for mapping in report(SHOP, "--coverage")["coverage"]["mappings"]
        for rule in mapping["survivors"]
    ]
    assert missed == []
