"""The quarterly report for people: as text for a terminal, and as Markdown to present at a council."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from paceline.assemble.governance.proposals import Proposal
from paceline.assemble.governance.report import QuarterReport
from paceline.decision.rendering import markdown_of_section, text_of_section
from paceline.decision.report import Verdict
from paceline.decision.sections import Section, Table
from paceline.decision.triage_sections import TAG_WORDS
from paceline.lifecycle.deprecations import end_state
from paceline.workspace.code_owners import Agreement

_BARS = "▁▂▃▄▅▆▇█"


def headline(report: QuarterReport) -> str:
    """The report in one line."""
    return f"{report.workspace}: governance report for {report.quarter}"


def sections(report: QuarterReport, proposals: tuple[Proposal, ...]) -> tuple[Section, ...]:
    """The parts of the report, what is to be decided first."""
    return tuple(
        section
        for part in (
            _to_decide(proposals),
            _needs(report),
            _duplicates(report),
            _endings(report),
            _reviews(report),
            _debt(report),
            _backlog(report),
            _outcomes(report),
            _teams(report),
            _missing(report),
        )
        for section in part
    )


def render_text(report: QuarterReport, proposals: tuple[Proposal, ...]) -> str:
    """The report as text, at most 100 columns where its tables allow it."""
    head = headline(report)
    lines = [head, "=" * len(head), _scope(report)]
    for section in sections(report, proposals):
        lines += ["", section.title, *text_of_section(section)]
    return "\n".join(lines) + "\n"


def render_markdown(report: QuarterReport, proposals: tuple[Proposal, ...]) -> str:
    """The report as Markdown, tables as GitHub reads them."""
    lines = [f"# {headline(report)}", "", _scope(report)]
    for section in sections(report, proposals):
        lines += ["", f"## {section.title}", *markdown_of_section(section)]
    return "\n".join(lines) + "\n"


def _scope(report: QuarterReport) -> str:
    councils = f" For the council {'; '.join(report.councils)}." if report.councils else ""
    return f"{report.first_day} to {report.last_day}, as it stands on {report.today}.{councils}"


def _to_decide(proposals: tuple[Proposal, ...]) -> Iterator[Section]:
    rows = tuple((one.rule, one.do, one.because, one.owner or "council", _places(one.places)) for one in proposals)
    if rows:
        yield Section(title="To decide", table=Table(head=("", "proposal", "because", "who", "where"), rows=rows))
    else:
        yield Section(title="To decide", sentences=("Nothing.",))


def _needs(report: QuarterReport) -> Iterator[Section]:
    rows = tuple(
        (
            need.about,
            need.kind,
            ", ".join(need.teams),
            ", ".join(need.requests) or "-",
            ", ".join(need.integrations) or "-",
            f"{need.saved_hours:.0f} h" if need.saved_hours else "",
        )
        for need in report.needs
    )
    if rows:
        head = ("what", "", "teams", "asked for in", "built in", "saves")
        remark = "What two teams or more want of the same events or vendor; requests that are built already left out."
        yield Section(title="Shared needs", table=Table(head=head, rows=rows), remark=remark)


def _duplicates(report: QuarterReport) -> Iterator[Section]:
    rows = tuple(
        (one.event, one.vendor, ", ".join(one.integrations), ", ".join(one.teams), _places(one.places))
        for one in report.duplicates
    )
    if rows:
        head = ("event", "vendor", "integrations", "teams", "where")
        yield Section(title="Built twice", table=Table(head=head, rows=rows))


def _endings(report: QuarterReport) -> Iterator[Section]:
    today = dt.date.fromisoformat(report.today)
    rows = tuple(
        (
            one.name,
            one.kind,
            one.owner,
            one.last_day.isoformat(),
            end_state(one, today).value,
            ", ".join(one.consumers),
            one.replacement,
        )
        for one in report.endings
    )
    if rows:
        head = ("what", "kind", "owner", "last day", "", "used by", "instead")
        yield Section(title=f"Expired, or ending by {report.last_day}", table=Table(head=head, rows=rows))
    if report.extensions:
        points = tuple(f"{name}: {count} of at most 2" for name, count in report.extensions.items())
        yield Section(title="Ends that were put off", points=points)


def _reviews(report: QuarterReport) -> Iterator[Section]:
    rows = []
    for rfc in report.rfcs:
        left = "" if rfc.left_hours is None else "over" if rfc.left_hours == 0 else f"{rfc.left_hours:.0f} h left"
        status = str(rfc.status) if rfc.status is not None else "cannot be read"
        rows.append((rfc.rfc, rfc.title, status, left, f"{len(rfc.concerns)}" if rfc.concerns else ""))
    if rows:
        head = ("", "RFC", "state", "window", "concerns")
        yield Section(title="RFCs", table=Table(head=head, rows=tuple(rows)))


def _debt(report: QuarterReport) -> Iterator[Section]:
    debt = report.debt
    share = f"{debt.share_of_rebuild:.0%} of a rebuild"
    sentences = [f"Grade {debt.grade}: {debt.hours:.1f} h to put right ({share}), {debt.hours_per_week:.2f} h a week."]
    if debt.points:
        top = max(hours for _, hours in debt.points) or 1.0
        bars = "".join(_BARS[round(hours / top * (len(_BARS) - 1))] for _, hours in debt.points)
        (first_day, first), (last_day, last) = debt.points[0], debt.points[-1]
        sentences.append(f"In files, by commit: {bars} {first:.1f} h on {first_day}, {last:.1f} h on {last_day}.")
    if debt.before_hours is not None:
        change = debt.hours - debt.before_hours
        sentences.append(f"Since the quarter began: {change:+.1f} h.")
    rows = tuple((subject, f"{hours:.1f} h", place) for subject, hours, place in debt.largest)
    table = Table(head=("largest items", "", "where"), rows=rows) if rows else None
    yield Section(title="Debt", sentences=tuple(sentences), table=table)


def _backlog(report: QuarterReport) -> Iterator[Section]:
    rows = tuple(
        (
            ticket.request,
            TAG_WORDS[ticket.tag],
            ticket.confidence.value if ticket.confidence is not None and ticket.tag is not Verdict.NOT_READY else "",
            ticket.team or "-",
            ticket.ends,
        )
        for ticket in report.tickets
    )
    if rows:
        head = ("request", "decision", "confidence", "team", "ends")
        yield Section(title="Requests", table=Table(head=head, rows=rows))


def _outcomes(report: QuarterReport) -> Iterator[Section]:
    words = {True: "yes", False: "no", None: ""}
    rows = tuple(
        (one.request, one.option, one.measure.replace("_", " "), one.estimate or "-", f"{one.actual:g}",
         words[one.is_inside])
        for one in report.outcomes
    )  # fmt: skip
    if report.hit_rate is None:
        remark = "No guess has been compared with what it came to yet: paceline actuals INTEGRATION --close"
    else:
        remark = f"Of {report.guesses} guesses of all time, {report.hit_rate:.0%} held the truth; 80 to 90 % should."
    table = Table(head=("request", "built as", "measure", "estimate", "actual", "in range"), rows=rows)
    yield Section(title="Decisions against actuals", table=table if rows else None, remark=remark)


def _teams(report: QuarterReport) -> Iterator[Section]:
    rows = []
    for cover in report.owners.teams:
        owned = [row for row in report.owners.rows if row.team == cover.team]
        with_sla = [row for row in owned if row.kind != "contract"]
        promised = sum(bool(row.sla) for row in with_sla)
        if not cover.has_rota:
            on_call = f"no rota; at work {cover.covered_hours:.0f} of 168 h"
        elif cover.gap_weeks:
            on_call = f"gaps in {len(cover.gap_weeks)} of 53 weeks"
        else:
            on_call = "whole"
        agree = sum(row.agreement is Agreement.AGREES for row in owned)
        told = f"{agree} of {len(owned)}" if report.owners.code_owners_file and owned else "-"
        sla = f"{promised} of {len(with_sla)}" if with_sla else "-"
        rows.append((cover.team, f"{len(with_sla)}", f"{len(owned) - len(with_sla)}", sla, on_call, told))
    head = ("team", "integrations", "contracts", "with SLA", "on call", "as in CODEOWNERS")
    yield Section(title="Owners and on-call", table=Table(head=head, rows=tuple(rows)))


def _missing(report: QuarterReport) -> Iterator[Section]:
    if report.not_evaluated:
        yield Section(title="Not evaluated", points=report.not_evaluated)


def _places(places: tuple[str, ...]) -> str:
    shown = ", ".join(places[:2])
    return f"{shown} and {len(places) - 2} more" if len(places) > 2 else shown
