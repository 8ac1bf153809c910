"""`paceline lifecycle`: all integrations on one time line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.lifecycle.timeline import Span


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path), default=".", required=False)
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day that counts as today; today in UTC.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Draw it as SVG.")
@click.option("--png", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Draw it as PNG.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(workspace: Path, today: dt.datetime | None, svg: Path | None, png: Path | None, as_json: bool) -> None:
    """Show every integration on a time line: its stage, since when, until when, milestones, and who answers for it.

    What needs somebody first stands at the top. Exits with 1 when an integration has expired. A PNG needs
    paceline[report].

    \b
    Examples:
      paceline lifecycle shop
      paceline lifecycle shop --today 2027-02-01 --svg lifecycle.svg
    """
    from paceline.assemble.timeline import read_timeline
    from paceline.cli.output import print_json
    from paceline.lifecycle.timeline import Standing
    from paceline.workspace.load import find_workspace, load_workspace

    loaded = load_workspace(find_workspace(workspace))
    day = today.date() if today else dt.datetime.now(dt.UTC).date()
    spans = read_timeline(loaded, today=day)
    if svg is not None or png is not None:
        _draw(spans, day, loaded.settings.workspace, svg, png)
    if as_json:
        print_json({"today": day, "integrations": spans})
    else:
        _show(spans, day)
    if any(span.standing is Standing.EXPIRED for span in spans):
        raise SystemExit(1)


def _show(spans: list[Span], today: dt.date) -> None:
    from paceline.cli.output import print_table
    from paceline.lifecycle.timeline import Standing

    rows = [
        (
            span.name,
            str(span.stage),
            span.owner,
            span.first.isoformat() if span.first else "-",
            span.last.isoformat() if span.last else "-",
            f"{span.days_left} d" if span.days_left is not None else "-",
            f"+{span.extensions}" if span.extensions else "-",
            span.next_milestone.isoformat() if span.next_milestone else "-",
            span.to or span.replaced_by or "-",
            f"{span.standing}, events: {span.after_expiry}"
            if span.standing is Standing.EXPIRED
            else str(span.standing),
        )
        for span in spans
    ]
    columns = ("integration", "stage", "owner", "since", "last day", "left", "put off", "milestone", "then", "")
    print_table(f"Lifecycle on {today}", columns, rows, numbers_from=10)
    expired = sum(span.standing is Standing.EXPIRED for span in spans)
    soon = sum(span.standing is Standing.ENDS_SOON for span in spans)
    line = f"{len(spans)} integrations, {soon} end within 30 days, {expired} expired"
    click.secho(line, fg="red" if expired else "yellow" if soon else "green")


def _draw(spans: list[Span], today: dt.date, workspace: str, svg: Path | None, png: Path | None) -> None:
    from paceline.lifecycle.timeline_picture import draw_timeline

    picture = draw_timeline(spans, today=today, title=f"{workspace}: integrations on {today}")
    if svg is not None:
        _write(svg, picture.encode())
    if png is not None:
        from paceline.assemble.triage_pictures import rasterize, require_drawing

        require_drawing()
        _write(png, rasterize(picture))


def _write(file: Path, content: bytes) -> None:
    from paceline.errors import EnvironmentFaultError

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except OSError as error:
        raise EnvironmentFaultError(f"cannot be written: {error.strerror}", where=str(file)) from None
    click.echo(f"{click.style('written', fg='green')}  {file}", err=True)
