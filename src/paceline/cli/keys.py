"""`paceline keys`: write keys of sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.assemble.write_keys import MadeKey

_workspace = click.option(
    "--workspace", type=click.Path(path_type=Path), default=".", show_default=True, help="The workspace's folder."
)
_json = click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
_source = click.argument("source")


@click.group()
def command() -> None:
    """Make, list, replace and withdraw write keys of sources, in paceline.yaml. It holds their digests only.

    \b
    Example:  paceline keys new web            a key for the source web, shown once
              paceline keys rotate web         a second one; both count
              paceline keys revoke web 0d7cb1  the first one does not any more
    """


@command.command("hash")
@click.argument("write_key")
def hash_(write_key: str) -> None:
    """Print the digest of a write key, as a source's write_keys in paceline.yaml want it."""
    from paceline.runtime.gateway.door import hash_write_key

    click.echo(f"sha256:{hash_write_key(write_key)}")


@command.command()
@click.argument("source", default="")
@_workspace
@_json
def new(source: str, workspace: Path, as_json: bool) -> None:
    """Make a random write key and show it, this once. With SOURCE its digest goes into paceline.yaml.

    A source that is not there yet is made; one that has two keys already gets no third.
    """
    from paceline.assemble.write_keys import add_key, make_key

    _show(add_key(workspace, source) if source else make_key(), as_json=as_json)


@command.command("list")
@_workspace
@_json
def list_(workspace: Path, as_json: bool) -> None:
    """List the write keys of every source, the newest first."""
    from paceline.assemble.write_keys import SHOWN_DIGITS, list_keys
    from paceline.cli.output import print_json, print_table

    keys = list_keys(workspace)
    if as_json:
        return print_json(keys)
    rows = [[one.source, one.key[: len("sha256:") + SHOWN_DIGITS] if "sha256:" in one.key else one.key] for one in keys]
    return print_table("Write keys", ("source", "key"), rows, numbers_from=2)


@command.command()
@_source
@_workspace
@_json
def rotate(source: str, workspace: Path, as_json: bool) -> None:
    """Make a new write key for SOURCE beside its newest one, until that is withdrawn. An older one goes at once."""
    from paceline.assemble.write_keys import rotate_key

    _show(rotate_key(workspace, source), as_json=as_json)


@command.command()
@_source
@click.argument("digest")
@_workspace
@_json
def revoke(source: str, digest: str, workspace: Path, as_json: bool) -> None:
    """Withdraw the write key of SOURCE whose DIGEST begins so (see `paceline keys list`)."""
    from paceline.assemble.write_keys import revoke_key
    from paceline.cli.output import print_json

    revoked = revoke_key(workspace, source, digest)
    if as_json:
        return print_json(revoked)
    return click.echo(f"withdrawn from {revoked.source}: {revoked.key}")


def _show(made: MadeKey, *, as_json: bool) -> None:
    from paceline.cli.output import print_json

    if as_json:
        return print_json(made)
    click.echo(f"write key (shown only now): {made.write_key}")
    click.echo(f"{'in' if made.source else 'for'} paceline.yaml: {made.digest}")
    for key in made.withdrawn:
        click.echo(f"withdrawn: {key}")
    if made.source:
        click.echo("a gateway with --reload takes it at once, another one when it starts next", err=True)
    return None
