"""Quantiles of the PERT distribution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from paceline.decision.pert import QUANTILE_ERROR, unit_quantiles

MODES = [0.0, 1e-9, 1e-4, 0.01, 0.1, 0.25, 0.4999, 0.5, 0.7, 0.9, 0.999, 1.0]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("count", [1, 2, 128, 8192, 65536])
def test_quantiles_are_those_of_scipy_within_the_stated_error(mode: float, count: int) -> None:
    levels = (np.arange(count) + 0.5) / count
    expected = beta.ppf(levels, 1.0 + 4.0 * mode, 5.0 - 4.0 * mode)
    assert np.abs(unit_quantiles(mode, count) - expected).max() < QUANTILE_ERROR


@settings(max_examples=100, deadline=None)
@given(mode=st.floats(0.0, 1.0))
def test_quantiles_ascend_within_zero_and_one_and_have_the_right_mean(mode: float) -> None:
    quantiles = unit_quantiles(mode, 8192)
    assert (np.diff(quantiles) > 0.0).all()
    assert quantiles[0] > 0.0
    assert quantiles[-1] < 1.0
    assert quantiles.mean() == pytest.approx((4.0 * mode + 1.0) / 6.0, abs=1e-5)


@settings(max_examples=100, deadline=None)
@given(mode=st.floats(0.0, 1.0))
def test_mirrored_mode_has_mirrored_quantiles(mode: float) -> None:
    assert unit_quantiles(mode, 512) == pytest.approx(1.0 - unit_quantiles(1.0 - mode, 512)[::-1], abs=1e-9)
