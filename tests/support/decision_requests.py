"""Requests for tests of the decision engine: random ones, and the same ones with one thing changed."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]

HORIZONS = ("12", "24", "36")


def known_case() -> Row:
    """The known case: 3 days against 8 weeks, urgent, and it becomes a platform. The rest is assumed."""
    return {
        "request": "personalized_email",
        "outcome": "A personalized email reaches new users within 24 hours of their sign-up.",
        "kind": "strategic",
        "asked": "2026-11-23",
        "acceptance": {
            "now": "a test sign-up receives its email within 24 hours",
            "downstream": "the sign-up is in the warehouse under the same user id",
        },
        "teams": {"now": 1, "in_24_months": estimate(1, 2.5, 5)},
        "owner": {"team": "growth"},
        "sla": {"delivered_within_secs": 86400},
        "platform_owner": "platform",
        "risk": {"privacy": 3, "lock_in": 2, "performance": 2, "observability": 2},
        "vendor": "customerio",
        "events": ["Signed Up"],
        "cost_of_delay": {"per_week": estimate(500, 2000, 6000)},
        "estimates": {"sprint": {"days": estimate(2, 3, 5)}, "marathon": {"days": estimate(48, 56, 84)}},
        "shared": {"review_days": estimate(0, 0.5, 1), "vendor_access_days": estimate(0, 0.2, 1)},
    }


def estimate(low: float, likely: float, high: float, source: str = "guess") -> Row:
    """A range as requests write it."""
    return {"low": low, "likely": likely, "high": high, "source": source}


def exact(value: float) -> Row:
    """A number that was measured."""
    return {"exact": value, "source": "measured"}


def random_request(dice: random.Random) -> Row:
    """A request without faults. Every input is stated in some requests and left to its default in others."""

    def around(low: float, high: float, *, most: float = float("inf")) -> Row:
        likely = low * (high / low) ** dice.random()
        below, above = dice.uniform(0.0, 0.6), dice.uniform(0.05, 1.5)
        source = dice.choice(["guess", "guess", "history", "measured"])
        if dice.random() < 0.1:
            return exact(round(likely, 4))
        return estimate(
            round(likely * (1 - below), 4), round(likely, 4), round(min(likely * (1 + above), most), 4), source
        )

    def share(low: float, high: float) -> Row:
        return around(low, high, most=1.0)

    def perhaps(probability: float, value: Callable[[], Any]) -> Any:
        return value() if dice.random() < probability else None

    now = dice.choice([1, 1, 1, 2, 3, 4])
    sprint = dice.uniform(1, 15)
    sprint_days = around(sprint, sprint * 1.2)
    marathon_days = around(sprint * 4, max(sprint * 4.1, 150))
    deadline = f"2027-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}"
    row: Row = {
        "request": f"request_{dice.randrange(10**6)}",
        "outcome": "something is different",
        "kind": dice.choice(["tactical", "strategic"]),
        "asked": "2026-11-23",
        "acceptance": {"now": "it works", "downstream": "it still works"},
        "owner": {"team": "growth"},
        "sla": {"delivered_within_secs": 60},
        "platform_owner": dice.choice(["platform", ""]),
        "risk": {
            bucket: dice.choice([1, 1, 2, 2, 3, 4]) for bucket in ("privacy", "lock_in", "performance", "observability")
        },
        "teams": {
            "now": now,
            "in_24_months": perhaps(0.6, lambda: estimate(now, now + dice.random(), now + 1 + dice.uniform(0, 4))),
        },
        "deadline": perhaps(0.3, lambda: deadline),
        "residency": dice.choice(["", "", "", "eu"]),
        "interim_controls": dice.choice([[], ["consent_check", "field_allow_list", "region_pin", "deletion_path"]]),
        "cost_of_delay": perhaps(
            0.9,
            lambda: {
                "profile": "linear",
                "per_week": around(20, 20_000),
                "window_weeks": perhaps(0.5, lambda: around(4, 60)),
            },
        ),
        "horizon_months": dice.choice([12, 24, 24, 24, 36]),
        "existing": {"similar_adapters": dice.choice([0, 0, 1, 3]), "debt_grade": dice.choice([None, "B", "D"])},
        "reverse": {
            "consumers": dice.choice([0, 1, 4]),
            "creates_identity_keys": dice.random() < 0.3,
            "backfill_days": dice.choice([0, 30]),
        },
        "estimates": {
            "sprint": {
                "days": sprint_days,
                "build_hours": perhaps(0.5, lambda: around(8, 120)),
                "ops_hours_per_week": perhaps(0.7, lambda: around(0.2, 8)),
                "vendor_fee_per_month": perhaps(0.3, lambda: around(20, 2000)),
            },
            "marathon": {
                "days": marathon_days,
                "build_hours": perhaps(0.5, lambda: around(80, 1500)),
                "ops_hours_per_week": perhaps(0.7, lambda: around(0.5, 10)),
                "vendor_fee_per_month": perhaps(0.2, lambda: around(20, 2000)),
                "platform_fee_per_month": perhaps(0.5, lambda: around(10, 1000)),
                "onboarding_hours_per_team": perhaps(0.5, lambda: around(2, 80)),
            },
        },
        "shared": {
            "hourly_rate": perhaps(0.5, lambda: around(40, 150)),
            "compliance_hours_per_month": perhaps(0.3, lambda: around(0.1, 10)),
            "replacement_probability": perhaps(0.5, lambda: share(0.05, 0.9)),
            "confirmation_probability": perhaps(0.5, lambda: share(0.2, 0.98)),
            "duplicate_factor": perhaps(0.5, lambda: share(0.2, 0.95)),
            "ops_growth_per_year": perhaps(0.5, lambda: around(0.02, 0.8)),
            "hybrid_overhead": perhaps(0.5, lambda: around(0.05, 0.6)),
            "cut_over_days": perhaps(0.5, lambda: around(1, 30)),
            "rework_factor": perhaps(0.5, lambda: share(0.1, 0.9)),
            "needed_weeks": perhaps(0.2, lambda: around(4, 200)),
        },
    }
    return without_nothing(row)


def without_nothing(row: Row) -> Row:
    """The row without the keys whose value is None, on every level."""
    return {
        key: without_nothing(value) if isinstance(value, dict) else value
        for key, value in row.items()
        if value is not None
    }


def changed(row: Row, change: Callable[[Row], object]) -> Row:
    """A copy of the row after `change` was done to it."""
    other = copy.deepcopy(row)
    change(other)
    return other


def scale(given: Row, factor: float, *, most: float = float("inf")) -> None:
    """Multiply an estimate in place."""
    for name in ("low", "likely", "high", "exact"):
        if name in given:
            given[name] = min(given[name] * factor, most)


def estimates_of(row: Row) -> list[Row]:
    """Every estimate in a row, to be changed in place."""
    found = []
    for value in row.values():
        if isinstance(value, dict):
            found += [value] if {"low", "exact"} & set(value) else estimates_of(value)
    return found
