"""Drawing inputs."""

from __future__ import annotations

import numpy as np
import pytest
from decision_requests import changed, estimate, exact, known_case
from scipy.stats import spearmanr

from paceline.decision.formulas import Values
from paceline.decision.inputs import Input, resolve_inputs
from paceline.decision.intake import read_request
from paceline.decision.sampling import RANK_CORRELATION, draw
from paceline.model.request import Request


def inputs_of(row: dict[str, object]) -> dict[str, Input]:
    request = read_request(row)
    assert isinstance(request, Request)
    return dict(resolve_inputs(request))


def known_values(count: int = 8192) -> Values:
    return draw(inputs_of(known_case()), count)


def test_means_are_those_of_the_pert_distribution() -> None:
    inputs = inputs_of(known_case())
    for name, values in draw(inputs).items():
        assert values.mean() == pytest.approx(inputs[name].mean, rel=1e-4), name


def test_samples_lie_within_their_range() -> None:
    inputs = inputs_of(known_case())
    for name, values in draw(inputs).items():
        assert inputs[name].low <= values.min() <= values.max() <= inputs[name].high, name


@pytest.mark.parametrize("option", ["sprint", "marathon"])
def test_build_hours_and_days_of_one_option_rank_alike(option: str) -> None:
    values = known_values()
    correlation = spearmanr(values[f"{option}_build"][0], values[f"{option}_days"][0]).statistic
    assert correlation == pytest.approx(RANK_CORRELATION, abs=0.01)


def test_other_inputs_are_independent() -> None:
    values = {name: drawn[0] for name, drawn in known_values().items() if drawn.shape[1] > 1}
    pairs = {frozenset(("sprint_build", "sprint_days")), frozenset(("marathon_build", "marathon_days"))}
    matrix = np.corrcoef(np.array(list(values.values())))
    names = list(values)
    for first in range(len(names)):
        for second in range(first):
            if frozenset((names[first], names[second])) not in pairs:
                assert abs(matrix[first, second]) < 0.02, (names[first], names[second])


def test_changing_one_input_leaves_the_samples_of_the_others() -> None:
    def state_more(row: dict[str, dict[str, object]]) -> None:
        row["cost_of_delay"]["per_week"] = estimate(1, 2, 3)
        row["shared"]["hourly_rate"] = exact(100)

    before, after = known_values(), draw(inputs_of(changed(known_case(), state_more)))
    assert (before["sprint_ops"] == after["sprint_ops"]).all()
    assert (before["marathon_days"] == after["marathon_days"]).all()
    assert after["hourly_rate"].tolist() == [[100.0]]


def test_same_inputs_give_the_same_samples() -> None:
    assert all((known_values()[name] == values).all() for name, values in known_values().items())
