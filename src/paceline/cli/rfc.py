"""`paceline rfc`: decisions that others agree to, with a window in which they can object."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import datetime as dt

    from paceline.assemble.rfc_review import Opening, Standing
    from paceline.model.finding import Finding
    from paceline.model.team import TeamsFile

_workspace = click.option(
    "--workspace", type=click.Path(path_type=Path), default=".", help="The workspace, or a folder inside it."
)
_json = click.option("--json", "as_json", is_flag=True, help="Say it as JSON.")
_now = click.option(
    "--now", metavar="MOMENT", help="The moment to count from, such as 2026-11-27T15:00Z; without it the present one."
)


@click.group()
def command() -> None:
    """Write, check, open, follow and close RFCs: rfcs/NNNN-slug.md.

    \b
    Example:  paceline rfc new personalized_email
              paceline rfc open 3
    """


@command.command()
@click.argument("request_name", metavar="REQUEST")
@click.option("--dry-run", is_flag=True, help="Show the file instead of writing it.")
@_now
@_workspace
@_json
def new(request_name: str, dry_run: bool, now: str | None, workspace: Path, as_json: bool) -> None:
    """Write an RFC for REQUEST: options, verdict and numbers of its decision, a diagram, acceptance tests, rollback.

    What the request does not say is marked TO DECIDE, and `paceline rfc check` refuses it until it is decided.

    \b
    Example:  paceline rfc new personalized_email
    """
    from paceline.assemble.rfc_draft import draft_rfc
    from paceline.cli.decide import read_request_named, require_numpy
    from paceline.cli.output import print_json
    from paceline.decision.decide import decide
    from paceline.workspace.scaffold import write_workspace

    require_numpy()
    root, teams = _open(workspace)
    known, calibration = read_request_named(request_name, root)
    report = decide(known.request, known.facts, calibration)
    file, text = draft_rfc(root, known.request, report, teams, today=_moment(now).date())
    if dry_run:
        click.echo(text, nl=False)
        return
    write_workspace(root, {file: text.encode()})
    if as_json:
        print_json({"file": file, "verdict": report.verdict})
        return
    click.echo(f"{click.style('written', fg='green')}  {file}")
    click.echo(f"next: read it, then: paceline rfc check {file[5:9]}", err=True)


@command.command()
@click.argument("names", nargs=-1, metavar="[RFC]...")
@_now
@_workspace
@_json
def check(names: tuple[str, ...], now: str | None, workspace: Path, as_json: bool) -> None:
    """Say what RFCs lack before anybody should be asked to read them; all of them when none is named.

    At most 900 words, a diagram, acceptance tests for now and downstream, rollback criteria with a when, reviewers that
    teams.yaml knows. Exit status 1 when something is missing or is filler. Nothing in it depends on the time.

    \b
    Example:  paceline rfc check 3
    """
    from paceline.cli.output import print_json
    from paceline.workspace.rfc import check_rfc, find_rfc, rfc_files

    root, teams = _open(workspace)
    _moment(now)
    files = [find_rfc(root, name) for name in names] or rfc_files(root)
    findings = [finding for file in files for finding in check_rfc(root, file, teams)]
    if as_json:
        print_json({"files": files, "findings": findings})
    else:
        _show(findings)
        click.echo(f"{len(files)} RFCs, {len(findings)} findings", err=True)
    if findings:
        raise SystemExit(1)


@command.command("open")
@click.argument("name", metavar="RFC")
@click.option("--dry-run", is_flag=True, help="Say how long the window would be, and write nothing.")
@_now
@_workspace
@_json
def open_(name: str, dry_run: bool, now: str | None, workspace: Path, as_json: bool) -> None:
    """Open the review window of RFC: 48 hours, and on until every reviewer has had 8 working hours.

    Working hours are those of each person's zone, week and public holidays (the latter with paceline[calendar]). Says
    who must look and until when by their own clock, and writes an .ics file beside the RFC.

    \b
    Example:  paceline rfc open 3 --now 2026-11-27T15:00Z --dry-run
    """
    from paceline.assemble.rfc_review import open_rfc
    from paceline.cli.output import print_json
    from paceline.workspace.rfc import require_rfc

    root, teams = _open(workspace)
    opening, files = open_rfc(root, require_rfc(root, name), teams, now=_moment(now))
    if not dry_run:
        for file, text in files.items():
            _write(root / file, text)
    if as_json:
        print_json(opening)
    else:
        _show_opening(opening, is_written=not dry_run)


@command.command()
@_now
@_workspace
@_json
def status(now: str | None, workspace: Path, as_json: bool) -> None:
    """Say how every RFC stands: its state, what is left of its review window, and open concerns.

    \b
    Example:  paceline rfc status
    """
    from paceline.assemble.rfc_review import standings
    from paceline.cli.output import print_json, print_table

    root, teams = _open(workspace)
    found = standings(root, teams, now=_moment(now))
    if as_json:
        print_json(found)
        return
    rows = [
        (one.rfc, one.status.value if one.status else "unreadable", _left(one), str(len(one.concerns)), one.title)
        for one in found
    ]
    print_table("RFCs", ("RFC", "state", "time left", "open concerns", "title"), rows, numbers_from=9)
    for one in found:
        for concern in one.concerns:
            click.echo(f"{one.rfc} is blocked by {concern}", err=True)
        _show(one.faults, err=True)


@command.command()
@click.argument("name", metavar="RFC")
@click.option(
    "--as",
    "state",
    type=click.Choice(["published", "committed", "abandoned"]),
    default="committed",
    show_default=True,
    help="Agreed on and not yet in effect, in effect, or given up.",
)
@click.option("--because", default="", help="Why; an abandoned RFC must say it.")
@_now
@_workspace
@_json
def close(name: str, state: str, because: str, now: str | None, workspace: Path, as_json: bool) -> None:
    """Close RFC: when its window is over and no concern is open. Silence is deference; a concern blocks.

    Giving it up is possible at any time, with a reason.

    \b
    Example:  paceline rfc close 3
              paceline rfc close 3 --as abandoned --because "the campaign was called off"
    """
    from paceline.assemble.rfc_review import close_rfc
    from paceline.cli.output import print_json
    from paceline.lifecycle.rfc import RfcState
    from paceline.workspace.rfc import require_rfc

    root, teams = _open(workspace)
    rfc = require_rfc(root, name)
    moment = _moment(now)
    text = close_rfc(rfc, teams, now=moment, to=RfcState(state), because=because)
    _write(root / rfc.file, text)
    if as_json:
        print_json({"rfc": rfc.number, "file": rfc.file, "status": state, "closed": moment})
    else:
        click.echo(f"{rfc.file}: {click.style(state, fg='green')}")


def _open(workspace: Path) -> tuple[Path, TeamsFile]:
    from paceline.workspace.load import find_workspace, load_workspace

    root = find_workspace(workspace)
    loaded = load_workspace(root)
    loaded.require_no_errors()
    return root, loaded.teams


def _moment(now: str | None) -> dt.datetime:
    from paceline.errors import UsageError
    from paceline.lifecycle.rfc import read_moment
    from paceline.workspace.rfc import read_now

    if now and read_moment(now) is None:
        raise UsageError(f"{now!r} is no moment", where="--now", expected="such as 2026-11-27T15:00Z")
    return read_now(now)


def _write(path: Path, text: str) -> None:
    from paceline.errors import EnvironmentFaultError

    try:
        path.write_bytes(text.encode())
    except OSError as error:
        raise EnvironmentFaultError(f"it cannot be written: {error.strerror}", where=str(path)) from error


def _show(findings: list[Finding] | tuple[Finding, ...], *, err: bool = False) -> None:
    for finding in findings:
        click.echo(str(finding), err=err)
        if finding.hint:
            click.echo(f"    {finding.hint}", err=err)


def _show_opening(opening: Opening, *, is_written: bool) -> None:
    from paceline.cli.output import print_table

    hours = (opening.closes - opening.opened).total_seconds() / 3600
    length = click.style(f"{hours:g} hours", fg="yellow" if opening.is_long else "green")
    click.echo(f"{opening.file}: open until {opening.closes:%a %Y-%m-%d %H:%M} UTC ({length})")
    rows = [(one.name, one.closes_there, one.time_zone, "; ".join(one.holidays)) for one in opening.reviewers]
    print_table("Who must look", ("reviewer", "until, there", "time zone", "holidays"), rows, numbers_from=9)
    for remark in opening.remarks:
        click.echo(f"{click.style('note:', fg='yellow')} {remark}", err=True)
    if is_written:
        click.echo(f"{click.style('written', fg='green')}  {opening.calendar}")


def _left(one: Standing) -> str:
    if one.left_hours is None:
        return "no end: a reviewer is not available" if one.status == "discussion" else ""
    if one.left_hours > 0:
        return f"{int(one.left_hours)} h {round(one.left_hours % 1 * 60):02} min"
    return "over" if one.can_close else "over, blocked"
