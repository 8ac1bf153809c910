"""The known case, the framework's rules of thumb, and published cases with their grade."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from decision_requests import changed, exact, known_case

from paceline.decision.confidence import Confidence
from paceline.decision.decide import decide
from paceline.decision.intake import read_request
from paceline.decision.report import Report
from paceline.model.integration import Stage
from paceline.model.request import Request

CASES = Path(__file__).parent / "cases"
PUBLISHED = sorted(CASES.glob("published/*.yaml"))


def load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return content


def report_on(row: object) -> Report:
    request = read_request(row)
    assert isinstance(request, Request), [str(fault) for fault in request]
    return decide(request)


@pytest.mark.parametrize("path", sorted(CASES.rglob("*.yaml")), ids=lambda path: path.stem)
def test_case_gets_the_verdict_that_is_expected(path: Path) -> None:
    case = load(path)
    report = report_on(case["request"])
    assert report.verdict.value in case["expect"]["verdict"]
    blocked = {option.option.value: set(option.blocked_by) for option in report.options}
    for option, gates in case["expect"].get("closed", {}).items():
        assert blocked[option] >= set(gates)


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_published_case_says_how_far_it_can_be_trusted(path: Path) -> None:
    case = load(path)
    assert case["grade"]
    assert case["sources"]
    assert case["facts"]
    assert case["assumed"]
    assert case["expect"]["in_hindsight"]


def test_known_case_is_a_hybrid_that_ends_after_twelve_weeks_and_is_not_sure() -> None:
    case = load(CASES / "known_case.yaml")
    report = report_on(case["request"])
    assert report.leaning is Stage.HYBRID
    assert report.expiry is not None
    assert report.expiry.weeks == case["expect"]["expiry_weeks"]
    assert report.confidence is not Confidence.HIGH
    assert report.winners == {"12": Stage.SPRINT, "24": Stage.HYBRID, "36": Stage.HYBRID}
    assert {flip.input for flip in report.flips} >= set(case["expect"]["flips"])
    days = {option.option: option.time_to_value_days.p50 for option in report.options}
    assert days[Stage.HYBRID] == pytest.approx(4, abs=1)
    assert days[Stage.MARATHON] == pytest.approx(60, abs=2)
    assert report.counterfactual.startswith("A sprint if the upkeep of the sprint is below")


def test_known_case_with_nothing_but_what_is_stated_is_a_hybrid_too() -> None:
    bare = known_case()
    for assumed in ("cost_of_delay", "shared", "vendor", "events"):
        bare.pop(assumed)
    bare["teams"] = {"now": 1}
    report = report_on(bare)
    assert report.leaning is Stage.HYBRID
    assert report.confidence is Confidence.LOW
    assumed_names = {name for name, given in report.inputs.items() if given.source in ("default", "derived")}
    assert len(assumed_names) == len(report.inputs) - 2


def test_known_case_without_any_hurry_is_a_marathon() -> None:
    calm = changed(known_case(), lambda row: row["cost_of_delay"].update(per_week=exact(0)))
    calm["shared"]["confirmation_probability"] = {"low": 0.95, "likely": 0.99, "high": 1}
    assert report_on(calm).cheapest is Stage.MARATHON


def test_migration_that_runs_beside_the_old_path_is_paid_twice() -> None:
    case = load(CASES / "published" / "airbnb_metrics_migration.yaml")
    short = changed(case["request"], lambda row: row["shared"].update(cut_over_days=exact(1)))
    long_run, short_run = (
        next(option for option in report_on(row).options if option.option is Stage.HYBRID)
        for row in (case["request"], short)
    )
    assert long_run.lines["24"]["maintenance"] > short_run.lines["24"]["maintenance"]


def test_platform_without_a_sponsor_is_provisional() -> None:
    report = report_on(load(CASES / "published" / "integration_platform_without_sponsor.yaml")["request"])
    marathon = next(option for option in report.options if option.option is Stage.MARATHON)
    assert marathon.is_provisional


def test_same_request_gives_the_same_bytes() -> None:
    first, second = (msgspec.json.encode(report_on(known_case())) for _ in range(2))
    assert first == second


def test_order_of_keys_and_remarks_do_not_matter() -> None:
    row = known_case()
    turned = dict(reversed(list(row.items()))) | {"vendor": "klaviyo", "events": ["Other"], "note": "a remark"}
    plain, other = report_on(row), report_on(turned)
    assert plain == other
