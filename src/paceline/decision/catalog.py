"""The catalog of inputs: every number that a decision may use, with its unit, its place in a request and its limits."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec


class Unit(enum.StrEnum):
    """What a number counts. Money is in the request's currency."""

    MONEY_PER_HOUR = "money/hour"
    MONEY_PER_WEEK = "money/week"
    MONEY_PER_MONTH = "money/month"
    MONEY = "money"
    HOURS = "hours"
    HOURS_PER_WEEK = "hours/week"
    HOURS_PER_MONTH = "hours/month"
    DAYS = "days"
    WEEKS = "weeks"
    TEAMS = "teams"
    SHARE = "share"
    FACTOR = "factor"
    PER_YEAR = "per year"


class InputSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One input: its name in formulas, its path in a request, how a sentence calls it, and what is not absurd."""

    name: str
    path: str
    title: str
    unit: Unit
    least: float = 0.0
    most: float


_MONEY = 1e12


def _spec(name: str, path: str, title: str, unit: Unit, *, least: float = 0.0, most: float) -> InputSpec:
    return InputSpec(name=name, path=path, title=title, unit=unit, least=least, most=most)


SPECS: tuple[InputSpec, ...] = (
    # In the order of their Sobol dimensions: the first ones are the most even, so those that matter most come first.
    # A new input goes to the end, so that the samples of the others stay what they were.
    _spec("cost_of_delay", "cost_of_delay.per_week", "cost of delay", Unit.MONEY_PER_WEEK, most=_MONEY),
    _spec(
        "sprint_ops",
        "estimates.sprint.ops_hours_per_week",
        "upkeep of the sprint",
        Unit.HOURS_PER_WEEK,
        most=1000,
    ),
    _spec("teams_later", "teams.in_24_months", "number of teams in 24 months", Unit.TEAMS, least=1, most=1000),
    _spec(
        "replacement",
        "shared.replacement_probability",
        "probability that the adapter must be replaced",
        Unit.SHARE,
        most=1,
    ),
    _spec(
        "confirmation", "shared.confirmation_probability", "probability that the idea is confirmed", Unit.SHARE, most=1
    ),
    _spec(
        "marathon_build",
        "estimates.marathon.build_hours",
        "work to build the marathon",
        Unit.HOURS,
        least=0.01,
        most=100_000,
    ),
    _spec("marathon_days", "estimates.marathon.days", "time to build the marathon", Unit.DAYS, least=0.01, most=3650),
    _spec(
        "sprint_build", "estimates.sprint.build_hours", "work to build the sprint", Unit.HOURS, least=0.01, most=100_000
    ),
    _spec("sprint_days", "estimates.sprint.days", "time to build the sprint", Unit.DAYS, least=0.01, most=3650),
    _spec(
        "marathon_ops",
        "estimates.marathon.ops_hours_per_week",
        "upkeep of the marathon",
        Unit.HOURS_PER_WEEK,
        most=1000,
    ),
    _spec("hourly_rate", "shared.hourly_rate", "hourly rate", Unit.MONEY_PER_HOUR, least=1e-6, most=_MONEY),
    _spec("window_weeks", "cost_of_delay.window_weeks", "time until the window closes", Unit.WEEKS, most=520),
    _spec("duplicate", "shared.duplicate_factor", "cost of a further copy against the first", Unit.SHARE, most=1),
    _spec("ops_growth", "shared.ops_growth_per_year", "yearly growth of an adapter's upkeep", Unit.PER_YEAR, most=10),
    _spec("spent", "shared.spent_at_checkpoint", "platform work already spent at the checkpoint", Unit.SHARE, most=1),
    _spec("overhead", "shared.hybrid_overhead", "extra work for a sprint that can migrate", Unit.SHARE, most=10),
    _spec(
        "slowdown",
        "shared.parallel_slowdown",
        "slowdown of the platform by the running adapter",
        Unit.FACTOR,
        least=1,
        most=10,
    ),
    _spec("cut_over", "shared.cut_over_days", "time for the cut-over", Unit.DAYS, most=365),
    _spec(
        "platform_fee", "estimates.marathon.platform_fee_per_month", "platform fee", Unit.MONEY_PER_MONTH, most=_MONEY
    ),
    _spec(
        "sprint_fee",
        "estimates.sprint.vendor_fee_per_month",
        "vendor fee with the sprint",
        Unit.MONEY_PER_MONTH,
        most=_MONEY,
    ),
    _spec(
        "marathon_fee",
        "estimates.marathon.vendor_fee_per_month",
        "vendor fee with the marathon",
        Unit.MONEY_PER_MONTH,
        most=_MONEY,
    ),
    _spec("compliance", "shared.compliance_hours_per_month", "compliance work", Unit.HOURS_PER_MONTH, most=1000),
    _spec(
        "onboarding",
        "estimates.marathon.onboarding_hours_per_team",
        "work to bring a further team onto the platform",
        Unit.HOURS,
        most=10_000,
    ),
    _spec("rework", "shared.rework_factor", "share of the sprint's work that a replacement redoes", Unit.SHARE, most=1),
    _spec(
        "hybrid_rework", "shared.hybrid_rework_share", "rework of a hybrid against that of a sprint", Unit.SHARE, most=1
    ),
    _spec("risk_effect", "shared.risk_effect", "work added by a step of the risk multiplier", Unit.SHARE, most=2),
    _spec("review", "shared.review_days", "wait for the review", Unit.DAYS, most=365),
    _spec("access", "shared.vendor_access_days", "wait for the vendor's access", Unit.DAYS, most=365),
    _spec("checkpoint", "shared.checkpoint_weeks", "time until the idea is judged", Unit.WEEKS, most=104),
    _spec("needed", "shared.needed_weeks", "time for which it is needed", Unit.WEEKS, least=0.1, most=520),
    _spec("removal", "reverse.removal_hours", "work to remove the adapter", Unit.HOURS, most=10_000),
    _spec("per_consumer", "reverse.hours_per_consumer", "work to move a consumer", Unit.HOURS, most=10_000),
    _spec("per_backfill_day", "reverse.hours_per_backfill_day", "work to backfill a day", Unit.HOURS, most=1000),
    _spec("rekey", "reverse.rekey_hours", "work to re-key identities", Unit.HOURS, most=10_000),
    _spec(
        "per_contract_break",
        "reverse.hours_per_contract_break",
        "work to mend a broken contract",
        Unit.HOURS,
        most=10_000,
    ),
)

BY_NAME: Mapping[str, InputSpec] = {spec.name: spec for spec in SPECS}
MOST_LOSSES = 5
_LOSS_PARTS = (
    ("per_year", "yearly number of: {}", Unit.PER_YEAR, 100_000.0),
    ("cost", "cost of: {}", Unit.MONEY, _MONEY),
    ("prevented_by_platform", "share that a platform prevents of: {}", Unit.SHARE, 1.0),
)
DIMENSIONS = len(SPECS) + MOST_LOSSES * len(_LOSS_PARTS)
"""How many Sobol dimensions are set aside, so that an input keeps its own whatever else is stated."""


def loss_specs(rank: int, what: str, *, index: int = 0) -> tuple[InputSpec, ...]:
    """The inputs of a loss: its rank names them and sets their dimensions, its index in the list is their path."""
    return tuple(
        InputSpec(
            name=f"loss_{rank}_{part}",
            path=f"losses.{index}.{part}",
            title=title.format(what),
            unit=unit,
            most=most,
        )
        for part, title, unit, most in _LOSS_PARTS
    )


def spec_of(name: str) -> InputSpec:
    """The specification of an input, by name."""
    if name in BY_NAME:
        return BY_NAME[name]
    _, index, _ = name.split("_", 2)
    return next(spec for spec in loss_specs(int(index), "") if spec.name == name)


def dimension(name: str) -> int:
    """The Sobol dimension of an input."""
    if name in _DIMENSION_BY_NAME:
        return _DIMENSION_BY_NAME[name]
    _, index, part = name.split("_", 2)
    parts = [known for known, *_ in _LOSS_PARTS]
    return len(SPECS) + int(index) * len(parts) + parts.index(part)


_DIMENSION_BY_NAME = {spec.name: index for index, spec in enumerate(SPECS)}
