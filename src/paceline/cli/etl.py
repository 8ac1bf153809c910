"""`paceline etl`: deliver what lies in files, objects and tables."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.observe.ledger import LaneLedger


@click.group()
def command() -> None:
    """Deliver rows of files, objects and tables by an integration, as its lane would.

    \b
    Example:  paceline etl run --integration customerio_onboarding --from signups.csv --event "Signed Up" --state s.db
    """


@command.command()
@click.option("--integration", required=True, help="The integration that delivers.")
@click.option(
    "--from",
    "place",
    required=True,
    help="A .jsonl, .csv, .tsv or .parquet file, s3://bucket/key, or a database's URL.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The file that remembers how far it is.",
)
@click.option(
    "--workspace", type=click.Path(path_type=Path), default=".", help="The workspace; by default this folder."
)
@click.option("--query", default="", help="For a database: SELECT … ORDER BY …, or @FILE.")
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "csv", "tsv", "parquet"]), help="Where the name does not say it."
)
@click.option("--event", default="", help="The track event that the rows of a table are.")
@click.option(
    "--type",
    "call",
    type=click.Choice(["track", "identify", "page", "screen", "group", "alias"]),
    default="track",
    show_default=True,
    help="The call that the rows of a table are.",
)
@click.option("--source", default="", help="Whom the events are of; the integration's first source.")
@click.option(
    "--wait-secs",
    type=click.FloatRange(0),
    default=900.0,
    show_default=True,
    help="How long to wait at the end for what is to be tried again.",
)
@click.option("--fake-vendors", default="", help="The URL of fake vendors that get every request instead.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def run(
    integration: str,
    place: str,
    state: Path,
    workspace: Path,
    query: str,
    form: str | None,
    event: str,
    call: str,
    source: str,
    wait_secs: float,
    fake_vendors: str,
    as_json: bool,
) -> None:
    """Deliver every row that the state does not have yet, and end.

    Killed at any moment, the same command goes on where it was: nothing is lost, and at most what was in flight is sent
    again, under the same keys. Exits with 1 when something was given up on, refused, or still waits for the vendor.

    \b
    Examples:
      paceline etl run --integration customerio_onboarding --from events.jsonl.gz --state import.db
      paceline etl run --integration ga4_web --from s3://exports/2026-11.parquet --event "Order Completed" --state g.db
      paceline etl run --integration ga4_web --from '${env:SHOP_DB}' --query @orders.sql --state o.db
    """
    from paceline.assemble.etl import EtlOptions, run_etl
    from paceline.assemble.etl_workspace import open_parts
    from paceline.assemble.function.job import account_of_run
    from paceline.assemble.row_sources import SourceChoice, open_rows
    from paceline.cli.output import print_json
    from paceline.drivers.sender.curl import CurlSender
    from paceline.model.event import EventType

    opened, parts = open_parts(workspace, integration, os.environ, source=source)
    place = str(opened.resolve_secrets(place, where="--from", needed_by="the job"))
    if query.startswith("@"):
        query = _read_query(Path(query[1:]))
    choice = SourceChoice(place=place, form=form or "", query=query, call=EventType(call), event=event)
    rows = open_rows(choice, parts, {name: dict(files) for name, files in opened.workspace.contracts.items()})
    options = EtlOptions(state=state, wait_secs=wait_secs, fake_vendors=fake_vendors)
    with _progress() as tell:
        report = run_etl(
            parts,
            rows,
            options,
            make_sender=lambda policy, most: CurlSender(policy, max_connections=most),
            tell=tell,
        )
    if as_json:
        print_json(report)
    else:
        click.echo(account_of_run(report.ledger))
    if not report.is_done:
        click.echo(f"not done: run it again with --state {state}", err=True)
    if not report.is_done or report.ledger.dead or report.ledger.rejected:
        sys.exit(1)


def _read_query(path: Path) -> str:
    from paceline.errors import UsageError

    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the query cannot be read: {error}", where=str(path)) from None


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[LaneLedger], None]]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("rows"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[more]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task("rows", total=None, more="")

        def tell(ledger: LaneLedger) -> None:
            troubles = ((ledger.parked, "waiting"), (ledger.dead, "given up"), (ledger.rejected, "refused"))
            more = ", ".join(f"{count:,} {name}" for count, name in troubles if count)
            done = ledger.accepted - ledger.in_flight - ledger.parked
            bars.update(task, completed=done, total=ledger.accepted, more=more)

        yield tell
