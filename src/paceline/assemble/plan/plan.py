"""What a plan is, and how one is made from a decision. Nothing is written here."""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Iterable, Iterator

import msgspec

from paceline.assemble.plan.gantt import Bar, draw_gantt
from paceline.assemble.plan.weeks import Week, plan_weeks
from paceline.decision.confidence import Confidence
from paceline.decision.gates import CheckState
from paceline.decision.report import Report, Verdict
from paceline.decision.tickets import Step, end_date, first_day, list_contract_tests, plan_migration
from paceline.decision.wording import estimate_words, number_words, percent, span
from paceline.model.integration import Stage
from paceline.model.request import Request

FORMAT = 1
_NUMBERS = ("cost_of_delay", "sprint_days", "marathon_days", "teams_later", "sprint_ops", "marathon_ops")
"""The inputs that a meeting asks about."""


class PartState(enum.StrEnum):
    """Whether a part of a plan is there."""

    THERE = "there"
    TO_WRITE = "to write"
    """`--write` makes it."""
    OPEN = "open"
    """A person has to do it; the reason says why no program can."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the verdict asks for. `where` is a file, with a line where it is there, or a command."""

    what: str
    state: PartState
    where: str = ""
    because: str = ""


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """A number with where it comes from: a rule of docs/decision.md, or who said it."""

    what: str
    value: str
    source: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The plan for one request.

    `steps` are the few days that matter; `weeks` every week of a hybrid, up to its end. `decide` is what a meeting has
    to settle, `parts` what there will be. A request that is not ready, or blocked, has only `decide`.
    """

    format: int
    request: str
    outcome: str
    verdict: Verdict
    leaning: Stage | None
    is_provisional: bool
    confidence: Confidence | None
    summary: str
    why: tuple[str, ...]
    change: str
    team: str
    platform_team: str
    starts: str
    ends: str
    numbers: tuple[Number, ...]
    steps: tuple[Step, ...]
    weeks: tuple[Week, ...]
    parts: tuple[Part, ...]
    contract_tests: tuple[str, ...]
    decide: tuple[str, ...]
    doubts: tuple[str, ...]
    gantt: str

    @property
    def is_ready(self) -> bool:
        """Whether there is a verdict to plan for."""
        return self.verdict not in (Verdict.NOT_READY, Verdict.BLOCKED)


def is_stale(request: Request, report: Report, today: str) -> bool:
    """Whether it would have to work already by the plan's days, so that the plan has to begin anew."""
    return report.leaning is not None and first_day(request, report) < today


def make_plan(request: Request, report: Report, parts: tuple[Part, ...], *, asked: str = "") -> Plan:
    """The plan for a request that was decided. `parts` are what `find_parts` says about the workspace.

    `asked` is the day on which it was asked for, where the plan counts from a later one.
    """
    is_ready = report.verdict not in (Verdict.NOT_READY, Verdict.BLOCKED)
    return Plan(
        format=FORMAT,
        request=request.request,
        outcome=request.outcome,
        verdict=report.verdict,
        leaning=report.leaning,
        is_provisional=report.is_provisional,
        confidence=report.confidence,
        summary=report.summary,
        why=report.why,
        change=report.counterfactual,
        team=request.owner.team if request.owner is not None else "",
        platform_team=request.platform_owner,
        starts=request.asked,
        ends=end_date(request, report) if is_ready else "",
        numbers=tuple(_numbers(report)),
        steps=plan_migration(request, report) if is_ready else (),
        weeks=plan_weeks(request, report) if is_ready else (),
        parts=parts if is_ready else (),
        contract_tests=list_contract_tests(request) if is_ready else (),
        decide=tuple(_to_decide(request, report, parts, asked)),
        doubts=report.doubts,
        gantt=draw_gantt(f"{request.request} {report.verdict.value}", list(_bars(request, report))) if is_ready else "",
    )


def _numbers(report: Report) -> Iterator[Number]:
    option = next((one for one in report.options if one.option is report.leaning), None)
    if option is not None:
        months = str(report.horizon_months)
        days, cost = option.time_to_value_days, option.total[months]
        yield Number(
            what="works after",
            value=f"{number_words(days.p50)} days ({span(days.p10, days.p90)})",
            source=f"rule {days.rule}, median and 80 of 100 cases",
        )
        yield Number(
            what=f"cost over {months} months, waiting included",
            value=f"{number_words(cost.mean)} {report.currency} ({span(cost.p10, cost.p90)})",
            source=f"rule {cost.rule}, {report.samples:,} samples",
        )
        yield Number(
            what="cheapest of the open options",
            value=f"{percent(option.probability_best[months])} of cases",
            source="the same samples",
        )
    if report.expiry is not None and report.leaning is Stage.HYBRID:
        expiry = report.expiry
        yield Number(
            what="time for the migration",
            value=f"{expiry.weeks} weeks, until {expiry.date}",
            source=f"rule {expiry.rule}, 85 of 100 cases; its own range says {expiry.inside_view_weeks:.1f} weeks",
        )
    reverse = report.reverse_cost_hours
    yield Number(
        what="undoing it", value=f"{number_words(reverse.mean)} hours ({span(reverse.p10, reverse.p90)})",
        source=f"rule {reverse.rule}",
    )  # fmt: skip
    for name in _NUMBERS:
        given = report.inputs.get(name)
        if given is not None:
            source = f"{given.source} {given.rule}".strip()
            yield Number(
                what=given.title,
                value=estimate_words(given.low, given.likely, given.high, given.unit, report.currency),
                source=f"{source}: {given.because}" if given.because else source,
            )


def _to_decide(request: Request, report: Report, parts: tuple[Part, ...], asked: str) -> Iterator[str]:
    match report.verdict:
        case Verdict.NOT_READY:
            for gate in report.gates:
                if gate.id == "G0" and gate.state is CheckState.FAILED:
                    yield f"before anything else: {gate.unlock}"
            return
        case Verdict.BLOCKED:
            assert report.unlock is not None
            yield f"the gates leave nothing open; the cheapest way out: {', and '.join(report.unlock.do)}"
            return
        case _:
            owner = request.owner.team if request.owner is not None else "nobody"
            yield f"go ahead as a {report.verdict.value}, with {owner} as owner"
    if asked and asked != request.asked:
        yield f"whether it is still wanted: it was asked for on {asked}, and every day here counts from {request.asked}"
    if report.is_provisional:
        yield "who owns the platform piece (platform_owner): until then the marathon is provisional"
    if report.knowledge.is_worth_a_spike:
        name, worth = next(iter(report.knowledge.inputs.items()))
        yield (
            f"whether to find out the {report.inputs[name].title} first: worth about {number_words(worth)} "
            f"{report.currency}, costs about {number_words(report.knowledge.price)}"
        )
    yield from open_parts(parts)


def open_parts(parts: Iterable[Part]) -> Iterator[str]:
    """What a person has to do before a part is there, one line each."""
    for part in parts:
        if part.state is PartState.OPEN:
            yield f"{part.what}: {'; '.join(text for text in (part.because, part.where) if text)}"


def _bars(request: Request, report: Report) -> Iterator[Bar]:
    """Bars for the work, milestones for the days in the steps."""
    runs = first_day(request, report)
    review = _day(request.asked, math.ceil(report.inputs["review"].likely))
    review = min(review, runs)
    owner = request.owner.team if request.owner is not None else "owner"
    option = f"{report.verdict.value} ({owner})"
    migration = f"Migration ({request.platform_owner or owner})"
    yield Bar(section="Decide", name="RFC and its review", first=request.asked, last=review)
    match report.leaning:
        case Stage.SPRINT:
            end = end_date(request, report)
            yield Bar(section=option, name="mapping and contract tests", first=review, last=runs)
            yield Bar(section=option, name="it runs", first=runs, last=end)
            yield Bar(section=option, name="sunset", first=end, last=end)
        case Stage.HYBRID:
            assert report.expiry is not None
            expiry = report.expiry
            first, second = expiry.milestone_dates
            yield Bar(section=option, name="adapter", first=review, last=runs)
            yield Bar(section=option, name="direct route", first=runs, last=expiry.review_date)
            yield Bar(section=migration, name="contract and registry", first=runs, last=first)
            yield Bar(section=migration, name="shadow and canary", first=first, last=second)
            yield Bar(section=migration, name="over the bus", first=second, last=expiry.review_date)
            yield Bar(section=migration, name="review", first=expiry.review_date, last=expiry.review_date)
            yield Bar(section=migration, name="adapter removed", first=expiry.date, last=expiry.date)
        case _:
            half = _between(review, runs, 1 / 2)
            yield Bar(section=option, name="contract agreed and in the registry", first=review, last=half)
            yield Bar(section=option, name="bus route and identity", first=half, last=runs)
            yield Bar(section=option, name="it delivers from the bus", first=runs, last=runs)


def _between(first: str, last: str, share: float) -> str:
    return _day(first, round((dt.date.fromisoformat(last) - dt.date.fromisoformat(first)).days * share))


def _day(day: str, later: int) -> str:
    return (dt.date.fromisoformat(day) + dt.timedelta(days=later)).isoformat()
