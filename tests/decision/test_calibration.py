"""What the past says about estimates, on teams whose habits are known."""

from __future__ import annotations

import math
import random

import pytest

from paceline.decision.calibration import (
    NO_CALIBRATION,
    PastCase,
    calibrate,
    from_file,
    late_factor,
    pinball_loss,
    shrunk_factor,
    to_file,
)
from paceline.decision.outside_view import outside_factor

INPUTS = ("sprint_days", "sprint_build", "marathon_days")
SEEDS = range(40)


def team(
    seed: int, *, factor: float, spread: float, cases: int = 14, inputs: tuple[str, ...] = INPUTS
) -> list[PastCase]:
    """Estimates of one team, whose actuals are `factor` times the likely value, give or take."""
    chance = random.Random(seed)
    made = []
    for name in inputs:
        for number in range(cases):
            likely = chance.uniform(2, 40)
            actual = likely * factor * math.exp(chance.gauss(0, spread))
            made.append(
                PastCase(
                    name=f"r{number}", input=name, low=0.7 * likely, likely=likely, high=1.6 * likely, actual=actual
                )
            )
    return made


def used(cases: list[PastCase]) -> list[bool]:
    return [one.correction.is_used for one in calibrate(cases).inputs]


@pytest.mark.parametrize("factor", [1.6, 0.6])
def test_correction_is_used_for_a_team_that_is_always_off_by_the_same(factor: float) -> None:
    assert all(all(used(team(seed, factor=factor, spread=0.25))) for seed in SEEDS)


def test_correction_moves_estimates_most_of_the_way() -> None:
    report = calibrate(team(1, factor=1.6, spread=0.1))
    correction = report.calibration.correction("sprint_days")
    assert correction is not None
    assert 1.4 < correction.factor < 1.65


@pytest.mark.parametrize("spread", [0.2, 0.4])
def test_correction_stays_off_for_a_team_without_bias(spread: float) -> None:
    teams_with_any = sum(any(used(team(seed, factor=1.0, spread=spread))) for seed in SEEDS)
    assert teams_with_any <= 3  # chance


@pytest.mark.parametrize("spread", [0.8, 1.2])
def test_correction_stays_off_for_a_team_that_guesses(spread: float) -> None:
    teams_with_any = sum(any(used(team(seed, factor=1.0, spread=spread))) for seed in SEEDS)
    assert teams_with_any <= 2


def test_seven_cases_correct_nothing() -> None:
    report = calibrate(team(1, factor=3.0, spread=0.0, cases=7, inputs=("sprint_days",)))
    assert report.calibration.correction("sprint_days") is None
    assert report.calibration.lateness("sprint_days") is None
    assert report.inputs[0].correction.because == "7 of 8 cases that are needed"


def test_hit_rate_counts_actuals_inside_their_range() -> None:
    cases = [
        PastCase(name=str(actual), input="sprint_days", low=2, likely=3, high=5, actual=actual)
        for actual in (1.0, 2.0, 5.0, 5.1)
    ]
    assert calibrate(cases).hit_rate == 0.5


def test_pinball_loss_is_smallest_for_the_factor_that_is_right() -> None:
    case = PastCase(name="a", input="sprint_days", low=3.0, likely=4.0, high=6.0, actual=8.0)
    losses = {factor: pinball_loss(case, factor) for factor in (1.0, 1.5, 2.0, 3.0)}
    assert min(losses, key=losses.__getitem__) == 2.0


def test_factor_of_a_kind_is_drawn_to_that_of_all_kinds() -> None:
    cases = team(3, factor=2.0, spread=0.0, cases=20, inputs=("marathon_days",))
    lone = PastCase(name="a", input="sprint_days", low=1, likely=1, high=1, actual=1)
    assert 1.3 < shrunk_factor("sprint_days", [*cases, lone]) < 2.0


def test_late_factor_moves_from_the_outside_view_to_the_85th_percentile_of_the_past() -> None:
    few, many = (team(2, factor=2.0, spread=0.3, cases=number, inputs=("marathon_days",)) for number in (8, 400))
    own = math.exp(math.log(2.0) + 1.036 * 0.3)  # 85 of 100 lognormal ratios lie below
    assert outside_factor() < late_factor(few) < own * 1.1
    assert late_factor(many) == pytest.approx(own, rel=0.1)


def test_end_dates_of_a_team_that_keeps_its_word_are_earlier_than_the_outside_view() -> None:
    report = calibrate(team(4, factor=1.0, spread=0.05, inputs=("marathon_days",)))
    past = report.calibration.lateness("marathon_days")
    assert report.calibration.correction("marathon_days") is None  # nothing to correct
    assert past is not None
    assert 1.0 < past.late < outside_factor()


def test_options_have_a_bias_each() -> None:
    cases = [
        *team(1, factor=2.0, spread=0.0, inputs=("marathon_days",)),
        *team(1, factor=1.0, spread=0.0, inputs=("sprint_days", "sprint_build")),
    ]
    assert calibrate(cases).bias_by_option == pytest.approx({"marathon": 2.0, "sprint": 1.0})


def test_nothing_is_said_about_nothing() -> None:
    report = calibrate([])
    assert (report.cases, report.inputs, report.calibration.corrections) == (0, (), ())


def test_file_gives_back_the_corrections() -> None:
    report = calibrate(team(1, factor=1.6, spread=0.2))
    file = to_file(report, made="2026-11-23", debt_hours={})
    for read, made in zip(from_file(file).corrections, report.calibration.corrections, strict=True):
        assert (read.input, read.cases, read.is_used) == (made.input, made.cases, made.is_used)
        assert (read.factor, read.late) == pytest.approx((made.factor, made.late), abs=1e-4)
    assert from_file(None) is NO_CALIBRATION
