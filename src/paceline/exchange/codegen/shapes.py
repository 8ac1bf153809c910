"""What a JSON Schema says about types, without the rest: the form from which every language is written.

A shape accepts everything that its schema accepts. Where a schema says more than types can (patterns, ranges,
conditions) the shape says less; the gateway judges the rest.
"""

from __future__ import annotations

import msgspec

from paceline.contracts.pointers import look_up, steps_of
from paceline.exchange.loss import Schema
from paceline.exchange.names import pascal_case, unused_name

Json = str | int | float | bool | None


class Anything(msgspec.Struct, frozen=True):
    """Any JSON value."""


class Scalar(msgspec.Struct, frozen=True):
    """`string`, `integer`, `number`, `boolean` or `null`."""

    name: str


class Choice(msgspec.Struct, frozen=True):
    """One of these values."""

    values: tuple[Json, ...]


class ListOf(msgspec.Struct, frozen=True):
    """A list of one kind of item."""

    item: Shape


class MapOf(msgspec.Struct, frozen=True):
    """An object with free names and one kind of value."""

    value: Shape


class Union(msgspec.Struct, frozen=True):
    """One of several."""

    members: tuple[Shape, ...]


class Named(msgspec.Struct, frozen=True):
    """An object that is declared under a name of its own; see `Shapes.declared`."""

    name: str


Shape = Anything | Scalar | Choice | ListOf | MapOf | Union | Named


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of an object."""

    name: str
    shape: Shape
    is_required: bool
    description: str = ""


class ObjectType(msgspec.Struct, frozen=True, kw_only=True):
    """An object with declared fields. `is_open` says whether it may have others."""

    name: str
    fields: tuple[Field, ...]
    is_open: bool
    description: str = ""


class Shapes:
    """Collects the object types of any number of schemas under names that are used once.

    `declared` has them in the order in which they must be written: what is used comes before what uses it, except
    where types are recursive.
    """

    def __init__(self) -> None:
        self.declared: dict[str, ObjectType] = {}
        self._taken: set[str] = set()

    def object_type(self, schema: Schema, name: str) -> str:
        """Declare the object that a payload's schema describes, even one without fields; returns its type's name."""
        reading = _Reading(self, schema, pascal_case(name))
        merged = reading.merged(schema)
        return reading.declare(merged, pascal_case(name))

    def reserve(self, name: str) -> str:
        """A name for a type that no other has."""
        chosen = unused_name(name, self._taken, separator="")
        self._taken.add(chosen)
        return chosen


class _Reading:
    """Reads one schema document."""

    def __init__(self, shapes: Shapes, root: Schema, prefix: str) -> None:
        self._shapes = shapes
        self._root = root
        self._prefix = prefix
        self._by_reference: dict[str, str] = {}
        self._open: list[str] = []

    def shape(self, schema: object, name: str) -> Shape:
        if schema is True or schema == {} or not isinstance(schema, dict):
            return Anything()
        if isinstance(reference := schema.get("$ref"), str):
            return self._referenced(reference, schema, name)
        if "const" in schema:
            return _choice([schema["const"]])
        if isinstance(values := schema.get("enum"), list):
            return _choice(values)
        for keyword in ("anyOf", "oneOf"):
            if isinstance(branches := schema.get(keyword), list) and "properties" not in schema:
                return _union([self.shape(branch, name) for branch in branches])
        merged = self.merged(schema)
        declared = merged.get("type")
        kinds = declared if isinstance(declared, list) else [declared] if isinstance(declared, str) else []
        if not kinds:
            kinds = ["object"] if "properties" in merged else ["array"] if "items" in merged else []
        return _union([self._of_kind(str(kind), merged, name) for kind in kinds]) if kinds else Anything()

    def _of_kind(self, kind: str, schema: Schema, name: str) -> Shape:
        match kind:
            case "object":
                if schema.get("properties"):
                    return Named(self.declare(schema, name))
                extra = schema.get("additionalProperties")
                return MapOf(self.shape(extra, f"{name}Value") if isinstance(extra, dict) else Anything())
            case "array":
                if "prefixItems" in schema:
                    return ListOf(Anything())
                return ListOf(self.shape(schema.get("items", True), f"{name}Item"))
            case _:
                return Scalar(kind)

    def declare(self, schema: Schema, name: str) -> str:
        chosen = self._shapes.reserve(name)
        if self._open:
            self._by_reference.setdefault(self._open[-1], chosen)
        properties = schema.get("properties")
        required = schema.get("required")
        names = required if isinstance(required, list) else []
        inner, self._open = self._open, []
        fields = [
            Field(
                name=field,
                shape=self.shape(child, f"{chosen}{pascal_case(field)}"),
                is_required=field in names,
                description=_prose(child),
            )
            for field, child in (properties.items() if isinstance(properties, dict) else ())
        ]
        known = {field.name for field in fields}
        fields += [Field(name=str(one), shape=Anything(), is_required=True) for one in names if one not in known]
        self._open = inner
        self._shapes.declared[chosen] = ObjectType(
            name=chosen,
            fields=tuple(fields),
            is_open=schema.get("additionalProperties", schema.get("unevaluatedProperties")) is not False,
            description=_prose(schema),
        )
        return chosen

    def _referenced(self, reference: str, schema: Schema, name: str) -> Shape:
        if reference in self._by_reference:
            return Named(self._by_reference[reference])
        if reference in self._open or not reference.startswith("#/"):
            return Anything()
        try:
            target = look_up(self._root, steps_of(reference[1:]))
        except LookupError:
            return Anything()
        self._open.append(reference)
        shape = self.shape(target, f"{self._prefix}{pascal_case(steps_of(reference[1:])[-1])}")
        self._open.pop()
        return shape

    def merged(self, schema: Schema) -> Schema:
        """The schema with the objects of its `allOf` put together; what else stands there says nothing about types."""
        parts = schema.get("allOf")
        result: Schema = {keyword: value for keyword, value in schema.items() if keyword != "allOf"}
        for part in parts if isinstance(parts, list) else ():
            target = part
            if isinstance(part, dict) and isinstance(reference := part.get("$ref"), str) and reference.startswith("#/"):
                try:
                    target = look_up(self._root, steps_of(reference[1:]))
                except LookupError:
                    continue
            if isinstance(target, dict):
                _merge_into(result, target)
        return result


def _merge_into(result: Schema, part: Schema) -> None:
    for keyword, value in part.items():
        present = result.get(keyword)
        if keyword == "properties" and isinstance(present, dict) and isinstance(value, dict):
            result[keyword] = {**value, **present}
        elif keyword == "required" and isinstance(present, list) and isinstance(value, list):
            result[keyword] = list(dict.fromkeys([*present, *value]))
        elif keyword in {"properties", "required", "type", "items", "additionalProperties", "enum", "const"}:
            result.setdefault(keyword, value)


def _choice(values: list[object]) -> Shape:
    if not values or not all(isinstance(value, str | int | float | bool | None) for value in values):
        return Anything()
    scalars: list[Json] = [value for value in values if isinstance(value, str | int | float | bool | None)]
    return Choice(tuple(scalars))


def _union(members: list[Shape]) -> Shape:
    """The union, flat and without repetition; anything swallows the rest."""
    flat: list[Shape] = []
    for member in members:
        flat += member.members if isinstance(member, Union) else (member,)
    if any(isinstance(member, Anything) for member in flat):
        return Anything()
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else Union(unique)


def _prose(schema: object) -> str:
    description = schema.get("description") if isinstance(schema, dict) else None
    return " ".join(description.split()) if isinstance(description, str) else ""
