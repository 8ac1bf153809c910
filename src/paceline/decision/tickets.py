"""What goes onto a ticket: the migration plan with its days, and the contract tests that come with the change."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from paceline.decision.calendar import day_after
from paceline.decision.report import Report
from paceline.model.integration import Stage
from paceline.model.request import Request

MOST_SPRINT_DAYS = 90
SUNSET_RULE = "F27"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a plan, and the day by which it is done; empty where the step has none of its own."""

    by: str
    do: str


def sunset(request: Request, report: Report) -> str:
    """The day on which a sprint ends (rule F27)."""
    needed = report.inputs.get("needed")
    days = MOST_SPRINT_DAYS if needed is None else min(math.ceil(needed.likely * 7), MOST_SPRINT_DAYS)
    return day_after(request.asked, max(days, 1))


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
    end = sunset(request, report)
    yield Step(by=_first_day(request, report), do=f"{_mapping(request)} and its contract tests are merged; it runs")
    yield Step(by=day_after(end, -14), do="look at it: is it still needed, did others ask for the same?")
    yield Step(
        by=end,
        do=(
            "remove the adapter, the mapping and the vendor's key; or, if it stays, decide again as a hybrid "
            f"(undoing it takes about {report.reverse_cost_hours.mean:.0f} hours)"
        ),
    )


def _hybrid_steps(request: Request, report: Report) -> Iterator[Step]:
    expiry = report.expiry
    assert expiry is not None
    first, second = expiry.milestone_dates
    checkpoint = day_after(request.asked, round(7 * report.inputs["checkpoint"].likely))
    yield Step(
        by=_first_day(request, report),
        do=f"{_mapping(request)} runs behind the gateway; stage hybrid, ends {expiry.date}",
    )
    yield Step(by=checkpoint, do="checkpoint: commit to the platform piece, or drop the idea and remove the adapter")
    yield Step(by=first, do=f"{_contracts(request)} released and in the registry; the route toggle exists")
    yield Step(by=second, do="shadow run: the bus makes the same vendor payloads; canary at 10 %")
    yield Step(by=expiry.review_date, do="all new events go over the bus; the way back was tried")
    yield Step(by=expiry.date, do=f"remove the adapter; an extension needs a new RFC, at most {expiry.most_extensions}")


def _marathon_steps(request: Request, report: Report) -> Iterator[Step]:
    yield Step(by="", do=f"{_contracts(request)} agreed with every team that reads it, and in the registry")
    yield Step(by="", do="bus route, identity step and enrichment, with their owner on call")
    yield Step(by=_first_day(request, report), do=f"{_mapping(request)} delivers from the bus")
    yield Step(by="", do="a date for the end of every adapter that it replaces")


def _first_day(request: Request, report: Report) -> str:
    option = next(option for option in report.options if option.option is report.leaning)
    return day_after(request.asked, math.ceil(option.time_to_value_days.p90))


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
    late = f"{request.sla.delivered_within_secs:g} s" if request.sla is not None else "the service level"
    yield f"alarms: error rate, delivery later than {late}, dead letters; each with a runbook"
