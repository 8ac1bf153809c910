"""`paceline infer`: contracts from sample events."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--workspace", type=click.Path(path_type=Path), default=".", help="Where --write writes, and its teams.")
@click.option("--team", help="The team that owns the contracts; not needed when the workspace has only one.")
@click.option("--event", "events", multiple=True, help="Only events of this name; may be given several times.")
@click.option(
    "--required-after",
    type=click.IntRange(1),
    default=30,
    show_default=True,
    help="A field is required when it is in all of at least so many samples.",
)
@click.option("--context", "with_context", is_flag=True, help="Describe `context` too.")
@click.option("--write", is_flag=True, help="Write the contracts into the workspace; never over a file.")
@click.option("--json", "as_json", is_flag=True, help="Contracts and judgements as JSON.")
def command(
    files: tuple[Path, ...],
    workspace: Path,
    team: str | None,
    events: tuple[str, ...],
    required_after: int,
    with_context: bool,
    write: bool,
    as_json: bool,
) -> None:
    """Infer contracts from events: JSON Lines, one JSON array, or one event; standard input without FILES.

    Types, formats, enumerations and optionality are judged from the data, each with its confidence (on standard
    error); fields that look like personal data are marked `x-pii` to be confirmed.

    \b
    Example:  paceline infer samples/*.json --team growth
              paceline infer events.jsonl --workspace shop --write
    """
    from paceline.cli.documents import choose_owner, load_for_exchange, say_losses, write_contracts
    from paceline.cli.output import print_json
    from paceline.errors import UsageError
    from paceline.exchange.contract_text import contract_text
    from paceline.exchange.inference.infer import infer_contracts
    from paceline.exchange.inference.judge import Thresholds

    try:
        loaded = load_for_exchange(workspace)
    except UsageError:
        if write:
            raise
        loaded = None
    owner = choose_owner(loaded, team)
    samples = (event for file in files or (Path("-"),) for event in _events(file))
    wanted = (event for event in samples if not events or event.get("event", event.get("type")) in events)
    thresholds = Thresholds(required_after=required_after)
    inferred, losses = infer_contracts(wanted, owner=owner, thresholds=thresholds, with_context=with_context)
    fates: Mapping[str, Sequence[str]] = {}
    if write and loaded is not None:
        fates = write_contracts(loaded, [one.contract for one in inferred], dry_run=False)
    if as_json:
        print_json({"inferred": inferred, "losses": losses, **fates})
    else:
        for one in inferred:
            if not write:
                click.echo("---" if one is not inferred[0] else "", nl=one is not inferred[0])
                click.echo(contract_text(one.contract), nl=False)
            for judgement in one.judgements:
                hint = f" ({judgement.hint})" if judgement.hint else ""
                place = f"{one.contract.contract}#{judgement.pointer}"
                click.echo(f"{place}: {judgement.message}; confidence {judgement.confidence:.0%}{hint}", err=True)
        for fate, paths in fates.items():
            for path in paths:
                click.echo(f"{fate} {path}")
        say_losses(losses)
    click.echo(f"{len(inferred)} contracts from {sum(one.samples for one in inferred)} events", err=True)
    if fates.get("refused"):
        click.echo("refused: the file is there with another content", err=True)
    if not inferred or fates.get("refused"):
        sys.exit(1)


def _events(file: Path) -> Iterator[dict[str, object]]:
    """The events of a file: one JSON value, or one a line. What is no object is an empty event, which gets listed."""
    from paceline.cli.documents import read_text
    from paceline.errors import UsageError

    text = read_text(file)
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = []
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                try:
                    value.append(json.loads(line))
                except (json.JSONDecodeError, RecursionError):
                    raise UsageError("this line is not JSON", where=f"{file}:{number}") from None
    for event in value if isinstance(value, list) else [value]:
        yield event if isinstance(event, dict) else {}
