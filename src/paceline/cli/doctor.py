"""`paceline doctor`: is everything as it should be, and if not, what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path), default=".")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(workspace: Path, as_json: bool) -> None:
    """Look at a set-up, running or not: program, files, secrets, disk, log, store, clock, toggles and lanes.

    Changes nothing. Exits with 1 when something is bad.

    \b
    Example:  paceline doctor shop
    """
    from paceline.assemble.doctor import State, examine
    from paceline.cli.output import print_json, print_table

    found = examine(workspace)
    if as_json:
        print_json(found)
    else:
        rows = [(one.what, one.state.value, one.told, one.remedy) for one in found]
        print_table("Doctor", ("what", "state", "seen", "do this"), rows, numbers_from=4)
    bad = sum(one.state is State.BAD for one in found)
    click.echo(f"{len(found)} looked at, {bad} bad", err=True)
    if bad:
        sys.exit(1)
