"""`paceline init`: a working workspace from a template."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--template", default="shop", show_default=True, help="Which example to start from.")
@click.option("--json", "as_json", is_flag=True, help="Say what was written as JSON.")
def command(folder: Path, template: str, as_json: bool) -> None:
    """Make a workspace in DIR that runs as it is: sources, contracts, mappings, integrations, tests and runbooks.

    No file that is there already is touched.

    \b
    Example:
      paceline init shop && paceline check shop
    """
    import json
    import re

    from paceline.workspace.scaffold import workspace_files, write_workspace

    name = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_") or template
    files = workspace_files(template, name=name, today=dt.datetime.now(dt.UTC).date())
    written = write_workspace(folder, files)
    if as_json:
        click.echo(json.dumps({"workspace": str(folder), "template": template, "files": written}, indent=2))
        return
    click.echo(f"{len(written)} files written to {folder}")
    click.echo("")
    click.echo("Next:")
    click.echo(f"  paceline check {folder}    everything that is wrong with it (nothing yet)")
    click.echo(f"  paceline test {folder}     its contract tests")
    click.echo(f"  paceline demo {folder}     run it, send events through it, see what the vendors got")
