"""Alternatives that exclude each other at first sight: by their types, or by a required field with its own constant."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import cast

import msgspec

from paceline.contracts.drafts import Draft, type_names
from paceline.contracts.inclusion.terms import identity
from paceline.contracts.references import Document, UnresolvedError

Schema = Mapping[str, object]
most_parts = 200
"""Beyond so many alternatives nobody looks at every pair."""


class _Sight(msgspec.Struct, frozen=True):
    """What is plain about one alternative: its types and the constants of its required fields."""

    types: frozenset[str]
    values: frozenset[object] | None
    constants: dict[str, frozenset[object]]

    def excludes(self, other: _Sight) -> bool:
        if not self.types & other.types:
            return True
        if self.values is not None and other.values is not None and not self.values & other.values:
            return True
        return self.types == other.types == {"object"} and any(
            not values & other.constants[name] for name, values in self.constants.items() if name in other.constants
        )


def are_told_apart(document: Document, parts: list[object]) -> bool:
    """Whether it is plain that no value fits two of the alternatives. False proves nothing."""
    if len(parts) > most_parts:
        return False
    sights = [_sight(document, part) for part in parts]
    return all(one.excludes(other) for one, other in combinations(sights, 2))


def _sight(document: Document, schema: object) -> _Sight:
    resolved = _resolved(document, schema)
    if not isinstance(resolved, dict):
        return _Sight(frozenset(type_names), None, {})
    written = resolved.get("type", list(type_names))
    types = {written} if isinstance(written, str) else set(cast(list[str], written))
    if "integer" in types:
        types = types - {"integer"} | {"number"}
    fields = cast(Schema, resolved.get("properties", {}))
    constants = {}
    for name in cast(list[str], resolved.get("required", [])):
        values = _values(document, _resolved(document, fields.get(name)))
        if values is not None:
            constants[name] = values
    return _Sight(frozenset(types), _values(document, resolved), constants)


def _resolved(document: Document, schema: object) -> object:
    """The schema behind a plain reference; what stands beside one may narrow it further, which does no harm here."""
    for _ in range(8):
        if not isinstance(schema, dict) or not isinstance(reference := schema.get("$ref"), str):
            return schema
        try:
            schema = document.resolve(reference, document.base_of(schema))
        except UnresolvedError:
            return None
    return None


def _values(document: Document, schema: object) -> frozenset[object] | None:
    if not isinstance(schema, dict):
        return None
    values = schema.get("enum")
    if "const" in schema and document.draft >= Draft.DRAFT_6:
        values = [schema["const"]]
    return frozenset(identity(value) for value in values) if isinstance(values, list) else None
