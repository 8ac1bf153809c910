"""Points that fill a cube evenly, the same ones on every machine: the Sobol sequence."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from paceline.decision.directions import DIRECTIONS

MOST_DIMENSIONS = len(DIRECTIONS) + 1
_BITS = 31


def sobol_sequence(count: int, dimensions: int) -> NDArray[np.float64]:
    """The first `count` points, one a row, in the usual (Gray code) order; the first one is the corner of zeros.

    `count` must be a power of two: then every coordinate takes each multiple of 1/count exactly once.
    Raises ValueError for other counts and for more dimensions than the table has.

    >>> sobol_sequence(4, 2).tolist()
    [[0.0, 0.0], [0.5, 0.5], [0.75, 0.25], [0.25, 0.75]]
    """
    if count < 1 or count & (count - 1) or count > 2**_BITS:
        raise ValueError(f"count must be a power of two, not {count}")
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        raise ValueError(f"dimensions must be 1 to {MOST_DIMENSIONS}, not {dimensions}")
    levels = count.bit_length() - 1
    steps = np.array([_steps(dimension, levels) for dimension in range(dimensions)], dtype=np.int64)
    points = np.zeros((count, dimensions), dtype=np.int64)
    for level in range(levels):
        half = 1 << level
        # The Gray code is a reflected one: the second half is the first half backwards, with one more bit set.
        points[half : 2 * half] = points[half - 1 :: -1] ^ steps[:, level]
    return points / 2.0**_BITS


@functools.cache
def sobol_ranks(count: int, dimensions: int) -> NDArray[np.intp]:
    """For every dimension (a row), which of the `count` equal cells each point is in. Shared: do not change it.

    A distribution is sampled by taking its quantiles at the middles of the cells, in this order.
    """
    ranks = np.ascontiguousarray((sobol_sequence(count, dimensions) * count).astype(np.intp).T)
    ranks.setflags(write=False)
    return ranks


def _steps(dimension: int, levels: int) -> list[int]:
    """The direction numbers of one dimension, as integers with _BITS binary places."""
    if dimension == 0:
        return [1 << (_BITS - level - 1) for level in range(levels)]
    inner, *first = DIRECTIONS[dimension - 1]
    degree = len(first)
    steps = [number << (_BITS - level - 1) for level, number in enumerate(first[:levels])]
    for level in range(degree, levels):
        step = steps[level - degree] ^ (steps[level - degree] >> degree)
        for back in range(1, degree):
            if inner >> (degree - 1 - back) & 1:
                step ^= steps[level - back]
        steps.append(step)
    return steps
