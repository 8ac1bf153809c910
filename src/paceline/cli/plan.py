"""`paceline plan`: the tailored plan for one request, to be presented and to be started with."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.assemble.plan.plan import Plan
    from paceline.assemble.plan.writing import Drafts
    from paceline.assemble.triage import KnownRequest
    from paceline.decision.calibration import Calibration
    from paceline.decision.report import Report
    from paceline.model.request import Request


@click.command()
@click.argument("request_name", metavar="REQUEST")
@click.option("--write", "is_written", is_flag=True, help="Write the files that the plan begins with.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output, with the Gantt chart in it.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Markdown with a Gantt chart, for a roadmap meeting.")
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="The day to plan on, which new files are dated; today in UTC."
)
@click.option("--workspace", type=click.Path(path_type=Path), default=".", help="The workspace, or a folder inside it.")
def command(
    request_name: str, is_written: bool, as_json: bool, as_markdown: bool, today: dt.datetime | None, workspace: Path
) -> None:
    """Make a plan for REQUEST that fits its verdict: steps with days and owners, parts, contract tests, what to decide.

    A sprint gets a mapping with contract tests, alerts and a sunset; a hybrid an adapter, a toggle, a goal with a
    figure for every week and an expiry; a marathon a contract, a registry entry, a bus route, an identity step, and an
    end for what it replaces. Days count from the day of the request, or from today where it would have to work by now.

    With --write, the files that a program can begin are written: contract, mapping, tests, samples, integration, RFC,
    runbook, toggle. Nothing is ever overwritten, and a second run writes nothing. What is left to decide
    is listed.

    Exits with 1 when the request is not ready or blocked.

    \b
    Examples:
      paceline plan personalized_email --markdown > roadmap.md
      paceline plan holiday_dashboard --write
    """
    from paceline.cli.decide import read_request_named, require_numpy

    require_numpy()
    from paceline.assemble.plan.blueprint import draw_blueprint, find_parts
    from paceline.assemble.plan.plan import make_plan
    from paceline.assemble.plan.rendering import render_markdown, render_text
    from paceline.assemble.plan.writing import draft_files, toggle_flag, write_drafts
    from paceline.cli.output import print_json
    from paceline.connectors.catalog import Catalog
    from paceline.errors import UsageError
    from paceline.workspace.load import find_workspace, load_workspace

    root = find_workspace(workspace)
    day = today.date() if today else dt.datetime.now(dt.UTC).date()
    known, calibration = read_request_named(request_name, root)
    request, report = _decided(known, calibration, day)
    loaded = load_workspace(root)
    catalog = Catalog(root / "connectors")
    blueprint = draw_blueprint(loaded, catalog, request, report.leaning) if report.leaning is not None else None
    parts = find_parts(loaded, request, report, blueprint) if blueprint else ()
    plan = make_plan(request, report, parts, asked=known.request.asked)
    drafts = None
    if is_written:
        if blueprint is None or not plan.is_ready:
            remedy = plan.decide[0] if plan.decide else ""
            raise UsageError(
                f"there is nothing to write: {request.request} is {plan.verdict.value.replace('_', ' ')}", remedy=remedy
            )
        drafts = draft_files(root, request, report, blueprint, today=day)
        write_drafts(root, drafts)
    if as_json:
        flag = {blueprint.toggle: toggle_flag(request, report)} if blueprint and plan.weeks else None
        print_json({"plan": plan, "toggle": flag, "drafts": _drafts_shape(drafts)})
    elif drafts is not None:
        _show_drafts(root, drafts, plan)
    else:
        click.echo((render_markdown if as_markdown else render_text)(plan), nl=False)
    if not plan.is_ready:
        raise SystemExit(1)


def _decided(known: KnownRequest, calibration: Calibration, today: dt.date) -> tuple[Request, Report]:
    """The request with its decision: counted from today where it would have to work already."""
    import msgspec

    from paceline.assemble.plan.plan import is_stale
    from paceline.decision.decide import decide
    from paceline.decision.intake import request_faults
    from paceline.errors import UsageError

    request = known.request
    report = decide(request, known.facts, calibration)
    if not is_stale(request, report, today.isoformat()):
        return request, report
    later = msgspec.structs.replace(request, asked=today.isoformat())
    faults = request_faults(later)
    if faults:
        raise UsageError(
            f"it was asked for on {request.asked} and cannot be planned from {today}: {faults[0].message}",
            where=f"{request.request}, {faults[0].place}",
            remedy="say until when it is needed now, or drop the request",
        )
    return later, decide(later, known.facts, calibration)


def _drafts_shape(drafts: Drafts | None) -> object:
    if drafts is None:
        return None
    return {
        "files": sorted(drafts.files),
        "findings": drafts.findings,
        "left_open": drafts.left_open,
        "to_allow": drafts.to_allow,
    }


def _show_drafts(root: Path, drafts: Drafts, plan: Plan) -> None:
    import os

    from paceline.assemble.plan.plan import open_parts
    from paceline.model.finding import Severity
    from paceline.workspace.report import findings_text

    for file in sorted(drafts.files):
        click.echo(f"{click.style('written', fg='green')}  {os.path.relpath(root / file)}")
    if not drafts.files:
        click.echo("nothing to write: what the plan asks for is there, or a person has to begin it", err=True)
    left_open = [*open_parts(plan.parts), *drafts.left_open]
    for text in left_open:
        click.echo(f"{click.style('left open', fg='yellow')}  {text}", err=True)
    for text in drafts.to_allow:
        click.echo(
            f"{click.style('personal data', fg='yellow')}  {text}: agree to it in the RFC, or take it out", err=True
        )
    errors = [finding for finding in drafts.findings if finding.severity is Severity.ERROR]
    if errors:
        click.echo(findings_text(errors), err=True)
    warnings = len(drafts.findings) - len(errors)
    count = len(left_open) + len(drafts.to_allow) + len(errors)
    told = f"{count} to decide" if count else "nothing is open"
    also = f", {warnings} new warnings of paceline check" if warnings else ""
    click.echo(f"{len(drafts.files)} files written, {told}{also}; next: paceline check && paceline test", err=True)
