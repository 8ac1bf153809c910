"""`paceline contracts`: what is promised about events, and what of it is released."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_workspace = click.option("--workspace", type=click.Path(path_type=Path), default=".", help="The workspace.")
_json = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")


@click.group()
def command() -> None:
    """List contracts, and release versions so that they can never change.

    \b
    Example:  paceline contracts release --workspace shop
    """


@command.command("list")
@_workspace
@_json
def list_contracts(workspace: Path, as_json: bool) -> None:
    """List every version with its event, owner and state: open, released, or deprecated."""
    from paceline.cli.documents import load_for_exchange
    from paceline.cli.output import print_json, print_table
    from paceline.workspace.contract_lock import read_lock

    loaded = load_for_exchange(workspace)
    lock = read_lock(loaded.path)
    rows = []
    for name in sorted(loaded.contracts):
        for version in loaded.versions(name):
            contract = loaded.contracts[name][str(version)]
            state = "released" if lock.find(name, str(version)) else "open"
            if contract.deprecation is not None:
                state = f"deprecated, until {contract.deprecation.remove_after}"
            rows.append((name, str(version), contract.event_name, contract.owner.team, state))
    columns = ("contract", "version", "event", "owner", "state")
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table("Contracts", columns, rows, numbers_from=len(columns))
    click.echo(f"{len(loaded.contracts)} contracts, {len(rows)} versions", err=True)


@command.command()
@click.argument("names", nargs=-1)
@_workspace
@click.option("--dry-run", is_flag=True, help="Only say what would be released.")
@_json
def release(names: tuple[str, ...], workspace: Path, dry_run: bool, as_json: bool) -> None:
    """Release every version that is not released yet, or only those of the contracts NAMES.

    Writes contracts.lock with a hash of what may never change again: event, schema, annotations and description. Owner
    and deprecation may. Refuses (exit status 1) while the contracts have errors, such as a version that rises too
    little for its change.
    """
    from paceline.cli.documents import load_for_exchange
    from paceline.cli.output import print_json
    from paceline.connectors.catalog import Catalog
    from paceline.errors import UnknownNameError
    from paceline.model.finding import Severity
    from paceline.workspace.contract_lock import LOCK_FILE, Lock, lock_text, read_lock, release_of
    from paceline.workspace.lint import check_workspace

    loaded = load_for_exchange(workspace)
    for name in names:
        if name not in loaded.contracts:
            raise UnknownNameError("contract", name, loaded.contracts)
    findings = check_workspace(loaded, Catalog(loaded.path / "connectors"))
    about_contracts = [one for one in findings if one.file.startswith("contracts") and one.severity is Severity.ERROR]
    lock = read_lock(loaded.path)
    new = [
        release_of(loaded.contracts[name][str(version)])
        for name in sorted(names or loaded.contracts)
        for version in loaded.versions(name)
        if lock.find(name, str(version)) is None
    ]
    is_refused = bool(about_contracts)
    if not (is_refused or dry_run) and new:
        text = lock_text(Lock(releases=(*lock.releases, *new)))
        (loaded.path / LOCK_FILE).write_text(text, encoding="utf-8")
    if as_json:
        print_json({"released": [] if is_refused or dry_run else new, "open": new, "findings": about_contracts})
    else:
        for finding in about_contracts:
            click.echo(f"{finding}\n    {finding.hint}")
        for one in () if is_refused else new:
            click.echo(f"{'would be released' if dry_run else 'released'} {one.contract} {one.version}")
    if is_refused:
        click.echo(f"nothing is released: {len(about_contracts)} errors", err=True)
        sys.exit(1)
    click.echo(f"{len(new)} versions {'to release' if dry_run else 'released'}, {len(lock.releases)} before", err=True)
