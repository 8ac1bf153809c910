"""The quarterly report for a council: what is shared, what ends, what it costs, and what to decide."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from paceline.assemble.actuals import past_cases
from paceline.assemble.debt.measure import CodeView, DebtMeter, DebtReport
from paceline.assemble.governance.needs import Duplicate, Need, duplicates, shared_needs
from paceline.assemble.governance.owners import Owners, read_owners
from paceline.assemble.governance.register import read_register
from paceline.assemble.rfc_review import Standing, standings
from paceline.assemble.triage import BACKLOG_FILE, OpenBacklog, open_backlog, triage_backlog
from paceline.assemble.triage_knowledge import gather_knowledge
from paceline.decision.calibration import PastCase
from paceline.decision.knowledge import event_family
from paceline.decision.triage import Ticket, Triage
from paceline.errors import WorkspaceError
from paceline.lifecycle.deprecations import Ending
from paceline.lifecycle.quarters import Quarter
from paceline.model.request import Request
from paceline.workspace.calendar import day_or_none
from paceline.workspace.commits import extensions_of, is_in_git
from paceline.workspace.load import load_workspace
from paceline.workspace.workspace import Workspace

FORMAT = 1
MOST_DEBT_ITEMS = 5


class DebtState(msgspec.Struct, frozen=True, kw_only=True):
    """The debt at the end of the report's time, and what it was when the quarter began.

    `before_hours` is None when there is no commit from before the quarter; `points` are hours by day, oldest first.
    """

    grade: str
    hours: float
    hours_per_week: float
    share_of_rebuild: float
    points: tuple[tuple[str, float], ...]
    before_hours: float | None
    largest: tuple[tuple[str, float, str], ...]
    """What costs most to put right: the subject, hours, and the place."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One estimate against what it came to."""

    request: str
    option: str
    measure: str
    estimate: str
    actual: float
    is_inside: bool | None
    place: str


class QuarterReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a council needs in one quarter.

    `endings` are those that are overdue or end by the end of the quarter. `extensions` are by integration how often its
    end was put off. `hit_rate` is the share of guesses of all time that held the truth, None before the first.
    `not_evaluated` says what could not be looked at, and why.
    """

    format: int
    workspace: str
    quarter: str
    first_day: str
    last_day: str
    today: str
    councils: tuple[str, ...]
    needs: tuple[Need, ...]
    duplicates: tuple[Duplicate, ...]
    endings: tuple[Ending, ...]
    extensions: Mapping[str, int]
    rfcs: tuple[Standing, ...]
    debt: DebtState
    tickets: tuple[Ticket, ...]
    outcomes: tuple[Outcome, ...]
    guesses: int
    hit_rate: float | None
    owners: Owners
    not_evaluated: tuple[str, ...]


def report_quarter(root: Path, quarter: Quarter, *, now: dt.datetime) -> QuarterReport:
    """The report of a workspace for a quarter, as it stands at a moment. The same files give the same report."""
    workspace = load_workspace(root)
    today = now.date()
    missing: list[str] = []
    backlog, triage = _backlog(root, missing)
    known = gather_knowledge(workspace)
    answered = {one.request or name for name, one in workspace.integrations.items()}
    asked = _requests(backlog, leave_out=answered)
    cases = past_cases(workspace.actuals.values())
    missing += [f"{file}: it is broken; run paceline check" for file in sorted(workspace.broken)]
    return QuarterReport(
        format=FORMAT,
        workspace=workspace.settings.workspace,
        quarter=str(quarter),
        first_day=quarter.first_day.isoformat(),
        last_day=quarter.last_day.isoformat(),
        today=today.isoformat(),
        councils=tuple(
            f"{name} ({', '.join(council.teams)})" for name, council in sorted(workspace.teams.councils.items())
        ),
        needs=shared_needs(asked, known.adapters, _saved(triage)),
        duplicates=duplicates(known.adapters),
        endings=tuple(one for one in read_register(workspace) if one.last_day <= max(quarter.last_day, today)),
        extensions=_extensions(root, until=today),
        rfcs=tuple(standings(root, workspace.teams, now=now)),
        debt=_debt(root, quarter, now, missing),
        tickets=triage.tickets if triage is not None else (),
        outcomes=_outcomes(workspace, quarter),
        guesses=len(cases),
        hit_rate=sum(case.is_hit for case in cases) / len(cases) if cases else None,
        owners=read_owners(workspace, today=today),
        not_evaluated=tuple(missing),
    )


def _backlog(root: Path, missing: list[str]) -> tuple[OpenBacklog | None, Triage | None]:
    file = root / BACKLOG_FILE
    if not file.is_file():
        missing.append(f"requests: there is no {BACKLOG_FILE}")
        return None, None
    try:
        backlog = open_backlog(file)
    except WorkspaceError as error:
        missing.append(f"requests: {BACKLOG_FILE} cannot be read: {error.what}")
        return None, None
    return backlog, triage_backlog(backlog)


def _requests(backlog: OpenBacklog | None, *, leave_out: set[str]) -> Sequence[tuple[Request, str]]:
    if backlog is None:
        return ()
    found = []
    for index, known in backlog.requests.items():
        line = backlog.document.place(("requests", index)).line
        if known.request.request not in leave_out:
            found.append((known.request, f"{backlog.file.name}:{line}"))
    return found


def _saved(triage: Triage | None) -> Mapping[str, float]:
    pieces = triage.shared if triage is not None else ()
    return {event_family(event): piece.saved_hours for piece in pieces for event in piece.events}


def _extensions(root: Path, *, until: dt.date) -> Mapping[str, int]:
    if not is_in_git(root):
        return {}
    counts: dict[str, int] = {}
    for one in extensions_of(root):
        if one.day <= until:
            counts[one.integration] = counts.get(one.integration, 0) + 1
    return dict(sorted(counts.items()))


def _debt(root: Path, quarter: Quarter, now: dt.datetime, missing: list[str]) -> DebtState:
    meter = DebtMeter(root, now=now)
    report = meter.with_trend(meter.measure(CodeView(), drift_events=0))
    missing += [f"debt of {one.what}: {one.why}" for one in report.not_evaluated]
    missing.append("debt in code outside the workspace: run paceline debt --code FOLDER")
    return _debt_state(report, quarter, today=now.date())


def _debt_state(report: DebtReport, quarter: Quarter, *, today: dt.date) -> DebtState:
    points = [(point.day, point.score.principal_hours) for point in report.trend if point.day <= today.isoformat()]
    before = [hours for day, hours in points if day < quarter.first_day.isoformat()]
    largest = sorted(report.items, key=lambda item: (-item.remediation_hours, item.subject))[:MOST_DEBT_ITEMS]
    return DebtState(
        grade=report.score.grade.value,
        hours=round(report.score.principal_hours, 2),
        hours_per_week=round(report.score.interest_hours_per_week, 3),
        share_of_rebuild=round(report.score.ratio, 4),
        points=tuple((day, round(hours, 2)) for day, hours in points),
        before_hours=round(before[-1], 2) if before else None,
        largest=tuple((item.subject, round(item.remediation_hours, 2), item.place) for item in largest),
    )


def _outcomes(workspace: Workspace, quarter: Quarter) -> tuple[Outcome, ...]:
    found = []
    for name, file in sorted(workspace.actuals.items()):
        closed = day_or_none(file.closed)
        if closed is None or not quarter.has(closed):
            continue
        guesses = {case.input.partition("_")[2]: case for case in past_cases([file])}
        for measure, actual in file.actual.items():
            case = _case_of(measure.value, guesses)
            estimate = file.estimates.get(measure)
            shown = "" if estimate is None else _numbers(estimate.low, estimate.likely, estimate.high, estimate.exact)
            found.append(
                Outcome(
                    request=name,
                    option=str(file.option),
                    measure=measure.value,
                    estimate=shown + (f" {estimate.unit.value}" if estimate is not None and estimate.unit else ""),
                    actual=actual,
                    is_inside=case.is_hit if case is not None else None,
                    place=f"actuals/{name}.yaml",
                )
            )
    return tuple(found)


def _case_of(measure: str, guesses: Mapping[str, PastCase]) -> PastCase | None:
    """The guess that belongs to a measure: inputs are called after its first word (`sprint_build`, `sprint_ops`)."""
    return guesses.get(measure.partition("_")[0])


def _numbers(*numbers: float | None) -> str:
    return " - ".join(f"{number:g}" for number in numbers if number is not None)
