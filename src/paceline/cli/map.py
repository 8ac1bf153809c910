"""`paceline map`: mappings by themselves."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

if TYPE_CHECKING:
    from paceline.cli.json_lines import Row
    from paceline.mapping.compile import CompiledMapping


@click.group()
def command() -> None:
    """Try mappings on events, and see how they work.

    \b
    Example:  paceline map run --mapping shop/mappings/order_completed.ga4.yaml < events.jsonl
    """


@command.command()
@click.option("--mapping", "file", type=click.Path(path_type=Path), required=True, help="A mapping file.")
def run(file: Path) -> None:
    """Map events, one JSON line in, one out: {"payload": …}, {"filtered": …} or {"refused": …}."""
    from paceline.cli.json_lines import answer_rows

    compiled = _load(file)
    answer_rows(lambda event: apply(compiled, event))


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--event", type=click.File("rb"), help="A JSON file with one event (- for standard input).")
def explain(file: Path, event: BinaryIO | None) -> None:
    """Show the Python code that a mapping was compiled to, or step by step what it makes of an event.

    \b
    Example:  paceline map explain shop/mappings/order_completed.ga4.yaml --event shop/samples/order_completed.json
    """
    import msgspec

    from paceline.errors import UsageError
    from paceline.mapping.explanation import explain as explain_event
    from paceline.mapping.explanation import explanation_lines

    compiled = _load(file)
    if event is None:
        click.echo(compiled.source)
        return
    try:
        payload = msgspec.json.decode(event.read(), type=dict[str, object])
    except msgspec.DecodeError as error:
        raise UsageError(str(error), where=event.name, expected="one event, which is a JSON object") from None
    for line in explanation_lines(explain_event(compiled, payload, now_ms=time.time_ns() // 1_000_000)):
        click.echo(line)


def apply(compiled: CompiledMapping, event: Row) -> object:
    """What a mapping makes of one event, as `map run` prints it."""
    from paceline.model.event import Filtered, Refusal

    match compiled.apply(dict(event), now_ms=time.time_ns() // 1_000_000):
        case Filtered() as filtered:
            return {"filtered": {"rule": filtered.rule}}
        case Refusal() as refusal:
            return {"refused": refusal}
        case payload:
            return {"payload": payload}


def _load(file: Path) -> CompiledMapping:
    from paceline.assemble.mapping_file import load_mapping

    return load_mapping(file)
