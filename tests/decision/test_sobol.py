"""The Sobol sequence."""

from __future__ import annotations

import numpy as np
import pytest
from SALib.sample import sobol_sequence as published
from scipy.stats import qmc

from paceline.decision.sobol import MOST_DIMENSIONS, sobol_ranks, sobol_sequence


@pytest.mark.parametrize("count", [1, 2, 64, 8192])
def test_points_are_those_of_salib(count: int) -> None:
    expected = published.sample(count, MOST_DIMENSIONS) if count > 1 else np.zeros((1, MOST_DIMENSIONS))
    assert np.abs(sobol_sequence(count, MOST_DIMENSIONS) - expected).max() < 1e-9


def test_points_are_those_of_scipy() -> None:
    expected = qmc.Sobol(MOST_DIMENSIONS, scramble=False).random_base2(10)
    assert np.abs(sobol_sequence(1024, MOST_DIMENSIONS) - expected).max() < 1e-8


def test_every_dimension_takes_every_cell_once() -> None:
    ranks = sobol_ranks(4096, MOST_DIMENSIONS)
    assert (np.sort(ranks, axis=1) == np.arange(4096)).all()


@pytest.mark.parametrize(("count", "dimensions"), [(0, 1), (3, 1), (1000, 2), (4, 0), (4, MOST_DIMENSIONS + 1)])
def test_what_the_table_cannot_do_is_refused(count: int, dimensions: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        sobol_sequence(count, dimensions)
