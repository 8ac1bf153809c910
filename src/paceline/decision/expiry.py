"""When a hybrid must have ended: the expiry rule."""

from __future__ import annotations

import math
from statistics import NormalDist

import msgspec
import numpy as np

from paceline.decision.calendar import day_after
from paceline.decision.formulas import Array

PERCENTILE = 0.85
OUTSIDE_MEDIAN = 1.1
OUTSIDE_P90 = 1.6
"""How long work takes against what was said, for work like this: our judgment until eight actuals exist (rule F14)."""
REVIEW_DAYS_BEFORE = 14
MOST_EXTENSIONS = 2


class Expiry(msgspec.Struct, frozen=True, kw_only=True):
    """The end date of a hybrid and the days on the way to it; days count from the day of the request.

    `outside_factor` is what the likely duration is multiplied with. `inside_view_weeks` is the same percentile of the
    request's own range with slowdown and cut-over: when it is later, the range says more than experience does, and the
    plan has too little slack.
    """

    weeks: int
    days: int
    date: str
    milestone_days: tuple[int, int]
    milestone_dates: tuple[str, str]
    review_date: str
    outside_factor: float
    inside_view_weeks: float
    most_extensions: int = MOST_EXTENSIONS
    rule: str = "F14"


def outside_factor() -> float:
    """What a likely duration is multiplied with to be kept in 85 of 100 cases, by the outside view.

    >>> round(outside_factor(), 3)
    1.489
    """
    spread = math.log(OUTSIDE_P90 / OUTSIDE_MEDIAN) / NormalDist().inv_cdf(0.9)
    return OUTSIDE_MEDIAN * math.exp(spread * NormalDist().inv_cdf(PERCENTILE))


def set_expiry(*, asked: str, likely_days: float, migration_days: Array) -> Expiry:
    """The expiry of a hybrid whose marathon likely takes so many days. `migration_days` are samples of the inside view.

    >>> set_expiry(asked="2026-11-23", likely_days=56, migration_days=np.array([70.0])).weeks
    12
    """
    factor = outside_factor()
    weeks = max(math.ceil(likely_days * factor / 7.0), 1)
    days = 7 * weeks
    milestones = (round(days / 3), round(2 * days / 3))
    return Expiry(
        weeks=weeks,
        days=days,
        date=day_after(asked, days),
        milestone_days=milestones,
        milestone_dates=(day_after(asked, milestones[0]), day_after(asked, milestones[1])),
        review_date=day_after(asked, max(days - REVIEW_DAYS_BEFORE, 0)),
        outside_factor=factor,
        inside_view_weeks=float(np.quantile(migration_days, PERCENTILE)) / 7.0,
    )
