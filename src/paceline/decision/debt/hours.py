"""What an item of each kind costs: the product's judgment, a team's own figures, and what was learned from its past."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from statistics import median

import msgspec

from paceline.decision.debt.facts import Safeguard
from paceline.model.debt import DebtKind, KindHours

LEAST_ACTUALS = 8
"""From so many actuals on, hours of a kind are learned; they count n/(n+8), the figure before them the rest."""
HOURS_PER_FIELD = 0.25
OVERDUE_HOURS_PER_DAY = 0.1
INTEREST_PER_EXTENSION = 1.5
_PRINCIPAL: Mapping[DebtKind, float] = {
    DebtKind.ONE_OFF_ADAPTER: 4.0,
    DebtKind.DUPLICATE_ADAPTER: 8.0,
    DebtKind.UNDOCUMENTED_MAPPING: 0.5,
    DebtKind.IMPLICIT_TRANSFORM: 1.0,
    DebtKind.MANUAL_WORKAROUND: 6.0,
    DebtKind.MISSING_SAFEGUARD: 2.0,
    DebtKind.OVERDUE_TOGGLE: 2.0,
    DebtKind.STALE_CONTRACT: 3.0,
}
_INTEREST: Mapping[DebtKind, float] = {
    DebtKind.ONE_OFF_ADAPTER: 0.2,
    DebtKind.DUPLICATE_ADAPTER: 0.3,
    DebtKind.UNDOCUMENTED_MAPPING: 0.02,
    DebtKind.IMPLICIT_TRANSFORM: 0.05,
    DebtKind.MANUAL_WORKAROUND: 0.0,
    DebtKind.MISSING_SAFEGUARD: 0.1,
    DebtKind.OVERDUE_TOGGLE: 0.1,
    DebtKind.STALE_CONTRACT: 0.1,
}
_SAFEGUARDS: Mapping[Safeguard, float] = {
    Safeguard.CONTRACT_TEST: 4.0,
    Safeguard.NEGATIVE_SAMPLE: 1.0,
    Safeguard.OWNER: 1.0,
    Safeguard.RUNBOOK: 3.0,
    Safeguard.ALERT: 2.0,
    Safeguard.IDEMPOTENCY: 2.0,
}
"""What each one takes, for the 2 hours of the table; another figure for the kind changes all of them alike."""


class HourTable(msgspec.Struct, frozen=True, kw_only=True):
    """Principal and weekly interest of one item, by kind, in hours. `sources` says where changed figures come from.

    Hand work costs what was measured or declared, so its interest is not in the table.
    """

    principal: Mapping[DebtKind, float]
    interest: Mapping[DebtKind, float]
    sources: Mapping[DebtKind, str] = {}

    def safeguard_hours(self, safeguard: Safeguard) -> float:
        """What it takes to add a missing safeguard."""
        changed = self.principal[DebtKind.MISSING_SAFEGUARD] / _PRINCIPAL[DebtKind.MISSING_SAFEGUARD]
        return _SAFEGUARDS[safeguard] * changed


TABLE = HourTable(principal=_PRINCIPAL, interest=_INTEREST)


def hour_table(stated: Mapping[DebtKind, KindHours], learned: Mapping[DebtKind, float]) -> HourTable:
    """The table with a team's own figures (paceline.yaml) and, over them, what was learned (`learn_hours`)."""
    principal, interest, sources = dict(_PRINCIPAL), dict(_INTEREST), dict[DebtKind, str]()
    for kind, hours in stated.items():
        if hours.principal_hours is not None:
            principal[kind], sources[kind] = hours.principal_hours, "paceline.yaml"
        if hours.interest_hours_per_week is not None:
            interest[kind], sources[kind] = hours.interest_hours_per_week, "paceline.yaml"
    for kind, number in learned.items():
        principal[kind], sources[kind] = number, "learned from actuals"
    return HourTable(principal=principal, interest=interest, sources=sources)


def learn_hours(paid: Iterable[tuple[DebtKind, float]], stated: Mapping[DebtKind, KindHours]) -> dict[DebtKind, float]:
    """Hours to put one item right, for each kind with at least eight actuals: their median, shrunk to what was said.

    >>> round(learn_hours([(DebtKind.STALE_CONTRACT, 6.0)] * 8, {})[DebtKind.STALE_CONTRACT], 2)
    4.24
    """
    by_kind: dict[DebtKind, list[float]] = {}
    for kind, hours in paid:
        if hours > 0:
            by_kind.setdefault(kind, []).append(hours)
    before = hour_table(stated, {}).principal
    learned: dict[DebtKind, float] = {}
    for kind, actual in sorted(by_kind.items()):
        if len(actual) >= LEAST_ACTUALS and before[kind] > 0:
            weight = len(actual) / (len(actual) + LEAST_ACTUALS)
            learned[kind] = math.exp(weight * math.log(median(actual)) + (1 - weight) * math.log(before[kind]))
    return learned
