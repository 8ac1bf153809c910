"""`paceline plan`: the plan of a request, and the files that it begins with."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from paceline.assemble.contract_tests.run import run_suite
from paceline.assemble.contract_tests.suite import workspace_suite
from paceline.assemble.opening import OpenWorkspace
from paceline.cli.plan import command
from paceline.connectors.catalog import Catalog
from paceline.errors import UsageError
from paceline.model.finding import Severity
from paceline.workspace.lint import check_workspace
from paceline.workspace.load import load_workspace

SHOP = Path(__file__).parents[2] / "examples" / "shop"
TODAY = "2026-11-23"
REQUEST: dict[str, Any] = {
    "request": "orders_for_support",
    "outcome": "Support sees orders beside the customer who writes.",
    "kind": "tactical",
    "asked": "2026-11-20",
    "acceptance": {"now": "a test order shows up within a minute", "downstream": "sales reads the same orders"},
    "owner": {"team": "growth"},
    "sla": {"delivered_within_secs": 60},
    "platform_owner": "platform",
    "events": ["Order Completed"],
    "vendor": "hubspot",
    "schema": "canonical",
    "migration_plan": "to the bus",
    "contract_tests": True,
    "monitoring": True,
    "risk": {"privacy": 2, "lock_in": 2, "performance": 2, "observability": 2},
    "cost_of_delay": {"per_week": {"low": 500, "likely": 2000, "high": 6000}},
    "estimates": {
        "sprint": {"days": {"low": 2, "likely": 3, "high": 5}},
        "marathon": {"days": {"low": 7, "likely": 8, "high": 12, "unit": "weeks"}},
    },
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns(".paceline"))
    return folder


def ask(shop: Path, **changes: object) -> None:
    """Put a request of our own into the backlog, in place of all others."""
    (shop / "backlog.yaml").write_text(yaml.safe_dump({"requests": [{**REQUEST, **changes}]}, sort_keys=False))


def invoke(shop: Path, *arguments: str, today: str = TODAY) -> tuple[int, str]:
    result = CliRunner().invoke(command, [*arguments, "--today", today, "--workspace", str(shop)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def plan_of(shop: Path, name: str = REQUEST["request"], *arguments: str, today: str = TODAY) -> dict[str, Any]:
    _, output = invoke(shop, name, "--json", *arguments, today=today)
    found = json.loads(output)
    assert isinstance(found, dict)
    return found


def written(shop: Path, name: str = REQUEST["request"]) -> list[str]:
    files = plan_of(shop, name, "--write")["drafts"]["files"]
    assert isinstance(files, list)
    return files


def contents(folder: Path) -> Mapping[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_known_case_has_twelve_weeks_each_with_owner_and_figure() -> None:
    weeks = plan_of(SHOP, "personalized_email")["plan"]["weeks"]
    assert [week["number"] for week in weeks] == list(range(1, 13))
    assert weeks[-1]["by"] == "2027-02-15"
    assert all(week["measure"] for week in weeks)
    assert all(week["who"] in ("growth", "platform", "growth and platform") for week in weeks)


def test_steps_are_in_order_and_each_names_its_team() -> None:
    steps = plan_of(SHOP, "personalized_email")["plan"]["steps"]
    assert [step["by"] for step in steps] == sorted(step["by"] for step in steps)
    assert {step["who"] for step in steps} == {"growth", "platform", "growth and platform"}


def test_share_over_the_bus_never_falls_from_week_to_week(shop: Path) -> None:
    slow = {"days": {"low": 100, "likely": 140, "high": 200}}
    ask(shop, kind="strategic", teams={"now": 3}, estimates={**REQUEST["estimates"], "marathon": slow})
    plan = plan_of(shop)["plan"]
    assert plan["verdict"] == "hybrid"
    shares = [int(week["do"].split(" %")[0]) for week in plan["weeks"] if week["do"].endswith("go over the bus")]
    assert shares == sorted(shares)
    assert set(shares) == {25, 50}


def test_markdown_has_a_gantt_chart_from_the_request_to_the_end() -> None:
    _, text = invoke(SHOP, "personalized_email", "--markdown")
    assert "```mermaid\ngantt\n" in text
    assert "RFC and its review :2026-11-23" in text
    assert "adapter removed :milestone, 2027-02-15, 0d" in text


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({"vendor": "hubspot"}, "sprint"),
        ({"vendor": "klaviyo", "events": ["Checkout Started"]}, "sprint"),
        ({"vendor": "webhook"}, "sprint"),
        ({"vendor": "mixpanel", "events": ["Refund Issued"], "fields": ["$.properties.total"]}, "sprint"),
        ({"vendor": "slack", "kind": "strategic", "teams": {"now": 2}}, "hybrid"),
        ({"vendor": "iterable", "events": ["identify"], "kind": "strategic", "teams": {"now": 6},
          "cost_of_delay": {"per_week": {"low": 40, "likely": 50, "high": 60}}}, "marathon"),
    ],
    ids=["repaired", "personal-data", "own-endpoint", "event-without-contract", "hybrid", "marathon"],
)  # fmt: skip
def test_what_is_written_passes_check_and_test_and_a_second_run_writes_nothing(
    shop: Path, changes: dict[str, Any], stage: str
) -> None:
    ask(shop, **changes)
    before = contents(shop)
    files = written(shop)
    assert f"integrations/{REQUEST['request']}.yaml" in files
    after = contents(shop)
    assert {file: after[file] for file in before} == before
    workspace = load_workspace(shop)
    assert workspace.integrations[REQUEST["request"]].stage.value == stage
    catalog = Catalog(shop / "connectors")
    findings = check_workspace(workspace, catalog, today=dt.date(2026, 11, 23))
    assert [str(finding) for finding in findings if finding.severity is Severity.ERROR] == []
    results = run_suite(workspace_suite(OpenWorkspace(workspace=workspace, catalog=catalog, environment={})))
    assert [result.name for result in results if not result.has_passed] == []
    assert written(shop) == []
    assert contents(shop) == after


def test_end_of_a_hybrid_is_that_of_its_decision(shop: Path) -> None:
    ask(shop, vendor="slack", kind="strategic", teams={"now": 2})
    plan = plan_of(shop, REQUEST["request"], "--write")["plan"]
    file = load_workspace(shop).integrations[REQUEST["request"]]
    assert file.expires == plan["ends"]
    assert file.migration is not None
    assert file.migration.milestones == [week["by"] for week in plan["weeks"] if week["by"] < plan["ends"]]


def test_hybrid_is_routed_by_its_toggle(shop: Path) -> None:
    ask(shop, vendor="slack", kind="strategic", teams={"now": 2})
    written(shop)
    flags = json.loads((shop / "toggles.flagd.json").read_bytes())["flags"]
    route = load_workspace(shop).integrations[REQUEST["request"]].route
    assert flags[route]["defaultVariant"] == "direct"


def test_toggles_that_are_there_are_not_touched_and_the_flag_is_told(shop: Path) -> None:
    ask(shop, vendor="slack", kind="strategic", teams={"now": 2})
    (shop / "toggles.flagd.json").write_text('{"flags": {}}')
    found = plan_of(shop, REQUEST["request"], "--write")
    assert (shop / "toggles.flagd.json").read_text() == '{"flags": {}}'
    assert found["toggle"]["route_orders_for_support"]["metadata"]["owner"] == "growth"
    assert load_workspace(shop).integrations[REQUEST["request"]].route == "direct"


def test_integration_that_sends_the_event_there_already_is_named_and_none_is_begun(shop: Path) -> None:
    ask(shop, vendor="ga4")
    found = plan_of(shop, REQUEST["request"], "--write")
    assert found["drafts"]["files"] == ["rfcs/0003-orders-for-support.md"]
    assert any("ga4_web sends the same event to ga4 already" in one for one in found["plan"]["decide"])


def test_request_without_a_vendor_says_what_is_missing(shop: Path) -> None:
    ask(shop, vendor="")
    found = plan_of(shop, REQUEST["request"], "--write")
    assert found["drafts"]["files"] == ["rfcs/0003-orders-for-support.md"]
    assert any("the request names no vendor" in one for one in found["plan"]["decide"])


def test_old_request_is_planned_from_today_so_that_nothing_begins_expired(shop: Path) -> None:
    ask(shop, asked="2025-01-07")
    plan = plan_of(shop, REQUEST["request"], "--write")["plan"]
    assert plan["starts"] == TODAY
    assert any("it was asked for on 2025-01-07" in one for one in plan["decide"])
    assert (load_workspace(shop).integrations[REQUEST["request"]].expires or "") > TODAY


def test_old_request_whose_deadline_has_passed_is_refused(shop: Path) -> None:
    ask(shop, asked="2025-01-07", deadline="2025-03-01")
    with pytest.raises(UsageError, match="cannot be planned from 2026-11-23"):
        plan_of(shop)


def test_request_that_is_not_ready_gets_no_files(shop: Path) -> None:
    ask(shop, owner=None, sla=None, acceptance=None)
    before = contents(shop)
    with pytest.raises(UsageError, match="there is nothing to write"):
        invoke(shop, REQUEST["request"], "--write")
    assert contents(shop) == before
    assert invoke(shop, REQUEST["request"])[0] == 1


def test_what_was_built_for_a_request_does_not_change_its_decision(shop: Path) -> None:
    ask(shop, vendor="klaviyo", events=["Checkout Started"])
    first = plan_of(shop, REQUEST["request"], "--write")["plan"]
    assert plan_of(shop)["plan"]["numbers"] == first["numbers"]
