"""How long work takes against what was said, as long as a team has no past of its own."""

from __future__ import annotations

import math
from statistics import NormalDist

PERCENTILE = 0.85
"""In how many cases an end date should hold."""
OUTSIDE_MEDIAN = 1.1
OUTSIDE_P90 = 1.6
"""Actual against likely, for work like this: our judgment until eight actuals exist (rule F14)."""


def outside_factor() -> float:
    """What a likely duration is multiplied with to be kept in 85 of 100 cases, by the outside view.

    >>> round(outside_factor(), 3)
    1.489
    """
    spread = math.log(OUTSIDE_P90 / OUTSIDE_MEDIAN) / NormalDist().inv_cdf(0.9)
    return OUTSIDE_MEDIAN * math.exp(spread * NormalDist().inv_cdf(PERCENTILE))
