"""The options side by side by several criteria at once. A view for people: it never decides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paceline.decision.formulas import Array


def smaller_is_better(matrix: Array) -> Array:
    """Each column scaled so that its smallest value is 1 and its largest 0; a column without differences is 1.

    `matrix` has an option a row and a criterion a column, and less is better in all of them.
    """
    least, most = matrix.min(axis=0), matrix.max(axis=0)
    width = most - least
    scaled: Array = np.where(width > 0.0, (most - matrix) / np.where(width > 0.0, width, 1.0), 1.0)
    return scaled


def weighted_sum(matrix: Array, weights: Sequence[float]) -> Array:
    """The weighted sum of the scaled criteria of each option; more is better."""
    total: Array = smaller_is_better(matrix) @ np.asarray(weights)
    return total


def closeness(matrix: Array, weights: Sequence[float]) -> Array:
    """How close each option is to an ideal one, from 0 to 1 (TOPSIS, Hwang and Yoon 1981); more is better.

    Options that differ in nothing are all equally close: 0.5.
    """
    weighted = smaller_is_better(matrix) * np.asarray(weights)
    to_best = np.sqrt(((weighted - weighted.max(axis=0)) ** 2).sum(axis=1))
    to_worst = np.sqrt(((weighted - weighted.min(axis=0)) ** 2).sum(axis=1))
    both = to_best + to_worst
    share: Array = np.where(both > 0.0, to_worst / np.where(both > 0.0, both, 1.0), 0.5)
    return share
