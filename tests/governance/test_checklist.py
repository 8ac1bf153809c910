"""The six questions before any code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from governed_workspaces import DAY, copy_shop, replace_in

from paceline.cli.main import paceline_command

REQUEST = """
  - request: ga4_web
    outcome: Analysts see purchases.
    kind: strategic
    asked: 2026-11-23
    acceptance: {now: a test purchase is in the report, downstream: revenue equals that of the shop}
    estimates: {sprint: {days: {low: 1, likely: 2, high: 4}}, marathon: {days: {low: 20, likely: 30, high: 50}}}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return copy_shop(tmp_path)


def run(name: str, *arguments: str, shop: Path, today: str = DAY) -> Result:
    return CliRunner().invoke(
        paceline_command, ["checklist", name, "--workspace", str(shop), "--today", today, *arguments]
    )


def answers(name: str, shop: Path, *, today: str = DAY) -> dict[str, dict[str, object]]:
    found = json.loads(run(name, "--json", shop=shop, today=today).output)
    assert len(found["answers"]) == 6
    return {answer["id"]: answer for answer in found["answers"]}


def add_request(shop: Path) -> None:
    backlog = shop / "backlog.yaml"
    backlog.write_text(backlog.read_text() + REQUEST)


def test_integration_whose_request_says_how_to_see_that_it_works_passes_all_six(shop: Path) -> None:
    add_request(shop)
    found = answers("ga4_web", shop)
    assert {answer["state"] for answer in found.values()} == {"passed"}
    assert found["C1"]["because"] == "a test purchase is in the report"
    assert str(found["C1"]["evidence"]).count("backlog.yaml:") == 1
    assert run("ga4_web", shop=shop).exit_code == 0


def test_integration_without_a_request_has_no_acceptance_test(shop: Path) -> None:
    result = run("ga4_web", shop=shop)
    assert result.exit_code == 1
    assert answers("ga4_web", shop)["C1"]["state"] == "failed"


def test_contract_tests_are_run(shop: Path) -> None:
    replace_in(shop / "tests/page.ga4.yaml", "page_view", "page_vew")
    found = answers("ga4_web", shop)["C5"]
    assert found["state"] == "failed"
    assert "contract tests fail" in str(found["because"])
    assert str(found["evidence"]).startswith("['tests/page.ga4.yaml:")


def test_mapping_without_contract_tests_fails(shop: Path) -> None:
    (shop / "tests/page.ga4.yaml").unlink()
    found = answers("ga4_web", shop)["C5"]
    assert (found["state"], found["because"]) == ("failed", "no contract test for page.ga4")


def test_broken_mapping_is_not_evaluated_rather_than_passed(shop: Path) -> None:
    (shop / "mappings/page.ga4.yaml").write_text("mapping: page.ga4\n")
    found = answers("ga4_web", shop)
    assert (found["C2"]["state"], found["C5"]["state"]) == ("not evaluated", "not evaluated")
    assert run("ga4_web", shop=shop).exit_code == 1


def test_event_without_a_contract_needs_a_decision(shop: Path) -> None:
    (shop / "contracts/page/1.0.0.yaml").unlink()
    found = answers("ga4_web", shop)["C2"]
    assert found["state"] == "failed"
    assert "no contract describes page" in str(found["because"])


def test_runbook_without_words_is_no_monitoring(shop: Path) -> None:
    (shop / "runbooks/ga4.md").write_text("# Runbook\n")
    assert "there is no runbook" in str(answers("ga4_web", shop)["C5"]["because"])


def test_integration_without_a_service_level_has_no_owner_to_rely_on(shop: Path) -> None:
    replace_in(shop / "integrations/ga4_web.yaml", "sla:", "#sla:")
    assert answers("ga4_web", shop)["C3"]["because"] == "no service level (sla) is promised"


def test_gap_in_the_rota_fails_ownership(shop: Path) -> None:
    replace_in(shop / "teams.yaml", 'hours: "11:00-20:00"', 'hours: "12:00-16:00"')
    assert "leaves hours without anybody" in str(answers("ga4_web", shop)["C3"]["because"])


def test_expired_sprint_has_no_plan_any_more(shop: Path) -> None:
    found = answers("sales_alerts", shop, today="2027-01-09")["C4"]
    assert (found["state"], found["because"]) == ("failed", "it expired on 2027-01-08")


def test_high_risk_is_no_plain_sprint(shop: Path) -> None:
    replace_in(shop / "integrations/sales_alerts.yaml", "privacy: 1", "privacy: 4")
    assert answers("sales_alerts", shop)["C6"]["state"] == "failed"


def test_request_is_answered_with_the_lines_of_the_backlog(shop: Path) -> None:
    found = answers("personalized_email", shop)
    assert {answer["state"] for answer in found.values()} == {"passed"}
    lines = (shop / "backlog.yaml").read_text().splitlines()
    line = int(str(found["C6"]["evidence"][0]).rpartition(":")[2])  # type: ignore[index]
    assert lines[line - 1].strip().startswith("risk:")


def test_request_that_is_not_ready_is_answered_as_far_as_it_goes(shop: Path) -> None:
    result = run("loyalty_points", shop=shop)
    assert result.exit_code == 1
    assert "3 failed, 3 not evaluated: not ready" in result.output


def test_unknown_name_gets_the_nearest_one(shop: Path) -> None:
    assert "did you mean 'ga4_web'?" in str(run("ga4_wb", shop=shop).exception)


def test_markdown_is_a_table_of_six_rows(shop: Path) -> None:
    lines = run("personalized_email", "--markdown", shop=shop).output.splitlines()
    assert len([line for line in lines if line.startswith("| C")]) == 6
