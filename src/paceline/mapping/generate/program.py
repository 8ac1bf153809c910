"""Write the whole function of a mapping: the condition, then field after field, into the vendor's payload."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paceline.mapping import kinds as k
from paceline.mapping.analysis import Analysis
from paceline.mapping.expression import Expression, show
from paceline.mapping.generate.arguments import Argument
from paceline.mapping.generate.expressions import Emitter, into_key
from paceline.mapping.generate.loops import uses_index
from paceline.mapping.generate.scope import Scope, Scopes
from paceline.mapping.generate.writer import Section, Writer, comment, literal
from paceline.mapping.targets import Target, show_target


class PlannedField(msgspec.Struct, frozen=True, kw_only=True):
    """A field ready for code: where its value goes, the analyzed expression and, for `each`, the fields of an item."""

    target: Target
    value: Analysis
    fields: tuple[PlannedField, ...] | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping ready for code. `title` is a comment at the top."""

    title: str
    when: Analysis | None
    fields: tuple[PlannedField, ...]


def program_source(plan: Plan) -> str:
    """The Python source of `apply(event, *, now_ms)`, and of the constants it needs."""
    return _Program(plan).source()


def value_source(value: Analysis, *, in_each: bool) -> str:
    """The Python source of `evaluate(event, item, now_ms)`: one expression's value, or MISSING; it may raise Stop."""
    writer = Writer()
    with writer.block("def evaluate(event, item, now_ms, index):"):
        event = Scope("event", writer.reserve(), is_object=True, prefix="at")
        emitter = Emitter(writer, Scopes(writer, event))
        scope = (
            Scope("item", writer.reserve(), is_object=False, prefix="in_item", counter="index") if in_each else event
        )
        with emitter.scopes.entered(("$",), scope):
            emitter.copy(emitter.analyzed(value), "result")
        writer.line("return result")
    return _module(show(value.tree), emitter.tables, writer.source())


def _module(title: str, tables: Sequence[str], function: str) -> str:
    return "\n".join([comment(title), *tables, "", function]) if tables else f"{comment(title)}\n{function}"


class _Group:
    """An object of the payload while it is filled: its variable, and whether it is sure to have a key."""

    def __init__(self, variable: str) -> None:
        self.variable = variable
        self.is_sure = False


class _Program:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._writer = Writer()

    def source(self) -> str:
        writer = self._writer
        with writer.block("def apply(event, *, now_ms):"):
            with writer.apart() as body:
                event = Scope("event", writer.reserve(), is_object=True, prefix="at")
                emitter = self._emitter = Emitter(writer, Scopes(writer, event))
                self._body(event)
            if emitter.can_stop:
                self._guard(body)
            else:
                writer.place(body)
        return _module(self._plan.title, emitter.tables, writer.source())

    def _guard(self, body: Section) -> None:
        """Refusals are raised by what the body calls, and leave as values."""
        writer = self._writer
        writer.line('rule = "when"')
        with writer.block("try:"):
            body.shift(1)
            writer.place(body)
        with writer.block("except Stop as stop:"):
            writer.line("return stop.refusal(rule)")
        with writer.block("except RecursionError:"):
            writer.line("return too_deep(rule)")

    def _body(self, event: Scope) -> None:
        writer = self._writer
        if self._plan.when is not None:
            condition = self._emitter.analyzed(self._plan.when)
            writer.line(comment(f"when: {show(condition)}"))
            writer.line(f"if not ({self._emitter.condition(condition)}):")
            writer.line("    return WHEN_IS_FALSE")
            # Prefixes that only the fields read are set after the condition has let the event through.
            event.prologue = writer.reserve()
        writer.line("out = {}")
        self._fields(self._plan.fields, "out", rule="")
        writer.line("return out")

    def _fields(self, fields: Sequence[PlannedField], variable: str, *, rule: str) -> None:
        """Fill one object of the payload, and the objects inside it that the targets name."""
        # What is spread comes first, so that fields with a name of their own win over it.
        spreads = sorted(
            (field for field in fields if field.target.is_spread), key=lambda field: len(field.target.keys)
        )
        ordered = [*spreads, *(field for field in fields if not field.target.is_spread)]
        groups: dict[tuple[str, ...], _Group] = {(): _Group(variable)}
        for position, field in enumerate(ordered):
            keys = field.target.keys if field.target.is_spread else field.target.keys[:-1]
            paths = [keys[:length] for length in range(1, len(keys) + 1)]
            for path in paths:
                if path not in groups:
                    groups[path] = self._opened(variable, path)
            self._field(field, groups[keys], rule=f"{rule}{show_target(field.target)}")
            for path in reversed(paths):
                if not any(later.target.keys[: len(path)] == path for later in ordered[position + 1 :]):
                    self._close(groups[path], groups[path[:-1]], path[-1])

    def _opened(self, variable: str, path: tuple[str, ...]) -> _Group:
        name = self._writer.name(variable, path)
        self._writer.line(f"{name} = {{}}")
        return _Group(name)

    def _close(self, group: _Group, outer: _Group, key: str) -> None:
        """Put an object into the one around it; one that stayed empty is left out."""
        put = into_key(outer.variable, key)(group.variable)
        if group.is_sure:
            self._writer.line(put)
            outer.is_sure = True
        else:
            self._writer.line(f"if {group.variable}:")
            self._writer.line(f"    {put}")

    def _field(self, field: PlannedField, group: _Group, *, rule: str) -> None:
        writer, emitter = self._writer, self._emitter
        node = emitter.analyzed(field.value)
        writer.line(comment(f"{rule}: {show(node)}"))
        could_stop, emitter.can_stop = emitter.can_stop, False
        with writer.apart() as lines, writer.kept_depth():
            self._value(field, node, group, rule=rule)
        if emitter.can_stop:
            writer.line(f"rule = {literal(rule)}")
        writer.place(lines)
        emitter.can_stop |= could_stop
        is_copied = field.fields is None and not field.target.is_spread
        if not field.value.kinds(field.value.tree) & (k.MISSING if is_copied else k.NOTHING):
            group.is_sure |= not field.target.is_spread

    def _value(self, field: PlannedField, node: Expression, group: _Group, *, rule: str) -> None:
        emitter = self._emitter
        if field.target.is_spread:
            (source,) = emitter.strict([Argument(node, k.OBJECT, f"{rule} takes")])
            self._writer.line(f"{group.variable}.update({source})")
        elif field.fields is None:
            emitter.store(node, into_key(group.variable, field.target.keys[-1]))
        else:
            (source,) = emitter.strict([Argument(node, k.LIST, "each takes")])
            items = self._items(emitter.named(source), field.fields, rule=rule)
            self._writer.line(into_key(group.variable, field.target.keys[-1])(items))

    def _items(self, source: str, fields: Sequence[PlannedField], *, rule: str) -> str:
        """A list with an object for each item of the source."""
        writer = self._writer
        items, item, made = writer.temporary("list"), writer.temporary("item"), writer.temporary("out")
        counter = writer.temporary("index") if any(_needs_index(field) for field in fields) else ""
        writer.line(f"{items} = []")
        with writer.block(f"for {counter}, {item} in enumerate({source}):" if counter else f"for {item} in {source}:"):
            scope = Scope(item, writer.reserve(), is_object=False, prefix=f"in_{item}", counter=counter)
            writer.line(f"{made} = {{}}")
            with self._emitter.scopes.entered(("$",), scope):
                self._fields(fields, made, rule=f"{rule}[].")
            writer.line(f"{items}.append({made})")
        return items


def _needs_index(field: PlannedField) -> bool:
    return uses_index(field.value.tree)
