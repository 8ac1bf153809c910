"""Promotion, rollback and retirement: what stands in the way, and what a file says afterwards."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from governed_workspaces import DAY, commit_all, copy_shop, replace_in

from paceline.cli.main import paceline_command
from paceline.errors import UnknownNameError, UsageError
from paceline.workspace.commits import extensions_of
from paceline.workspace.yaml_document import read_yaml

SPRINT = "integrations/sales_alerts.yaml"
HYBRID = "integrations/customerio_onboarding.yaml"
PLAN = "rfcs/0001-customerio-to-bus.md"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = copy_shop(tmp_path)
    commit_all(folder, "2026-11-20")
    return folder


def run(*arguments: str, shop: Path, as_json: bool = True) -> Result:
    more = ["--json"] if as_json else []
    command = [*arguments, "--workspace", str(shop), *more]
    return CliRunner().invoke(paceline_command, command, catch_exceptions=False)


def agree(shop: Path) -> None:
    """The plan of the hybrid as an RFC that is in effect."""
    text = (shop / PLAN).read_text()
    (shop / PLAN).write_text(f"---\nstatus: committed\ndecision-makers: [Ines Duarte]\n---\n{text}")


def mappings(shop: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (shop / "mappings").iterdir()}


def content(text: str) -> object:
    document, _ = read_yaml(text.encode(), HYBRID)
    assert document is not None
    return document.value


def unmet(result: Result) -> list[str]:
    return [demand["what"] for demand in json.loads(result.stdout)["demands"] if demand["met"] != "met"]


def test_sprint_becomes_a_hybrid_of_twelve_weeks_with_its_comments(shop: Path):
    replace_in(shop / SPRINT, "stage: sprint\n", "stage: sprint    # on trial\n")
    result = run("promote", "sales_alerts", "--to", "hybrid", "--today", "2026-12-01", shop=shop)
    assert result.exit_code == 0, result.output
    text = (shop / SPRINT).read_text()
    assert "stage: hybrid    # on trial\n" in text
    assert "expires: 2027-02-23\n" in text
    assert "started: 2026-12-01\n" in text
    assert "to: marathon" in text
    assert CliRunner().invoke(paceline_command, ["check", str(shop), "--today", "2026-12-01"]).exit_code == 0


@pytest.mark.parametrize(("day", "is_taken"), [("2027-03-01", True), ("2027-03-02", False), ("2026-11-30", False)])
def test_end_of_a_hybrid_is_bounded(shop: Path, day: str, is_taken: bool):
    arguments = ("promote", "sales_alerts", "--to", "hybrid", "--today", "2026-12-01", "--expires", day)
    if is_taken:
        assert run(*arguments, shop=shop).exit_code == 0
    else:
        with pytest.raises(UsageError, match="cannot end on"):
            run(*arguments, shop=shop)


def test_hybrid_becomes_a_marathon_on_the_bus_and_no_mapping_changes(shop: Path):
    agree(shop)
    before = mappings(shop)
    result = run("promote", "customerio_onboarding", "--to", "marathon", "--today", DAY, shop=shop)
    assert result.exit_code == 0, result.output
    text = (shop / HYBRID).read_text()
    assert "stage: marathon" in text
    assert "route: bus" in text
    assert "an event must not overtake the identify before it" in text
    assert not any(f"\n{key}:" in text for key in ("expires", "migration", "extensions"))
    assert mappings(shop) == before
    assert CliRunner().invoke(paceline_command, ["check", str(shop), "--today", DAY]).exit_code == 0


def test_plan_that_nobody_agreed_on_stands_in_the_way_and_the_file_stays(shop: Path):
    rfc = shop / "rfcs/0001-customerio-to-bus.md"
    rfc.write_text(rfc.read_text().replace("status: committed", "status: ideation"))
    before = (shop / HYBRID).read_text()
    result = run("promote", "customerio_onboarding", "--to", "marathon", "--today", DAY, shop=shop)
    assert result.exit_code == 1
    assert unmet(result) == ["a migration plan that is agreed on"]
    assert "paceline rfc" in json.dumps(json.loads(result.stdout)["demands"])
    assert (shop / HYBRID).read_text() == before


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        (HYBRID, "sla: {delivered_within_secs: 300, success_ratio: 0.995}\n", "", "owner, service level"),
        (HYBRID, "runbook: runbooks/customerio.md\n", "", "contract tests that pass, a runbook"),
        (HYBRID, "risk: {privacy: 3, lock_in: 2, performance: 1, observability: 2}\n", "", "risks scored"),
        ("contracts.lock", "signed_up 1.0.0", "# signed_up 1.0.0", "released contracts"),
        ("mappings/signed_up.customerio.yaml", "fields:\n", "fields:\n  no_such: 1\n", "mappings that fit contracts"),
        (HYBRID, "route: direct", "route: to_bus", "evidence for the bus route"),
        (HYBRID, "sources: [web, server]", "sources: [web, forms]", "events of the webhook source forms"),
    ],
)  # fmt: skip
def test_each_demand_is_noticed_when_it_is_not_met(shop: Path, file: str, old: str, new: str, what: str):
    agree(shop)
    replace_in(shop / file, old, new)
    webhook = 'sources:\n  forms: {webhook: {scheme: github, secret: "${env:X}"}}\n'
    replace_in(shop / "paceline.yaml", "sources:\n", webhook)
    (shop / "toggles.flagd.json").write_text('{"flags": {"to_bus": {}}}')
    result = run("promote", "customerio_onboarding", "--to", "marathon", "--today", DAY, shop=shop)
    assert result.exit_code == 1
    assert any(told.startswith(what) for told in unmet(result))


def test_test_that_fails_stands_in_the_way(shop: Path):
    agree(shop)
    replace_in(shop / "mappings/signed_up.customerio.yaml", "version:", 'when: $.userId == "nobody"\nversion:')
    result = run("promote", "customerio_onboarding", "--to", "marathon", "--today", DAY, shop=shop)
    assert "contract tests that pass, a runbook, and monitoring" in unmet(result)


def test_webhook_needs_an_adapter_for_a_marathon_and_may_wait_for_one_in_a_hybrid(shop: Path):
    webhook = 'sources:\n  forms: {webhook: {scheme: github, secret: "${env:X}", wait_for_adapter: true}}\n'
    replace_in(shop / "paceline.yaml", "sources:\n", webhook)
    replace_in(shop / SPRINT, "sources: [web, server]", "sources: [web, forms]")
    result = run("promote", "sales_alerts", "--to", "hybrid", "--today", DAY, "--dry-run", shop=shop)
    assert unmet(result) == []
    result = run("promote", "sales_alerts", "--to", "marathon", "--today", DAY, shop=shop)
    assert "events of the webhook source forms" in unmet(result)
    replace_in(shop / "paceline.yaml", "wait_for_adapter: true", "adapter: generic")
    result = run("promote", "sales_alerts", "--to", "marathon", "--today", DAY, shop=shop)
    assert "events of the webhook source forms" not in unmet(result)


@pytest.mark.parametrize(("day", "is_refused"), [("2027-02-15", False), ("2027-02-16", True)])
def test_expired_integration_is_not_promoted(shop: Path, day: str, is_refused: bool):
    agree(shop)
    arguments = ("promote", "customerio_onboarding", "--to", "marathon", "--today", day)
    if is_refused:
        with pytest.raises(UsageError, match="expired on 2027-02-15"):
            run(*arguments, shop=shop)
    else:
        assert run(*arguments, shop=shop).exit_code == 0


@pytest.mark.parametrize(("name", "to"), [("ga4_web", "marathon"), ("customerio_onboarding", "hybrid")])
def test_stage_that_is_not_ahead_is_refused(shop: Path, name: str, to: str):
    with pytest.raises(UsageError, match="cannot be promoted"):
        run("promote", name, "--to", to, shop=shop)


def test_unknown_integration_is_told_with_the_nearest(shop: Path):
    with pytest.raises(UnknownNameError) as caught:
        run("promote", "sales_alert", "--to", "hybrid", shop=shop)
    assert "sales_alerts" in caught.value.remedy


@pytest.mark.parametrize("is_committed", [False, True])
def test_rollback_is_what_was_there_before_and_later_edits_stay(shop: Path, is_committed: bool):
    agree(shop)
    commit_all(shop, "2026-11-21", "agreed")
    before = (shop / HYBRID).read_text()
    run("promote", "customerio_onboarding", "--to", "marathon", "--today", DAY, shop=shop)
    if is_committed:
        commit_all(shop, DAY, "promoted")
        replace_in(shop / HYBRID, "region: eu", "region: us")
        commit_all(shop, DAY, "moved")
    result = run("rollback", "customerio_onboarding", shop=shop)
    assert result.exit_code == 0
    after = (shop / HYBRID).read_text()
    if not is_committed:
        assert after == before
    else:
        assert content(after) == content(before.replace("region: eu", "region: us"))
        assert "# an event must not overtake" in after


def test_rollback_goes_back_one_stage_at_a_time(shop: Path):
    run("promote", "sales_alerts", "--to", "hybrid", "--today", DAY, shop=shop)
    commit_all(shop, DAY, "hybrid")
    assert json.loads(run("rollback", "sales_alerts", shop=shop).stdout)["to"] == "sprint"
    commit_all(shop, DAY, "back")
    with pytest.raises(UsageError, match="no promotion"):
        run("rollback", "sales_alerts", shop=shop)


def test_promotion_is_no_extension_of_the_end(shop: Path):
    run("promote", "sales_alerts", "--to", "hybrid", "--today", DAY, shop=shop)
    commit_all(shop, DAY, "hybrid")
    assert extensions_of(shop) == []
    replace_in(shop / SPRINT, "expires: 2027-02-15", "expires: 2027-03-01")
    commit_all(shop, DAY, "later")
    assert [one.integration for one in extensions_of(shop)] == ["sales_alerts"]


def test_dry_run_writes_nothing(shop: Path):
    before = (shop / SPRINT).read_text()
    run("promote", "sales_alerts", "--to", "hybrid", "--today", DAY, "--dry-run", shop=shop)
    assert (shop / SPRINT).read_text() == before


def test_retirement_leaves_a_tombstone_and_names_who_is_concerned(shop: Path):
    before = mappings(shop)
    replace_in(shop / SPRINT, "sources: [web, server]", "sources: [forms]")
    replace_in(
        shop / "paceline.yaml", "sources:\n", 'sources:\n  forms: {webhook: {scheme: github, secret: "${env:X}"}}\n'
    )
    result = run(
        "retire", "sales_alerts", "--because", "it is over", "--replaced-by", "ga4_web", "--today", DAY, shop=shop
    )
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert "whoever sends to /v1/in/sales_alerts (source forms)" in told["tombstone"]["consumers"]
    assert "mappings/order_completed.webhook.yaml" in told["unused_now"]
    assert not (shop / SPRINT).exists()
    tombstone = (shop / "retired/sales_alerts.yaml").read_text()
    assert "because: it is over" in tombstone
    assert "2026-11-20" in tombstone  # since when, by git
    assert mappings(shop) == before
    check = CliRunner().invoke(paceline_command, ["check", str(shop), "--today", DAY, "--json"])
    assert check.exit_code == 0
    line = CliRunner().invoke(paceline_command, ["lifecycle", str(shop), "--today", DAY, "--json"]).stdout
    assert ("sales_alerts", "retired") in {(one["name"], one["standing"]) for one in json.loads(line)["integrations"]}


def test_replacement_must_exist(shop: Path):
    with pytest.raises(UnknownNameError):
        run("retire", "sales_alerts", "--because", "x", "--replaced-by", "nobody", shop=shop)


@pytest.mark.parametrize(("day", "status"), [("2027-01-08", 0), ("2027-01-09", 1)])
def test_lifecycle_fails_on_the_day_after_an_end(shop: Path, day: str, status: int, tmp_path: Path):
    picture = tmp_path / "out/line.svg"
    result = CliRunner().invoke(paceline_command, ["lifecycle", str(shop), "--today", day, "--svg", str(picture)])
    assert result.exit_code == status
    assert picture.read_text().startswith("<svg")
