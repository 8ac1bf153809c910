"""The PERT distribution: what low, likely and high mean as a distribution.

A PERT distribution on [low, high] is low + (high - low) * Beta(a, b) with a = 1 + 4 (likely - low) / (high - low) and
a + b = 6. Its mean is (low + 4 likely + high) / 6.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

QUANTILE_ERROR = 1e-8
"""How far a quantile of the unit distribution may be from the true one, for cells of 1/65,536 and wider."""

_NODES = 96
_TERMS = 64


@functools.lru_cache(maxsize=512)
def unit_quantiles(mode: float, count: int) -> Array:
    """Quantiles of the PERT distribution on [0, 1] at (i + 0.5) / count, ascending. Shared: do not change it.

    `mode` is where the likely value lies between low (0) and high (1). The error is below QUANTILE_ERROR.
    """
    levels = _levels(count)
    lower, upper = _half(1.0 + 4.0 * mode), _half(5.0 - 4.0 * mode)
    split = int(np.searchsorted(levels, lower.mass[-1]))
    below = _quantiles(lower, levels[:split])
    above = _quantiles(upper, (1.0 - levels[split:])[::-1])
    quantiles = np.concatenate([below, 1.0 - above[::-1]])
    quantiles.setflags(write=False)
    return quantiles


@functools.cache
def _levels(count: int) -> Array:
    levels: Array = (np.arange(count) + 0.5) / count
    levels.setflags(write=False)
    return levels


class _Half(NamedTuple):
    """The lower half of Beta(shape, 6 - shape) at evenly spaced nodes from 0 to 0.5.

    The height of a node is the root of order `shape` of the mass below it. That is smooth with a positive slope down to
    zero, so its inverse is interpolated well by cubic pieces, which the mass itself is not. `pieces` has a column for
    each: the height where it begins, 1 by its width, and its coefficients, lowest power first.
    """

    shape: float
    mass: Array
    pieces: Array


@functools.lru_cache(maxsize=512)
def _half(shape: float) -> _Half:
    nodes = np.linspace(0.0, 0.5, _NODES + 1)
    mass = _mass(shape, nodes)
    beta = _beta(shape)
    heights = mass ** (1.0 / shape)
    density = nodes[1:] ** (shape - 1.0) * (1.0 - nodes[1:]) ** (5.0 - shape) / beta
    slopes = np.empty_like(nodes)
    slopes[0] = (shape * beta) ** (1.0 / shape)
    slopes[1:] = shape * mass[1:] / (heights[1:] * density)
    widths = np.diff(heights)
    step = 0.5 / _NODES
    start, end = slopes[:-1] * widths, slopes[1:] * widths
    cubics = (nodes[:-1], start, 3.0 * step - 2.0 * start - end, start + end - 2.0 * step)
    return _Half(shape, mass, np.stack([heights[:-1], 1.0 / widths, *cubics]))


def _quantiles(half: _Half, levels: Array) -> Array:
    """Quantiles at ascending levels, none above the mass of the half."""
    in_piece = np.empty(_NODES, dtype=np.intp)
    ends = np.searchsorted(levels, half.mass[1:-1])
    in_piece[0], in_piece[1:-1], in_piece[-1] = ends[0], ends[1:] - ends[:-1], len(levels) - ends[-1]
    begins, slopes, constant, linear, square, cubic = np.repeat(half.pieces, in_piece, axis=1)
    part = (levels ** (1.0 / half.shape) - begins) * slopes
    quantiles: Array = constant + part * (linear + part * (square + part * cubic))
    return quantiles


def _mass(shape: float, points: Array) -> Array:
    """The regularized incomplete beta function I(points; shape, 6 - shape) for points up to 0.5, by its power series.

    See https://dlmf.nist.gov/8.17.E8 (read 2026-11-23). At 0.5 the terms left out are below 1e-16 of the sum.
    """
    orders = np.arange(_TERMS - 1)
    factors = (6.0 + orders) / (shape + 1.0 + orders)
    terms = np.cumprod(np.outer(points, factors), axis=1)
    series = 1.0 + terms.sum(axis=1)
    mass: Array = points**shape * (1.0 - points) ** (6.0 - shape) * series / (shape * _beta(shape))
    return mass


def _beta(shape: float) -> float:
    """The beta function B(shape, 6 - shape)."""
    return math.gamma(shape) * math.gamma(6.0 - shape) / math.gamma(6.0)
