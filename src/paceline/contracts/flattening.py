"""One schema with everything that applies to the same value folded into it, so that a value can be made from it.

Alternatives are chosen at random. What cannot be folded (`not`, the rest of `oneOf`, …) is left to a check afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import cast

from paceline.contracts.drafts import Draft
from paceline.contracts.inclusion.evaluation import matches
from paceline.contracts.inclusion.terms import identity
from paceline.contracts.references import Document, UnresolvedError

Schema = Mapping[str, object]
_TYPES = frozenset({"null", "boolean", "object", "array", "number", "string"})
_STRINGS = {"minLength", "maxLength", "pattern", "format"}
_ARRAYS = {"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"}
_OBJECTS = {"properties", "patternProperties", "additionalProperties", "required", "propertyNames", "minProperties"}
_NUMBERS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
_HINTS = ((_OBJECTS, "object"), (_ARRAYS, "array"), (_STRINGS, "string"), (_NUMBERS, "number"))
_TRICKY = (
    "not",
    "oneOf",
    "if",
    "contains",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
    "anyOf",
    "allOf",
)
_nothing: dict[str, object] = {"not": {}}


class Flat:
    """What is asked of a value, family by family."""

    def __init__(self) -> None:
        self.types: frozenset[str] | None = None
        self.values: list[object] | None = None
        self.examples: list[object] = []
        self.bounds: dict[str, int] = {}
        self.low: float | None = None
        self.high: float | None = None
        self.step: float | None = None
        self.patterns: list[str] = []
        self.format: str | None = None
        self.prefixes: list[tuple[list[object], object]] = []
        self.contains: list[object] = []
        self.is_unique = False
        self.fields: dict[str, None] = {}
        self.required: set[str] = set()
        self.objects: list[Schema] = []
        self.names: list[object] = []
        self.name_patterns: list[str] = []
        self.dependencies: list[tuple[str, list[str]]] = []
        self.is_tricky = False
        self.folded: set[int] = set()

    def least(self, of: str) -> int:
        """The lower bound of a count: Length, Items or Properties."""
        return self.bounds.get(f"min{of}", 0)

    def most(self, of: str) -> int | None:
        """The upper bound of a count, or None."""
        return self.bounds.get(f"max{of}")

    def item(self, index: int) -> object:
        """The schema of the item at an index."""
        return _all([prefix[index] if index < len(prefix) else rest for prefix, rest in self.prefixes])

    @property
    def items_end(self) -> int | None:
        """Where the list must end because nothing fits further items."""
        return min((len(prefix) for prefix, rest in self.prefixes if rest is False), default=None)

    def field(self, name: str) -> object:
        """The schema of the field of a name."""
        return _all([rule for schema in self.objects for rule in _rules(schema, name)])

    @property
    def is_open(self) -> bool:
        """Whether a field of any name is allowed."""
        return all(schema.get("additionalProperties", True) is not False for schema in self.objects)


class Flattener:
    """Folds the schemas of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def flat(self, random: Random, schema: object) -> Flat:
        """Everything that applies to a value of this schema, alternatives chosen at random."""
        flat = Flat()
        hinted: set[str] = set()
        self._add(random, flat, schema, hinted, 0)
        if flat.types is None:
            # Without a type, what the keywords are about is the more useful kind of value.
            likely = hinted or _TYPES
            flat.types = frozenset(likely) if random.random() < 0.9 else _TYPES
        return flat

    def _add(self, random: Random, flat: Flat, schema: object, hinted: set[str], depth: int) -> None:
        if schema is False or depth > 40:
            flat.types = frozenset()
        if not isinstance(schema, dict) or id(schema) in flat.folded:
            # The same rules twice ask for nothing more; in recursive schemas they would double at every level.
            return
        flat.folded.add(id(schema))
        draft = self._document.draft
        for keyword in ("$ref", "$dynamicRef"):
            if isinstance(reference := schema.get(keyword), str):
                try:
                    target = self._document.resolve(reference, self._document.base_of(schema))
                except UnresolvedError:
                    continue
                self._add(random, flat, target, hinted, depth + 1)
                if draft <= Draft.DRAFT_7:
                    return
        flat.is_tricky = flat.is_tricky or any(keyword in schema for keyword in _TRICKY)
        hinted.update(name for keywords, name in _HINTS if not keywords.isdisjoint(schema))
        _add_values(flat, schema)
        _add_numbers(flat, schema)
        _add_texts(flat, schema)
        _add_lists(flat, schema, draft)
        _add_objects(flat, schema)
        for part in cast(list[object], schema.get("allOf", [])):
            self._add(random, flat, part, hinted, depth + 1)
        for keyword in ("anyOf", "oneOf"):
            if options := cast(list[object], schema.get(keyword, [])):
                self._add(random, flat, random.choice(options), hinted, depth + 1)
        if "if" in schema:
            holds = random.random() < 0.5
            for keyword in ("if", "then") if holds else ("else",):
                self._add(random, flat, schema.get(keyword, True), hinted, depth + 1)


def _add_values(flat: Flat, schema: Schema) -> None:
    if "type" in schema:
        written = schema["type"]
        names = frozenset([written] if isinstance(written, str) else cast(list[str], written))
        flat.types = names if flat.types is None else _common_types(flat.types, names)
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(values, list):
        known = {identity(value) for value in values}
        flat.values = values if flat.values is None else [value for value in flat.values if identity(value) in known]
    if isinstance(examples := schema.get("examples"), list):
        flat.examples.extend(examples)
        flat.is_tricky = True


def _common_types(some: frozenset[str], others: frozenset[str]) -> frozenset[str]:
    common = some & others
    if ("integer" in some and "number" in others) or ("integer" in others and "number" in some):
        common |= {"integer"}
    return common


def _add_numbers(flat: Flat, schema: Schema) -> None:
    for keyword, is_low in (
        ("minimum", True),
        ("exclusiveMinimum", True),
        ("maximum", False),
        ("exclusiveMaximum", False),
    ):
        limit = schema.get(keyword)
        if limit is None or isinstance(limit, bool):
            continue
        value = cast(float, limit)
        if keyword.startswith("exclusive"):
            value = value + 1e-9 * max(1, abs(value)) if is_low else value - 1e-9 * max(1, abs(value))
        if is_low:
            flat.low = value if flat.low is None else max(flat.low, value)
        else:
            flat.high = value if flat.high is None else min(flat.high, value)
    if "multipleOf" in schema:
        step = cast(float, schema["multipleOf"])
        flat.step = step if flat.step is None else max(flat.step, step)


def _add_texts(flat: Flat, schema: Schema) -> None:
    for keyword, value in schema.items():
        if keyword in ("minLength", "minItems", "minProperties"):
            flat.bounds[keyword] = max(flat.bounds.get(keyword, 0), int(cast(float, value)))
        elif keyword in ("maxLength", "maxItems", "maxProperties"):
            limit = int(cast(float, value))
            flat.bounds[keyword] = min(flat.bounds.get(keyword, limit), limit)
    if isinstance(pattern := schema.get("pattern"), str):
        flat.patterns.append(pattern)
    if isinstance(wanted := schema.get("format"), str):
        flat.format = wanted


def _add_lists(flat: Flat, schema: Schema, draft: Draft) -> None:
    items = schema.get("items", True)
    prefix: object = schema.get("prefixItems", [])
    if draft is not Draft.DRAFT_2020_12:
        prefix, items = (items, schema.get("additionalItems", True)) if isinstance(items, list) else ([], items)
    flat.prefixes.append((cast(list[object], prefix), items))
    if "contains" in schema:
        flat.contains.append(schema["contains"])
    flat.is_unique = flat.is_unique or schema.get("uniqueItems") is True


def _add_objects(flat: Flat, schema: Schema) -> None:
    flat.fields.update(dict.fromkeys(cast(Schema, schema.get("properties", {}))))
    flat.required.update(cast(list[str], schema.get("required", [])))
    flat.name_patterns.extend(cast(Schema, schema.get("patternProperties", {})))
    if "propertyNames" in schema:
        flat.names.append(schema["propertyNames"])
    for keyword in ("dependentRequired", "dependencies"):
        for name, needed in cast(Schema, schema.get(keyword, {})).items():
            if isinstance(needed, list):
                flat.dependencies.append((name, needed))
            else:
                flat.is_tricky = True
    if "dependentSchemas" in schema:
        flat.is_tricky = True
    if not _OBJECTS.isdisjoint(schema):
        flat.objects.append(schema)


def _rules(schema: Schema, name: str) -> list[object]:
    patterns = cast(Schema, schema.get("patternProperties", {}))
    rules = [rule for pattern, rule in patterns.items() if matches(pattern, name)]
    properties = cast(Schema, schema.get("properties", {}))
    if name in properties:
        rules.append(properties[name])
    return rules or [schema.get("additionalProperties", True)]


def _all(schemas: list[object]) -> object:
    """One schema for several; the same object again where one is enough, so that it can be recognized."""
    asked: list[object] = []
    for schema in schemas:
        if schema is False:
            return _nothing
        if schema is not True and not any(schema is known for known in asked):
            asked.append(schema)
    if not asked:
        return True
    return asked[0] if len(asked) == 1 else {"allOf": asked}
