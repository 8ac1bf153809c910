"""`paceline dev`: a whole workspace running on this machine, to play with."""

from __future__ import annotations

from pathlib import Path

import click

WATCH_SECS = 1.0


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path), default=".")
@click.option("--port", type=click.IntRange(0, 65535), help="The gateway's port; 0 takes a free one.")
@click.option("--campaign", is_flag=True, help="Send a test campaign first and show what became of it.")
@click.option("--users", type=click.IntRange(1, 10_000), default=40, show_default=True, help="Users of the campaign.")
def command(workspace: Path, port: int | None, campaign: bool, users: int) -> None:
    """Run gateway, worker and fake vendors on this machine and follow changes of the files, until Ctrl-C.

    A broken file keeps the last good workspace running and is shown. Ctrl-C lets everything in flight arrive first.

    \b
    Example:  paceline dev shop --campaign
    """
    import os
    import signal
    import time

    from paceline.assemble.local_run import LocalRun
    from paceline.assemble.opening import open_workspace
    from paceline.cli.local import rehearse_with_progress, show_places, show_report

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    opened = open_workspace(workspace, os.environ)
    run = LocalRun(opened.workspace.path, port=port, reload=True)
    try:
        run.start()
        if campaign:
            show_report(rehearse_with_progress(run, opened, users))
        show_places(run, opened)
        while True:
            time.sleep(WATCH_SECS)
            for name in run.mend():
                click.echo(f"the {name} had died and was started again; see .paceline/logs", err=True)
            for line in run.new_problems():
                click.echo(line, err=True)
    except KeyboardInterrupt:
        click.echo("\nfinishing what is in flight …", err=True)
    finally:
        run.stop()
        click.echo("stopped; everything that was accepted is in .paceline and goes on next time", err=True)
