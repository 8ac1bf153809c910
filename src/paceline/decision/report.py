"""The decision report: what JSON holds, and what every rendering is made from."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from paceline.decision.checks import Check
from paceline.decision.confidence import Confidence
from paceline.decision.expiry import Expiry
from paceline.decision.gates import Gate
from paceline.decision.inputs import Input
from paceline.decision.knowledge import Fact
from paceline.decision.rules import Rule
from paceline.decision.sensitivity import Bar, Flip
from paceline.decision.votes import Vote
from paceline.model.integration import Stage

FORMAT = 1
"""The version of the report's shape; it rises when a reader could misread a newer report."""


class Verdict(enum.StrEnum):
    """What a request deserves; or that it is not ready to be decided, or that gates leave nothing."""

    SPRINT = "sprint"
    HYBRID = "hybrid"
    MARATHON = "marathon"
    NOT_READY = "not_ready"
    BLOCKED = "blocked"


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """A number as a range: its mean, and what it stays below in 10, 50 and 90 of 100 cases. `rule` says how it came."""

    mean: float
    p10: float
    p50: float
    p90: float
    rule: str


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """The five metrics of an option (rule F15), less being better in each."""

    time_to_value_days: float
    rework_factor: float
    debt_hours: float
    ops_hours_per_week: float
    risk_multiplier: float


class OptionReport(msgspec.Struct, frozen=True, kw_only=True):
    """One option. Keys of mappings are horizons in months; amounts are in the report's currency.

    `ownership` is the total cost of ownership, `total` that and the cost of delay. `lines` are the means of its parts,
    `probability_best` how often it is the cheapest of the open options, `score` what the verdict compares (rule F16).
    """

    option: Stage
    is_open: bool
    blocked_by: tuple[str, ...]
    is_provisional: bool
    time_to_value_days: Spread
    delay_cost: Spread
    ownership: Mapping[str, Spread]
    total: Mapping[str, Spread]
    lines: Mapping[str, Mapping[str, float]]
    probability_best: Mapping[str, float]
    score: float
    metrics: Metrics


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """What it would be worth to know better before deciding (rule F17).

    `perfect` is the price worth paying for knowing everything, `price` what a spike costs. `inputs` are what knowing
    one input alone is worth, the most valuable first. `is_worth_a_spike` when one of them is worth more than the price.
    """

    perfect: float
    price: float
    is_worth_a_spike: bool
    inputs: Mapping[str, float]


class CriteriaView(msgspec.Struct, frozen=True, kw_only=True):
    """The options by all five metrics at once, equally weighted: a view that never decides. More is better."""

    weighted_sum: Mapping[str, float]
    closeness: Mapping[str, float]


class Unlock(msgspec.Struct, frozen=True, kw_only=True):
    """The blocked option that is cheapest to open, and how."""

    option: Stage
    gates: tuple[str, ...]
    do: tuple[str, ...]
    effort_hours: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one request.

    `summary` is the verdict in a sentence or two. `verdict` is `leaning` unless the request is not ready or nothing is
    open; `leaning` is what the numbers say among the open options, and `cheapest` what they say when gates are ignored.
    `winners` are the leanings by horizon. `why` and `counterfactual` are sentences made from the numbers below them.
    `cumulative_cost` is the expected total of each option after each month of service, from month 0. `known` is what
    the workspace knows about the request.

    `trace` tells for every number of the report where it comes from: a pattern of its place (keys and indexes joined by
    dots, `*` for any) and the id of a rule, an input, `known`, or a key of the request.
    """

    format: int
    request: str
    outcome: str
    summary: str
    currency: str
    asked: str
    horizon_months: int
    verdict: Verdict
    leaning: Stage | None
    cheapest: Stage
    is_provisional: bool
    confidence: Confidence | None
    winners: Mapping[str, Stage]
    why: tuple[str, ...]
    counterfactual: str
    doubts: tuple[str, ...]
    options: tuple[OptionReport, ...]
    expiry: Expiry | None
    reverse_cost_hours: Spread
    knowledge: Knowledge
    flips: tuple[Flip, ...]
    tornado: tuple[Bar, ...]
    robustness: Mapping[str, float]
    gates: tuple[Gate, ...]
    unlock: Unlock | None
    votes: tuple[Vote, ...]
    votes_agree: bool
    checks: tuple[Check, ...]
    criteria: CriteriaView
    cumulative_cost: Mapping[str, tuple[float, ...]]
    known: tuple[Fact, ...]
    inputs: Mapping[str, Input]
    rules: tuple[Rule, ...]
    samples: int
    trace: Mapping[str, str]
