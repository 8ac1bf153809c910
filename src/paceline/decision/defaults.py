"""What is assumed where a request says nothing: wide ranges, each with an id and with where it comes from.

None of these is a fact. Public figures about the cost of integrations are mostly written by vendors; a range is as wide
as its source is weak. A request that states its own number never meets one of these.
"""

from __future__ import annotations

import enum

import msgspec

from paceline.model.request import RequestKind

DISCOUNT_RATE = 0.10
"""A year's; a common cost of capital, our judgment (rule D02)."""
FINDING_OUT_HOURS = 8.0
"""What a spike costs: one working day of one engineer, our judgment (rule D03)."""


class Basis(enum.StrEnum):
    """What the numbers of a default are multiplied with."""

    PLAIN = "plain"
    HOURLY_RATE = "hours of the hourly rate"
    DAYS = "times the days"
    HOURS = "the hours divided by it"
    TEAMS_NOW = "added to the teams of today"


class Default(msgspec.Struct, frozen=True, kw_only=True):
    """A range for one input. `kind` and `regulated` narrow the requests that it is for; the first that fits counts."""

    id: str
    input: str
    low: float
    likely: float
    high: float
    source: str
    basis: Basis = Basis.PLAIN
    kind: RequestKind | None = None
    regulated: bool | None = None


_JUDGMENT = "our judgment, until actuals exist"
_AMPERSAND = "Ampersand (vendor-written): 30 % of an integration's cost is building it, 70 % comes after launch"
_LIENTZ = "Lientz and Swanson 1980, as quoted by Ampersand: maintenance is about half of all effort"
_EMPIRIUM = "Empirium (vendor-written): a two-week estimate took four to five weeks to be production-ready"

DEFAULTS: tuple[Default, ...] = (
    Default(
        id="D01",
        input="hourly_rate",
        low=60,
        likely=90,
        high=130,
        source="a fully loaded engineering hour; " + _JUDGMENT,
    ),
    Default(
        id="D04",
        input="cost_of_delay",
        low=1,
        likely=10,
        high=40,
        basis=Basis.HOURLY_RATE,
        source="no source exists: this is the input that matters most and that only the requester can know",
    ),
    Default(id="D05", input="window_weeks", low=8, likely=26, high=52, source=_JUDGMENT),
    Default(
        id="D06",
        input="teams_later",
        low=0,
        likely=1.5,
        high=4,
        basis=Basis.TEAMS_NOW,
        kind=RequestKind.STRATEGIC,
        source="what is strategic attracts teams; " + _JUDGMENT,
    ),
    Default(
        id="D07",
        input="teams_later",
        low=0,
        likely=0,
        high=0,
        basis=Basis.TEAMS_NOW,
        kind=RequestKind.TACTICAL,
        source="a tactical request serves the teams that ask for it",
    ),
    Default(
        id="D08",
        input="replacement",
        low=0.3,
        likely=0.6,
        high=0.85,
        kind=RequestKind.STRATEGIC,
        source="an adapter for something strategic seldom lasts two years; " + _JUDGMENT,
    ),
    Default(
        id="D09",
        input="replacement",
        low=0.05,
        likely=0.15,
        high=0.35,
        kind=RequestKind.TACTICAL,
        source=_JUDGMENT,
    ),
    Default(
        id="D10",
        input="confirmation",
        low=0.7,
        likely=0.85,
        high=0.95,
        kind=RequestKind.STRATEGIC,
        source=_JUDGMENT,
    ),
    Default(
        id="D11", input="confirmation", low=0.3, likely=0.6, high=0.85, kind=RequestKind.TACTICAL, source=_JUDGMENT
    ),
    Default(
        id="D12",
        input="sprint_ops",
        low=0.5,
        likely=2,
        high=4,
        source="a page every other week, a vendor change a quarter, replays and manual work; " + _AMPERSAND,
    ),
    Default(id="D13", input="marathon_ops", low=1, likely=2, high=4, source=_LIENTZ + "; made wide"),
    Default(
        id="D14",
        input="sprint_build",
        low=4,
        likely=6,
        high=8,
        basis=Basis.DAYS,
        source="one engineer at work most of each day; " + _JUDGMENT,
    ),
    Default(
        id="D15",
        input="marathon_build",
        low=4,
        likely=6,
        high=10,
        basis=Basis.DAYS,
        source="one to two engineers, five days of seven; " + _JUDGMENT,
    ),
    Default(
        id="D16",
        input="sprint_days",
        low=4,
        likely=6,
        high=8,
        basis=Basis.HOURS,
        source="one engineer at work most of each day; " + _JUDGMENT,
    ),
    Default(
        id="D17",
        input="marathon_days",
        low=3,
        likely=6,
        high=10,
        basis=Basis.HOURS,
        source=_EMPIRIUM + ": calendar time stretches",
    ),
    Default(id="D18", input="sprint_fee", low=0, likely=0, high=0, source="the same for every option, so it cancels"),
    Default(
        id="D20",
        input="platform_fee",
        low=0,
        likely=1,
        high=4,
        basis=Basis.HOURLY_RATE,
        source="an embedded bus costs next to nothing, a hosted one some hundreds a month; " + _JUDGMENT,
    ),
    Default(
        id="D21",
        input="compliance",
        low=2,
        likely=4,
        high=10,
        regulated=True,
        source="residency or a compliance regime is declared; " + _JUDGMENT,
    ),
    Default(id="D22", input="compliance", low=0, likely=0.5, high=2, regulated=False, source=_JUDGMENT),
    Default(id="D23", input="onboarding", low=8, likely=16, high=40, source=_JUDGMENT),
    Default(
        id="D24",
        input="duplicate",
        low=0.4,
        likely=0.6,
        high=0.9,
        source="copying saves less than it seems: accounts, tests and reviews are done again; " + _JUDGMENT,
    ),
    Default(
        id="D25",
        input="ops_growth",
        low=0,
        likely=0.15,
        high=0.4,
        source=_AMPERSAND + ", and 80 % by the third year",
    ),
    Default(id="D26", input="overhead", low=0.05, likely=0.15, high=0.35, source=_JUDGMENT),
    Default(
        id="D27",
        input="slowdown",
        low=1,
        likely=1.15,
        high=1.5,
        source="the same people keep the adapter alive meanwhile; " + _JUDGMENT,
    ),
    Default(id="D28", input="cut_over", low=3, likely=7, high=14, source=_JUDGMENT),
    Default(id="D29", input="checkpoint", low=2, likely=3, high=4, source="the checkpoint of a staged hybrid"),
    Default(
        id="D30",
        input="spent",
        low=0.1,
        likely=0.25,
        high=0.5,
        source="platform work before the checkpoint in week 2 to 4 of 8 to 12; " + _JUDGMENT,
    ),
    Default(
        id="D31",
        input="rework",
        low=0.3,
        likely=0.5,
        high=0.75,
        source="between all declared (0.2) and all vendor calls (0.9); " + _JUDGMENT,
    ),
    Default(
        id="D32",
        input="hybrid_rework",
        low=0.2,
        likely=0.35,
        high=0.6,
        source="a declared mapping and contract tests survive the migration; " + _JUDGMENT,
    ),
    Default(
        id="D33",
        input="risk_effect",
        low=0.05,
        likely=0.15,
        high=0.25,
        source="work added by each step of the risk multiplier; " + _JUDGMENT,
    ),
    Default(
        id="D34",
        input="review",
        low=2,
        likely=3,
        high=5,
        source="a 48 h window in which every reviewer has a working day",
    ),
    Default(id="D35", input="access", low=0, likely=1, high=5, source="keys and accounts of the vendor; " + _JUDGMENT),
    Default(id="D36", input="removal", low=2, likely=4, high=8, source=_JUDGMENT),
    Default(id="D37", input="per_consumer", low=1, likely=2, high=4, source=_JUDGMENT),
    Default(id="D38", input="per_backfill_day", low=0.25, likely=0.5, high=1, source=_JUDGMENT),
    Default(id="D39", input="rekey", low=16, likely=24, high=60, source=_JUDGMENT),
    Default(id="D40", input="per_contract_break", low=2, likely=4, high=8, source=_JUDGMENT),
)


def find_default(name: str, kind: RequestKind | None, *, is_regulated: bool) -> Default | None:
    """The default of an input for a kind of request; None for inputs that simply do not apply when they are absent."""
    for default in DEFAULTS:
        fits = default.kind in (None, kind) and default.regulated in (None, is_regulated)
        if default.input == name and fits:
            return default
    return None
