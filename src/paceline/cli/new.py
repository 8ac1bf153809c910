"""`paceline new`: files to start from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.assemble.new_mapping import NewMapping

_workspace = click.option(
    "--workspace", type=click.Path(path_type=Path), default=".", help="The workspace, or a folder inside it."
)
_json = click.option("--json", "as_json", is_flag=True, help="Say what was written as JSON.")


@click.group()
def command() -> None:
    """Write files to start from. No file that is there already is touched.

    \b
    Example:  paceline new mapping "Order Completed" --to ga4.send_event
    """


@command.command()
@click.argument("event")
@click.option("--to", required=True, metavar="CONNECTOR.ACTION", help="Where to; the action may be left out.")
@click.option("--name", default="", help="The mapping's name, if not CONTRACT.CONNECTOR.")
@click.option("--dry-run", is_flag=True, help="Show the files instead of writing them.")
@_workspace
@_json
def mapping(event: str, to: str, name: str, dry_run: bool, workspace: Path, as_json: bool) -> None:
    """Write a mapping of EVENT with its tests, and samples where there are none.

    It is made from the connector's default mapping for the event, or from the contract and the vendor's action: what
    is obvious is filled in, personal data only where the vendor's field is made for it. What the vendor needs and
    nothing obviously gives is left open, and `paceline check` refuses the mapping until it is decided. EVENT is an
    event's name, its contract's, or a call such as identify.

    \b
    Example:  paceline new mapping "Order Completed" --to ga4.send_event
              paceline new mapping identify --to customerio
    """
    from paceline.assemble.new_mapping import new_mapping
    from paceline.cli.output import print_json
    from paceline.workspace.scaffold import write_workspace

    made = new_mapping(workspace, event, to, name=name)
    if dry_run:
        for file, content in made.files.items():
            click.echo(f"{click.style(f'--- {file}', bold=True)}\n{content.decode()}")
    else:
        write_workspace(made.root, made.files)
    if as_json:
        print_json(
            {"files": sorted(made.files), "default": made.default, "open": made.open_fields, "coverage": made.coverage}
        )
    else:
        _show_mapping(made, is_written=not dry_run)


def _show_mapping(made: NewMapping, *, is_written: bool) -> None:
    _show_files(made.root, sorted(made.files) if is_written else [])
    if made.default:
        click.echo(f"made from the default mapping {made.default}", err=True)
    for one in made.open_fields:
        head = click.style("to decide", fg="red") if one.is_required else click.style("left out", fg="yellow")
        click.echo(f"{head}  {one.target}: {one.reason}", err=True)
    if made.coverage is not None:
        click.echo(f"its tests notice {made.coverage.covered} of its {made.coverage.rules} rules", err=True)
    place = f"mappings/{made.mapping}.yaml"
    if made.is_complete:
        click.echo(
            f"next: read {place}, add {made.mapping} to an integration's events, and run: paceline check", err=True
        )
    else:
        click.echo(f"next: decide what is marked TO DECIDE in {place}, then run: paceline test --update", err=True)


def _show_files(root: Path, files: Sequence[str]) -> None:
    for file in files:
        click.echo(f"{click.style('written', fg='green')}  {_shown(root / file)}")


def _shown(path: Path) -> str:
    import os

    return os.path.relpath(path)


@command.command()
@click.argument("name")
@click.argument("sample", type=click.Path(path_type=Path))
@click.option("--event", default="", help="What its events are called; else what the sample itself says.")
@_workspace
@_json
def adapter(name: str, sample: Path, event: str, workspace: Path, as_json: bool) -> None:
    """Write an adapter with its test, from a SAMPLE of what the vendor sends.

    The sample is a JSON file with a body, or with {"headers", "body"}. Who, when and which message it was are taken
    from where they usually are; everything else goes into properties, so that nothing is lost.

    \b
    Example:  paceline new adapter calendly sample.json --event "Meeting Booked"
    """
    from paceline.assemble.new_adapter import new_adapter
    from paceline.cli.output import print_json
    from paceline.mapping.adapter_coverage import Carried
    from paceline.workspace.scaffold import write_workspace

    made = new_adapter(workspace, name, sample, event=event)
    written = write_workspace(made.root, made.files)
    if as_json:
        print_json({"files": written, "found": made.found, "events": made.events, "fields": made.fields})
        return
    _show_files(made.root, written)
    for target in ("messageId", "timestamp", "userId", "anonymousId"):
        place = made.found.get(target)
        head = click.style(f"{target:<11}", fg="green" if place else "yellow")
        click.echo(f"{head} {place or 'not found: look into the sample'}", err=True)
    carried = sum(field.state is Carried.CARRIED for field in made.fields)
    click.echo(f"{carried} of {len(made.fields)} fields of the sample are carried over", err=True)
    click.echo(f"next: write `adapter: {name}` into a source's webhook in paceline.yaml, then: paceline test", err=True)


@command.command()
@click.argument("name")
@_workspace
@_json
def connector(name: str, workspace: Path, as_json: bool) -> None:
    """Write a connector of your own: the same files as ours, to be filled in.

    It passes `paceline check` and its tests as it is; the quality ladder begins with everything to do.

    \b
    Example:  paceline new connector acme_mail
    """
    import datetime as dt

    from paceline.connectors.catalog import Catalog
    from paceline.connectors.quality import RULES
    from paceline.errors import UsageError
    from paceline.workspace.load import find_workspace
    from paceline.workspace.scaffold_files import connector_files

    root = find_workspace(workspace)
    if name in Catalog(root / "connectors").names:
        raise UsageError(f"there is a connector {name!r} already", remedy="choose another name")
    today = dt.datetime.now(dt.UTC).date()
    _write(root, connector_files(name, rules=RULES, today=today), as_json=as_json)
    if not as_json:
        click.echo(f"next: fill in connectors/{name}/manifest.yaml, then: paceline test --connector {name}", err=True)


@command.command()
@click.argument("name")
@click.option("--events", "mappings", required=True, help="Its mappings, separated by commas.")
@click.option("--team", default="", help="The team that owns it; not needed when there is only one.")
@click.option(
    "--stage",
    type=click.Choice(["sprint", "hybrid", "marathon"]),
    default="sprint",
    show_default=True,
    help="Its stage.",
)
@_workspace
@_json
def integration(name: str, mappings: str, team: str, stage: str, workspace: Path, as_json: bool) -> None:
    """Write an integration with its runbook and, unless it is a marathon, the plan for what comes after it.

    Its settings are references to environment variables; a sprint or hybrid ends after twelve weeks.

    \b
    Example:  paceline new integration acme_orders --events order_completed.acme --team growth
    """
    from paceline.assemble.new_integration import new_integration

    root, files = new_integration(workspace, name, mappings.split(","), team=team, stage=stage)
    _write(root, files, as_json=as_json)
    if not as_json:
        click.echo(
            f"next: read integrations/{name}.yaml, set the variables it names, and run: paceline check", err=True
        )


@command.command()
@click.argument("system", type=click.Choice(["github", "gitlab"]))
@_workspace
@_json
def ci(system: str, workspace: Path, as_json: bool) -> None:
    """Write a CI pipeline into the repository: check, contract tests, and what a pull request changes.

    \b
    Example:  paceline new ci github --workspace shop
    """
    import paceline
    from paceline.workspace.load import find_workspace
    from paceline.workspace.scaffold_files import ci_file

    root = find_workspace(workspace)
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    file, content = ci_file(system, workspace=root.relative_to(top).as_posix(), version=paceline.__version__)
    _write(top, {file: content}, as_json=as_json)


def _write(root: Path, files: Mapping[str, bytes], *, as_json: bool) -> None:
    from paceline.cli.output import print_json
    from paceline.workspace.scaffold import write_workspace

    written = write_workspace(root, files)
    if as_json:
        print_json({"folder": str(root), "files": written})
    else:
        _show_files(root, written)
