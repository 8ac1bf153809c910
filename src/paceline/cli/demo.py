"""`paceline demo`: a test campaign through a whole running workspace, judged."""

from __future__ import annotations

import sys
from pathlib import Path

import click

USERS = 40


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path), required=False)
@click.option("--users", type=click.IntRange(1, 10_000), default=USERS, show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The gateway's port; 0 takes a free one.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON on standard output.")
def command(workspace: Path | None, users: int, port: int, as_json: bool) -> None:
    """Start a workspace with fake vendors, send a test campaign through it, and stop.

    Without WORKSPACE it takes the example shop, in a folder that is removed afterwards. Exit status 0 only when every
    event arrived where it was due and every account adds up.

    \b
    Example:  paceline demo
              paceline demo shop --users 200
    """
    import datetime as dt
    import tempfile

    from paceline.cli.local import show_report, start_and_rehearse
    from paceline.cli.output import print_json
    from paceline.workspace.scaffold import workspace_files, write_workspace

    with tempfile.TemporaryDirectory(prefix="paceline-demo-") as folder:
        root = workspace
        if root is None:
            root = Path(folder) / "shop"
            write_workspace(root, workspace_files("shop", name="shop", today=dt.datetime.now(dt.UTC).date()))
        with start_and_rehearse(root, users=users, port=port) as (_run, report):
            if as_json:
                print_json(report)
            else:
                show_report(report)
    sys.exit(0 if report.is_good else 1)
