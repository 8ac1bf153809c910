"""`paceline import`: contracts from what other tools have."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from paceline.exchange.loss import Imported


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    for decorate in (
        click.option("--json", "as_json", is_flag=True, help="JSON on standard output."),
        click.option("--dry-run", is_flag=True, help="Only say what would be written."),
        click.option("--team", help="The team that owns the contracts; not needed when there is only one."),
        click.option("--workspace", type=click.Path(path_type=Path), default=".", help="The workspace to write into."),
    ):
        function = decorate(function)
    return function


@click.group("import")
def command() -> None:
    """Make contracts from tracking plans, Iglu schemas and data contracts.

    What cannot be carried over is listed. Files that are there already are never overwritten: a released version never
    changes.

    \b
    Example:  paceline import tracking-plan plan.json --workspace shop --team growth --dry-run
    """


@command.command("tracking-plan")
@click.argument("file", type=click.Path(path_type=Path))
@_options
def tracking_plan(file: Path, **options: Any) -> None:
    """From a Segment tracking plan: the JSON of "List Rules from Tracking Plan" of the Public API."""
    from paceline.cli.documents import read_document
    from paceline.exchange.tracking_plan import import_tracking_plan

    document = read_document(file)
    _run(lambda owner: import_tracking_plan(document, owner=owner), **options)


@command.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@_options
def iglu(paths: tuple[Path, ...], **options: Any) -> None:
    """From Snowplow's self-describing schemas: files, or folders such as a static Iglu registry."""
    from paceline.cli.documents import read_document
    from paceline.exchange.iglu import import_iglu

    files = [file for path in paths for file in _files(path)]
    documents = [(str(file), read_document(file)) for file in files]
    _run(lambda owner: import_iglu(documents, owner=owner), **options)


@command.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_options
def odcs(files: tuple[Path, ...], **options: Any) -> None:
    """From data contracts of the Open Data Contract Standard, versions 3.0 to 3.2."""
    from paceline.cli.documents import read_document
    from paceline.exchange.loss import Imported
    from paceline.exchange.odcs import import_odcs

    documents = [read_document(file) for file in files]

    def read(owner: Any) -> Imported:
        parts = [import_odcs(document, owner=owner) for document in documents]
        return Imported(
            contracts=tuple(contract for part in parts for contract in part.contracts),
            losses=tuple(loss for part in parts for loss in part.losses),
        )

    _run(read, **options)


def _run(read: Callable[[Any], Imported], *, workspace: Path, team: str | None, dry_run: bool, as_json: bool) -> None:
    from paceline.cli.documents import choose_owner, load_for_exchange, say_losses, write_contracts
    from paceline.cli.output import print_json

    loaded = load_for_exchange(workspace)
    imported = read(choose_owner(loaded, team))
    fates = write_contracts(loaded, imported.contracts, dry_run=dry_run)
    if as_json:
        print_json({**fates, "losses": imported.losses})
    else:
        for fate, paths in fates.items():
            for path in paths:
                click.echo(f"{'would be ' if dry_run and fate == 'written' else ''}{fate} {path}")
        say_losses(imported.losses)
    click.echo(
        f"{len(imported.contracts)} contracts read, {len(fates['written'])} {'to write' if dry_run else 'written'}, "
        f"{len(fates['refused'])} refused, {len(imported.losses)} things not carried over",
        err=True,
    )
    if fates["refused"]:
        click.echo("refused: the file is there with another content; give it a new version", err=True)
        sys.exit(1)


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
