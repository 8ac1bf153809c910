"""The first text of an RFC, from the decision report on a request."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from paceline.assemble.reviewers import choose_reviewers
from paceline.decision.catalog import Unit
from paceline.decision.report import OptionReport, Report
from paceline.decision.wording import duration_words, percent, quantity
from paceline.model.integration import Stage
from paceline.model.request import Request
from paceline.model.team import TeamsFile
from paceline.workspace.rfc import RFCS_FOLDER, next_number
from paceline.workspace.yaml_text import flow_text


def draft_rfc(root: Path, request: Request, report: Report, teams: TeamsFile, *, today: dt.date) -> tuple[str, str]:
    """The file of a new RFC, as a path below the workspace, and its text.

    What the request does not say stands there as TO DECIDE, which `check_rfc` refuses.
    """
    number = next_number(root)
    slug = re.sub(r"[^a-z0-9]+", "-", request.request.lower()).strip("-")
    lines = [*_head(request, report, teams, today), "", *_body(number, request, report)]
    return f"{RFCS_FOLDER}/{number}-{slug}.md", "\n".join(lines) + "\n"


def flow_diagram(request: Request, option: Stage) -> list[str]:
    """What flows where, as a Mermaid block: now, and for a hybrid also then."""
    vendor = _label(request.vendor or "vendor")
    direct = [f'  gateway --> events["stored events"] --> adapter["{_label(request.request)}"] --> vendor["{vendor}"]']
    bus = [
        '  gateway --> canonical["canonical events, identity resolved"]',
        f'  canonical --> route["{_label(request.request)}"] --> vendor["{vendor}"]',
    ]
    source = f'  source["{_label(", ".join(request.events) or "sources")}"] --> gateway'
    toggled = [
        "  gateway --> toggle{route toggle}",
        f'  toggle -->|now: direct| adapter["{_label(request.request)}"] --> vendor["{vendor}"]',
        '  toggle -->|then: bus| canonical["canonical events"] --> adapter',
    ]
    rows = {Stage.SPRINT: direct, Stage.MARATHON: bus, Stage.HYBRID: toggled}[option]
    return ["```mermaid", "flowchart LR", source, *rows, "```"]


def _head(request: Request, report: Report, teams: TeamsFile, today: dt.date) -> Iterator[str]:
    required, consulted = choose_reviewers(request, report.leaning, teams)
    yield from ("---", "status: ideation", f"date: {today.isoformat()}")
    yield f"decision-makers: {flow_text(required)}"
    yield f"consulted: {flow_text(consulted)}"
    yield f"request: {flow_text(request.request)}"
    yield "---"


def _body(number: str, request: Request, report: Report) -> Iterator[str]:
    option = report.leaning
    yield from (f"# RFC {number}: {request.outcome.rstrip('.')}", "")
    yield from ("## Context", request.outcome, "", "## Options", *_options(report), "")
    yield from ("## Decision", report.summary, "", *(f"- {reason}" for reason in report.why), "", report.counterfactual)
    yield from ("", "## What changes", *flow_diagram(request, option or report.cheapest), "")
    yield from ("## Acceptance tests", *_acceptance(request), "", "## Rollback", *_rollback(request, option))
    if report.expiry is not None and option is Stage.HYBRID:
        end = report.expiry
        first, second = end.milestone_dates
        yield from ("", "## End")
        yield f"It ends on {end.date} ({end.weeks} weeks, rule {end.rule}); looked at on {first}, {second} and"
        yield f"{end.review_date}. An extension is a new RFC, and there are at most {end.most_extensions}."
    if report.doubts:
        yield from ("", "## Doubts", *(f"- {doubt}" for doubt in report.doubts))


def _options(report: Report) -> Iterator[str]:
    months = str(report.horizon_months)
    yield f"| option | works after | cost over {months} months | cheapest in |"
    yield "|---|---|---|---|"
    for option in report.options:
        yield f"| {' | '.join(_option_row(option, report, months))} |"


def _option_row(option: OptionReport, report: Report, months: str) -> Sequence[str]:
    chosen = "**" if option.option is report.leaning else ""
    return (
        f"{chosen}{option.option.value}{chosen}",
        quantity(option.time_to_value_days.mean, Unit.DAYS, report.currency),
        quantity(option.total[months].mean, Unit.MONEY, report.currency),
        percent(option.probability_best[months]) if option.is_open else f"closed by {', '.join(option.blocked_by)}",
    )


def _acceptance(request: Request) -> Iterator[str]:
    test = request.acceptance
    yield f"- now: {test.now if test else 'TO DECIDE: what can anybody see when it works?'}"
    downstream = test.downstream.strip() if test else ""
    yield f"- downstream: {downstream or 'TO DECIDE: what must hold for who uses the data afterwards?'}"


def _rollback(request: Request, option: Stage | None) -> Iterator[str]:
    undo = {
        Stage.SPRINT: "Remove the integration's file and deploy; nothing else depends on it.",
        Stage.HYBRID: "Set the route back to `direct` and deploy; the mapping stays the same.",
        Stage.MARATHON: "Set the route back to what it was and deploy; deliveries keep their idempotency keys.",
    }
    yield f"- how: {undo[option] if option else 'TO DECIDE: how is it undone?'}"
    if request.sla is None:
        yield "- when: TO DECIDE: at which number does somebody do it, without asking?"
        return
    within = duration_words(request.sla.delivered_within_secs)
    share = f"{100 * request.sla.success_ratio:g} %"
    yield f"- when: fewer than {share} of events arrive within {within} over half an hour, or the ledger does not add"
    yield "  up. Whoever is on call may do it without asking."


def _label(text: str) -> str:
    return re.sub(r"[^\w .,:/-]", " ", text)
