"""The five metrics of the options, side by side (rule F15)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from paceline.decision.formulas import (
    DAYS_PER_WEEK,
    RAMP_MONTHS,
    WEEKS_PER_MONTH,
    Circumstances,
    Costs,
    Values,
    migration_days,
    risk_work,
)
from paceline.decision.report import Metrics
from paceline.model.integration import Stage

ADAPTER_DEBT_HOURS = 4.0
COPY_DEBT_HOURS = 8.0
TOGGLE_DEBT_HOURS = 2.0


def option_metrics(values: Values, known: Circumstances, costs: Costs) -> Mapping[Stage, Metrics]:
    """Expected time to value, rework factor, debt, upkeep in month 24 and risk multiplier of every option."""
    teams = np.maximum(values["teams_later"], known.teams_now)
    adapter_hours = values["sprint_ops"] * risk_work(values, known) * (1.0 + 2.0 * values["ops_growth"])
    months = migration_days(values) / DAYS_PER_WEEK / WEEKS_PER_MONTH
    still_on_adapter = np.clip(months - (RAMP_MONTHS - 1), 0.0, 1.0)
    hybrid_hours = still_on_adapter * adapter_hours + (1.0 - still_on_adapter) * values["marathon_ops"]
    exposed = np.minimum(months / RAMP_MONTHS, 1.0)
    days = {option: float(costs.days[option].mean()) for option in costs.days}
    return {
        Stage.SPRINT: Metrics(
            time_to_value_days=days[Stage.SPRINT],
            rework_factor=float(values["rework"].mean()),
            debt_hours=ADAPTER_DEBT_HOURS + COPY_DEBT_HOURS * float((teams - 1.0).mean()),
            ops_hours_per_week=float((teams * adapter_hours).mean()),
            risk_multiplier=float(known.risk_multiplier),
        ),
        Stage.HYBRID: Metrics(
            time_to_value_days=days[Stage.HYBRID],
            rework_factor=float((values["rework"] * values["hybrid_rework"]).mean()),
            debt_hours=ADAPTER_DEBT_HOURS + TOGGLE_DEBT_HOURS,
            ops_hours_per_week=float(hybrid_hours.mean()),
            risk_multiplier=1.0 + (known.risk_multiplier - 1.0) * float(exposed.mean()),
        ),
        Stage.MARATHON: Metrics(
            time_to_value_days=days[Stage.MARATHON],
            rework_factor=0.0,
            debt_hours=0.0,
            ops_hours_per_week=float(values["marathon_ops"].mean()),
            risk_multiplier=1.0,
        ),
    }
