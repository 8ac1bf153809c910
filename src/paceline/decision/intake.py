"""Takes requests in: what is contradictory, missing or absurd is told with its place and never decided upon."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping

from paceline.decision.calendar import days_between
from paceline.decision.catalog import InputSpec
from paceline.decision.inputs import bounds, stated_estimates
from paceline.decision.shape import read_shape
from paceline.decision.units import accepted_units, unit_factor
from paceline.model.request import (
    DelayProfile,
    Estimate,
    Request,
    RequestFault,
    Source,
)

MOST_HOURS_A_DAY = 240.0
"""Working hours that fit in a calendar day: ten people around the clock."""
MOST_DAYS_AHEAD = 3650
YEARS = range(1990, 2201)
"""The years in which a day can be meant."""
_EXACT_SOURCES = (Source.MEASURED, Source.QUOTE)
_KIND_FORM = "write tactical (one campaign or purpose) or strategic (others will build on it)"
_ESTIMATES_FORM = "write sprint: {days: …} and marathon: {days: …} under it, each with low, likely and high"
_RANGE_FORM = "write {low: …, likely: …, high: …, source: guess}"
_EXACT_FORM = "write a range, or {exact: …, source: measured} (or quote) for what is known exactly"
Path = tuple[str | int, ...]


def read_request(value: object) -> Request | tuple[RequestFault, ...]:
    """One request as plain values (a JSON object, an item of backlog.yaml), or everything that is wrong with it.

    >>> read_request({"request": "x"})[0].place
    'outcome'
    """
    request = read_shape(value, Request)
    if not isinstance(request, Request):
        return (*request, *missing_answers(value))
    return request_faults(request) or request


def request_faults(request: Request) -> tuple[RequestFault, ...]:
    """Everything that is contradictory, missing or absurd in a request of the right shape."""
    stated = stated_estimates(request)
    by_estimate = {
        name: tuple(_estimate_faults(spec, estimate, _path(spec))) for name, (spec, estimate) in stated.items()
    }
    sound = {name: bounds(*stated[name]) for name, faults in by_estimate.items() if not faults}
    return (
        *_kind_faults(request),
        *(fault for faults in by_estimate.values() for fault in faults),
        *_day_faults(request),
        *_delay_faults(request),
        *_option_faults(request, sound),
        *_other_faults(request, sound),
    )


def missing_answers(value: object) -> Iterator[RequestFault]:
    """What a request may leave out in a file, but not in a decision, where its shape is wrong anyway."""
    if isinstance(value, Mapping):
        for name, remedy in (("kind", _KIND_FORM), ("estimates", _ESTIMATES_FORM)):
            if value.get(name) is None:
                yield RequestFault(path=(name,), message=f"the key {name!r} is missing", remedy=remedy)


def _kind_faults(request: Request) -> Iterator[RequestFault]:
    if request.kind is None:
        yield RequestFault(path=("kind",), message="the key 'kind' is missing", remedy=_KIND_FORM)


def _path(spec: InputSpec) -> Path:
    return tuple(int(step) if step.isdigit() else step for step in spec.path.split("."))


def _estimate_faults(spec: InputSpec, estimate: Estimate, path: Path) -> Iterator[RequestFault]:
    numbers = {
        name: number for name in ("low", "likely", "high", "exact") if (number := getattr(estimate, name)) is not None
    }
    yield from _form_faults(numbers, estimate.source, path)
    accepted = accepted_units(spec.unit)
    if estimate.unit is not None and estimate.unit not in accepted:
        message = f"{spec.title} cannot be in {estimate.unit.value}"
        remedy = f"one of: {', '.join(unit.value for unit in accepted)}" if accepted else "leave the unit out"
        yield RequestFault(path=(*path, "unit"), message=message, remedy=remedy)
        return
    factor = unit_factor(estimate, spec.unit)
    for name, number in numbers.items():
        place = (*path, name)
        limits = (spec.least / factor, spec.most / factor)
        if not math.isfinite(number):
            yield RequestFault(path=place, message=f"{number} is not a finite number", remedy="write a finite number")
        elif number < limits[0]:
            what = "is negative" if number < 0 else "is too small to be meant"
            yield RequestFault(
                path=place, message=f"{number:g} {what}", remedy=f"{spec.title} is at least {limits[0]:g}"
            )
        elif number > limits[1]:
            yield RequestFault(
                path=place, message=f"{number:g} is absurd", remedy=f"{spec.title} is at most {limits[1]:g}"
            )
    yield from _order_faults(numbers, path)


def _form_faults(numbers: Mapping[str, float], source: Source, path: Path) -> Iterator[RequestFault]:
    ends = [name for name in ("low", "likely", "high") if name not in numbers]
    if "exact" in numbers:
        if len(ends) < 3:
            yield RequestFault(path=path, message="it is exact and a range at once", remedy="write one of both")
        elif source not in _EXACT_SOURCES:
            message = f"it cannot be exact with the source {source.value!r}"
            yield RequestFault(path=(*path, "source"), message=message, remedy=_EXACT_FORM)
    elif ends:
        message = "the range is missing" if len(ends) == 3 else f"{' and '.join(ends)} missing"
        yield RequestFault(path=(*path, ends[0]), message=message, remedy=_RANGE_FORM)


def _order_faults(numbers: Mapping[str, float], path: Path) -> Iterator[RequestFault]:
    if not {"low", "likely", "high"} <= set(numbers) or not all(map(math.isfinite, numbers.values())):
        return
    low, likely, high = numbers["low"], numbers["likely"], numbers["high"]
    if low > high:
        yield RequestFault(path=(*path, "high"), message=f"high ({high:g}) is below low ({low:g})", remedy="swap them")
    elif not low <= likely <= high:
        message = f"likely ({likely:g}) is outside low to high ({low:g} to {high:g})"
        yield RequestFault(path=(*path, "likely"), message=message, remedy="correct likely, or widen the range")
    elif low == high:
        yield RequestFault(path=path, message=f"the range has no width ({low:g} to {high:g})", remedy=_EXACT_FORM)


def _day_faults(request: Request) -> Iterator[RequestFault]:
    wrong = False
    for name in ("asked", "deadline"):
        day = getattr(request, name)
        try:
            if day is not None and dt.date.fromisoformat(day).year not in YEARS:
                wrong = True
                message = f"the year {day[:4]} is absurd"
                yield RequestFault(path=(name,), message=message, remedy=f"from {YEARS.start} to {YEARS.stop - 1}")
        except ValueError:
            wrong = True
            yield RequestFault(path=(name,), message=f"{day!r} is not a day", remedy="write YYYY-MM-DD")
    if wrong or request.deadline is None:
        return
    ahead = days_between(request.asked, request.deadline)
    if ahead <= 0:
        message = f"the deadline {request.deadline} is not after the day of the request ({request.asked})"
        yield RequestFault(path=("deadline",), message=message, remedy="correct one of both")
    elif ahead > MOST_DAYS_AHEAD:
        yield RequestFault(path=("deadline",), message=f"{ahead} days ahead is absurd", remedy="at most ten years")


def _delay_faults(request: Request) -> Iterator[RequestFault]:
    delay = request.cost_of_delay
    if delay is None:
        return
    if delay.profile is DelayProfile.CLIFF and request.deadline is None:
        message = "the cost of delay has a cliff at the deadline, but there is no deadline"
        yield RequestFault(path=("deadline",), message=message, remedy="write the deadline, or profile: linear")
    if delay.profile is DelayProfile.NONE:
        for name in ("per_week", "window_weeks"):
            if getattr(delay, name) is not None:
                message = "the profile says that waiting costs nothing"
                yield RequestFault(
                    path=("cost_of_delay", name), message=message, remedy="delete it, or profile: linear"
                )


def _option_faults(request: Request, sound: Mapping[str, tuple[float, float, float]]) -> Iterator[RequestFault]:
    for option in ("sprint", "marathon"):
        estimates = getattr(request.estimates, option)
        place: Path = ("estimates", option)
        if estimates.days is None and estimates.build_hours is None:
            message = f"nothing says how long the {option} takes"
            yield RequestFault(path=(*place, "days"), message=message, remedy=_RANGE_FORM)
        if estimates.load is not None and estimates.ops_hours_per_week is not None:
            message = "the upkeep is estimated, and computed from the load"
            yield RequestFault(path=(*place, "ops_hours_per_week"), message=message, remedy="keep one of both")
        if estimates.load is not None:
            for name in estimates.load.__struct_fields__:
                if not getattr(estimates.load, name) <= 10_000:
                    message = f"{getattr(estimates.load, name):g} is absurd"
                    yield RequestFault(path=(*place, "load", name), message=message, remedy="at most 10000")
        hours, days = sound.get(f"{option}_build"), sound.get(f"{option}_days")
        if hours and days and hours[0] > days[2] * MOST_HOURS_A_DAY:
            message = f"{hours[0]:g} hours of work do not fit in {days[2]:g} days"
            yield RequestFault(path=(*place, "build_hours", "low"), message=message, remedy="correct hours or days")
    quick, thorough = sound.get("sprint_days"), sound.get("marathon_days")
    if quick and thorough and quick[0] > thorough[2]:
        message = f"the sprint ({quick[0]:g} days or more) is slower than the marathon ({thorough[2]:g} or less)"
        yield RequestFault(path=("estimates", "sprint", "days"), message=message, remedy="swap the estimates")


def _other_faults(request: Request, sound: Mapping[str, tuple[float, float, float]]) -> Iterator[RequestFault]:
    for name in ("outcome",):
        if not getattr(request, name).strip():
            yield RequestFault(path=(name,), message="the text is blank", remedy="say what will be different")
    for name in ("events", "fields", "data_classes", "compliance"):
        for index, text in enumerate(getattr(request, name)):
            if not text.strip():
                yield RequestFault(path=(name, index), message="the text is blank", remedy="write it, or take it out")
    for index, event in enumerate(request.events):
        if event.strip() and event in request.events[:index]:
            message = f"the event {event!r} is named twice"
            yield RequestFault(path=("events", index), message=message, remedy="name each event once")
    later = sound.get("teams_later")
    if later and later[2] < request.teams.now:
        message = f"at most {later[2]:g} teams in 24 months, but there are {request.teams.now} now"
        yield RequestFault(path=("teams", "in_24_months"), message=message, remedy="correct one of both")
    if request.composition is not None:
        shares = [getattr(request.composition, part) for part in request.composition.__struct_fields__]
        if abs(sum(shares) - 1.0) > 0.005:
            message = f"the shares add up to {sum(shares):g}"
            yield RequestFault(path=("composition",), message=message, remedy="make them add up to 1")
        if request.shared.rework_factor is not None:
            message = "the rework factor is estimated, and computed from the composition"
            yield RequestFault(path=("composition",), message=message, remedy="keep one of both")
