"""`paceline keys`: write keys of sources."""

from __future__ import annotations

import click


@click.group()
def command() -> None:
    """Make write keys for sources. A workspace holds their digests only.

    \b
    Example:  paceline keys new
    """


@command.command("hash")
@click.argument("write_key")
def hash_(write_key: str) -> None:
    """Print the digest of a write key, as a source's write_keys in paceline.yaml want it."""
    from paceline.runtime.gateway.door import hash_write_key

    click.echo(f"sha256:{hash_write_key(write_key)}")


@command.command()
def new() -> None:
    """Make a random write key; print it (this once) and its digest."""
    import secrets

    from paceline.runtime.gateway.door import hash_write_key

    write_key = secrets.token_urlsafe(24)
    click.echo(f"write key (shown only now): {write_key}")
    click.echo(f"for paceline.yaml:          sha256:{hash_write_key(write_key)}")
