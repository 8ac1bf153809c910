"""Sums items up: hours, ratio, grade, what a change adds, and the grade of one family of events."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from paceline.decision.debt.facts import ContractFacts
from paceline.decision.debt.items import DebtItem
from paceline.model.debt import DebtKind
from paceline.model.request import DebtGrade

BASE_HOURS = 40.0
"""What is set against debt before anything canonical exists: about one platform piece."""
HOURS_PER_CONTRACT = 4.0
HOURS_PER_DESCRIBED_FIELD = 0.5
_GRADES = ((0.05, DebtGrade.A), (0.10, DebtGrade.B), (0.20, DebtGrade.C), (0.50, DebtGrade.D))
_STEEPNESS = 0.2


class DebtScore(msgspec.Struct, frozen=True, kw_only=True):
    """The debt of a workspace.

    `principal_hours` and `interest_hours_per_week` are sums; `ratio` sets the principal against `rebuild_hours`,
    `grade` and `score` (0 none, 100 hopeless) follow from it. The three sub-scores are principals.
    """

    principal_hours: float
    interest_hours_per_week: float
    rebuild_hours: float
    ratio: float
    grade: DebtGrade
    score: float
    adapters_hours: float
    undocumented_hours: float
    workarounds_hours: float


class DebtChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a change does to the debt: a gate looks at what is new, not at what was there before."""

    added: tuple[DebtItem, ...]
    removed: tuple[DebtItem, ...]
    added_hours: float
    removed_hours: float
    added_interest: float


def score_debt(items: Iterable[DebtItem], *, rebuild_hours: float) -> DebtScore:
    """The score of debt items against what would be rebuilt (`rebuild_hours_of`)."""
    hours: dict[DebtKind, list[float]] = {kind: [] for kind in DebtKind}
    interest: list[float] = []
    for item in items:
        hours[item.kind].append(item.remediation_hours)
        interest.append(item.interest_hours_per_week)
    # fsum is exact, so that the order of items cannot matter.
    sums = {kind: math.fsum(numbers) for kind, numbers in hours.items()}
    principal = math.fsum(number for numbers in hours.values() for number in numbers)
    ratio = principal / rebuild_hours
    return DebtScore(
        principal_hours=principal,
        interest_hours_per_week=math.fsum(interest),
        rebuild_hours=rebuild_hours,
        ratio=ratio,
        grade=grade_of(ratio),
        score=100.0 * (1.0 - math.exp(-ratio / _STEEPNESS)),
        adapters_hours=sums[DebtKind.ONE_OFF_ADAPTER] + sums[DebtKind.DUPLICATE_ADAPTER],
        undocumented_hours=sums[DebtKind.UNDOCUMENTED_MAPPING] + sums[DebtKind.IMPLICIT_TRANSFORM],
        workarounds_hours=sums[DebtKind.MANUAL_WORKAROUND],
    )


def rebuild_hours_of(contracts: Iterable[ContractFacts]) -> float:
    """What it would take to build the canonical part of a workspace: contracts with their described fields.

    Adapters are not counted: a share of everything would fall, and the grade improve, when one more adapter is added to
    a workspace that is deep in debt. A contract without described fields counts nothing, so that empty ones are no use.
    """
    described = [contract.described_fields for contract in contracts if contract.described_fields > 0]
    return BASE_HOURS + HOURS_PER_CONTRACT * len(described) + HOURS_PER_DESCRIBED_FIELD * sum(described)


def grade_of(ratio: float) -> DebtGrade:
    """The grade of a ratio: A to 5 %, B to 10, C to 20, D to 50, E above."""
    return next((grade for limit, grade in _GRADES if ratio <= limit), DebtGrade.E)


def grade_family(items: Iterable[DebtItem], contracts: Iterable[ContractFacts], families: Sequence[str]) -> DebtGrade:
    """The grade of some families of events together, for gate G8 of a request that wants these events."""
    wanted = set(families)
    principal = math.fsum(item.remediation_hours for item in items if wanted & set(item.families))
    return grade_of(principal / rebuild_hours_of(one for one in contracts if one.family in wanted))


def compare_debt(before: Sequence[DebtItem], after: Sequence[DebtItem]) -> DebtChange:
    """What a change adds and removes; an item that became larger counts with what it grew by.

    An item that only moved to another team, with the same hours, is neither added nor removed.
    """
    old, new = {item.subject: item for item in before}, {item.subject: item for item in after}
    added = [item for subject, item in new.items() if _hours(item) > _hours(old.get(subject))]
    removed = [item for subject, item in old.items() if _hours(item) > _hours(new.get(subject))]
    moved = Counter(map(_without_team, added)) & Counter(map(_without_team, removed))
    added, removed = _leave_out(added, moved), _leave_out(removed, moved)
    return DebtChange(
        added=tuple(added),
        removed=tuple(removed),
        added_hours=math.fsum(_hours(item) - _hours(old.get(item.subject)) for item in added),
        removed_hours=math.fsum(_hours(item) - _hours(new.get(item.subject)) for item in removed),
        added_interest=math.fsum(
            item.interest_hours_per_week - (old[item.subject].interest_hours_per_week if item.subject in old else 0.0)
            for item in added
        ),
    )


def _without_team(item: DebtItem) -> tuple[str, str, float]:
    return item.kind.value, item.subject.partition("/")[2] or item.subject, item.remediation_hours


def _leave_out(items: Sequence[DebtItem], moved: Counter[tuple[str, str, float]]) -> list[DebtItem]:
    left = Counter(moved)
    kept: list[DebtItem] = []
    for item in items:
        key = _without_team(item)
        if left[key] > 0:
            left[key] -= 1
        else:
            kept.append(item)
    return kept


def _hours(item: DebtItem | None) -> float:
    return item.remediation_hours if item is not None else 0.0
