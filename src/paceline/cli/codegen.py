"""`paceline codegen`: typed event functions for producers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from paceline.exchange.codegen.producer import Producer


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    for decorate in (
        click.option("--json", "as_json", is_flag=True, help="Text, functions and losses as one JSON object."),
        click.option(
            "--check", is_flag=True, help="Write nothing; exit with 1 when FILE is not what would be written."
        ),
        click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file; else standard output."),
        click.option("--contract", "names", multiple=True, help="Only this contract; may be given several times."),
        click.argument("workspace", type=click.Path(path_type=Path), default="."),
    ):
        function = decorate(function)
    return function


@click.group()
def command() -> None:
    """Generate one typed function an event, from the newest version of each contract.

    Each call names its contract version, so that the gateway judges it by that version. The same contracts always give
    the same text; its head has versions and content hashes.

    \b
    Example:  paceline codegen typescript shop --out web/src/events.ts
              paceline codegen python shop --out api/events.py --check
    """


@command.command()
@_options
def typescript(**options: Any) -> None:
    """TypeScript for @segment/analytics-next, @segment/analytics-node and clients like them."""
    from paceline.exchange.codegen.typescript import typescript_text

    _run(typescript_text, **options)


@command.command()
@_options
def python(**options: Any) -> None:
    """Python for segment-analytics-python, rudder-sdk-python and clients like them."""
    from paceline.exchange.codegen.python import python_text

    _run(python_text, **options)


def _run(
    write: Callable[[Producer], str],
    *,
    workspace: Path,
    names: tuple[str, ...],
    out: Path | None,
    check: bool,
    as_json: bool,
) -> None:
    from paceline.cli.documents import load_for_exchange, say_losses
    from paceline.cli.export import chosen_contracts
    from paceline.cli.output import print_json
    from paceline.contracts.hashing import contract_hash
    from paceline.errors import UsageError
    from paceline.exchange.codegen.producer import describe_producer

    if check and out is None:
        raise UsageError("--check compares with a file", remedy="give --out FILE")
    loaded = load_for_exchange(workspace)
    contracts = chosen_contracts(loaded, names, all_versions=False)
    producer = describe_producer((contract, contract_hash(contract)) for contract in contracts)
    text = write(producer)
    is_current = out is not None and out.is_file() and out.read_text(encoding="utf-8") == text
    if as_json:
        print_json(
            {
                "text": text,
                "functions": [one.name for one in producer.functions],
                "losses": producer.losses,
                "is_current": is_current,
            }
        )
    elif out is None:
        click.echo(text, nl=False)
    if out is not None and not check and not is_current:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    say_losses(producer.losses)
    verdict = "" if out is None else (" up to date" if is_current else " out of date" if check else " written")
    click.echo(f"{len(producer.functions)} functions{verdict}", err=True)
    if check and not is_current:
        sys.exit(1)
