"""`paceline debt`: what integrations cost to put right, with file and line."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.assemble.debt.measure import DebtReport

Progress = Callable[[int, int], None]
_GRADE_COLORS = {"A": "green", "B": "green", "C": "yellow", "D": "red", "E": "red"}


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path), default=".")
@click.option(
    "--code",
    "code",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A folder with the team's own code; may be given several times. Without it `debt.code` of paceline.yaml.",
)
@click.option("--tests", "with_tests", is_flag=True, help="Scan tests in the code too.")
@click.option("--base", metavar="REVISION", help="Show what is new since HEAD and this git revision went apart.")
@click.option(
    "--max-new-hours",
    type=click.FloatRange(0),
    help="With --base: exit with 1 when a change adds more hours than this.",
)
@click.option(
    "--trend", type=click.IntRange(0, 200), default=12, show_default=True, help="Commits to look at; 0: none."
)
@click.option(
    "--events", type=click.IntRange(0), default=20_000, show_default=True, help="Newest events to look for drift in."
)
@click.option("--all", "show_all", is_flag=True, help="List every item, not only the 20 largest.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON; everything else is made from it.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Markdown, for a pull request.")
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="Also write the trend as an SVG file.")
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="The day that end dates are compared with; today in UTC."
)
def command(
    workspace: Path,
    code: tuple[Path, ...],
    with_tests: bool,
    base: str | None,
    max_new_hours: float | None,
    trend: int,
    events: int,
    show_all: bool,
    as_json: bool,
    as_markdown: bool,
    picture: Path | None,
    today: dt.datetime | None,
) -> None:
    """Measure integration debt: every item with file and line, hours to put it right, and hours that it costs a week.

    Looks at the workspace's files, at code that calls vendors by itself, at the store and at the log. What could not be
    looked at is listed as not evaluated, and counts as neither. docs/debt.md says what is debt, and what is not.

    \b
    Examples:
      paceline debt shop --code ../backend --code ../web
      paceline debt --base origin/main --max-new-hours 2 --markdown
    """
    from paceline.assemble.debt.code import code_folders, view_code, view_code_at
    from paceline.assemble.debt.measure import DebtMeter
    from paceline.errors import UsageError
    from paceline.workspace.load import find_workspace

    if max_new_hours is not None and base is None:
        raise UsageError("--max-new-hours needs --base", remedy="say what is new against what: --base origin/main")
    now = today.replace(tzinfo=dt.UTC) + dt.timedelta(hours=23, minutes=59) if today else dt.datetime.now(dt.UTC)
    meter = DebtMeter(find_workspace(workspace), now=now)
    if max_new_hours is not None and meter.workspace.broken:
        files = ", ".join(sorted(meter.workspace.broken)[:5])
        raise UsageError(f"what is new cannot be told, as files are broken: {files}", remedy="run: paceline check")
    where = code_folders(meter.workspace, meter.catalog, code, with_tests=with_tests)
    with _progress("scanning code") as progress:
        view = view_code(where, progress=progress)
    report = meter.measure(view, drift_events=events)
    if trend:
        with _progress("reading history") as progress:
            report = meter.with_trend(report, points=trend, progress=progress)
    if base is not None:
        report = meter.against(report, base, code_at=lambda commit, into: view_code_at(where, commit, into))
    _show(report, as_json=as_json, as_markdown=as_markdown, most=None if show_all else 20)
    if picture is not None:
        from paceline.assemble.debt.rendering import picture as drawn

        picture.write_text(drawn(report.trend), encoding="utf-8")
    if max_new_hours is not None and report.against_base is not None:
        added = report.against_base.change.added_hours
        if added > max_new_hours:
            click.echo(f"this change adds {added:.1f} h of debt; {max_new_hours:g} h are allowed", err=True)
            raise SystemExit(1)


@contextmanager
def _progress(label: str) -> Iterator[Progress | None]:
    """A bar on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield progress


def _show(report: DebtReport, *, as_json: bool, as_markdown: bool, most: int | None) -> None:
    from paceline.assemble.debt.rendering import markdown
    from paceline.cli.output import print_json

    if as_json:
        print_json(report)
    elif as_markdown:
        click.echo(markdown(report, most_items=most or len(report.items)), nl=False)
    else:
        _show_text(report, most or len(report.items))


def _show_text(report: DebtReport, most: int) -> None:
    from paceline.assemble.debt.rendering import by_kind, change_line, headline, sub_scores, trend_line
    from paceline.cli.output import print_table

    grade = click.style(report.score.grade.value, fg=_GRADE_COLORS[report.score.grade.value], bold=True)
    click.echo(f"Integration debt of {report.workspace} on {report.day}: grade {grade}, {headline(report)}")
    click.echo()
    print_table("Sub-scores", ("part", "items", "hours", "hours a week"), sub_scores(report))
    click.echo()
    if rows := by_kind(report):
        print_table("By kind", ("kind", "items", "hours", "hours a week", "hours from"), rows)
        click.echo()
        _show_items("Items", report, most)
    else:
        click.echo("No debt was found in what was looked at.")
    if report.exempted:
        click.echo()
        rows_exempted = [(one.item.subject, one.until, one.why) for one in report.exempted]
        print_table("Not counted for now", ("item", "until", "why"), rows_exempted, numbers_from=3)
    if report.trend:
        click.echo(f"\nTrend (files only)  {trend_line(report.trend)}")
    if report.against_base is not None:
        click.echo()
        _show_items("New or grown", report, most)
        click.echo(change_line(report.against_base))
        if not report.against_base.has_code:
            click.echo("code was left out of the comparison: it lies in another repository", err=True)
    _show_missing(report)


def _show_items(title: str, report: DebtReport, most: int) -> None:
    from paceline.assemble.debt.rendering import KIND_NAMES, in_words, ordered
    from paceline.cli.output import print_table

    items = report.items
    if title != "Items" and report.against_base is not None:
        items = report.against_base.change.added
    rows = [
        (
            f"{item.remediation_hours:.1f}",
            f"{item.interest_hours_per_week:.2f}",
            KIND_NAMES[item.kind],
            item.place,
            in_words(item),
        )
        for item in ordered(items)[:most]
    ]
    if rows:
        print_table(title, ("hours", "a week", "kind", "where", "what"), rows, numbers_from=5)
    if len(items) > most:
        click.echo(f"… and {len(items) - most} smaller ones: --all")


def _show_missing(report: DebtReport) -> None:
    from paceline.assemble.debt.code import counted_reasons

    if not report.not_evaluated:
        return
    click.echo(f"\nNot evaluated ({len(report.not_evaluated)})")
    for why, count in counted_reasons(report.not_evaluated)[:10]:
        first = next(one.what for one in report.not_evaluated if one.why == why)
        click.echo(f"  {first}{f' and {count - 1} more' if count > 1 else ''}: {why}")
