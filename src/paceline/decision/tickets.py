"""What goes onto a ticket: the migration plan with its days, and the contract tests that come with the change."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from paceline.decision.calendar import day_after, days_between
from paceline.decision.expiry import REVIEW_DAYS_BEFORE
from paceline.decision.report import Report
from paceline.decision.wording import duration_words
from paceline.model.integration import Stage
from paceline.model.request import Request

MOST_SPRINT_DAYS = 90
LEAST_DAYS_OF_USE = 7
SUNSET_RULE = "F27"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a plan: the day by which it is done, the team that does it, and by what anybody sees that it is."""

    by: str
    who: str
    do: str
    measure: str


def sunset(request: Request, report: Report) -> str:
    """The day on which a sprint ends (rule F27)."""
    needed = report.inputs.get("needed")
    days = MOST_SPRINT_DAYS if needed is None else min(math.ceil(needed.likely * 7), MOST_SPRINT_DAYS)
    return max(day_after(request.asked, max(days, 1)), day_after(first_day(request, report), LEAST_DAYS_OF_USE))


def end_date(request: Request, report: Report) -> str:
    """The day on which a sprint or a hybrid ends; empty for a marathon."""
    match report.leaning:
        case Stage.SPRINT:
            return sunset(request, report)
        case Stage.HYBRID:
            assert report.expiry is not None
            return report.expiry.date
        case _:
            return ""


def plan_migration(request: Request, report: Report) -> tuple[Step, ...]:
    """The steps from a start to the end of what is temporary; for a marathon, to the end of what it replaces."""
    match report.leaning:
        case Stage.SPRINT:
            return tuple(_sprint_steps(request, report))
        case Stage.HYBRID:
            return tuple(_hybrid_steps(request, report))
        case Stage.MARATHON:
            return tuple(_marathon_steps(request, report))
        case _:
            return ()


def list_contract_tests(request: Request) -> tuple[str, ...]:
    """The contract tests and alarms that belong to the change, one line each."""
    return tuple(_tests(request))


def _sprint_steps(request: Request, report: Report) -> Iterator[Step]:
    end, runs, owner = sunset(request, report), first_day(request, report), _owner(request)
    yield Step(
        by=runs,
        who=owner,
        do=f"{_mapping(request)} and its contract tests are merged; it runs",
        measure=_works(request),
    )
    yield Step(
        by=max(day_after(end, -REVIEW_DAYS_BEFORE), runs),
        who=owner,
        do="look at it: is it still needed, did others ask for the same?",
        measure="paceline governance report: nobody else needs its events",
    )
    yield Step(
        by=end,
        who=owner,
        do=(
            "remove the adapter, the mapping and the vendor's key; or, if it stays, decide again as a hybrid "
            f"(undoing it takes about {report.reverse_cost_hours.mean:.0f} hours)"
        ),
        measure="paceline governance deprecations: it is not listed any more",
    )


def _hybrid_steps(request: Request, report: Report) -> Iterator[Step]:
    expiry = report.expiry
    assert expiry is not None
    first, second = expiry.milestone_dates
    checkpoint = day_after(request.asked, round(7 * report.inputs["checkpoint"].likely))
    owner, platform = _owner(request), _platform(request)
    yield Step(
        by=first_day(request, report),
        who=owner,
        do=f"{_mapping(request)} runs behind the gateway; stage hybrid, ends {expiry.date}",
        measure=_works(request),
    )
    yield Step(
        by=checkpoint,
        who=f"{owner} and {platform}" if platform != owner else owner,
        do="checkpoint: commit to the platform piece, or drop the idea and remove the adapter",
        measure="the RFC is committed or abandoned: paceline rfc status",
    )
    yield Step(
        by=first,
        who=platform,
        do=f"{_contracts(request)} released and in the registry; the route toggle exists",
        measure="contracts.lock names the release, toggles.flagd.json the toggle",
    )
    yield Step(
        by=second,
        who=platform,
        do="shadow run: the bus makes the same vendor payloads; canary at 10 %",
        measure="0 payloads differ without a reason; 10 % of events over the bus",
    )
    yield Step(
        by=expiry.review_date,
        who=platform,
        do="all new events go over the bus; the way back was tried",
        measure=f"100 % of events over the bus; {_kept(request)}",
    )
    yield Step(
        by=expiry.date,
        who=owner,
        do=f"remove the adapter; an extension needs a new RFC, at most {expiry.most_extensions}",
        measure="paceline governance deprecations: it is not listed any more",
    )


def _marathon_steps(request: Request, report: Report) -> Iterator[Step]:
    runs, platform = first_day(request, report), _platform(request)
    days = days_between(request.asked, runs)
    yield Step(
        by=day_after(request.asked, round(days / 2)),
        who=platform,
        do=f"{_contracts(request)} agreed with every team that reads it, and in the registry",
        measure="the RFC is committed, contracts.lock names the release",
    )
    yield Step(
        by=day_after(request.asked, round(days * 3 / 4)),
        who=platform,
        do="bus route, identity step and enrichment, with their owner on call",
        measure="paceline ledger adds up on the canonical topic; no gap in paceline governance on-call",
    )
    yield Step(by=runs, who=_owner(request), do=f"{_mapping(request)} delivers from the bus", measure=_works(request))
    yield Step(
        by=runs,
        who=platform,
        do="a date for the end of every adapter that it replaces",
        measure="paceline governance deprecations lists each of them with a date",
    )


def first_day(request: Request, report: Report) -> str:
    """The day by which it runs in 90 of 100 cases."""
    option = next(option for option in report.options if option.option is report.leaning)
    return day_after(request.asked, math.ceil(option.time_to_value_days.p90))


def _owner(request: Request) -> str:
    return request.owner.team if request.owner is not None else "the owner"


def _platform(request: Request) -> str:
    return request.platform_owner or _owner(request)


def _works(request: Request) -> str:
    return f"{request.acceptance.now}; paceline test passes" if request.acceptance else "paceline test passes"


def _kept(request: Request) -> str:
    """The service level as something that can be measured."""
    if request.sla is None:
        return "paceline ledger adds up"
    return f"{request.sla.success_ratio * 100:g} % delivered within {duration_words(request.sla.delivered_within_secs)}"


def _mapping(request: Request) -> str:
    vendor = f" to {request.vendor}" if request.vendor else ""
    return f"the mapping of {_events(request)}{vendor}"


def _contracts(request: Request) -> str:
    return f"contract of {_events(request)}"


def _events(request: Request) -> str:
    return ", ".join(request.events) if request.events else "its events"


def _tests(request: Request) -> Iterator[str]:
    vendor = request.vendor or "the vendor"
    for event in request.events or ["each event"]:
        yield f"{event}: a complete sample makes exactly the request that {vendor} expects"
        yield f"{event}: a sample without its optional fields still makes a valid request"
        yield f"{event}: a sample without a required field is rejected, and nothing is sent"
    yield f"the same event twice reaches {vendor} once: the idempotency key is the same"
    yield f"when {vendor} answers 429 or 5xx, it is tried again with backoff; 400 becomes a dead letter"
    if request.data_classes:
        yield f"personal data ({', '.join(sorted(request.data_classes))}) only in fields that declare it"
    if request.residency:
        yield f"nothing leaves {request.residency}: the vendor's region is pinned"
    if request.compliance:
        yield f"{', '.join(sorted(request.compliance))}: an erasure request reaches {vendor}"
    if request.acceptance is not None:
        yield f"acceptance now: {request.acceptance.now}"
        if request.acceptance.downstream:
            yield f"acceptance downstream: {request.acceptance.downstream}"
    late = duration_words(request.sla.delivered_within_secs) if request.sla is not None else "the service level"
    yield f"alarms: error rate, delivery later than {late}, dead letters; each with a runbook"
