"""How commands print: tables with color on a terminal, plain aligned text elsewhere, JSON for machines."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import click
import msgspec

if TYPE_CHECKING:
    from paceline.observe.ledger import LaneLedger


_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_SHORT = 12
"""Cells of so few characters, such as a day, are never broken."""
_cell_styles = {"yes": "green", "NO": "bold red"}


def print_json(value: object, *, lines: bool = False) -> None:
    """A value as JSON on standard output: indented, or on one line with `lines`."""
    encoded = msgspec.json.encode(value)
    click.echo((encoded if lines else msgspec.json.format(encoded, indent=2)).decode())


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, numbers_from: int = 1) -> None:
    """A table on standard output; columns from `numbers_from` on are right-aligned."""
    rows = [[visible(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _print_rich(title, columns, rows, numbers_from)
    else:
        click.echo(format_plain(title, columns, rows, numbers_from))


def visible(text: str) -> str:
    """`text` on one line and without anything that a terminal obeys, for words that came from outside.

    >>> visible("Order\\x1b[2J Completed")
    'Order? Completed'
    """
    return text if text.isprintable() else _ESCAPES.sub("?", text)


def format_plain(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int = 1) -> str:
    """The table as aligned text, one line a row.

    >>> print(format_plain("T", ["name", "n"], [["a", "10"], ["bb", "2"]]))
    T
    name   n
    a     10
    bb     2
    """
    table = [list(columns), *(list(row) for row in rows)]
    widths = [max(len(row[index]) for row in table) for index in range(len(columns))]
    lines = [title]
    for row in table:
        cells = [
            cell.rjust(width) if index >= numbers_from else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def markdown_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table as Markdown, for a ticket or a wiki.

    >>> print(markdown_table("T", ["name", "n"], [["a|b", "10"]]))
    ## T
    <BLANKLINE>
    | name | n |
    |---|---|
    | a\\|b | 10 |
    """
    lines = [f"## {title}", "", f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(markdown_cell, row))} |" for row in rows)])


def markdown_cell(text: str) -> str:
    """Text that stays in its cell: one line, no markup of tables or HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _print_rich(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for index, column in enumerate(columns):
        is_short = max(len(column), *(len(row[index]) for row in rows), 0) <= _SHORT
        justify: Literal["left", "right"] = "right" if index >= numbers_from else "left"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=is_short)
    for row in rows:
        table.add_row(*(Text(cell, style=_cell_styles.get(cell, "")) for cell in row))
    Console().print(table)


def ledger_rows(ledgers: Sequence[LaneLedger]) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Columns and rows that show accounts, the same in every command."""
    fates = ("accepted", "delivered", "filtered", "suppressed", "rejected", "dead", "parked", "in_flight")
    columns = ("integration", *(fate.replace("_", " ") for fate in fates), "adds up")
    rows: list[Sequence[str]] = [
        (one.integration, *(f"{getattr(one, fate):,}" for fate in fates), "yes" if one.adds_up else "NO")
        for one in ledgers
    ]
    return columns, rows
