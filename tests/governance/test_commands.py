"""Owners, on-call and the deprecation register on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from governed_workspaces import DAY, copy_shop, replace_in

from paceline.cli.main import paceline_command


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return copy_shop(tmp_path)


def run(*arguments: str, shop: Path, today: str = DAY) -> Result:
    return CliRunner().invoke(paceline_command, ["governance", *arguments, "--workspace", str(shop), "--today", today])


def test_owners_agree_with_code_owners_in_the_shop(shop: Path) -> None:
    result = run("owners", "--json", shop=shop)
    assert result.exit_code == 0
    assert {row["agreement"] for row in json.loads(result.output)["rows"]} == {"agrees"}


def test_owner_that_code_owners_does_not_name_makes_the_command_fail(shop: Path) -> None:
    replace_in(shop / "integrations/ga4_web.yaml", "team: platform", "team: growth")
    result = run("owners", "--json", shop=shop)
    assert result.exit_code == 1
    wrong = [row for row in json.loads(result.output)["rows"] if row["agreement"] == "disagrees"]
    assert [(row["name"], row["team"], row["code_owners"]) for row in wrong] == [
        ("ga4_web", "growth", ["@shop/platform"])
    ]


def test_repository_around_the_workspace_has_the_code_owners(shop: Path) -> None:
    (shop / "CODEOWNERS").unlink()
    (shop.parent / ".git").mkdir()
    (shop.parent / ".github").mkdir()
    (shop.parent / ".github/CODEOWNERS").write_text("/shop/ @shop/platform\n/shop/integrations/sales* @shop/sales\n")
    rows = {row["name"]: row["agreement"] for row in json.loads(run("owners", "--json", shop=shop).output)["rows"]}
    assert (rows["sales_alerts"], rows["ga4_web"], rows["signed_up 1.0.0"]) == ("agrees", "agrees", "disagrees")


def test_handle_that_no_team_claims_is_not_evaluated(shop: Path) -> None:
    (shop / "CODEOWNERS").write_text("* @somebody\n")
    (shop / "teams.yaml").write_text((shop / "teams.yaml").read_text().replace("code_owners:", "#"))
    result = run("owners", "--json", shop=shop)
    assert {row["agreement"] for row in json.loads(result.output)["rows"]} == {"not evaluated"}
    assert result.exit_code == 0


def test_on_call_shows_every_hour_of_the_week_and_the_clocks_of_both_at_a_hand_over(shop: Path) -> None:
    output = run("on-call", "platform", shop=shop).output
    assert "  Mon ++BBBBBAAAAAAAAA+CCCCC++" in output
    assert "Aroha Ngata (20:00 in Auckland) -> Jonas Weber (08:00 in Berlin)  every day" in output
    assert "No gap" in output


def test_on_call_names_gaps_and_fails(shop: Path) -> None:
    replace_in(shop / "teams.yaml", 'hours: "11:00-20:00"', 'hours: "15:00-19:30"')
    result = run("on-call", "platform", shop=shop)
    assert result.exit_code == 1
    assert "  Mon CCBBBB!AAAAAAAAA+CCCCCCC" in result.output
    assert "  Mon 2026-11-23 06:30 to Mon 07:00 UTC" in result.output


def test_on_call_of_a_team_without_a_rota_is_not_evaluated(shop: Path) -> None:
    result = run("on-call", "sales", shop=shop)
    assert result.exit_code == 0
    assert "who is on call then was not evaluated" in result.output


def test_on_call_refuses_a_team_that_does_not_exist(shop: Path) -> None:
    assert "did you mean 'platform'?" in str(run("on-call", "platfrom", shop=shop).exception)


def test_register_names_consumers_and_says_who_takes_nothing_newer(shop: Path) -> None:
    replace_in(shop / "mappings/order_completed.ga4.yaml", '">=1.2 <2"', '"1.1.0"')
    found = json.loads(run("deprecations", "--json", shop=shop).output)
    contract = next(one for one in found if one["ending"]["kind"] == "contract")
    assert contract["ending"]["name"] == "order_completed 1.1.0"
    assert contract["ending"]["consumers"] == ["ga4_web (takes nothing newer)", "segment_warehouse"]
    assert contract["days_left"] == 129


def test_register_fails_once_an_end_has_passed(shop: Path) -> None:
    assert run("deprecations", shop=shop, today="2027-01-08").exit_code == 0
    result = run("deprecations", shop=shop, today="2027-01-09")
    assert result.exit_code == 1
    assert "overdue" in result.output


def test_broken_teams_file_is_told_with_its_place(shop: Path) -> None:
    (shop / "teams.yaml").write_text("teams: 5\n")
    result = run("on-call", shop=shop)
    assert "teams.yaml cannot be used" in str(result.exception)


@pytest.mark.parametrize("what", ["owners", "deprecations"])
def test_table_as_markdown_has_as_many_cells_in_every_row(shop: Path, what: str) -> None:
    rows = [line for line in run(what, "--markdown", shop=shop).stdout.splitlines() if line.startswith("| ")]
    assert len(rows) > 3
    first_table = rows[: 1 + next((at for at, row in enumerate(rows) if row.startswith("| team")), len(rows)) - 1]
    assert len({row.count(" | ") for row in first_table}) == 1


def test_on_call_as_markdown_keeps_the_columns_of_its_grid(shop: Path) -> None:
    text = run("on-call", "platform", "--markdown", shop=shop).stdout
    grid = text.split("```")[1].strip("\n").splitlines()
    assert [len(line) for line in grid[1:8]] == [30] * 7
    assert "No gap" in text


def test_last_day_is_still_in_time_and_the_next_one_is_not(shop: Path) -> None:
    assert "2027-01-08, today, due soon" in run("deprecations", shop=shop, today="2027-01-08").stdout
    late = run("deprecations", shop=shop, today="2027-01-09")
    assert "2027-01-08, 1 day ago, overdue" in late.stdout
    assert late.exit_code == 1
