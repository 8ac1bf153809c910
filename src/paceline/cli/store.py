"""`paceline store`: the tables of the store, by version."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_workspace = click.argument("workspace", type=click.Path(path_type=Path), default=".")
_json = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")


@click.group()
def command() -> None:
    """Look at the tables of the store, and bring them to another version.

    An upgrade without a stop: let the new paceline run `store migrate`, then restart one process after the other; both
    versions work with the tables meanwhile. Back: first the processes, then `store migrate --to` the version before.

    \b
    Example:  paceline store status shop
              paceline store migrate shop --dry-run
              paceline store migrate shop
    """


@command.command()
@_workspace
@_json
def status(workspace: Path, as_json: bool) -> None:
    """Say of which version the tables are. Exit status 1 when this paceline cannot work with them."""
    from paceline.assemble.store_schema import read_store_status
    from paceline.cli.output import print_json

    found = read_store_status(workspace)
    if as_json:
        print_json(found)
    elif found.type == "memory":
        click.echo("a store in memory has no tables")
    else:
        click.echo(f"{found.type} at {found.where}: version {found.version}, this paceline knows {found.newest}")
        click.echo(f"{found.verdict}{': ' if found.remedy else ''}{found.remedy}", err=True)
    if found.verdict in {"behind", "ahead"}:
        sys.exit(1)


@command.command()
@_workspace
@click.option("--to", type=click.IntRange(1), metavar="N", help="This version instead of the newest.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@_json
def migrate(workspace: Path, to: int | None, dry_run: bool, as_json: bool) -> None:
    """Bring the tables to the newest version, or to another one. Nothing that was written is lost either way."""
    from paceline.assemble.store_schema import migrate_store
    from paceline.cli.output import print_json

    steps = migrate_store(workspace, to=to, is_dry=dry_run)
    if as_json:
        print_json(steps)
        return
    for step in steps:
        click.echo(f"{step.direction} {step.version}: {step.name}")
    done = "would be made" if dry_run else "made"
    click.echo(f"{len(steps)} migrations {done}" if steps else "nothing to do", err=True)
