"""Several criteria at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymcdm.methods import TOPSIS, WSM
from pymcdm.normalizations import minmax_normalization

from paceline.decision.criteria import closeness, smaller_is_better, weighted_sum

MATRICES = st.lists(
    st.lists(st.floats(0.01, 1000.0), min_size=5, max_size=5), min_size=3, max_size=3, unique_by=lambda row: row[0]
)


@pytest.mark.filterwarnings("ignore:Alternatives with indices:UserWarning")
@settings(max_examples=100, deadline=None)
@given(rows=MATRICES, weights=st.lists(st.floats(0.05, 1.0), min_size=5, max_size=5))
def test_scores_are_those_of_pymcdm(rows: list[list[float]], weights: list[float]) -> None:
    matrix, shares = np.array(rows), np.array(weights) / sum(weights)
    types = -np.ones(5)
    assert closeness(matrix, shares) == pytest.approx(TOPSIS(minmax_normalization)(matrix, shares, types), abs=1e-6)
    assert weighted_sum(matrix, shares) == pytest.approx(WSM(minmax_normalization)(matrix, shares, types), abs=1e-6)


def test_options_that_differ_in_nothing_are_equal() -> None:
    matrix = np.ones((3, 5))
    assert smaller_is_better(matrix).tolist() == np.ones((3, 5)).tolist()
    assert closeness(matrix, [0.2] * 5).tolist() == [0.5] * 3
    assert len(set(weighted_sum(matrix, [0.2] * 5).tolist())) == 1


def test_option_that_is_best_in_everything_is_ideal() -> None:
    matrix = np.array([[1.0, 1.0], [2.0, 5.0], [3.0, 4.0]])
    assert closeness(matrix, [0.5, 0.5])[0] == 1.0
    assert weighted_sum(matrix, [0.5, 0.5])[0] == 1.0
