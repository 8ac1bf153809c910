"""`paceline rollback`: takes an integration's last promotion back."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("integration")
@click.option("--dry-run", is_flag=True, help="Say what would be changed, and change nothing.")
@click.option("--workspace", type=click.Path(path_type=Path), default=".", help="The workspace, or a folder inside it.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(integration: str, dry_run: bool, workspace: Path, as_json: bool) -> None:
    """Take the last promotion of an integration back: stage, start, end, route and migration as git has them.

    What was edited since stays, comments too, and no mapping is touched. Nothing is asked for: going back must always
    be possible. An end that has passed meanwhile is told by `paceline check`.

    \b
    Example:  paceline rollback customerio_onboarding
    """
    from paceline.assemble.promotion import plan_rollback, write_file
    from paceline.cli.output import print_json
    from paceline.cli.promote import shape, show

    planned = plan_rollback(workspace, integration)
    if not dry_run:
        write_file(planned)
    if as_json:
        print_json({**shape(planned), "written": not dry_run})
    else:
        show(planned, is_written=not dry_run)
