"""Every number that goes into one decision, with where it comes from.

Like everything that it imports, this needs no NumPy, so that requests can be checked without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from paceline.decision.calibration import NO_CALIBRATION, Calibration
from paceline.decision.catalog import BY_NAME, SPECS, InputSpec, Unit, loss_specs
from paceline.decision.defaults import DISCOUNT_RATE, FINDING_OUT_HOURS, Basis, Default, find_default
from paceline.decision.units import unit_factor
from paceline.model.request import Composition, DelayProfile, Estimate, Loss, OperationalLoad, Request, Source

_DEFAULT = "default"
_DERIVED = "derived"
_ONE_DAY = "one working day of one engineer; our judgment"
_REDONE = {
    "vendor_calls": 0.9,
    "implicit_transforms": 0.9,
    "declared_mappings": 0.25,
    "contract_tests": 0.1,
    "canonical_schema": 0.05,
}
"""How likely a replacement redoes each part of an adapter; our judgment, until measured from git (rule F09)."""


class Input(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An input of one decision. `low`, `likely` and `high` are equal when it is exact.

    `source` is that of the request, or `default`, or `derived` (computed from another input by the rule). `rule` is the
    id of the default or formula, `because` its source in words. Where the default is a multiple of another input,
    `follows` is that input's name and `ratios` what it is multiplied with. `stated` is what a guess said before it was
    multiplied with `correction` (rule F28); both are empty where it was not.
    """

    name: str
    path: str
    title: str
    unit: Unit
    low: float
    likely: float
    high: float
    source: str
    rule: str = ""
    because: str = ""
    follows: str = ""
    ratios: tuple[float, float, float] | None = None
    stated: tuple[float, float, float] | None = None
    correction: float | None = None

    @property
    def is_exact(self) -> bool:
        """Whether there is nothing to sample."""
        return self.low == self.high

    @property
    def is_guessed(self) -> bool:
        """Whether nothing better than a guess stands behind it."""
        return self.source in (Source.GUESS, _DEFAULT) or (self.source == _DERIVED and not self.is_exact)

    @property
    def mean(self) -> float:
        """The mean of its distribution (PERT)."""
        return (self.low + 4.0 * self.likely + self.high) / 6.0


def stated_estimates(request: Request) -> Mapping[str, tuple[InputSpec, Estimate]]:
    """The estimates that a request states, by the name of the input."""
    sprint, marathon = request.estimates.sprint, request.estimates.marathon
    delay, shared, reverse = request.cost_of_delay, request.shared, request.reverse
    stated: dict[str, Estimate | None] = {
        "cost_of_delay": delay.per_week if delay else None,
        "sprint_ops": sprint.ops_hours_per_week,
        "teams_later": request.teams.in_24_months,
        "replacement": shared.replacement_probability,
        "confirmation": shared.confirmation_probability,
        "marathon_build": marathon.build_hours,
        "marathon_days": marathon.days,
        "sprint_build": sprint.build_hours,
        "sprint_days": sprint.days,
        "marathon_ops": marathon.ops_hours_per_week,
        "hourly_rate": shared.hourly_rate,
        "window_weeks": delay.window_weeks if delay else None,
        "duplicate": shared.duplicate_factor,
        "ops_growth": shared.ops_growth_per_year,
        "spent": shared.spent_at_checkpoint,
        "overhead": shared.hybrid_overhead,
        "slowdown": shared.parallel_slowdown,
        "cut_over": shared.cut_over_days,
        "platform_fee": marathon.platform_fee_per_month,
        "sprint_fee": sprint.vendor_fee_per_month,
        "marathon_fee": marathon.vendor_fee_per_month,
        "compliance": shared.compliance_hours_per_month,
        "onboarding": marathon.onboarding_hours_per_team,
        "rework": shared.rework_factor,
        "hybrid_rework": shared.hybrid_rework_share,
        "risk_effect": shared.risk_effect,
        "review": shared.review_days,
        "access": shared.vendor_access_days,
        "checkpoint": shared.checkpoint_weeks,
        "needed": shared.needed_weeks,
        "removal": reverse.removal_hours,
        "per_consumer": reverse.hours_per_consumer,
        "per_backfill_day": reverse.hours_per_backfill_day,
        "rekey": reverse.rekey_hours,
        "per_contract_break": reverse.hours_per_contract_break,
    }
    found = {name: (BY_NAME[name], estimate) for name, estimate in stated.items() if estimate is not None}
    for rank, (index, loss) in enumerate(_ranked(request.losses)):
        specs = loss_specs(rank, loss.what, index=index)
        for spec, estimate in zip(specs, (loss.per_year, loss.cost, loss.prevented_by_platform), strict=True):
            found[spec.name] = (spec, estimate)
    return found


def _ranked(losses: Sequence[Loss]) -> list[tuple[int, Loss]]:
    """Losses with their places in the list, by content: the order in which they are written must not matter."""
    return sorted(enumerate(losses), key=lambda item: msgspec.json.encode(item[1]))


def resolve_inputs(request: Request, calibration: Calibration = NO_CALIBRATION) -> Mapping[str, Input]:
    """Every input that bears on the decision about a request, by name, in the order of SPECS.

    Stated estimates as they are, guesses among them as the calibration corrects them, the others from the table of
    defaults. The request must be without faults.
    """
    stated = stated_estimates(request)
    resolved: dict[str, Input] = {}
    for spec in SPECS:
        if not _bears(spec.name, request):
            continue
        if spec.name in stated:
            resolved[spec.name] = _from_estimate(spec, stated[spec.name][1], calibration)
        elif (derived := _computed(spec, request)) is not None:
            resolved[spec.name] = derived
        else:
            default = find_default(spec.name, request.kind, is_regulated=bool(request.residency or request.compliance))
            if default is not None:
                resolved[spec.name] = _from_default(spec, default, request, _Stated(stated, calibration))
    for name, (spec, estimate) in stated.items():
        if name not in BY_NAME:
            resolved[name] = _from_estimate(spec, estimate, calibration)
    return resolved


def fixed_inputs(request: Request) -> Mapping[str, Input]:
    """What is one number for every decision and is not sampled: the discount rate and what finding out takes.

    A report lists them with the other inputs.
    """
    shared = request.shared
    given = (
        ("discount_rate", "shared.discount_rate", "discount rate", Unit.PER_YEAR, shared.discount_rate, DISCOUNT_RATE),
        (
            "finding_out",
            "shared.finding_out_hours",
            "work to find something out",
            Unit.HOURS,
            shared.finding_out_hours,
            FINDING_OUT_HOURS,
        ),
    )
    rules = {"discount_rate": ("D02", "a common cost of capital; our judgment"), "finding_out": ("D03", _ONE_DAY)}
    found = {}
    for name, path, title, unit, stated, default in given:
        value = default if stated is None else stated
        rule, because = rules[name] if stated is None else ("", "")
        source = _DEFAULT if stated is None else Source.GUESS.value
        found[name] = Input(
            name=name,
            path=path,
            title=title,
            unit=unit,
            low=value,
            likely=value,
            high=value,
            source=source,
            rule=rule,
            because=because,
        )
    return found


def _bears(name: str, request: Request) -> bool:
    """Whether an input has anything to act on in this request."""
    delay, reverse = request.cost_of_delay, request.reverse
    match name:
        case "cost_of_delay" | "window_weeks":
            return delay is None or delay.profile is not DelayProfile.NONE
        case "risk_effect":
            return not request.losses
        case "per_consumer":
            return reverse.consumers != 0
        case "per_backfill_day":
            return reverse.backfill_days > 0
        case "rekey":
            return reverse.creates_identity_keys
        case "per_contract_break":
            return reverse.contract_breaks > 0
        case _:
            return True


def _from_estimate(spec: InputSpec, estimate: Estimate, calibration: Calibration) -> Input:
    stated = bounds(spec, estimate)
    correction = calibration.correction(spec.name) if estimate.source is Source.GUESS else None
    if correction is None or estimate.exact is not None:
        return _input(spec, stated, source=estimate.source.value, because=estimate.note)
    numbers = _each(lambda number: min(max(number * correction.factor, spec.least), spec.most), stated)
    low, likely, high = (f"{number:.4g}" for number in stated)
    words = f"{low} - {likely} - {high} was said, and {correction.cases} actuals say x {correction.factor:.4g}"
    because = f"{estimate.note}; {words}" if estimate.note else words
    found = _input(spec, numbers, source=estimate.source.value, rule="F28", because=because)
    return msgspec.structs.replace(found, stated=stated, correction=correction.factor)


class _Stated(NamedTuple):
    """The estimates that a request states, and what corrects them."""

    estimates: Mapping[str, tuple[InputSpec, Estimate]]
    calibration: Calibration

    def numbers(self, name: str) -> tuple[float, float, float]:
        """Low, likely and high of one, as the decision uses it."""
        given = _from_estimate(*self.estimates[name], self.calibration)
        return given.low, given.likely, given.high


def bounds(spec: InputSpec, estimate: Estimate) -> tuple[float, float, float]:
    """Low, likely and high of an estimate without faults, in the unit of its input; all the same when it is exact."""
    factor = unit_factor(estimate, spec.unit)
    if estimate.exact is not None:
        return (estimate.exact * factor,) * 3
    assert estimate.low is not None
    assert estimate.likely is not None
    assert estimate.high is not None
    return estimate.low * factor, estimate.likely * factor, estimate.high * factor


def _computed(spec: InputSpec, request: Request) -> Input | None:
    """An input that other parts of the request determine."""
    if spec.name == "rework" and request.composition is not None:
        value = rework_factor(request.composition)
        return _input(spec, (value,) * 3, source=_DERIVED, rule="F09", because="from the composition of the sprint")
    loads = {"sprint_ops": request.estimates.sprint.load, "marathon_ops": request.estimates.marathon.load}
    load = loads.get(spec.name)
    if load is not None:
        value = operational_load(load)
        return _input(spec, (value,) * 3, source=Source.MEASURED.value, rule="F10", because="from the measured load")
    return None


def rework_factor(composition: Composition) -> float:
    """The share of a sprint's work that a replacement redoes, from what the work consists of (rule F09).

    >>> rework_factor(Composition(vendor_calls=0.5, declared_mappings=0.5))
    0.575
    """
    shares: Mapping[str, float] = msgspec.structs.asdict(composition)
    return sum(shares[part] * redone for part, redone in _REDONE.items())


def operational_load(load: OperationalLoad) -> float:
    """Hours a week that a path takes to run (rule F10).

    >>> operational_load(OperationalLoad(pages_per_week=2, hours_per_page=0.5, manual_minutes_per_week=30))
    1.5
    """
    return (
        load.pages_per_week * load.hours_per_page
        + load.replay_hours_per_week
        + load.vendor_changes_per_year * load.hours_per_vendor_change / 52
        + load.rotations_per_year * load.hours_per_rotation / 52
        + load.manual_minutes_per_week / 60
    )


def _from_default(spec: InputSpec, default: Default, request: Request, stated: _Stated) -> Input:
    ratios = default.low, default.likely, default.high
    if default.basis in (Basis.PLAIN, Basis.TEAMS_NOW):
        base = request.teams.now if default.basis is Basis.TEAMS_NOW else 0.0
        numbers = _each(lambda ratio: ratio + base, ratios)
        return _input(spec, numbers, source=_DEFAULT, rule=default.id, because=default.source)
    option = spec.name.partition("_")[0]
    words = f"{default.low:g} to {default.high:g}"
    if default.basis is Basis.HOURLY_RATE:
        rate = _likely_rate(request, stated)
        followed, given, source = "hourly_rate", (rate, rate, rate), _DEFAULT
        because = f"{words} times the hourly rate; {default.source}"
    else:
        followed = f"{option}_days" if default.basis is Basis.DAYS else f"{option}_build"
        given, source = stated.numbers(followed), _DERIVED
        because = f"{words} working hours a calendar day; {default.source}"
        if default.basis is Basis.HOURS:
            ratios = 1.0 / default.high, 1.0 / default.likely, 1.0 / default.low
    low, likely, high = (number * ratio for number, ratio in zip(given, ratios, strict=True))
    numbers = _each(lambda number: min(max(number, spec.least), spec.most), (low, likely, high))
    found = _input(spec, numbers, source=source, rule=default.id, because=because)
    return msgspec.structs.replace(found, follows=followed, ratios=ratios)


def _each(change: Callable[[float], float], numbers: tuple[float, float, float]) -> tuple[float, float, float]:
    low, likely, high = numbers
    return change(low), change(likely), change(high)


def _likely_rate(request: Request, stated: _Stated) -> float:
    if "hourly_rate" in stated.estimates:
        return stated.numbers("hourly_rate")[1]
    default = find_default("hourly_rate", request.kind, is_regulated=False)
    assert default is not None
    return default.likely


def _input(
    spec: InputSpec, numbers: tuple[float, float, float], *, source: str, rule: str = "", because: str = ""
) -> Input:
    low, likely, high = numbers
    return Input(
        name=spec.name,
        path=spec.path,
        title=spec.title,
        unit=spec.unit,
        low=low,
        likely=likely,
        high=high,
        source=source,
        rule=rule,
        because=because,
    )
