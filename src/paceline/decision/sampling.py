"""Draws the inputs of a decision: the same points every time, the same ones for every option."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from statistics import NormalDist

import msgspec
import numpy as np
from numpy.typing import NDArray

from paceline.decision.catalog import DIMENSIONS, dimension
from paceline.decision.formulas import Array, Values
from paceline.decision.inputs import Input
from paceline.decision.pert import unit_quantiles
from paceline.decision.sobol import sobol_ranks

SAMPLES = 8192
RANK_CORRELATION = 0.7
"""Spearman's, of build hours and days of one option: what takes more work takes longer. Independent, they cancel."""

CORRELATED = {"sprint_days": "sprint_build", "marathon_days": "marathon_build"}


def draw(inputs: Mapping[str, Input], count: int = SAMPLES) -> Values:
    """`count` samples of every input, as arrays of shape (1, count); exact inputs as (1, 1).

    `count` is a power of two. Each input keeps its own Sobol dimension whatever else is stated, so two requests that
    differ in one number differ in that number only.
    """
    return {name: _samples(given, count) for name, given in inputs.items()}


def points(inputs: Mapping[str, Input]) -> dict[str, Array]:
    """The likely value of every input, as arrays of shape (1, 1)."""
    return {name: np.full((1, 1), given.likely) for name, given in inputs.items()}


def follow(inputs: Mapping[str, Input], name: str, values: Array, count: int) -> dict[str, Array]:
    """An input at other values (one a row), and every input that is a multiple of it, over `count` samples."""
    found = {name: values.reshape(-1, 1)}
    for other, given in inputs.items():
        if given.follows == name and given.ratios is not None:
            low, likely, high = given.ratios
            ratio = msgspec.structs.replace(given, low=low, likely=likely, high=high)
            found[other] = found[name] * _samples(ratio, count)
    return found


def cell_ranks(name: str, count: int) -> NDArray[np.intp]:
    """Which of `count` equally likely cells each sample of an input lies in."""
    if name in CORRELATED:
        return _correlated_ranks(dimension(CORRELATED[name]), dimension(name), count)
    ranks: NDArray[np.intp] = sobol_ranks(count, DIMENSIONS)[dimension(name)]
    return ranks


@functools.cache
def cell_order(name: str, count: int) -> NDArray[np.intp]:
    """The samples of an input in ascending order of its value. Shared: do not change it."""
    order = np.empty(count, dtype=np.intp)
    order[cell_ranks(name, count)] = np.arange(count)
    order.setflags(write=False)
    return order


def spread(given: Input, quantiles: Array) -> Array:
    """Quantiles of the unit distribution on the range of an input."""
    values: Array = given.low + (given.high - given.low) * quantiles
    return values


def mode(given: Input) -> float:
    """Where the likely value lies between low (0) and high (1)."""
    return min(max((given.likely - given.low) / (given.high - given.low), 0.0), 1.0)


def _samples(given: Input, count: int) -> Array:
    if given.is_exact:
        return np.full((1, 1), given.low)
    values: Array = spread(given, unit_quantiles(mode(given), count))[cell_ranks(given.name, count)]
    return values.reshape(1, -1)


@functools.cache
def _correlated_ranks(first: int, second: int, count: int) -> NDArray[np.intp]:
    ranks = sobol_ranks(count, DIMENSIONS)
    return correlate_ranks(ranks[first], ranks[second])


def correlate_ranks(first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.intp]:
    """Ranks that follow `first` with RANK_CORRELATION and `second` for the rest: a normal copula. Read-only."""
    scores = _normal_scores(len(first))
    pearson = 2.0 * math.sin(math.pi * RANK_CORRELATION / 6.0)
    mixed = pearson * scores[first] + math.sqrt(1.0 - pearson**2) * scores[second]
    correlated = np.empty(len(first), dtype=np.intp)
    correlated[np.argsort(mixed, kind="stable")] = np.arange(len(first))
    correlated.setflags(write=False)
    return correlated


@functools.cache
def _normal_scores(count: int) -> Array:
    """Quantiles of the standard normal distribution at the middles of `count` cells."""
    quantile = NormalDist().inv_cdf
    return np.array([quantile((index + 0.5) / count) for index in range(count)])
