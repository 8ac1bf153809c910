"""`paceline triage`: a whole backlog in one sitting."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.decision.triage import Triage

_TAG_COLORS = {
    "sprint": "yellow",
    "hybrid": "cyan",
    "marathon": "green",
    "not_ready": "bright_black",
    "blocked": "red",
}


@click.command()
@click.argument("path", metavar="[WORKSPACE|BACKLOG]", type=click.Path(path_type=Path, exists=True), default=".")
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON, with the report behind every ticket.")
@click.option("--markdown", "as_markdown", is_flag=True, help="The overview and every ticket as Markdown.")
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path), help="Write one row a ticket, to import in Jira or Linear."
)
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write a page to present at a meeting.")
@click.option(
    "--pictures",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write each picture as SVG and PNG in a folder.",
)
@click.option("--interactive", is_flag=True, help="Ask the six questions for every request, against the clock.")
@click.option("--minutes", type=click.IntRange(1, 480), default=30, show_default=True, help="How long the sitting is.")
def command(
    path: Path,
    as_json: bool,
    as_markdown: bool,
    csv_file: Path | None,
    html_file: Path | None,
    pictures: Path | None,
    interactive: bool,
    minutes: int,
) -> None:
    """Tag a whole backlog: sprint, hybrid, marathon or not ready, in the order in which it is worth doing.

    Also says what clashes, which requests would share one platform piece and what that saves, which look alike, and
    what is still missing. Every sprint comes with its migration plan and its contract tests.

    Exits with 1 when a request is not ready or blocked.

    \b
    Examples:
      paceline triage shop
      paceline triage backlog.yaml --markdown
      paceline triage shop --csv tickets.csv --html triage.html --pictures pictures
      paceline triage shop --interactive
    """
    from paceline.assemble.triage import find_backlog, open_backlog, triage_backlog
    from paceline.cli.decide import require_numpy

    require_numpy()
    if html_file is not None or pictures is not None:
        from paceline.assemble.triage_pictures import require_drawing

        require_drawing()  # before a whole sitting is held, or a backlog decided
    from paceline.assemble.triage_processes import deciding_processes
    from paceline.decision.report import Verdict

    file = find_backlog(path)
    if interactive:
        from paceline.cli.sitting import hold_sitting

        hold_sitting(file, minutes=minutes)
    with deciding_processes(file) as decide_all:
        triage = triage_backlog(open_backlog(file), decide_all)
    if csv_file is not None:
        from paceline.decision.ticket_rows import render_csv

        _write(csv_file, render_csv(triage))
    if html_file is not None:
        from paceline.assemble.triage_page import render_page

        _write(html_file, render_page(triage))
    if pictures is not None:
        _write_pictures(pictures, triage)
    _show(triage, as_json=as_json, as_markdown=as_markdown)
    if any(ticket.tag in (Verdict.NOT_READY, Verdict.BLOCKED) for ticket in triage.tickets):
        raise SystemExit(1)


def _show(triage: Triage, *, as_json: bool, as_markdown: bool) -> None:
    from paceline.decision.rendering import render_triage_markdown, render_triage_text

    if as_json:
        from paceline.cli.output import print_json

        print_json(triage)
    elif as_markdown:
        click.echo(render_triage_markdown(triage), nl=False)
    elif sys.stdout.isatty():
        _print_table(triage)
    else:
        click.echo(render_triage_text(triage), nl=False)


def _print_table(triage: Triage) -> None:
    """The overview on a terminal: the order as a table with colored tags, the rest as text."""
    import shutil

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from paceline.decision.rendering import printable, text_of_section
    from paceline.decision.sections import Section
    from paceline.decision.triage_sections import overview_sections, triage_headline

    first, *rest = overview_sections(triage)
    click.secho(triage_headline(triage), bold=True)
    assert first.table is not None
    table = Table(title=first.title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for column in first.table.head:
        table.add_column(column, overflow="fold")
    for ticket, row in zip(triage.tickets, first.table.rows, strict=True):
        cells = (
            Text(printable(cell), style=_TAG_COLORS[ticket.tag.value] if name == "tag" else "")
            for name, cell in zip(first.table.head, row, strict=True)
        )
        table.add_row(*cells)
    Console(width=max(shutil.get_terminal_size().columns, 60)).print(table)
    click.secho("\n".join(text_of_section(Section(title="", remark=first.remark))), dim=True)
    for section in rest:
        click.echo()
        click.secho(section.title, bold=True)
        click.echo("\n".join(text_of_section(section)))


def _write(file: Path, text: str) -> None:
    _write_bytes(file, text.encode())
    click.echo(f"wrote {file}", err=True)


def _write_pictures(folder: Path, triage: Triage) -> None:
    from paceline.assemble.triage_picture_files import MOST_PICTURED, draw_pictures
    from paceline.errors import UsageError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"the folder cannot be made: {error.strerror}", where=str(folder)) from None
    count = 0
    for picture in draw_pictures(triage):
        _write_bytes(folder / f"{picture.name}.svg", picture.svg.encode())
        _write_bytes(folder / f"{picture.name}.png", picture.png)
        count += 1
    left_out = len(triage.reports) - MOST_PICTURED
    more = f"; {left_out} requests further down have none" if left_out > 0 else ""
    click.echo(f"wrote {count} pictures into {folder}, as SVG and PNG{more}", err=True)


def _write_bytes(file: Path, content: bytes) -> None:
    """Write a file whole, or raise UsageError."""
    from paceline.errors import UsageError

    try:
        file.write_bytes(content)
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=str(file)) from None
