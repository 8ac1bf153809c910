"""`paceline promote`: an integration's next stage."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.assemble.promotion import Promotion


@click.command()
@click.argument("integration")
@click.option("--to", type=click.Choice(["hybrid", "marathon"]), required=True, help="The next stage.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="The hybrid's last day; in twelve weeks without it.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day that counts as today; today in UTC.")
@click.option("--dry-run", is_flag=True, help="Say what would be changed, and change nothing.")
@click.option("--workspace", type=click.Path(path_type=Path), default=".", help="The workspace, or a folder inside it.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(
    integration: str,
    to: str,
    expires: dt.datetime | None,
    today: dt.datetime | None,
    dry_run: bool,
    workspace: Path,
    as_json: bool,
) -> None:
    """Promote an integration to its next stage, when everything is there that the stage demands.

    What is missing is listed with the command that brings it about, and nothing is changed (exit status 1). When
    nothing is missing, the integration's file is changed in place: stage, start, end, route; comments stay, and no
    mapping is touched. An integration that has expired cannot be promoted.

    \b
    Examples:
      paceline promote customerio_onboarding --to marathon --dry-run
      paceline promote sales_alerts --to hybrid --expires 2027-02-15
    """
    from paceline.assemble.promotion import plan_promotion, write_file
    from paceline.cli.output import print_json
    from paceline.model.integration import Stage

    day = today.date() if today else dt.datetime.now(dt.UTC).date()
    planned = plan_promotion(workspace, integration, Stage(to), today=day, expires=expires.date() if expires else None)
    is_written = planned.is_ready and not dry_run
    if is_written:
        write_file(planned)
    if as_json:
        print_json({**shape(planned), "written": is_written})
    else:
        show(planned, is_written=is_written)
    if not planned.is_ready:
        raise SystemExit(1)


def shape(planned: Promotion) -> dict[str, object]:
    """A promotion, or one taken back, as JSON."""
    return {
        "integration": planned.integration,
        "from": planned.before,
        "to": planned.to,
        "ready": planned.is_ready,
        "demands": planned.demands,
        "file": planned.file,
        "changes": planned.changes,
    }


def show(planned: Promotion, *, is_written: bool) -> None:
    """A promotion, or one taken back, for people."""
    import textwrap

    from paceline.lifecycle.promotion import Met, missing

    click.secho(f"{planned.integration}: {planned.before} → {planned.to}", bold=True)
    colors = {Met.YES: "green", Met.NO: "red", Met.UNKNOWN: "yellow"}
    for demand in planned.demands:
        click.echo(f"{click.style(f'{demand.met:<13}', fg=colors[demand.met])} {demand.what}")
        for line in textwrap.wrap(demand.because, 84):
            click.echo(f"{'':14}{line}")
        if demand.command:
            click.secho(f"{'':14}do this: {demand.command}", fg="cyan")
    left = missing(planned.demands)
    if left:
        click.secho(f"{len(left)} of {len(planned.demands)} demands are not met; nothing was changed", fg="red")
        return
    for key, value in planned.changes.items():
        click.echo(f"{'':14}{key}: {_text(value)}" if value is not None else f"{'':14}{key} is deleted")
    done = f"written: {planned.file}" if is_written else f"this would be written into {planned.file}"
    click.secho(done, fg="green")


def _text(value: object) -> str:
    import msgspec

    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
