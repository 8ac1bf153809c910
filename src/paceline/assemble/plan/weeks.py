"""The weeks of a hybrid's migration: what is true at the end of each, and the figure that shows it."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence

import msgspec

from paceline.decision.report import Report
from paceline.decision.tickets import Step, first_day, plan_migration
from paceline.decision.wording import duration_words
from paceline.model.integration import Stage
from paceline.model.request import Request

CANARY_PERCENTS = (25, 50)
"""The shares of events over the bus between the canary of the second milestone and all of them."""


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """One week of a hybrid's migration: what is true on the day that ends it, who sees to it, and by which figure."""

    number: int
    by: str
    who: str
    do: str
    measure: str


class _Goal(msgspec.Struct, frozen=True):
    do: str
    measure: str


def plan_weeks(request: Request, report: Report) -> tuple[Week, ...]:
    """Every week of a hybrid from the request to its expiry, each with something that can be measured at its end."""
    expiry = report.expiry
    if expiry is None or report.leaning is not Stage.HYBRID:
        return ()
    start = dt.date.fromisoformat(request.asked)
    ends = [(start + dt.timedelta(weeks=number)).isoformat() for number in range(expiry.weeks + 1)]
    steps = sorted(plan_migration(request, report), key=lambda step: step.by)
    fixed = {by: [one for one in steps if before < one.by <= by] for before, by in itertools.pairwise(ends)}
    goals = _goals(request, report, [by for by in ends[1:] if not fixed[by]])
    return tuple(_week(number, by, fixed[by], goals.get(by)) for number, by in enumerate(ends[1:], start=1))


def _week(number: int, by: str, fixed: Sequence[Step], goal: Week | None) -> Week:
    if goal is not None:
        return msgspec.structs.replace(goal, number=number)
    return Week(
        number=number,
        by=by,
        who=" and ".join(dict.fromkeys(one.who for one in fixed)),
        do="; ".join(one.do for one in fixed),
        measure="; ".join(dict.fromkeys(one.measure for one in fixed)),
    )


def _goals(request: Request, report: Report, free: Sequence[str]) -> dict[str, Week]:
    """A goal for every week in which no step has its day: the next thing on the way to the step after it."""
    expiry = report.expiry
    assert expiry is not None
    first, second = expiry.milestone_dates
    owner = request.owner.team if request.owner is not None else "the owner"
    platform = request.platform_owner or owner
    moving = _moving(request)  # a larger share takes the place of a smaller one
    phases = (
        (first_day(request, report), owner, _building()),
        (first, owner, _agreeing(request)),
        (second, platform, _comparing(request)),
        (expiry.review_date, platform, moving),
        (expiry.date, owner, _leaving()),
    )
    found: dict[str, Week] = {}
    after = ""
    for last, who, goals in phases:
        weeks = [by for by in free if after < by <= last]
        for index, by in enumerate(weeks):
            # As many weeks as there are: several goals in one, or one over several.
            begin = index * len(goals) // len(weeks)
            end = max((index + 1) * len(goals) // len(weeks), begin + 1)
            shown = goals[begin:end][-1:] if goals is moving else goals[begin:end]
            found[by] = Week(
                number=0,
                by=by,
                who=who,
                do="; ".join(goal.do for goal in shown),
                measure="; ".join(goal.measure for goal in shown),
            )
        after = max(after, last)
    return found


def _building() -> Sequence[_Goal]:
    return (
        _Goal(
            "the adapter passes its contract tests against the fake vendor (paceline dev)",
            "paceline test: 0 failed; paceline check: 0 errors",
        ),
    )


def _agreeing(request: Request) -> Sequence[_Goal]:
    events = _events(request)
    return (
        _Goal(f"{_promise(request)} on the direct route", "paceline ledger adds up; 0 dead letters without an owner"),
        _Goal(
            f"every team that reads {events} has read its contract",
            "paceline contracts diff: 0 breaking changes; 0 open concerns in the RFC",
        ),
    )


def _comparing(request: Request) -> Sequence[_Goal]:
    events = _events(request)
    return (
        _Goal(f"all of {events} arrives on the canonical topic", "paceline ledger adds up; 0 events missing"),
        _Goal("people are told apart on the bus as on the direct route", "below 1 % of events without an identity"),
        _Goal("the shadow run compares every event", "99.9 % of payloads equal; the reason for every other is written"),
    )


def _moving(request: Request) -> Sequence[_Goal]:
    return tuple(
        _Goal(f"{percent} % of events go over the bus", f"{_promise(request)} on both routes; 0 payloads differ")
        for percent in CANARY_PERCENTS
    )


def _leaving() -> Sequence[_Goal]:
    return (
        _Goal(
            "nothing goes over the direct route any more; the adapter's files can be deleted",
            "0 events over the direct route in 7 days",
        ),
    )


def _promise(request: Request) -> str:
    if request.sla is None:
        return "everything is delivered"
    within = duration_words(request.sla.delivered_within_secs)
    return f"{request.sla.success_ratio * 100:g} % delivered within {within}"


def _events(request: Request) -> str:
    return ", ".join(request.events) or "its events"
