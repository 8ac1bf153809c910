"""Which fields of an event's payload its contract names, and which it does not."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator

from paceline.contracts.drafts import Draft, draft_of, walk
from paceline.contracts.pointers import pointer, steps_of
from paceline.contracts.references import Document, UnresolvedError
from paceline.contracts.validation import compile_schema
from paceline.errors import SchemaError

PAYLOAD_FIELDS = ("properties", "traits")
"""The fields of an event that hold what its sender decides. Everything else is filled in by client libraries."""

Applying = tuple[dict[str, object], ...]
"""All schemas that may apply to one value, through references, combinators and conditions."""

_MOST_REPORTED = 100
_COMBINATORS = ("allOf", "anyOf", "oneOf")
_BRANCHES = ("if", "then", "else")


class DeclaredFields:
    """The field names of one schema.

    A field is declared when any part of the schema that may apply to its object names it, in `properties`, by a
    pattern, or by a schema under `additionalProperties`. An object whose schema names no field at all is free.
    """

    def __init__(self, schema: dict[str, object] | bool) -> None:
        self._document = Document(schema, draft_of(schema) or Draft.DRAFT_2020_12)
        # Schemas that apply together are made once and kept, so that their identity is a key for what follows.
        self._applying: dict[tuple[int, ...], Applying] = {}
        self._fields: dict[tuple[int, str], Applying] = {}
        self._items: dict[tuple[int, int], Applying] = {}
        self._naming: dict[int, bool] = {}
        prefixes = [len(_as_list(node.get("prefixItems"))) for _, node in walk(schema) if isinstance(node, dict)]
        self._longest_prefix = max(prefixes, default=0)
        self.root = self._flat((self._document.root,))

    def undeclared(self, event: dict[str, object]) -> tuple[str, ...]:
        """The pointers of the fields in the payload that nothing declares; outermost only, at most a hundred."""
        found: list[str] = []
        for name in PAYLOAD_FIELDS:
            if name in event:
                self._look(event[name], self.field(self.root, name) or (), (name,), found)
        return tuple(found)

    def field(self, applying: Applying, name: str) -> Applying | None:
        """The schemas that apply to a field of an object: None when nothing declares it, none when they say nothing."""
        key = (id(applying), name)
        known = self._fields.get(key)
        if known is None:
            children = tuple(self._children(applying, name))
            if not children:
                return None
            known = self._flat(children)
            if any(name in _as_dict(schema.get("properties")) for schema in applying):
                self._fields[key] = known  # names that only a pattern declares are made up by senders
        return known

    def item(self, applying: Applying, index: int) -> Applying:
        """The schemas that apply to an item of a list."""
        index = min(index, self._longest_prefix)
        key = (id(applying), index)
        known = self._items.get(key)
        if known is None:
            known = self._items[key] = self._flat(_item_schemas(applying, index))
        return known

    def names_fields(self, applying: Applying) -> bool:
        """Whether an object's schemas say which fields it has; without that it is free."""
        known = self._naming.get(id(applying))
        if known is None:
            known = self._naming[id(applying)] = any(
                "properties" in schema or "patternProperties" in schema or schema.get("additionalProperties") is False
                for schema in applying
            )
        return known

    def _look(self, value: object, schemas: Applying, steps: tuple[str | int, ...], found: list[str]) -> None:
        if not schemas or len(found) >= _MOST_REPORTED:
            return
        if isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, dict | list):
                    self._look(item, self.item(schemas, index), (*steps, index), found)
        elif isinstance(value, dict) and self.names_fields(schemas):
            for name, child in value.items():
                inner = self.field(schemas, name)
                if inner is None:
                    if len(found) < _MOST_REPORTED:
                        found.append(pointer((*steps, name)))
                elif isinstance(child, dict | list):
                    self._look(child, inner, (*steps, name), found)

    def _children(self, schemas: Iterable[dict[str, object]], name: str) -> Iterator[object]:
        """The schemas that declare this field."""
        for schema in schemas:
            is_named = False
            properties = schema.get("properties")
            if isinstance(properties, dict) and name in properties:
                is_named = True
                yield properties[name]
            patterns = schema.get("patternProperties")
            for text, child in patterns.items() if isinstance(patterns, dict) else ():
                if _pattern(text)(name):
                    is_named = True
                    yield child
            rest = schema.get("additionalProperties")
            if not is_named and isinstance(rest, dict):
                yield rest

    def _flat(self, schemas: Iterable[object]) -> Applying:
        """All object schemas that may apply to the same value: through references, combinators and conditions."""
        pending = [schema for schema in schemas if isinstance(schema, dict)]
        key = tuple(id(schema) for schema in pending)
        if key in self._applying:
            return self._applying[key]
        flat: dict[int, dict[str, object]] = {}
        while pending:
            schema = pending.pop(0)
            if id(schema) in flat:
                continue
            flat[id(schema)] = schema
            pending += [child for child in self._in_place(schema) if isinstance(child, dict)]
        # Every key is made of parts of one schema that lives as long as this object, so ids stay what they are.
        self._applying[key] = tuple(flat.values())
        return self._applying[key]

    def _in_place(self, schema: dict[str, object]) -> Iterator[object]:
        reference = schema.get("$ref")
        if isinstance(reference, str):
            try:
                yield self._document.resolve(reference, self._document.base_of(schema))
            except UnresolvedError:
                return
        for keyword in _COMBINATORS:
            if isinstance(branches := schema.get(keyword), list):
                yield from branches
        for keyword in _BRANCHES:
            yield schema.get(keyword)
        if isinstance(dependent := schema.get("dependentSchemas"), dict):
            yield from dependent.values()


def without_fields(event: dict[str, object], pointers: Iterable[str]) -> dict[str, object]:
    """A copy of the event without the fields at these pointers; what is not touched is shared with the original.

    >>> without_fields({"properties": {"a": 1, "b": 2}}, ["/properties/b"])
    {'properties': {'a': 1}}
    """
    result: object = event
    for text in pointers:
        result = _without(result, steps_of(text))
    assert isinstance(result, dict)
    return result


def _without(value: object, steps: tuple[str, ...]) -> object:
    if isinstance(value, dict) and steps[0] in value:
        if len(steps) == 1:
            return {name: child for name, child in value.items() if name != steps[0]}
        return {**value, steps[0]: _without(value[steps[0]], steps[1:])}
    if isinstance(value, list) and len(steps) > 1:
        index = int(steps[0])
        return [*value[:index], _without(value[index], steps[1:]), *value[index + 1 :]]
    return value


def _item_schemas(schemas: Applying, index: int) -> Iterator[object]:
    for schema in schemas:
        prefix = schema.get("prefixItems")
        if isinstance(prefix, list) and index < len(prefix):
            yield prefix[index]
        else:
            yield schema.get("items")


@functools.lru_cache(maxsize=1_000)
def _pattern(text: str) -> Callable[[object], bool]:
    """Whether a pattern finds something in a name: with the validators' engine, which no name can hang.

    A pattern that it cannot read declares every name: dropping a field that was declared would be the worse mistake.
    """
    try:
        return compile_schema({"pattern": text}).is_valid
    except SchemaError:
        return lambda _: True


def _as_dict(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
