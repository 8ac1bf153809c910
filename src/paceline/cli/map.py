"""`paceline map`: mappings by themselves."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

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
def explain(file: Path) -> None:
    """Show the Python code that a mapping was compiled to."""
    click.echo(_load(file).source)


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
