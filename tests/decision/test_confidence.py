"""How sure a decision is."""

from __future__ import annotations

from typing import Any

import pytest
from decision_requests import changed, estimates_of, exact, known_case, scale

from paceline.decision.confidence import Confidence, Robustness, judge_confidence
from paceline.decision.decide import decide
from paceline.decision.intake import read_request
from paceline.decision.report import Report
from paceline.model.integration import Stage
from paceline.model.request import Request

Row = dict[str, Any]


def report_on(row: Row) -> Report:
    request = read_request(row)
    assert isinstance(request, Request), request
    return decide(request)


def clear_case() -> Row:
    """A case in which a sprint would cost several times as much, measured."""

    def change(row: Row) -> None:
        row["teams"]["in_24_months"] = {"low": 1.5, "likely": 2.4, "high": 2.8}
        row["estimates"]["sprint"]["ops_hours_per_week"] = {"low": 9, "likely": 10, "high": 12, "source": "measured"}
        row["cost_of_delay"]["per_week"] = {"low": 9000, "likely": 10_000, "high": 12_000, "source": "history"}
        row["estimates"]["marathon"]["ops_hours_per_week"] = {"low": 1, "likely": 1.5, "high": 2, "source": "measured"}

    return changed(known_case(), change)


@pytest.mark.parametrize(
    ("probability", "ratio", "doubts", "expected"),
    [
        (0.95, 1.0, [], Confidence.HIGH),
        (0.95, 1.0, ["another winner over 12 months"], Confidence.MEDIUM),
        (0.7, 1.0, [], Confidence.MEDIUM),
        (0.95, 0.3, [], Confidence.MEDIUM),
        (0.55, 1.0, [], Confidence.LOW),
        (0.95, 0.1, [], Confidence.LOW),
        (0.95, -0.5, [], Confidence.LOW),
    ],
)
def test_confidence_needs_probability_and_robustness(
    probability: float, ratio: float, doubts: list[str], expected: Confidence
) -> None:
    robustness = Robustness(ratio=(9.0, ratio, 9.0), decisive=())
    found = judge_confidence(probability=probability, robustness=robustness, horizon=1, doubts=doubts)
    assert found is expected


def test_clear_case_is_decided_with_high_confidence() -> None:
    report = report_on(clear_case())
    assert report.leaning is Stage.HYBRID
    assert report.confidence is Confidence.HIGH
    assert set(report.winners.values()) == {Stage.HYBRID}
    assert report.doubts == ()


def test_decisive_guess_makes_confidence_low() -> None:
    def guess(row: Row) -> None:
        row["estimates"]["sprint"]["ops_hours_per_week"] = {"low": 0.1, "likely": 10, "high": 12, "source": "guess"}

    report = report_on(changed(clear_case(), guess))
    assert report.leaning is Stage.HYBRID
    assert report.confidence is Confidence.LOW
    assert "upkeep of the sprint" in report.doubts[0]


def test_votes_against_the_verdict_keep_confidence_from_being_high() -> None:
    def object_to_it(row: Row) -> None:
        row["existing"] = {"similar_adapters": 5}
        row["teams"]["now"] = 2
        row["risk"]["observability"] = 4
        row["residency"] = "eu"

    report = report_on(changed(clear_case(), object_to_it))
    assert report.leaning is Stage.HYBRID
    assert not report.votes_agree
    assert report.confidence is Confidence.MEDIUM


def test_everything_known_exactly_is_certain() -> None:
    def know(row: Row) -> None:
        for given in estimates_of(row):
            likely = given["likely"]
            given.clear()
            given.update(exact(likely))

    report = report_on(changed(clear_case(), know))
    chosen = next(option for option in report.options if option.option is report.leaning)
    assert chosen.ownership["24"].p10 < chosen.ownership["24"].p90  # the defaults are still ranges
    assert chosen.time_to_value_days.mean > 0


@pytest.mark.parametrize("factor", [1.2, 1.6, 2.5])
def test_robustness_only_falls_when_ranges_widen(factor: float) -> None:
    def widen(row: Row) -> None:
        for given in estimates_of(row):
            middle = given["likely"]
            given["low"] = max(middle - (middle - given["low"]) * factor, 0.02)
            given["high"] = middle + (given["high"] - middle) * factor
        row["teams"]["in_24_months"]["low"] = max(row["teams"]["in_24_months"]["low"], 1)

    narrow, wide = report_on(clear_case()), report_on(changed(clear_case(), widen))
    assert narrow.leaning is wide.leaning
    for months in ("12", "24", "36"):
        assert wide.robustness[months] <= narrow.robustness[months] + 1e-6


def test_scaling_all_money_leaves_confidence_as_it_is() -> None:
    def inflate(row: Row) -> None:
        row["shared"]["hourly_rate"] = {"low": 60, "likely": 90, "high": 130}
        for given in (row["shared"]["hourly_rate"], row["cost_of_delay"]["per_week"]):
            scale(given, 1000.0)

    plain, inflated = report_on(known_case()), report_on(changed(known_case(), inflate))
    assert (plain.confidence, plain.leaning) == (inflated.confidence, inflated.leaning)
    for months in ("12", "24", "36"):
        assert plain.robustness[months] == pytest.approx(inflated.robustness[months])
