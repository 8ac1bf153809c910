"""Code that goes over the items of a list: `[*]`, `[?condition]`, `map`, `filter`, `any`, `all`, `sort_by`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from paceline.mapping import kinds as k
from paceline.mapping.expression import Call, Expression, Step, Where, children
from paceline.mapping.generate.arguments import Argument
from paceline.mapping.generate.scope import Scope, plain_prefix

if TYPE_CHECKING:
    from paceline.mapping.generate.expressions import Emitter


def gather(emitter: Emitter, source: str, steps: tuple[Step, ...], name: str, *, nothing: str = "None") -> None:
    """Set the variable to the list of all that the steps find, or to `nothing` where there is no list to begin with.

    The first step is `[*]` or `[?…]`. What is missing or null is left out.
    """
    writer = emitter.writer
    items = emitter.named(source)
    if items == name:
        items = writer.temporary("items")
        writer.line(f"{items} = {name}")
    writer.line(f"{name} = {nothing}")
    with writer.block(f"if type({items}) is list:"):
        writer.line(f"{name} = []")
        _gather_items(emitter, items, steps, name)


def _gather_items(emitter: Emitter, items: str, steps: tuple[Step, ...], name: str) -> None:
    writer = emitter.writer
    step, rest = steps[0], steps[1:]
    condition = step.condition if isinstance(step, Where) else None
    with _each_item(emitter, items, condition), writer.kept_depth():
        if condition is not None:
            writer.open(f"if {emitter.condition(condition)}:")
        before, many = plain_prefix(rest)
        found = emitter.named(emitter.scopes.read("@", before, "None"))
        if many:
            writer.open(f"if type({found}) is list:")
            _gather_items(emitter, found, many, name)
        else:
            writer.open(f"if {found} is not None:")
            writer.line(f"{name}.append({found})")


@contextmanager
def _each_item(emitter: Emitter, items: str, expression: Expression | None) -> Iterator[str]:
    """A loop over the items, with `@` for each inside of the expression."""
    writer = emitter.writer
    item = writer.temporary("item")
    counter = writer.temporary("index") if expression is not None and uses_index(expression) else ""
    head = f"for {counter}, {item} in enumerate({items}):" if counter else f"for {item} in {items}:"
    with writer.block(head):
        scope = Scope(item, writer.reserve(), is_object=False, prefix=f"in_{item}", counter=counter)
        with emitter.scopes.entered(("@",), scope):
            yield item


def uses_index(expression: Expression) -> bool:
    """Whether the position of the item is asked for."""
    pending = [expression]
    while pending:
        node = pending.pop()
        if isinstance(node, Call) and node.function == "index":
            return True
        pending.extend(children(node))
    return False


def per_value(emitter: Emitter, node: Call) -> str:
    """A variable with what `map_values` gives."""
    source, expression = node.arguments
    writer = emitter.writer
    value = emitter.named(emitter.strict([Argument(source, k.OBJECT, f"{node.function} takes")])[0])
    name, key, item = writer.temporary(), writer.temporary("key"), writer.temporary("item")
    counter = writer.temporary("index") if uses_index(expression) else ""
    writer.line(f"{name} = {{}}")
    pairs = f"{value}.items()"
    with writer.block(
        f"for {counter}, ({key}, {item}) in enumerate({pairs}):" if counter else f"for {key}, {item} in {pairs}:"
    ):
        scope = Scope(item, writer.reserve(), is_object=False, prefix=f"in_{item}", counter=counter)
        with emitter.scopes.entered(("@",), scope), writer.kept_depth():
            emitter.store(expression, lambda found: f"{name}[{key}] = {found}")
    return name


def per_item(emitter: Emitter, node: Call) -> str:
    """A variable with what `map`, `filter`, `any`, `all` or `sort_by` gives."""
    source, expression = node.arguments
    writer = emitter.writer
    items = emitter.named(emitter.strict([Argument(source, k.LIST, f"{node.function} takes")])[0])
    name = writer.temporary()
    starts = {"any": "False", "all": "True"}
    writer.line(f"{name} = {starts.get(node.function, '[]')}")
    with _each_item(emitter, items, expression) as item, writer.kept_depth():
        match node.function:
            case "map":
                emitter.store(expression, lambda found: f"{name}.append({found})")
            case "sort_by":
                writer.line(f"{name}.append({emitter.maybe(expression)})")
            case "filter":
                writer.open(f"if {emitter.condition(expression)}:")
                writer.line(f"{name}.append({item})")
            case function:
                test = emitter.condition(expression)
                writer.open(f"if {test}:" if function == "any" else f"if not ({test}):")
                writer.line(f"{name} = {function == 'any'}")
                writer.line("break")
    if node.function == "sort_by":
        emitter.can_stop = True
        return f"sort_by({items}, {name})"
    return name
