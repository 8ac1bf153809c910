"""The formulas, against a second way of computing them and against published software."""

from __future__ import annotations

import random

import numpy as np
import numpy_financial
import pytest
from decision_oracle import Case, hybrid_flows, marathon_flows, sprint_flows
from decision_requests import known_case, random_request

from paceline.decision.deliberation import circumstances
from paceline.decision.formulas import (
    HORIZONS,
    OPTIONS,
    Circumstances,
    count_months,
    delay_cost,
    evaluate,
    replacement_by_month,
    reverse_hours,
    time_to_value,
)
from paceline.decision.inputs import Input, operational_load, resolve_inputs, rework_factor
from paceline.decision.intake import read_request
from paceline.model.integration import Stage
from paceline.model.request import Composition, DelayProfile, OperationalLoad, Request, ReverseCost

FLOWS = {Stage.SPRINT: sprint_flows, Stage.HYBRID: hybrid_flows, Stage.MARATHON: marathon_flows}


def read(row: dict[str, object]) -> Request:
    request = read_request(row)
    assert isinstance(request, Request), request
    return request


def setting_of(request: Request, inputs: dict[str, Input], dice: random.Random) -> Case:
    reverse = request.reverse
    risk = request.risk
    assert risk is not None
    return Case(
        x={name: dice.uniform(given.low, given.high) for name, given in inputs.items()},
        teams_now=request.teams.now,
        risk_multiplier=max(risk.privacy, risk.lock_in),
        consumers=reverse.consumers,
        backfill_days=reverse.backfill_days,
        creates_identity_keys=reverse.creates_identity_keys,
        contract_breaks=reverse.contract_breaks,
    )


def arrays(x: dict[str, float]) -> dict[str, np.ndarray]:
    return {name: np.full((1, 1), value) for name, value in x.items()}


@pytest.mark.parametrize("seed", range(60))
def test_cost_of_ownership_is_the_net_present_value_of_the_monthly_flows(seed: int) -> None:
    dice = random.Random(seed)
    request = read(random_request(dice))
    inputs = dict(resolve_inputs(request))
    case = setting_of(request, inputs, dice)
    known = circumstances(request)
    values = arrays(case.x)
    costs = evaluate(values, known, count_months(values, known))
    monthly_rate = (1 + known.discount_rate) ** (1 / 12) - 1
    for option in OPTIONS:
        for index, months in enumerate(HORIZONS):
            expected = numpy_financial.npv(monthly_rate, FLOWS[option](case, months))
            found = float(np.broadcast_to(costs.ownership[option], (len(HORIZONS), 1, 1))[index, 0, 0])
            assert found == pytest.approx(expected, rel=1e-6), (option, months)


def test_ownership_is_the_sum_of_its_lines_and_total_adds_the_delay() -> None:
    request = read(known_case())
    inputs = resolve_inputs(request)
    known = circumstances(request)
    values = arrays({name: given.mean for name, given in inputs.items()})
    costs = evaluate(values, known, count_months(values, known))
    for option in OPTIONS:
        assert sum(costs.lines[option].values()) == pytest.approx(costs.ownership[option])
        assert costs.ownership[option] + costs.delay[option] == pytest.approx(costs.total[option])


def test_replacement_happens_as_likely_as_stated_within_24_months() -> None:
    by_month = replacement_by_month(np.array([[0.0, 0.35, 0.9, 1.0]]))
    assert by_month[:24, 0].sum(axis=0) == pytest.approx([0.0, 0.35, 0.9, 1.0])
    assert (by_month >= 0.0).all()
    assert (by_month.sum(axis=0) <= 1.0 + 1e-12).all()


def known_with(profile: DelayProfile, deadline_days: float | None = None) -> Circumstances:
    return Circumstances(
        teams_now=1,
        profile=profile,
        deadline_days=deadline_days,
        risk_multiplier=1,
        reverse=ReverseCost(),
        losses=0,
        discount_rate=0.1,
    )


@pytest.mark.parametrize(
    ("profile", "days", "lost"),
    [
        (DelayProfile.LINEAR, 14.0, 200.0),
        (DelayProfile.LINEAR, 700.0, 1000.0),
        (DelayProfile.CLIFF, 30.0, 0.0),
        (DelayProfile.CLIFF, 30.1, 1000.0),
        (DelayProfile.NONE, 700.0, 0.0),
    ],
)
def test_delay_costs_by_its_profile(profile: DelayProfile, days: float, lost: float) -> None:
    values = arrays({"cost_of_delay": 100.0, "window_weeks": 10.0})
    known = known_with(profile, deadline_days=30.0)
    assert delay_cost(values, known, np.full((1, 1), days)).item() == pytest.approx(lost)


def test_hybrid_is_a_little_slower_than_a_sprint_and_both_wait_for_review_and_access() -> None:
    values = arrays({"sprint_days": 3.0, "marathon_days": 56.0, "overhead": 0.2, "review": 2.0, "access": 1.0})
    days = {option: time_to_value(values, option).item() for option in OPTIONS}
    assert days == pytest.approx({Stage.SPRINT: 6.0, Stage.HYBRID: 6.6, Stage.MARATHON: 59.0})


def test_reverse_cost_counts_what_hangs_on_the_sprint() -> None:
    values = arrays(
        {"removal": 4.0, "per_consumer": 2.0, "per_backfill_day": 0.5, "rekey": 24.0, "per_contract_break": 4.0}
    )
    reverse = ReverseCost(consumers=3, backfill_days=10, creates_identity_keys=True, contract_breaks=2)
    assert reverse_hours(values, reverse).item() == pytest.approx(4 + 6 + 5 + 24 + 8)


def test_rework_factor_weighs_the_parts_of_an_adapter() -> None:
    assert rework_factor(Composition(vendor_calls=1.0)) == pytest.approx(0.9)
    assert rework_factor(Composition(declared_mappings=0.6, contract_tests=0.4)) == pytest.approx(0.19)


def test_operational_load_adds_up_hours_a_week() -> None:
    load = OperationalLoad(
        pages_per_week=2,
        hours_per_page=0.5,
        replay_hours_per_week=0.25,
        vendor_changes_per_year=4,
        hours_per_vendor_change=13,
        rotations_per_year=52,
        hours_per_rotation=0.1,
        manual_minutes_per_week=30,
    )
    assert operational_load(load) == pytest.approx(1.0 + 0.25 + 1.0 + 0.1 + 0.5)


def test_stated_losses_replace_the_risk_multiplier() -> None:
    row = known_case()
    row["losses"] = [
        {
            "what": "a consent is ignored",
            "per_year": {"exact": 0.5, "source": "measured"},
            "cost": {"exact": 24_000, "source": "measured"},
            "prevented_by_platform": {"exact": 0.75, "source": "measured"},
        }
    ]
    request = read(row)
    inputs = resolve_inputs(request)
    assert "risk_effect" not in inputs
    values = arrays({name: given.mean for name, given in inputs.items()} | {"confirmation": 1.0})
    known = circumstances(request)
    months = count_months(values, known)
    lines = evaluate(values, known, months).lines
    yearly = [(lines[option]["expected_losses"] / months.needed).item(1) * 12 for option in OPTIONS]
    assert yearly[0] == pytest.approx(12_000)
    assert yearly[2] == pytest.approx(3_000)
    assert 3_000 < yearly[1] < 12_000


@pytest.mark.parametrize("months", [1, 7, 12, 36])
def test_recurring_cost_without_discount_is_the_plain_sum(months: int) -> None:
    request = read(known_case())
    inputs = resolve_inputs(request)
    values = arrays({name: given.mean for name, given in inputs.items()})
    known = known_with(DelayProfile.NONE)
    undiscounted = Circumstances(
        teams_now=1,
        profile=DelayProfile.NONE,
        deadline_days=None,
        risk_multiplier=1,
        reverse=ReverseCost(),
        losses=0,
        discount_rate=0.0,
    )
    assert count_months(values, undiscounted, [months]).needed.item() == pytest.approx(months)
    assert count_months(values, known, [months]).needed.item() < months
