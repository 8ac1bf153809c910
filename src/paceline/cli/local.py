"""What `dev` and `demo` show of a local run."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.assemble.local_run import LocalRun
    from paceline.assemble.opening import OpenWorkspace
    from paceline.assemble.rehearsal import Progress, RehearsalReport


@contextlib.contextmanager
def start_and_rehearse(root: Path, *, users: int, port: int) -> Iterator[tuple[LocalRun, RehearsalReport]]:
    """A run on which a campaign was sent; it is stopped at the end."""
    from paceline.assemble.local_run import LocalRun
    from paceline.assemble.opening import open_workspace

    opened = open_workspace(root, os.environ)
    click.echo(f"starting {opened.workspace.settings.workspace}: fake vendors, gateway, worker …", err=True)
    with LocalRun(opened.workspace.path, port=port) as run:
        yield run, rehearse_with_progress(run, opened, users)


def rehearse_with_progress(run: LocalRun, opened: OpenWorkspace, users: int) -> RehearsalReport:
    """Send the campaign, with a progress bar on a terminal."""
    from paceline.assemble.rehearsal import rehearse

    if not sys.stderr.isatty():
        return rehearse(run, opened, users=users, tell=lambda _: None)
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        sent, settled = bars.add_task("accepted", total=None), bars.add_task("delivered", total=None)

        def tell(progress: Progress) -> None:
            bars.update(sent, completed=progress.sent, total=progress.total)
            bars.update(settled, completed=progress.settled, total=progress.total)

        return rehearse(run, opened, users=users, tell=tell)


def show_report(report: RehearsalReport) -> None:
    """The campaign as tables: what every vendor received, and the ledger."""
    from paceline.cli.output import ledger_rows, print_table

    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in sorted(report.verdicts.items()))
    click.echo(f"\nsent {report.sent} events: {verdicts} (some are sent twice on purpose)\n")
    rows = [
        (
            vendor.connector,
            ", ".join(vendor.integrations),
            f"{vendor.expected:,}",
            f"{vendor.received:,}",
            f"{vendor.repeated:,}",
            f"{vendor.refused:,}",
            "yes" if vendor.is_good else "NO",
        )
        for vendor in report.vendors
    ]
    columns = ("vendor", "integration", "due", "received", "repeated", "refused", "all there")
    print_table("What every vendor received", columns, rows, numbers_from=2)
    click.echo()
    print_table("Ledger", *ledger_rows(report.ledgers))
    good = report.is_good
    verdict = "every event arrived, and every account adds up" if good else "something is missing: see the tables"
    click.secho(f"\n{verdict} ({report.secs:.1f} s)", fg="green" if good else "red", bold=True)


def show_places(run: LocalRun, opened: OpenWorkspace) -> None:
    """Where things are, and what to try next."""
    from paceline.assemble.addresses import webhook_addresses
    from paceline.assemble.rehearsal import WRITE_KEY_VARIABLE

    write_key = opened.environment.get(WRITE_KEY_VARIABLE)
    root = opened.workspace.path
    with contextlib.suppress(ValueError):
        root = root.relative_to(Path.cwd())
    sample = next(
        (name for name, event in sorted(opened.workspace.samples.items()) if event.get("type") == "track"), ""
    )
    program = _program()
    calls = [f"curl {run.gateway_url}/v1/in/{name} -d @…" for name in webhook_addresses(opened.workspace)]
    if write_key and sample:
        calls = [
            f"curl -u {write_key}: {run.gateway_url}/v1/track -d @{root}/samples/{sample}.json",
            f"{program} send --sample {sample} --workspace {root} --url {run.gateway_url}",
        ]
    tries = "\n  ".join(calls)
    click.echo(
        f"""
gateway        {run.gateway_url}
fake vendors   {run.vendors_url}/__fake__/received
logs           {root}/.paceline/logs

Try:
  {tries}
  {program} tail {root}
  {program} ledger {root}
  edit a file below {root}/mappings, and send again

Ctrl-C stops."""
    )


def _program() -> str:
    """How this program can be called again from here: by its name where that is on the path, else by its file."""
    called = Path(sys.argv[0])
    if shutil.which(called.name) or called.name == "__main__.py":
        return "paceline"
    with contextlib.suppress(ValueError):
        return str(called.absolute().relative_to(Path.cwd()))
    return str(called)
