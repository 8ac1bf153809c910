"""The file kind `backlog.yaml`: requests for integrations, and what is known about each, as ranges with a source."""

from __future__ import annotations

import enum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from paceline.model.contract import Day, Owner
from paceline.model.integration import Risk, Sla

RequestName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$",
        description="Letters, digits, _ . and -; a ticket's key such as GROW-12 will do.",
    ),
]
Text = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=0, le=10_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$", description="Three capital letters (ISO 4217), such as EUR.")]


class Source(enum.StrEnum):
    """Where a number comes from. Only what was measured or quoted may be exact."""

    GUESS = "guess"
    HISTORY = "history"
    MEASURED = "measured"
    QUOTE = "quote"


class RequestKind(enum.StrEnum):
    """Whether a request serves one campaign or purpose, or something that others will build on."""

    TACTICAL = "tactical"
    STRATEGIC = "strategic"


class DelayProfile(enum.StrEnum):
    """How waiting costs: every week of a window, everything at once when the deadline passes, or not at all."""

    LINEAR = "linear"
    CLIFF = "cliff"
    NONE = "none"


class SchemaChoice(enum.StrEnum):
    """Whether the events are canonical (a contract of the workspace) or made for this one integration."""

    CANONICAL = "canonical"
    ONE_OFF = "one_off"


class InterimControl(enum.StrEnum):
    """What protects people while there is no platform that does."""

    CONSENT_CHECK = "consent_check"
    FIELD_ALLOW_LIST = "field_allow_list"
    REGION_PIN = "region_pin"
    DELETION_PATH = "deletion_path"


class DebtGrade(enum.StrEnum):
    """The grade of the integration debt score, from almost none to more than half of what a rebuild would cost."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"


class EstimateUnit(enum.StrEnum):
    """What an estimate may be written in instead of the unit of its input. A working day has 8 hours, a week 5 of them.

    `hours` of work, or by the clock where a duration is meant; `days` and `weeks` by the calendar, `working_days` and
    `working_weeks` of one person's work; `percent` for shares.
    """

    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    WORKING_DAYS = "working_days"
    WORKING_WEEKS = "working_weeks"
    PERCENT = "percent"


class Estimate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A number as people know it: a range, or what was measured or quoted exactly.

    Either `low`, `likely` and `high` with low <= likely <= high and low < high, or `exact` with the source `measured`
    or `quote`. Low and high are meant seriously: the truth should lie outside in about one case of ten. Without `unit`
    the numbers are in the unit of their input.

    Example: `{low: 2, likely: 3, high: 6, unit: weeks, source: guess, note: "asked the team that did the last one"}`
    """

    low: float | None = None
    likely: float | None = None
    high: float | None = None
    exact: float | None = None
    unit: EstimateUnit | None = None
    source: Source = Source.GUESS
    note: str = ""


class Acceptance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How anybody can see that it works: for who asked now, and for who uses the data afterwards."""

    now: Text
    downstream: str = ""


class TeamCount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many teams want the same thing: today, and in 24 months if the idea is confirmed."""

    now: Annotated[int, Meta(ge=1, le=1000)] = 1
    in_24_months: Estimate | None = None


class CostOfDelay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What waiting costs.

    `linear` loses `per_week` every week until the window closes, `cliff` loses the whole window (`per_week` times
    `window_weeks`) when the deadline passes, `none` loses nothing.
    """

    profile: DelayProfile = DelayProfile.LINEAR
    per_week: Estimate | None = None
    window_weeks: Estimate | None = None


class OperationalLoad(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Measured upkeep of one path, from which hours a week are computed."""

    pages_per_week: Annotated[float, Meta(ge=0)] = 0.0
    hours_per_page: Annotated[float, Meta(ge=0)] = 0.0
    replay_hours_per_week: Annotated[float, Meta(ge=0)] = 0.0
    vendor_changes_per_year: Annotated[float, Meta(ge=0)] = 0.0
    hours_per_vendor_change: Annotated[float, Meta(ge=0)] = 0.0
    rotations_per_year: Annotated[float, Meta(ge=0)] = 0.0
    hours_per_rotation: Annotated[float, Meta(ge=0)] = 0.0
    manual_minutes_per_week: Annotated[float, Meta(ge=0)] = 0.0


class SprintEstimates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The small adapter. `days` are calendar days from the start of work; days or build hours must be given."""

    days: Estimate | None = None
    build_hours: Estimate | None = None
    ops_hours_per_week: Estimate | None = None
    load: OperationalLoad | None = None
    vendor_fee_per_month: Estimate | None = None


class MarathonEstimates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The platform piece. `days` are calendar days from the start of work; days or build hours must be given."""

    days: Estimate | None = None
    build_hours: Estimate | None = None
    ops_hours_per_week: Estimate | None = None
    load: OperationalLoad | None = None
    vendor_fee_per_month: Estimate | None = None
    platform_fee_per_month: Estimate | None = None
    onboarding_hours_per_team: Estimate | None = None


class OptionEstimates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is estimated for one option. The hybrid follows from both."""

    sprint: SprintEstimates = SprintEstimates()
    marathon: MarathonEstimates = MarathonEstimates()


class Composition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the sprint's work consists of, as shares that add up to 1; they tell how much a replacement redoes."""

    vendor_calls: Share = 0.0
    implicit_transforms: Share = 0.0
    declared_mappings: Share = 0.0
    contract_tests: Share = 0.0
    canonical_schema: Share = 0.0


class SharedEstimates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for every option, and usually for a whole backlog. What is left out has a default with its source.

    `replacement_probability` is how likely the adapter must be replaced within 24 months, `confirmation_probability`
    how likely the idea proves right. `discount_rate` is a year's. `hybrid_overhead` and the shares are parts of 1,
    `duplicate_factor` what a further copy costs to build against the first.
    """

    hourly_rate: Estimate | None = None
    discount_rate: Annotated[float, Meta(ge=0, le=1)] | None = None
    compliance_hours_per_month: Estimate | None = None
    replacement_probability: Estimate | None = None
    confirmation_probability: Estimate | None = None
    duplicate_factor: Estimate | None = None
    ops_growth_per_year: Estimate | None = None
    hybrid_overhead: Estimate | None = None
    parallel_slowdown: Estimate | None = None
    cut_over_days: Estimate | None = None
    checkpoint_weeks: Estimate | None = None
    spent_at_checkpoint: Estimate | None = None
    rework_factor: Estimate | None = None
    hybrid_rework_share: Estimate | None = None
    risk_effect: Estimate | None = None
    review_days: Estimate | None = None
    vendor_access_days: Estimate | None = None
    needed_weeks: Estimate | None = None
    finding_out_hours: Annotated[float, Meta(gt=0, le=1000)] | None = None


class ReverseCost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it takes to undo the sprint: what hangs on it (counted), and hours for each.

    Without `consumers` the integrations that read the events today are counted in the workspace; outside one it is 1.
    """

    consumers: Count | None = None
    backfill_days: Count = 0
    creates_identity_keys: bool = False
    contract_breaks: Count = 0
    removal_hours: Estimate | None = None
    hours_per_consumer: Estimate | None = None
    hours_per_backfill_day: Estimate | None = None
    rekey_hours: Estimate | None = None
    hours_per_contract_break: Estimate | None = None


class Loss(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A risk in money instead of in the multiplier: how often, how much, and the share that a platform prevents."""

    what: Text
    per_year: Estimate
    cost: Estimate
    prevented_by_platform: Estimate


class Existing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is there already: similar adapters, the debt grade of this family of events, and a debt item to be paid.

    What is left out is looked up in the workspace.
    """

    similar_adapters: Count | None = None
    debt_grade: DebtGrade | None = None
    pays_down: str = ""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One request for an integration, before any code.

    `asked` is the day of the request: time-to-value and deadlines count from it. `data_classes` says which personal
    data flows, `residency` the region that it must stay in, `compliance` the regimes that apply; empty means none.
    `platform_owner` is the team that would run the platform piece. `horizon_months` is how far ahead the winner is
    looked for. Amounts of money are in `currency` (EUR when nothing says otherwise), in its major unit. `fields` are
    the paths in the events that are needed, such as `$.properties.total`; they tell which requests look alike.

    A request may stand in a backlog before `kind` and `estimates` are known: it is listed as not ready, not decided.
    """

    request: RequestName
    outcome: Text
    kind: RequestKind | None = None
    asked: Day
    acceptance: Acceptance | None = None
    deadline: Day | None = None
    teams: TeamCount = TeamCount()
    owner: Owner | None = None
    sla: Sla | None = None
    events: list[str] = []
    fields: list[str] = []
    vendor: str = ""
    data_classes: list[str] = []
    residency: str = ""
    compliance: list[str] = []
    interim_controls: list[InterimControl] = []
    risk: Risk | None = None
    platform_owner: str = ""
    schema: SchemaChoice | None = None
    migration_plan: str = ""
    contract_tests: bool | None = None
    monitoring: bool | None = None
    currency: Currency | None = None
    horizon_months: Literal[12, 24, 36] = 24
    cost_of_delay: CostOfDelay | None = None
    estimates: OptionEstimates = OptionEstimates()
    composition: Composition | None = None
    shared: SharedEstimates = SharedEstimates()
    reverse: ReverseCost = ReverseCost()
    losses: Annotated[list[Loss], Meta(max_length=5)] = []
    existing: Existing = Existing()
    note: str = ""


class BacklogFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """backlog.yaml. `shared` and `currency` hold for every request that does not say otherwise.

    `at_once` says how many requests each team builds at the same time; 1 for a team that is not in it.
    """

    currency: Currency = "EUR"
    at_once: dict[str, Annotated[int, Meta(ge=1, le=100)]] = {}
    shared: SharedEstimates = SharedEstimates()
    requests: Annotated[list[Request], Meta(min_length=1)]


class RequestFault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a request: `path` is the way of keys and list indexes to it.

    >>> str(RequestFault(path=("teams", "now"), message="0 is out of range", remedy="at least 1"))
    'teams.now: 0 is out of range; at least 1'
    """

    path: tuple[str | int, ...]
    message: str
    remedy: str = ""

    @property
    def place(self) -> str:
        """The path as people write it: keys joined by dots."""
        return ".".join(map(str, self.path))

    def __str__(self) -> str:
        head = f"{self.place}: {self.message}" if self.path else self.message
        return f"{head}; {self.remedy}" if self.remedy else head
