"""What each option costs and how long it takes: the formulas of a decision, on whole arrays of samples.

Every value is an array of shape (scenarios, samples), where either may be 1; results have the horizons in front. A
scenario is one setting of inputs that an analysis looks at, a sample one draw from the ranges. Costs that come every
month are paid at the end of each month of service and discounted; costs that come once are charged when the option is
chosen. Ids such as F05 are those of `RULES` and of docs/decision.md.
"""

from __future__ import annotations

import enum
import functools
import operator
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from paceline.model.integration import Stage
from paceline.model.request import DelayProfile, ReverseCost

Array = NDArray[np.float64]
Values = Mapping[str, Array]
"""One array for every input that bears on the decision, by name."""

HORIZONS = (12, 24, 36)
LAST_MONTH = HORIZONS[-1]
DAYS_PER_WEEK = 7.0
WEEKS_PER_MONTH = 365.25 / 12 / 7
RAMP_MONTHS = 24
"""The months over which teams arrive and in which the replacement probability holds."""

OPTIONS = (Stage.SPRINT, Stage.HYBRID, Stage.MARATHON)


class Line(enum.StrEnum):
    """What money goes into."""

    BUILD = "implementation"
    OPS = "maintenance"
    FEES = "fees"
    COMPLIANCE = "compliance"
    REPLACEMENT = "replacement"
    LOSSES = "expected_losses"


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What a request says that is not an estimate. `deadline_days` counts from the day of the request."""

    teams_now: int
    profile: DelayProfile
    deadline_days: float | None
    risk_multiplier: int
    reverse: ReverseCost
    losses: int
    discount_rate: float


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What comes out, by option. Amounts that depend on the horizon have one more axis in front.

    `ownership` is the total cost of ownership, the sum of the lines; `total`, by which options are compared, is that
    and the cost of delay.
    """

    days: Mapping[Stage, Array]
    delay: Mapping[Stage, Array]
    lines: Mapping[Stage, Mapping[Line, Array]]
    ownership: Mapping[Stage, Array]
    total: Mapping[Stage, Array]


def evaluate(values: Values, known: Circumstances, months: Months) -> Costs:
    """Time, cost of delay and the lines of cost of every option, over the horizons of `months`."""
    days = {option: time_to_value(values, option) for option in OPTIONS}
    delay = {option: delay_cost(values, known, days[option]) for option in OPTIONS}
    lines = {option: _lines(option, values, known, months) for option in OPTIONS}
    ownership = {option: functools.reduce(operator.add, lines[option].values()) for option in OPTIONS}
    total = {option: ownership[option] + delay[option] for option in OPTIONS}
    return Costs(days=days, delay=delay, lines=lines, ownership=ownership, total=total)


def total_cost(option: Stage, values: Values, known: Circumstances, months: Months) -> Array:
    """The total of one option as `evaluate` has it. It reads no other inputs than those that this option depends on."""
    delay = delay_cost(values, known, time_to_value(values, option))
    total: Array = functools.reduce(operator.add, _lines(option, values, known, months).values()) + delay
    return total


def _lines(option: Stage, values: Values, known: Circumstances, months: Months) -> Mapping[Line, Array]:
    match option:
        case Stage.SPRINT:
            return _sprint(values, known, months)
        case Stage.HYBRID:
            return _hybrid(values, known, months)
        case Stage.MARATHON:
            return _marathon(values, known, months)


def time_to_value(values: Values, option: Stage) -> Array:
    """Days until the acceptance test of an option passes in production (F01)."""
    waits = values["review"] + values["access"]
    days: Array
    match option:
        case Stage.SPRINT:
            days = values["sprint_days"] + waits
        case Stage.HYBRID:
            days = values["sprint_days"] * (1.0 + values["overhead"]) + waits
        case Stage.MARATHON:
            days = values["marathon_days"] + waits
    return days


def delay_cost(values: Values, known: Circumstances, days: Array) -> Array:
    """What is lost by waiting for so many days (F02)."""
    if known.profile is DelayProfile.NONE:
        return np.zeros_like(days)
    weeks = np.minimum(days / DAYS_PER_WEEK, values["window_weeks"])
    if known.profile is DelayProfile.CLIFF:
        assert known.deadline_days is not None
        weeks = values["window_weeks"] * (days > known.deadline_days)
    lost: Array = values["cost_of_delay"] * weeks
    return lost


def migration_days(values: Values) -> Array:
    """Days until a hybrid's platform piece has taken over (F03)."""
    days: Array = values["marathon_days"] * values["slowdown"] + values["cut_over"]
    return days


def reverse_hours(values: Values, reverse: ReverseCost) -> Array:
    """Hours to undo the sprint (F04)."""
    none = np.zeros((1, 1))
    hours: Array = (
        values["removal"]
        + count_consumers(reverse) * values.get("per_consumer", none)
        + reverse.backfill_days * values.get("per_backfill_day", none)
        + reverse.creates_identity_keys * values.get("rekey", none)
        + reverse.contract_breaks * values.get("per_contract_break", none)
    )
    return hours


def count_consumers(reverse: ReverseCost) -> int:
    """What hangs on the sprint; one consumer where nobody has counted."""
    return 1 if reverse.consumers is None else reverse.consumers


def risk_work(values: Values, known: Circumstances) -> Array:
    """How much more work the unplatformed path is because of its risks, as a factor (F05).

    It is 1 where losses are stated: the same risk must not count twice.
    """
    if "risk_effect" not in values:
        return np.ones((1, 1))
    factor: Array = 1.0 + values["risk_effect"] * (known.risk_multiplier - 1)
    return factor


def yearly_loss(values: Values, known: Circumstances, *, is_platform: bool) -> Array:
    """Expected loss of the stated risks in a year (F06)."""
    loss = np.zeros((1, 1))
    for index in range(known.losses):
        kept = 1.0 - values[f"loss_{index}_prevented_by_platform"] if is_platform else 1.0
        loss = loss + values[f"loss_{index}_per_year"] * values[f"loss_{index}_cost"] * kept
    return loss


def onboarding_hours(values: Values) -> Array:
    """Hours to bring a further team onto the platform: no team pays more for that than for a copy of its own (F07)."""
    hours: Array = np.minimum(values["onboarding"], values["sprint_build"] * values["duplicate"])
    return hours


class Months(msgspec.Struct, frozen=True, kw_only=True):
    """The months of service: what one unit of money every month is worth today, by how long and for how many it is due.

    Horizons are in front. `tried` ends when the idea is judged, `needed` when nobody needs it any more, `adapter` when
    a hybrid's platform has taken over; `arriving` and `arrived` follow the teams that come later, `replacing` the
    months in which a sprint must be replaced; `_grown` weighs each month with the years that have passed.
    """

    tried: Array
    needed: Array
    needed_grown: Array
    arriving: Array
    arrived: Array
    arrived_grown: Array
    adapter: Array
    adapter_grown: Array
    replacing: Array
    replacing_arrived: Array


def count_months(values: Values, known: Circumstances, horizons: Sequence[int] = HORIZONS) -> Months:
    """Present values of everything that happens month by month, over horizons of at most 36 months."""
    calendar = _Calendar(values, known, horizons)
    fields: dict[str, Array] = {}
    for count in dict.fromkeys(count for counts in _COUNTS.values() for count in counts):
        fields |= count(calendar, values)
    return Months(**fields)


def recount_months(
    months: Months, values: Values, known: Circumstances, horizons: Sequence[int], moved: Collection[str]
) -> Months:
    """The months after some inputs have moved: what does not depend on them stays as it is."""
    counts = dict.fromkeys(count for name in moved for count in _COUNTS.get(name, ()))
    if not counts:
        return months
    calendar = _Calendar(values, known, horizons)
    fields: dict[str, Array] = {}
    for count in counts:
        fields |= count(calendar, values)
    return msgspec.structs.replace(months, **fields)


class _Calendar:
    """Months with what a payment in them is worth today; `needed` is how many of them it is needed for."""

    def __init__(self, values: Values, known: Circumstances, horizons: Sequence[int]) -> None:
        self.number = np.arange(1.0, LAST_MONTH + 1.0)
        self.discount = (1.0 + known.discount_rate) ** (-self.number / 12.0)
        self.years, self.arrived = self.number / 12.0, np.minimum(self.number / RAMP_MONTHS, 1.0)
        self.every = np.ones(LAST_MONTH)
        self.ends = np.array(horizons, dtype=np.float64).reshape(-1, 1, 1)
        has_end = "needed" in values
        self.needed = values["needed"] / WEEKS_PER_MONTH if has_end else np.full((1, 1), float(LAST_MONTH))

    def worth(self, end: Array, *weights: Array) -> Iterator[Array]:
        """What each of some weights a month is worth until `end` (in months), which may lie within a month."""
        months = np.minimum(self.ends, end)
        whole = months.astype(np.intp)
        part, after = months - whole, whole + 1
        for weight in weights:
            paid = np.concatenate([[0.0], weight * self.discount, [0.0]])
            yield np.cumsum(paid).take(whole) + part * paid.take(after)


def _count_tried(calendar: _Calendar, values: Values) -> Mapping[str, Array]:
    (tried,) = calendar.worth(values["checkpoint"] / WEEKS_PER_MONTH, calendar.every)
    return {"tried": tried}


def _count_needed(calendar: _Calendar, _: Values) -> Mapping[str, Array]:
    arrived, years = calendar.arrived, calendar.years
    arriving = (calendar.number <= RAMP_MONTHS) / RAMP_MONTHS
    found = calendar.worth(calendar.needed, calendar.every, years, arriving, arrived, arrived * years)
    return dict(zip(("needed", "needed_grown", "arriving", "arrived", "arrived_grown"), found, strict=True))


def _count_adapter(calendar: _Calendar, values: Values) -> Mapping[str, Array]:
    end = np.minimum(migration_days(values) / DAYS_PER_WEEK / WEEKS_PER_MONTH, calendar.needed)
    return dict(zip(("adapter", "adapter_grown"), calendar.worth(end, calendar.every, calendar.years), strict=True))


def _count_replacing(calendar: _Calendar, values: Values) -> Mapping[str, Array]:
    number = calendar.number
    by_month = replacement_by_month(values["replacement"])
    if "needed" in values:
        by_month = by_month * np.clip(calendar.needed - number.reshape(-1, 1, 1) + 1.0, 0.0, 1.0)
    counted = calendar.discount * (number <= calendar.ends.reshape(-1, 1))
    return {
        "replacing": np.tensordot(counted, by_month, axes=1),
        "replacing_arrived": np.tensordot(counted * calendar.arrived, by_month, axes=1),
    }


_COUNTS: Mapping[str, Sequence[Callable[[_Calendar, Values], Mapping[str, Array]]]] = {
    "checkpoint": (_count_tried,),
    "needed": (_count_needed, _count_adapter, _count_replacing),
    "marathon_days": (_count_adapter,),
    "slowdown": (_count_adapter,),
    "cut_over": (_count_adapter,),
    "replacement": (_count_replacing,),
}
"""Which parts of `Months` depend on which inputs; on no others."""


def replacement_by_month(within_ramp: Array) -> Array:
    """The probability that an adapter must be replaced in each month, months in front (F08).

    It is the same for each month in which that has not happened yet, and `within_ramp` over 24 months.
    """
    kept = (1.0 - within_ramp) ** (1.0 / RAMP_MONTHS)
    by_month = np.empty((LAST_MONTH, *kept.shape))
    by_month[0] = 1.0 - kept
    for month in range(1, LAST_MONTH):  # seven times as fast as np.multiply.accumulate along the first axis
        np.multiply(by_month[month - 1], kept, out=by_month[month])
    return by_month


def _sprint(values: Values, known: Circumstances, months: Months) -> Mapping[Line, Array]:
    """One adapter a team, kept for as long as it is needed (F11)."""
    rate, confirmed, risk = values["hourly_rate"], values["confirmation"], risk_work(values, known)
    dropped = (1.0 - confirmed) * months.tried
    now, more = known.teams_now, _more_teams(values, known)
    copy_hours = values["sprint_build"] * values["duplicate"]
    teams = now * months.needed + more * months.arrived
    grown = now * months.needed_grown + more * months.arrived_grown
    once = values["marathon_build"] + values["rework"] * values["sprint_build"] * risk
    once = once + reverse_hours(values, known.reverse)
    per_further_team = onboarding_hours(values) + values["rework"] * copy_hours * risk
    further_teams = (now - 1) * months.replacing + more * months.replacing_arrived
    served = confirmed * months.needed + dropped
    return {
        Line.BUILD: rate * (values["sprint_build"] + copy_hours * (now - 1 + confirmed * more * months.arriving)),
        Line.OPS: rate
        * WEEKS_PER_MONTH
        * values["sprint_ops"]
        * risk
        * (confirmed * (teams + values["ops_growth"] * grown) + now * dropped),
        Line.COMPLIANCE: rate * values["compliance"] * risk * (confirmed * teams + now * dropped),
        Line.FEES: values["sprint_fee"] * served,
        Line.REPLACEMENT: confirmed * rate * (once * months.replacing + per_further_team * further_teams),
        Line.LOSSES: _losses(values, known, on_adapter=served),
    }


def _hybrid(values: Values, known: Circumstances, months: Months) -> Mapping[Line, Array]:
    """One adapter that delivers at once, and a platform that takes over once the idea is confirmed (F12).

    Until the cut-over both are kept running: a dual run is paid twice.
    """
    rate, confirmed, risk = values["hourly_rate"], values["confirmation"], risk_work(values, known)
    dropped = (1.0 - confirmed) * months.tried
    on_adapter = confirmed * months.adapter
    on_platform = confirmed * (months.needed - months.adapter)
    grown = confirmed * values["ops_growth"] * months.adapter_grown
    built = confirmed + (1.0 - confirmed) * values["spent"]
    redone = values["rework"] * values["sprint_build"] + reverse_hours(values, known.reverse)
    sprint_fee = values["sprint_fee"]
    marathon_fee = values.get("marathon_fee", sprint_fee)
    return {
        Line.BUILD: rate * (values["sprint_build"] * (1.0 + values["overhead"]) + values["marathon_build"] * built)
        + _onboarding(values, known, months),
        Line.OPS: rate
        * WEEKS_PER_MONTH
        * (
            values["sprint_ops"] * risk * (on_adapter + grown + dropped)
            + values["marathon_ops"] * confirmed * months.needed
        ),
        Line.COMPLIANCE: rate * values["compliance"] * (on_platform + risk * (on_adapter + dropped)),
        Line.FEES: sprint_fee * (on_adapter + dropped)
        + marathon_fee * on_platform
        + values["platform_fee"] * confirmed * months.needed,
        Line.REPLACEMENT: confirmed * rate * values["hybrid_rework"] * redone,
        Line.LOSSES: _losses(values, known, on_adapter=on_adapter + dropped, on_platform=on_platform),
    }


def _marathon(values: Values, known: Circumstances, months: Months) -> Mapping[Line, Array]:
    """The platform piece, built once for everybody before anything is delivered (F13)."""
    rate, confirmed = values["hourly_rate"], values["confirmation"]
    served = confirmed * months.needed + (1.0 - confirmed) * months.tried
    fees = values["platform_fee"] + values.get("marathon_fee", values["sprint_fee"])
    return {
        Line.BUILD: rate * values["marathon_build"] + _onboarding(values, known, months),
        Line.OPS: rate * WEEKS_PER_MONTH * values["marathon_ops"] * served,
        Line.COMPLIANCE: rate * values["compliance"] * served,
        Line.FEES: fees * served,
        Line.LOSSES: _losses(values, known, on_platform=served),
    }


def _losses(
    values: Values, known: Circumstances, *, on_adapter: Array | None = None, on_platform: Array | None = None
) -> Array:
    """The losses over months on an adapter and on a platform; where none is stated, nothing is multiplied by it."""
    parts = [
        yearly_loss(values, known, is_platform=is_platform) / 12.0 * months
        for is_platform, months in ((False, on_adapter), (True, on_platform))
        if months is not None and known.losses
    ]
    return functools.reduce(operator.add, parts) if parts else np.zeros((1, 1, 1))


def _onboarding(values: Values, known: Circumstances, months: Months) -> Array:
    """What further teams cost on a platform, once the idea is confirmed."""
    teams = (known.teams_now - 1) + _more_teams(values, known) * months.arriving
    cost: Array = values["confirmation"] * values["hourly_rate"] * onboarding_hours(values) * teams
    return cost


def _more_teams(values: Values, known: Circumstances) -> Array:
    """How many teams there will be in 24 months beyond those of today; teams do not leave."""
    more: Array = np.maximum(values["teams_later"] - known.teams_now, 0.0)
    return more
