"""The fields of a mapping as the object that they make, each with what is known of its value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from paceline.mapping import kinds as k
from paceline.mapping.expression import Expression, first_column
from paceline.mapping.faults import FaultCode, FilePath, MappingFault
from paceline.mapping.generate.program import PlannedField
from paceline.mapping.inference import Inference
from paceline.mapping.parser import is_constant
from paceline.mapping.path_inference import UNKNOWN
from paceline.mapping.schemas import Schema
from paceline.mapping.types import ValueType
from paceline.model.mapping import FieldRule

Rules: TypeAlias = Mapping[str, FieldRule | str]
Take: TypeAlias = Callable[[Inference, FilePath], None]


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where the value of one field comes from.

    `entry` is the field's place in the file, `path` its expression's, `column` where the expression starts; `pii` is
    what the field declares; a constant is text after `=`. For `each`, `inner` are the fields of an item, and `type` is
    the list's.
    """

    entry: FilePath
    path: FilePath
    column: int
    tree: Expression
    type: ValueType
    pii: frozenset[str] = frozenset()
    inner: Group | None = None
    is_constant: bool = False

    def fault(self, code: FaultCode, message: str, hint: str = "") -> MappingFault:
        """A fault at its expression."""
        return MappingFault(path=self.path, column=self.column, code=code, message=message, hint=hint)

    def as_entry(self) -> Source:
        """The same, with the field's key as its place."""
        return msgspec.structs.replace(self, path=self.entry, column=0)


class Group(msgspec.Struct, frozen=True):
    """One object of the payload: its fields by name, and the objects that are spread into it."""

    children: dict[str, Group | Source] = msgspec.field(default_factory=dict)
    spreads: list[Source] = msgspec.field(default_factory=list)

    def schema(self) -> dict[str, Any]:
        """What is known of the object, as a JSON Schema; spreads left out."""
        return {
            "type": "object",
            "properties": {name: _child_schema(child) for name, child in self.children.items()},
            "required": [name for name, child in self.children.items() if is_sure(child)],
            "additionalProperties": False,
        }


def _child_schema(child: Group | Source) -> Schema:
    if isinstance(child, Group):
        return child.schema()
    return child.type.schema if child.inner is None else {"type": "array"}


def leaves(child: Group | Source) -> Iterator[Source]:
    """All sources of an object, its spreads included, or the source itself."""
    if isinstance(child, Source):
        yield child
        return
    yield from child.spreads
    for inner in child.children.values():
        yield from leaves(inner)


def is_sure(child: Group | Source) -> bool:
    """Whether the value is there for every event."""
    return any(not source.type.needs for source in leaves(child))


def collected(inference: Inference, rules: Rules, planned: Sequence[PlannedField], path: FilePath, take: Take) -> Group:
    """The sources of all fields of one object. `take` gets what the inference finds in each expression."""
    group = Group()
    for (text, rule), field in zip(rules.items(), planned, strict=True):
        source = _source(inference, rule, field, (*path, text), take)
        if field.target.is_spread:
            _inside(group, field.target.keys).spreads.append(source)
        else:
            _inside(group, field.target.keys[:-1]).children[field.target.keys[-1]] = source
    return group


def _inside(group: Group, keys: Sequence[str]) -> Group:
    for key in keys:
        inner = group.children.setdefault(key, Group())
        assert isinstance(inner, Group)
        group = inner
    return group


def _source(inference: Inference, rule: FieldRule | str, field: PlannedField, entry: FilePath, take: Take) -> Source:
    tree = field.value.tree
    if isinstance(rule, str):
        path, pii, text = entry, frozenset[str](), rule
    else:
        path, pii = (*entry, "value" if rule.each is None else "each"), frozenset(rule.pii)
        text = rule.value or rule.each or ""
    source = Source(
        entry=entry,
        path=path,
        column=first_column(tree),
        tree=tree,
        type=UNKNOWN,
        pii=pii,
        is_constant=is_constant(text),
    )
    if field.fields is not None and isinstance(rule, FieldRule) and rule.fields is not None:
        found = inference.strict(tree, k.LIST, "each takes")
        take(inference, path)
        with inference.entered("$", inference.item_of(found), ("each", *path)):
            inner = collected(inference, rule.fields, field.fields, (*entry, "fields"), take)
        return msgspec.structs.replace(source, type=found, inner=inner)
    found = inference.strict(tree, k.OBJECT, "* takes") if field.target.is_spread else inference.infer(tree)
    take(inference, path)
    return msgspec.structs.replace(source, type=found)
