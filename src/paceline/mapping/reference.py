"""The reference of the language's functions as Markdown tables, made from their definitions."""

from __future__ import annotations

import json
from typing import Final, get_args

from paceline.mapping import kinds as k
from paceline.mapping.functions.catalog import CATALOG
from paceline.mapping.functions.definition import Example, Function, Group, Missing, Parameter, Refused

BEGIN: Final = "<!-- functions: generated from the definitions by tests/mapping/update_reference.py -->"
END: Final = "<!-- end of functions -->"

_HEAD: Final = "| function | takes | gives | what it is | wrong input | examples |\n|---|---|---|---|---|---|"


def reference_tables() -> str:
    """A table for each group of functions, between the marks that docs/mapping.md has around them."""
    groups: list[str] = []
    for group in get_args(Group):
        rows = [_row(function) for function in CATALOG.values() if function.group == group]
        groups.append("\n".join([f"### {group}", "", _HEAD, *rows]))
    return "\n\n".join([BEGIN, *groups, END])


def _row(function: Function) -> str:
    takes = "<br>".join(_takes(parameter) for parameter in function.parameters) or "–"
    examples = "<br>".join(_shown(example) for example in function.examples)
    wrong = function.wrong or _wrong_kind(function)
    return f"| `{function.name}` | {takes} | {_gives(function)} | {_cell(function.summary)} | {wrong} | {examples} |"


def _takes(parameter: Parameter) -> str:
    words = "an expression for each item" if parameter.per_item else k.describe(parameter.kinds)
    notes = [
        "written out" if parameter.is_literal else "",
        "may be left out" if parameter.is_optional else "",
        "any number of them" if parameter.is_repeated else "",
        "may be missing" if parameter.takes_nothing and not parameter.per_item else "",
    ]
    note = ", ".join(filter(None, notes))
    return f"`{parameter.name}`: {words}{f' ({note})' if note else ''}"


def _gives(function: Function) -> str:
    if not function.result:
        return "nothing"
    words = k.describe(function.result)
    if function.keeps_kind:
        words = "the same kind"
    if function.result_without_options:
        words = f"{k.describe(function.result_without_options)}, or {words} with all arguments"
    return f"{words}, or missing" if function.may_miss else words


def _wrong_kind(function: Function) -> str:
    """What the guard does that stands before every function that does not take everything."""
    takes_all = all(parameter.kinds == k.SOMETHING or parameter.is_literal for parameter in function.parameters)
    return "–" if takes_all else "another kind refuses the event"


def _shown(example: Example) -> str:
    match example.result:
        case Missing():
            result = "missing"
        case Refused(reason=reason):
            result = f"refused, {reason}"
        case value:
            result = f"`{_cell(json.dumps(value, ensure_ascii=False))}`"
    event = f" with `{_cell(json.dumps(example.event, ensure_ascii=False))}`" if example.event else ""
    return f"`{_cell(example.expression)}`{event} → {result}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
