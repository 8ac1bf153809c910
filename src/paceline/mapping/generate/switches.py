"""Code for `switch`: a table of constants is looked up, other tables become a chain of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paceline.mapping import kinds as k
from paceline.mapping.expression import Call, Expression, ListOf, Literal, ObjectOf
from paceline.mapping.generate.arguments import Argument
from paceline.mapping.generate.writer import literal

if TYPE_CHECKING:
    from paceline.mapping.generate.expressions import Emitter


def assign_switch(emitter: Emitter, node: Call, name: str, nothing: str, *, is_none: bool = False) -> None:
    """`nothing` is what the variable gets when no key fits: None, or MISSING where null counts."""
    table = node.arguments[1]
    assert isinstance(table, ObjectOf)
    if not is_none:
        emitter.writer.line(f"{name} = {nothing}")
    with emitter.writer.kept_depth():
        (source,) = emitter.strict([Argument(node.arguments[0], k.SCALAR, "switch takes")])
        if emitter.kinds(node.arguments[0]) & k.SOMETHING & ~k.TEXT:
            source = f"fn_string({source})"
            emitter.can_stop = True
        if all(isinstance(entry.value, Literal) for entry in table.entries):
            default = "" if nothing == "None" else f", {nothing}"
            emitter.writer.line(f"{name} = {_table(emitter, table)}.get({source}{default})")
        else:
            _cases(emitter, table, emitter.named(source), name, nothing)
    if len(node.arguments) > 2:
        is_nothing = f"{name} is None" if nothing == "None" else f"{name} is None or {name} is MISSING"
        with emitter.writer.block(f"if {is_nothing}:"):
            if nothing == "None":
                emitter.assign(node.arguments[2], name, is_none=True)
            else:
                emitter.copy(node.arguments[2], name)


def _cases(emitter: Emitter, table: ObjectOf, source: str, name: str, nothing: str) -> None:
    for position, entry in enumerate(table.entries):
        with emitter.writer.block(f"{'elif' if position else 'if'} {source} == {literal(entry.key)}:"):
            if nothing == "None":
                emitter.assign(entry.value, name, is_none=True)
            else:
                emitter.copy(entry.value, name)


def _table(emitter: Emitter, table: ObjectOf) -> str:
    name = f"TABLE_{len(emitter.tables) + 1}"
    emitter.tables.append(f"{name} = {constant_container(table)}")
    return name


def constant_container(node: ListOf | ObjectOf) -> str:
    """Source of a list or object of constants."""
    if isinstance(node, ListOf):
        return f"[{', '.join(_constant(item) for item in node.items)}]"
    return "{" + ", ".join(f"{literal(entry.key)}: {_constant(entry.value)}" for entry in node.entries) + "}"


def _constant(node: Expression) -> str:
    assert isinstance(node, Literal)
    return literal(node.value)
