"""The end date of a hybrid."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import lognorm

from paceline.decision.calibration import Correction
from paceline.decision.expiry import set_expiry
from paceline.decision.outside_view import OUTSIDE_MEDIAN, OUTSIDE_P90, outside_factor


def test_factor_is_the_85th_percentile_of_the_outside_view() -> None:
    sigma = np.log(OUTSIDE_P90 / OUTSIDE_MEDIAN) / 1.2815515655446004
    assert outside_factor() == pytest.approx(lognorm.ppf(0.85, sigma, scale=OUTSIDE_MEDIAN), rel=1e-9)


def test_eight_weeks_expire_after_twelve() -> None:
    expiry = set_expiry(asked="2026-11-23", likely_days=56, migration_days=np.linspace(50, 100, 101))
    assert (expiry.weeks, expiry.days, expiry.date) == (12, 84, "2027-02-15")
    assert expiry.milestone_days == (28, 56)
    assert expiry.milestone_dates == ("2026-12-21", "2027-01-18")
    assert expiry.review_date == "2027-02-01"
    assert expiry.most_extensions == 2


def test_expiry_is_in_whole_weeks_and_never_before_the_outside_view() -> None:
    for days in range(1, 400, 7):
        expiry = set_expiry(asked="2026-11-23", likely_days=days, migration_days=np.array([float(days)]))
        assert expiry.days == 7 * expiry.weeks
        assert days * outside_factor() <= expiry.days < days * outside_factor() + 7


def test_inside_view_is_shown_beside_it() -> None:
    expiry = set_expiry(asked="2026-11-23", likely_days=56, migration_days=np.linspace(70, 98, 1001))
    assert expiry.inside_view_weeks == pytest.approx((70 + 0.85 * 28) / 7)


def test_past_of_the_team_takes_the_place_of_the_outside_view() -> None:
    past = Correction(input="marathon_days", factor=1.1, cases=9, is_used=False, because="", late=1.25)
    expiry = set_expiry(asked="2026-11-23", likely_days=56, migration_days=np.array([56.0]), past=past)
    assert (expiry.weeks, expiry.factor, expiry.cases) == (10, 1.25, 9)
