"""`paceline governance`: owners, on-call, ends, and the quarterly report for a council."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from paceline.assemble.governance.cover import Cover
    from paceline.lifecycle.deprecations import Ending
    from paceline.workspace.workspace import Workspace

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_Command = Callable[..., Any]


def _shared_options(command: _Command) -> _Command:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="JSON on standard output."),
        click.option("--markdown", "as_markdown", is_flag=True, help="Markdown, to present or to put into a wiki."),
        click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day that counts as today; today in UTC."),
        click.option(
            "--workspace", type=click.Path(path_type=Path), default=".", help="The workspace, or a folder inside it."
        ),
    ):
        command = option(command)
    return command


@click.group()
def command() -> None:
    """Who owns what, who is on call when, what ends, and what a council should decide.

    \b
    Example:  paceline governance report --quarter 2026Q4 --markdown
    """


@command.command()
@click.option("--quarter", "quarter_text", metavar="2026Q4", help="The quarter; without it, the present one.")
@_shared_options
def report(
    quarter_text: str | None, as_markdown: bool, workspace: Path, today: dt.datetime | None, as_json: bool
) -> None:
    """The quarterly report: shared needs, what was built twice, what ends, debt, decisions against actuals.

    It begins with what to decide; every proposal names its rule (docs/governance.md), its reason and the files. The
    same files on the same day give the same report.

    \b
    Examples:
      paceline governance report
      paceline governance report --quarter 2026Q4 --markdown > council.md
    """
    from paceline.cli.decide import require_numpy
    from paceline.errors import UsageError
    from paceline.lifecycle.quarters import Quarter
    from paceline.workspace.load import find_workspace

    require_numpy()
    from paceline.assemble.governance.proposals import propose
    from paceline.assemble.governance.rendering import render_markdown, render_text
    from paceline.assemble.governance.report import report_quarter
    from paceline.cli.output import print_json

    now = _now(today)
    try:
        quarter = Quarter.parse(quarter_text) if quarter_text else Quarter.of(now.date())
    except ValueError as error:
        raise UsageError(str(error), where="--quarter", expected="a quarter such as 2026Q4") from None
    found = report_quarter(find_workspace(workspace), quarter, now=now)
    proposals = propose(found)
    if as_json:
        print_json({"report": found, "proposals": proposals})
    else:
        click.echo((render_markdown if as_markdown else render_text)(found, proposals), nl=False)


@command.command()
@_shared_options
def owners(workspace: Path, today: dt.datetime | None, as_json: bool, as_markdown: bool) -> None:
    """Owner, service level and on-call cover of everything, and whether CODEOWNERS says the same.

    Exits with 1 when CODEOWNERS names another team than `owner`, or nobody.

    \b
    Example:  paceline governance owners --workspace shop
    """
    from paceline.assemble.governance.owners import read_owners
    from paceline.cli.output import print_json
    from paceline.workspace.code_owners import Agreement

    found = read_owners(_load(workspace), today=_now(today).date())
    if as_json:
        print_json(found)
    else:
        rows = [
            (
                row.name,
                row.kind,
                f"{row.team}, {row.role}",
                row.sla or "-",
                " ".join(row.code_owners) or "-",
                row.agreement.value if found.code_owners_file else "-",
            )
            for row in found.rows
        ]
        columns = ("what", "kind", "owner", "SLA", "CODEOWNERS", "agrees?")
        _table("Owners", columns, rows, as_markdown=as_markdown)
        click.echo()
        teams = [_cover(one) for one in found.teams]
        _table("Teams", ("team", "alerts go to", "on call", "zones"), teams, as_markdown=as_markdown)
        if found.code_owners_file:
            click.echo(f"\n{found.code_owners_file}, read by the rules of {found.dialect}", err=True)
        else:
            click.echo("\nthere is no CODEOWNERS file: forges ask nobody in particular for a review", err=True)
    if any(row.agreement in (Agreement.DISAGREES, Agreement.UNOWNED) for row in found.rows):
        raise SystemExit(1)


@command.command("on-call")
@click.argument("team", required=False)
@click.option("--week", type=click.DateTime(["%Y-%m-%d"]), help="A day of the week to show; this week without it.")
@_shared_options
def on_call(
    team: str | None,
    week: dt.datetime | None,
    workspace: Path,
    today: dt.datetime | None,
    as_json: bool,
    as_markdown: bool,
) -> None:
    """Who is on call at each hour of a week, where the hand-overs are, and when nobody is there.

    From the `rota` of teams.yaml; for a team without one, when its people are at work. TEAM may be left out for all.
    Exits with 1 when a rota leaves a gap, in this week or within a year.

    \b
    Examples:
      paceline governance on-call growth
      paceline governance on-call --week 2027-03-22
    """
    from paceline.assemble.governance.cover import team_cover
    from paceline.cli.output import print_json
    from paceline.errors import UnknownNameError

    teams = _load(workspace).teams.teams
    if team is not None and team not in teams:
        raise UnknownNameError("team", team, teams)
    day = (week or _now(today)).date()
    covers = [team_cover(name, one, today=day) for name, one in teams.items() if team in (None, name)]
    if as_json:
        print_json(covers)
    else:
        for index, cover in enumerate(covers):
            click.echo("\n" if index else "", nl=False)
            zones = {person.name: person.time_zone for person in teams[cover.team].people}
            if as_markdown:
                click.echo(_cover_markdown(cover, zones))
            else:
                _show_cover(cover, zones)
    if any(cover.gap_weeks for cover in covers):
        raise SystemExit(1)


@command.command()
@_shared_options
def deprecations(workspace: Path, today: dt.datetime | None, as_json: bool, as_markdown: bool) -> None:
    """Everything with an announced end: since when, until when, who still uses it, and what comes instead.

    Exits with 1 when an end has passed.

    \b
    Example:  paceline governance deprecations --workspace shop
    """
    from paceline.assemble.governance.register import read_register
    from paceline.cli.output import markdown_table, print_json
    from paceline.lifecycle.deprecations import EndState, days_left, end_state

    day = _now(today).date()
    endings = read_register(_load(workspace))
    if as_json:
        print_json([{"ending": one, "state": end_state(one, day), "days_left": days_left(one, day)} for one in endings])
    elif not endings:
        click.echo("nothing has an announced end")
    elif as_markdown:
        rows = [
            (
                one.name,
                one.kind,
                one.owner,
                one.since.isoformat() if one.since else "-",
                one.last_day.isoformat(),
                f"{days_left(one, day)} d",
                end_state(one, day).value,
                ", ".join(one.consumers) or "nobody",
                one.replacement or "-",
                one.place,
            )
            for one in endings
        ]
        columns = ("what", "kind", "owner", "since", "last day", "left", "", "used by", "instead", "where")
        click.echo(markdown_table("Deprecation register", columns, rows))
    else:
        click.secho("Deprecation register", bold=True)
        for one in endings:
            _show_ending(one, day)
    if any(end_state(one, day) is EndState.OVERDUE for one in endings):
        raise SystemExit(1)


_STATE_COLORS = {"overdue": "red", "due soon": "yellow"}


def _show_ending(one: Ending, day: dt.date) -> None:
    """An entry of the register in three lines: what ends when, who has to know, and where it stands."""
    from paceline.lifecycle.deprecations import days_left, end_state

    state, left = end_state(one, day).value, days_left(one, day)
    days = f"{abs(left)} day{'' if abs(left) == 1 else 's'}"
    when = f"in {days}" if left > 0 else "today" if left == 0 else f"{days} ago"
    said = click.style(f"{one.last_day}, {when}, {state}", fg=_STATE_COLORS.get(state))
    click.echo(f"\n{click.style(one.name, bold=True)}  {one.kind} of {one.owner}: {said}")
    since = f"since {one.since}; " if one.since else ""
    click.echo(f"  {since}used by {', '.join(one.consumers) or 'nobody'}; instead: {one.replacement or '-'}")
    click.echo(f"  {one.place}")


def _load(workspace: Path) -> Workspace:
    from paceline.errors import WorkspaceError
    from paceline.workspace.load import find_workspace, load_workspace

    loaded = load_workspace(find_workspace(workspace))
    if loaded.has_broken("teams"):
        found = [finding for finding in loaded.findings if finding.file == "teams.yaml"]
        raise WorkspaceError("teams.yaml cannot be used", found, where=str(loaded.path))
    return loaded


def _now(today: dt.datetime | None) -> dt.datetime:
    return today.replace(tzinfo=dt.UTC) if today else dt.datetime.now(dt.UTC)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, as_markdown: bool) -> None:
    from paceline.cli.output import markdown_table, print_table

    if as_markdown:
        click.echo(markdown_table(title, columns, rows))
    else:
        print_table(title, columns, rows, numbers_from=len(columns))


def _cover_markdown(cover: Cover, zones: dict[str, str]) -> str:
    """The grid as a block, which keeps its columns, and hand-overs and gaps as lists."""
    from paceline.cli.on_call_grid import gap_lines, grid_lines, hand_over_lines

    if cover.week is None:
        return f"## {cover.team}\n\nA time zone does not exist; run `paceline check`."
    what = "on call" if cover.has_rota else "at work (no rota in teams.yaml)"
    lines = [f"## {cover.team}: {what}, week of {cover.week.monday} (UTC)", "", "```"]
    lines += [*grid_lines(cover.week, list(zones)), "```", ""]
    said = [*(hand_over_lines(cover.week, zones) if cover.has_rota else ())]
    said += gap_lines(cover.week, zones, is_rota=cover.has_rota)
    lines += [f"- {line.strip()}" if line.startswith(" ") else f"\n{line}\n" for line in said]
    others = [monday for monday in cover.gap_weeks if monday != cover.week.monday]
    if others:
        lines.append(f"\nGaps in {len(others)} more weeks within a year, the first from {others[0]}.")
    return "\n".join(lines)


def _cover(cover: Cover) -> tuple[str, ...]:
    if not cover.has_rota:
        told = f"no rota; somebody is at work {cover.covered_hours:.0f} of 168 hours"
    elif cover.is_whole:
        told = "every hour of the next year"
    else:
        told = f"gaps in {len(cover.gap_weeks)} of the next 53 weeks"
    return cover.team, cover.contact, told, ", ".join(cover.zones)


def _show_cover(cover: Cover, zones: dict[str, str]) -> None:
    """A grid of days and hours in UTC, then hand-overs and gaps with the clocks of those who are concerned."""
    from paceline.cli.on_call_grid import gap_lines, grid_lines, hand_over_lines

    title = f"{cover.team}: on call" if cover.has_rota else f"{cover.team}: no rota in teams.yaml; who is at work"
    if cover.week is None:
        click.secho(f"{title}: a time zone does not exist; run paceline check", bold=True)
        return
    click.secho(f"{title} in the week of {cover.week.monday} (UTC)", bold=True)
    for line in grid_lines(cover.week, list(zones)):
        click.echo(line)
    if cover.has_rota:
        for line in hand_over_lines(cover.week, zones):
            click.echo(line)
    for line in gap_lines(cover.week, zones, is_rota=cover.has_rota):
        click.echo(click.style(line, fg="yellow") if cover.has_rota else line)
    others = [monday for monday in cover.gap_weeks if monday != cover.week.monday]
    if others:
        click.secho(f"and gaps in {len(others)} more weeks within a year, the first from {others[0]}", fg="yellow")
