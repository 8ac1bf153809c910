"""`paceline serve`: the two processes of a running workspace."""

from __future__ import annotations

from pathlib import Path

import click

_workspace = click.argument("workspace", type=click.Path(path_type=Path), default=".")
_reload = click.option("--reload", is_flag=True, help="Follow changes of the workspace's files.")


@click.group()
def command() -> None:
    """Run the gateway or the worker of a workspace, until SIGTERM.

    \b
    Example:  paceline serve gateway shop --port 8080
              paceline serve worker shop
    """


@command.command()
@_workspace
@click.option("--host", help="The address to listen on; paceline.yaml says it otherwise.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0 takes a free one.")
@_reload
def gateway(workspace: Path, host: str | None, port: int | None, reload: bool) -> None:
    """Receive events over HTTP and answer when they are on disk."""
    from paceline.assemble.processes import run_gateway

    run_gateway(workspace, host=host, port=port, reload=reload)


@command.command()
@_workspace
@click.option("--fake-vendors", default="", metavar="URL", help="Send every vendor request to fake vendors at URL.")
@click.option(
    "--pages-port", type=click.IntRange(0, 65535), help="Serve /health, /ready and /metrics there; 0 takes a free one."
)
@click.option("--pages-host", default="127.0.0.1", show_default=True, help="The address to serve them on.")
@_reload
def worker(workspace: Path, fake_vendors: str, pages_port: int | None, pages_host: str, reload: bool) -> None:
    """Process events and deliver them to vendors."""
    from paceline.assemble.processes import run_worker

    pages_at = None if pages_port is None else (pages_host, pages_port)
    run_worker(workspace, fake_vendors=fake_vendors, pages_at=pages_at, reload=reload)
