"""`paceline retire`: removes an integration in an orderly way."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click


@click.command()
@click.argument("integration")
@click.option("--because", required=True, metavar="TEXT", help="Why it goes; the tombstone says so.")
@click.option("--replaced-by", default="", metavar="INTEGRATION", help="What to use instead.")
@click.option("--wait-secs", type=click.FloatRange(0, 3600), default=30.0, show_default=True,
              help="How long to wait for a worker to deliver what came in until now.")  # fmt: skip
@click.option("--abandon", is_flag=True, help="Go on though events are not delivered, or dead letters are open.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day that counts as today; today in UTC.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--workspace", type=click.Path(path_type=Path), default=".", help="The workspace, or a folder inside it.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(
    integration: str,
    because: str,
    replaced_by: str,
    wait_secs: float,
    abandon: bool,
    today: dt.datetime | None,
    dry_run: bool,
    workspace: Path,
    as_json: bool,
) -> None:
    """Remove an integration: its last events delivered, its consumers named, a tombstone in its place.

    Waits until its lane has delivered everything that had come in, then moves integrations/NAME.yaml to
    retired/NAME.yaml, which says why, since when, what instead, and how many events it delivered. Mappings stay; what
    nothing else uses is listed. Its address /v1/in/NAME answers 410 from then on. Commit the change and roll it out.

    \b
    Example:  paceline retire sales_alerts --because "the holiday season is over"
    """
    from paceline.assemble.retirement import Reason, carry_out, plan_retirement, require_drained
    from paceline.cli.output import print_json

    day = today.date() if today else dt.datetime.now(dt.UTC).date()
    reason = Reason(because=because, replaced_by=replaced_by)
    planned = plan_retirement(workspace, integration, reason, today=day, wait_secs=wait_secs)
    if not abandon:
        require_drained(planned)
    done = [] if dry_run else carry_out(planned)
    if as_json:
        print_json(
            {
                "integration": planned.integration,
                "tombstone": planned.tombstone,
                "waiting": planned.waiting,
                "dead_letters": planned.dead_letters,
                "unused_now": planned.others,
                "written": not dry_run,
            }
        )
        return
    counts = planned.tombstone.counts
    told = f"{counts.delivered:,} events delivered" if counts is not None else "it never ran here"
    click.secho(f"{integration}: {told}", bold=True)
    for consumer in planned.tombstone.consumers:
        click.echo(f"tell     {consumer}")
    for other in planned.others:
        click.echo(f"unused   {other}")
    for line in done:
        click.secho(line, fg="green")
    if planned.waiting or planned.dead_letters:
        click.secho(f"given up {planned.waiting} events and {planned.dead_letters} dead letters", fg="red")
