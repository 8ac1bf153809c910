"""Units that an estimate may be written in, and what they are in the unit of its input."""

from __future__ import annotations

from collections.abc import Mapping

from paceline.decision.catalog import Unit
from paceline.model.request import Estimate, EstimateUnit

_MONTH_DAYS = 365.25 / 12
_FACTORS: Mapping[Unit, Mapping[EstimateUnit, float]] = {
    Unit.DAYS: {
        EstimateUnit.HOURS: 1 / 24,
        EstimateUnit.DAYS: 1.0,
        EstimateUnit.WEEKS: 7.0,
        EstimateUnit.MONTHS: _MONTH_DAYS,
    },
    Unit.WEEKS: {EstimateUnit.DAYS: 1 / 7, EstimateUnit.WEEKS: 1.0, EstimateUnit.MONTHS: _MONTH_DAYS / 7},
    Unit.HOURS: {EstimateUnit.HOURS: 1.0, EstimateUnit.WORKING_DAYS: 8.0, EstimateUnit.WORKING_WEEKS: 40.0},
    Unit.SHARE: {EstimateUnit.PERCENT: 0.01},
    Unit.PER_YEAR: {EstimateUnit.PERCENT: 0.01},
}


def accepted_units(unit: Unit) -> tuple[EstimateUnit, ...]:
    """What an estimate of an input may be written in, besides the input's own unit."""
    return tuple(_FACTORS.get(unit, ()))


def unit_factor(estimate: Estimate, unit: Unit) -> float:
    """What the numbers of an estimate are multiplied with to be in the unit of its input.

    The unit of the estimate must be one of `accepted_units`.

    >>> unit_factor(Estimate(exact=8, unit=EstimateUnit.WEEKS), Unit.DAYS)
    7.0
    """
    return 1.0 if estimate.unit is None else _FACTORS[unit][estimate.unit]
