"""`paceline registry`: contracts for clients of the Confluent Schema Registry."""

from __future__ import annotations

from pathlib import Path

import click

_MODES = ["NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"]


@click.group()
def command() -> None:
    """Serve the workspace's contracts as a schema registry.

    \b
    Example:  paceline registry serve shop --port 8081
    """


@command.command("serve")
@click.argument("workspace", type=click.Path(path_type=Path), default=".")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8081, show_default=True, help="0 takes a free one.")
@click.option(
    "--compatibility",
    type=click.Choice(_MODES, case_sensitive=False),
    default="BACKWARD",
    show_default=True,
    help="The level that new schemas are held to.",
)
@click.option(
    "--policy",
    type=click.Choice(["strict", "lenient"]),
    default="strict",
    show_default=True,
    help="Lenient allows a new optional field in an open object.",
)
@click.option("--writable", is_flag=True, help="Registering a schema writes a contract file for review.")
@click.option("--team", help="The owner of contracts that clients begin; with --writable.")
@click.option("--base-url", default="", help="Where the contracts are published; part of each `$id`.")
def serve_registry(
    workspace: Path,
    host: str,
    port: int,
    compatibility: str,
    policy: str,
    writable: bool,
    team: str | None,
    base_url: str,
) -> None:
    """Speak the Confluent Schema Registry REST API until SIGTERM.

    Subjects are contract names, ids are made from content and the same everywhere, changes of files are followed.
    Nobody is authenticated: listen on a public address only behind a proxy that does.
    """
    from paceline.assemble.registry import build_registry, run_registry
    from paceline.cli.documents import choose_owner, load_for_exchange
    from paceline.contracts.compatibility import Mode, Policy
    from paceline.model.contract import Owner

    loaded = load_for_exchange(workspace)
    owner = choose_owner(loaded, team) if writable else Owner(team=team or "")
    registry = build_registry(
        loaded.path,
        mode=Mode(compatibility.upper()),
        policy=Policy(policy),
        owner=owner,
        is_writable=writable,
        base_url=base_url,
    )
    run_registry(
        loaded.path, registry, host=host, port=port, base_url=base_url, tell=lambda line: click.echo(line, err=True)
    )
