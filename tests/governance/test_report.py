"""The quarterly report for a council."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from governed_workspaces import DAY, commit_all, copy_shop, replace_in

from paceline.assemble.governance.needs import duplicates, shared_needs
from paceline.assemble.governance.proposals import Proposal, propose
from paceline.assemble.governance.report import QuarterReport, report_quarter
from paceline.cli.main import paceline_command
from paceline.decision.knowledge import KnownAdapter
from paceline.lifecycle.quarters import Quarter
from paceline.model.contract import Owner
from paceline.model.integration import Stage
from paceline.model.request import Request

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
QUARTER = Quarter(2026, 4)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return copy_shop(tmp_path)


def report(shop: Path, *, now: dt.datetime = NOW, quarter: Quarter = QUARTER) -> QuarterReport:
    return report_quarter(shop, quarter, now=now)


def rules(found: QuarterReport) -> dict[str, list[Proposal]]:
    by_rule: dict[str, list[Proposal]] = {}
    for proposal in propose(found):
        by_rule.setdefault(proposal.rule, []).append(proposal)
    return by_rule


def run(*arguments: str, shop: Path) -> Result:
    return CliRunner().invoke(
        paceline_command, ["governance", *arguments, "--workspace", str(shop), "--today", DAY], catch_exceptions=False
    )


def adapter(integration: str, team: str, event: str, vendor: str, stage: Stage = Stage.SPRINT) -> KnownAdapter:
    return KnownAdapter(
        integration=integration, mapping=f"{event}.{vendor}", team=team, stage=stage, event=event, vendor=vendor,
        fields=(), place=f"mappings/{event}.{vendor}.yaml:4", configured=f"integrations/{integration}.yaml:3",
    )  # fmt: skip


def asked(name: str, team: str, *events: str, vendor: str = "") -> tuple[Request, str]:
    request = Request(request=name, outcome="x", asked=DAY, owner=Owner(team=team), events=list(events), vendor=vendor)
    return request, f"backlog.yaml:{name}"


def test_event_that_two_teams_need_is_shared_however_it_is_written() -> None:
    needs = shared_needs(
        [asked("refunds", "sales", "OrderCompleted")], [adapter("mails", "growth", "Order Completed", "braze")], {}
    )
    (need,) = needs
    assert (need.kind, need.about, need.teams) == ("event", "order_completed", ("growth", "sales"))
    assert need.places == ("mappings/Order Completed.braze.yaml:4", "backlog.yaml:refunds")


def test_what_one_team_needs_twice_is_not_shared() -> None:
    adapters = [adapter("a", "growth", "x", "braze"), adapter("b", "growth", "x", "ga4")]
    assert shared_needs([], adapters, {}) == ()


def test_two_mappings_of_one_integration_are_no_duplicate() -> None:
    same = [adapter("a", "growth", "x", "braze"), adapter("a", "growth", "x", "braze")]
    assert duplicates(same) == ()
    (found,) = duplicates([*same, adapter("b", "sales", "X", "braze")])
    assert (found.integrations, found.teams) == (("a", "b"), ("growth", "sales"))


def test_shared_need_of_the_shop_is_proposed_with_what_it_saves(shop: Path) -> None:
    found = rules(report(shop))
    orders = next(one for one in found["P7"] if "order_completed" in one.do)
    assert "3 teams need it" in orders.because
    assert "saves about 230 hours" in orders.because
    assert "segment_warehouse read it already" in orders.do


def test_expired_integration_is_to_be_decided_and_one_that_ends_in_the_quarter_looked_at(shop: Path) -> None:
    replace_in(shop / "integrations/sales_alerts.yaml", "expires: 2027-01-08", "expires: 2026-11-20")
    replace_in(shop / "integrations/customerio_onboarding.yaml", "expires: 2027-02-15", "expires: 2026-12-31")
    found = rules(report(shop))
    assert [one.places for one in found["P1"]] == [("integrations/sales_alerts.yaml:16",)]
    assert found["P1"][0].because == "this sprint expired on 2026-11-20"
    assert found["P2"][0].because == "this hybrid ends on 2026-12-31, in 38 days"


def test_what_ends_after_the_quarter_is_not_in_its_report(shop: Path) -> None:
    assert report(shop).endings == ()
    names = [ending.name for ending in report(shop, quarter=Quarter(2027, 1)).endings]
    assert names == ["sales_alerts", "customerio_onboarding"]


def test_deprecated_contract_is_removed_after_its_consumers_moved(shop: Path) -> None:
    (proposal,) = rules(report(shop, quarter=Quarter(2027, 2)))["P6"]
    assert proposal.do == (
        "remove the contract order_completed 1.1.0; first move segment_warehouse to order_completed 1.2.0"
    )


def test_gap_in_a_rota_is_closed_and_a_missing_rota_written(shop: Path) -> None:
    replace_in(shop / "teams.yaml", 'hours: "11:00-20:00"', 'hours: "12:00-16:00"')
    found = rules(report(shop))
    assert [one.owner for one in found["P4"]] == ["platform"]
    assert [one.owner for one in found["P5"]] == ["growth", "sales"]


def test_third_time_that_an_end_is_put_off_is_refused(shop: Path) -> None:
    commit_all(shop, "2026-09-01")
    file = shop / "integrations/sales_alerts.yaml"
    for day, (old, new) in {
        "2026-10-01": ("2027-01-08", "2027-02-08"),
        "2026-10-20": ("2027-02-08", "2027-03-08"),
    }.items():
        replace_in(file, f"expires: {old}", f"expires: {new}")
        commit_all(shop, day)
    found = report(shop)
    assert found.extensions == {"sales_alerts": 2}
    assert rules(found)["P3"][0].do == "sales_alerts: no further extension; finish or remove it"


def test_debt_that_grew_since_the_quarter_began_is_told_with_its_largest_items(shop: Path) -> None:
    commit_all(shop, "2026-09-01")
    (shop / "tests/order_completed.webhook.yaml").unlink()
    (shop / "runbooks/sales_alerts.md").write_text("# nothing\n")
    commit_all(shop, "2026-11-02")
    found = report(shop)
    assert found.debt.before_hours is not None
    assert found.debt.hours > found.debt.before_hours
    (proposal,) = rules(found)["P10"]
    assert "before the quarter" in proposal.because
    assert any("sales" in place or "webhook" in place for place in proposal.places)


def test_guesses_that_mostly_miss_ask_for_wider_ranges(shop: Path) -> None:
    (shop / "actuals").mkdir()
    for number in range(5):
        (shop / f"actuals/past_{number}.yaml").write_text(
            f"request: past_{number}\noption: sprint\nclosed: 2026-11-0{number + 1}\n"
            "estimates: {days: {low: 2, likely: 3, high: 4}}\nactual: {days: 9}\n"
        )
    found = report(shop)
    assert (found.guesses, found.hit_rate) == (5, 0.0)
    assert [outcome.is_inside for outcome in found.outcomes] == [False] * 5
    assert "0% of 5 guesses held the truth" in rules(found)["P11"][0].because


def test_actuals_of_another_quarter_are_not_among_the_outcomes(shop: Path) -> None:
    (shop / "actuals").mkdir()
    (shop / "actuals/past.yaml").write_text(
        "request: past\noption: sprint\nclosed: 2026-09-30\nestimates: {days: {low: 2, likely: 3, high: 4}}\n"
        "actual: {days: 3}\n"
    )
    found = report(shop)
    assert found.outcomes == ()
    assert found.hit_rate == 1.0


def test_code_owners_that_name_others_are_corrected(shop: Path) -> None:
    replace_in(
        shop / "CODEOWNERS",
        "/integrations/sales_alerts.yaml         @shop/sales",
        "/integrations/sales_alerts.yaml @shop/growth",
    )
    (proposal,) = rules(report(shop))["P12"]
    assert (proposal.do, proposal.owner) == ("correct CODEOWNERS", "sales")


def test_missing_backlog_is_said_and_not_taken_for_no_requests(shop: Path) -> None:
    (shop / "backlog.yaml").unlink()
    found = report(shop)
    assert "requests: there is no backlog.yaml" in found.not_evaluated
    assert found.tickets == ()


def test_same_day_gives_the_same_bytes(shop: Path) -> None:
    first = run("report", "--quarter", "2026Q4", "--json", shop=shop)
    assert first.exit_code == 0
    assert run("report", "--quarter", "2026Q4", "--json", shop=shop).output == first.output
    assert json.loads(first.output)["report"]["quarter"] == "2026Q4"


def test_markdown_has_a_table_for_every_part(shop: Path) -> None:
    text = run("report", "--markdown", shop=shop).output
    assert text.startswith("# shop: governance report for 2026Q4\n")
    for title in ("To decide", "Shared needs", "RFCs", "Debt", "Requests", "Decisions against actuals",
                  "Owners and on-call", "Not evaluated"):  # fmt: skip
        assert f"\n## {title}\n" in text


def test_text_fits_a_terminal_but_for_its_tables(shop: Path) -> None:
    lines = run("report", shop=shop).output.splitlines()
    assert all(len(line) <= 180 for line in lines)


def test_text_that_is_no_quarter_is_refused(shop: Path) -> None:
    result = CliRunner().invoke(paceline_command, ["governance", "report", "--quarter", "Q4", "--workspace", str(shop)])
    assert "is no quarter" in str(result.exception)
