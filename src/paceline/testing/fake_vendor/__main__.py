"""usage: python -m paceline.testing.fake_vendor --port PORT --dir DIR [--workspace DIR] [--store full|counts]

Serves every vendor's fake until SIGTERM. Logs `fake_vendor.ready` with its port to standard error, as one JSON line.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import msgspec
import uvloop

from paceline.connectors.catalog import Catalog
from paceline.errors import PacelineError
from paceline.runtime.gateway.server import open_listening_socket, serve
from paceline.testing.fake_vendor.app import FakeVendors
from paceline.testing.fake_vendor.credentials import Account
from paceline.testing.fake_vendor.received import Received


@click.command(help=__doc__)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=4011, show_default=True, help="0 takes a free one.")
@click.option("--dir", "folder", type=click.Path(path_type=Path), required=True, help="Where received.jsonl goes.")
@click.option("--workspace", type=click.Path(path_type=Path), help="Knows its connectors, settings and integrations.")
@click.option("--store", type=click.Choice(["full", "counts"]), default="full", help="counts keeps ids, not bodies.")
def main(host: str, port: int, folder: Path, workspace: Path | None, store: str) -> None:
    """Run until told to stop."""
    try:
        catalog = Catalog(workspace / "connectors" if workspace is not None else None)
        accounts: Mapping[str, Sequence[Account]] = {}
        if workspace is not None:
            from paceline.testing.fake_vendor.accounts import read_accounts  # noqa: PLC0415 - loads the whole runtime

            accounts = read_accounts(workspace)
        listening = open_listening_socket(host, port)
        received = Received(folder, keeps_bodies=store == "full")
        try:
            uvloop.run(_run(FakeVendors(catalog, received, accounts), listening))
        finally:
            received.close()
    except PacelineError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_status)


async def _run(application: FakeVendors, listening: socket.socket) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)

    def tell_ready() -> None:
        host, port = listening.getsockname()[:2]
        line = msgspec.json.encode({"event": "fake_vendor.ready", "host": host, "port": port})
        click.echo(line.decode(), err=True)

    await serve(application, listening, stopping, on_ready=tell_ready)


if __name__ == "__main__":
    main()
