"""What would change a decision, and what knowing better is worth."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from decision_requests import changed, exact, known_case, random_request
from SALib.analyze import sobol as published

from paceline.decision.comparison import regret, worth_of_everything, worth_of_one
from paceline.decision.decide import decide
from paceline.decision.formulas import OPTIONS
from paceline.decision.intake import read_request
from paceline.decision.report import Report
from paceline.decision.sensitivity import Flip, sobol_indices
from paceline.model.integration import Stage
from paceline.model.request import Request

Row = dict[str, Any]
ELSEWHERE = {"teams.in_24_months": ("teams", "in_24_months")}


def report_on(row: Row) -> Report:
    request = read_request(row)
    assert isinstance(request, Request), request
    return decide(request)


def with_exact(row: Row, path: str, value: float) -> Row:
    def change(other: Row) -> None:
        node = other
        *steps, last = path.split(".")
        for step in steps:
            node = node.setdefault(step, {})
        node[last] = exact(value)

    return changed(row, change)


def beside(report: Report, flip: Flip) -> tuple[float, float]:
    """A value a little before a break-even, and one a little beyond it."""
    given = report.inputs[flip.input]
    step = min(0.02 * max(given.high - given.low, flip.at), 0.5 * flip.at)
    step = step if flip.direction == "above" else -step
    return flip.at - step, flip.at + step


def test_break_even_values_are_true() -> None:
    row = known_case()
    report = report_on(row)
    assert len(report.flips) >= 8
    for flip in report.flips:
        path = report.inputs[flip.input].path
        before, after = beside(report, flip)
        assert report_on(with_exact(row, path, before)).leaning is report.leaning, flip
        assert report_on(with_exact(row, path, after)).leaning is flip.becomes, flip


def test_break_even_values_of_random_requests_are_true() -> None:
    told = true = 0
    for seed in range(40):
        row = random_request(random.Random(seed))
        report = report_on(row)
        for flip in report.flips[:4]:
            given = report.inputs[flip.input]
            before, after = beside(report, flip)
            if not given.low < before < given.high or not given.low < after < given.high:
                continue
            told += 1
            kept = read_request(with_exact(row, given.path, before))
            turned = read_request(with_exact(row, given.path, after))
            if isinstance(kept, Request) and isinstance(turned, Request):
                true += decide(kept).leaning is report.leaning and decide(turned).leaning is flip.becomes
    assert told > 30
    assert true / told > 0.95


def test_inside_means_between_low_and_high() -> None:
    report = report_on(known_case())
    for flip in report.flips:
        given = report.inputs[flip.input]
        assert flip.is_inside == (given.low <= flip.at <= given.high)


def test_break_even_of_a_gate_is_where_the_gate_closes() -> None:
    row = known_case()
    row["teams"] = {"now": 1, "in_24_months": {"low": 1, "likely": 1.5, "high": 6}}
    row["estimates"]["sprint"]["ops_hours_per_week"] = exact(0.05)
    report = report_on(row)
    assert report.leaning is Stage.SPRINT
    closing = [flip for flip in report.flips if flip.input == "teams_later"]
    assert [flip.at for flip in closing] == [pytest.approx(3.0, abs=1e-3)]


def test_decision_without_alternative_has_no_break_even() -> None:
    row = known_case()
    row["risk"]["privacy"] = 5
    report = report_on(row)
    assert report.leaning is Stage.MARATHON
    assert [flip for flip in report.flips if flip.input != "teams_later"] == []
    assert report.tornado == ()
    assert "(G2)" in report.counterfactual


def test_tornado_is_sorted_by_effect_and_centered_on_the_lead() -> None:
    report = report_on(known_case())
    effects = [abs(bar.lead_at_high - bar.lead_at_low) for bar in report.tornado]
    assert effects == sorted(effects, reverse=True)
    scores = sorted(option.score for option in report.options)
    lead = scores[1] - scores[0]
    for bar in report.tornado:
        assert min(bar.lead_at_low, bar.lead_at_high) <= lead + 0.1 * effects[0]
        assert max(bar.lead_at_low, bar.lead_at_high) >= lead - 0.1 * effects[0]


@pytest.mark.parametrize("seed", range(5))
def test_indices_are_those_of_salib(seed: int) -> None:
    inputs, count = 4, 64
    output = np.random.default_rng(seed).normal(size=(inputs + 2, count))
    problem = {"num_vars": inputs, "names": list("abcd"), "bounds": [[0, 1]] * inputs}
    # SALib wants, for each sample, A, then A with one column from B for every input, then B.
    order = np.concatenate([output[:1], output[2:], output[1:2]]).T.ravel()
    expected = published.analyze(problem, order, calc_second_order=False, num_resamples=2, seed=1)
    first, total = sobol_indices(output)
    assert first == pytest.approx(expected["S1"], abs=1e-6)
    assert total == pytest.approx(expected["ST"], abs=1e-6)


def test_output_that_never_varies_has_no_shares() -> None:
    first, total = sobol_indices(np.full((5, 8), 3.0))
    assert first.tolist() == total.tolist() == [0.0, 0.0, 0.0]


def test_shares_name_what_moves_the_lead() -> None:
    report = report_on(known_case())
    shares = {bar.input: bar.share for bar in report.tornado}
    assert max(shares, key=shares.__getitem__) == "sprint_ops"
    assert all(share >= 0.0 for share in shares.values())
    assert sum(shares.values()) == pytest.approx(1.0, abs=0.25)


def test_perfect_information_is_worth_the_mean_regret() -> None:
    samples = np.array([[10.0, 10.0], [4.0, 12.0], [9.0, 20.0]])
    assert worth_of_everything(regret(samples, OPTIONS, Stage.SPRINT)) == pytest.approx(3.0)
    assert worth_of_everything(regret(samples, [Stage.SPRINT], Stage.SPRINT)) == 0.0


def test_knowing_one_input_is_worth_less_than_knowing_everything() -> None:
    report = report_on(known_case())
    assert 0.0 < max(report.knowledge.inputs.values()) < report.knowledge.perfect


def test_knowing_the_only_unknown_is_worth_everything() -> None:
    count = 8192
    ranks = np.arange(count)
    from paceline.decision.sampling import cell_ranks

    ranks = cell_ranks("sprint_ops", count)
    saved = np.stack([np.zeros(count), (ranks - count / 2 + 0.5) / count])
    assert worth_of_one(saved, "sprint_ops") == pytest.approx(worth_of_everything(saved), rel=0.01)
    assert worth_of_one(saved, "hourly_rate") == pytest.approx(0.0, abs=0.01)


def test_spike_is_advised_only_when_one_answer_is_worth_more_than_it_costs() -> None:
    assert report_on(known_case()).knowledge.is_worth_a_spike
    dear = changed(known_case(), lambda row: row["shared"].update(finding_out_hours=400))
    assert not report_on(dear).knowledge.is_worth_a_spike
