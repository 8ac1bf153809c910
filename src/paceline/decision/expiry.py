"""When a hybrid must have ended: the expiry rule."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from paceline.decision.calendar import day_after
from paceline.decision.calibration import Correction
from paceline.decision.formulas import Array
from paceline.decision.outside_view import PERCENTILE, outside_factor

REVIEW_DAYS_BEFORE = 14
MOST_EXTENSIONS = 2


class Expiry(msgspec.Struct, frozen=True, kw_only=True):
    """The end date of a hybrid and the days on the way to it; days count from the day of the request.

    `likely_days` are multiplied with `factor`: that of the outside view, or, where `cases` is above 0, of so many
    actuals of the team's own. `inside_view_weeks` is the same percentile of the request's own range with slowdown and
    cut-over: when it is later, the range says more than experience does, and the plan has too little slack.
    """

    weeks: int
    days: int
    date: str
    milestone_days: tuple[int, int]
    milestone_dates: tuple[str, str]
    review_date: str
    likely_days: float
    factor: float
    inside_view_weeks: float
    cases: int = 0
    most_extensions: int = MOST_EXTENSIONS
    rule: str = "F14"


def set_expiry(*, asked: str, likely_days: float, migration_days: Array, past: Correction | None = None) -> Expiry:
    """The expiry of a hybrid whose marathon likely takes so many days, as it was said.

    `migration_days` are samples of the inside view, `past` what the team's own actuals say about end dates.

    >>> set_expiry(asked="2026-11-23", likely_days=56, migration_days=np.array([70.0])).weeks
    12
    """
    factor = past.late if past is not None else outside_factor()
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
        likely_days=likely_days,
        factor=factor,
        inside_view_weeks=float(np.quantile(migration_days, PERCENTILE)) / 7.0,
        cases=past.cases if past is not None else 0,
    )
