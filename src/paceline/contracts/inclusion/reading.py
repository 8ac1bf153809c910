"""Takes a schema apart into terms, so that all drafts and all ways to write the same thing come out the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import cast

from paceline.contracts.drafts import Draft, list_keywords, map_keywords, single_keywords
from paceline.contracts.inclusion.discriminators import are_told_apart
from paceline.contracts.inclusion.terms import (
    ARRAY,
    OBJECT,
    STRING,
    Among,
    Bound,
    Checked,
    Contains,
    Distinct,
    Elements,
    Fields,
    Has,
    Limit,
    Literal,
    Multiple,
    Names,
    OfKind,
    Pattern,
    Terms,
    Undecided,
    WrittenWhole,
    bound_kinds,
    every_kind,
    exact,
    identity,
    kinds_by_name,
    negated,
)
from paceline.contracts.inclusion.unevaluated import evaluation_cases
from paceline.contracts.references import Document, UnresolvedError

Schema = Mapping[str, object]
formats = (
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "idn-email",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
)
"""The formats that some draft defines; each draft asserts those that it knows."""
most_named_together = 100
"""How many schemas behind a reference are compared by content; with more, it is equal only to itself."""
_PROBES = ("", "(", "{", " ", "\\", "%", "@", "~", "x" * 300, "<", ":", "-1", "a b")
_INERT = frozenset({"$defs", "definitions", "contentSchema"})


class Reading:
    """Reads the schemas of one document. `side` marks what they declare, where the search must know whose it is."""

    def __init__(self, terms: Terms, document: Document, *, side: str = "") -> None:
        self.terms = terms
        self.document = document
        self.side = side
        self._known: dict[int, Literal] = {}
        self._names: dict[int, str] = {}

    def literal(self, schema: object) -> Literal:
        """What a schema of the document says."""
        if schema is True:
            return self.terms.anything
        if schema is False:
            return self.terms.nothing
        if not isinstance(schema, dict):
            return self.terms.make(Undecided, "this is not a schema"), True
        known = self._known.get(id(schema))
        if known is None:
            known = self._read(schema)
            if self.document.has(schema):
                # A schema made up for one question may be gone soon, and another one stand at its address.
                self._known[id(schema)] = known
        return known

    def target(self, schema: Schema, keyword: str) -> object:
        """The schema that a reference keyword names."""
        return self.document.resolve(cast(str, schema[keyword]), self.document.base_of(schema))

    def _read(self, schema: Schema) -> Literal:
        draft = self.document.draft
        references = ("$ref", "$dynamicRef", "$recursiveRef")
        parts = [self._reference(schema, keyword) for keyword in references if isinstance(schema.get(keyword), str)]
        if parts and draft <= Draft.DRAFT_7:
            return parts[0]
        for family in (self._of_kind, self._values, self._numbers, self._texts, self._lists, self._objects):
            parts.extend(family(schema))
        parts.extend(self._combinators(schema))
        if draft >= Draft.DRAFT_2019_09 and ("unevaluatedProperties" in schema or "unevaluatedItems" in schema):
            parts.extend(evaluation_cases(self, schema))
        return self.terms.both(parts)

    def _reference(self, schema: Schema, keyword: str) -> Literal:
        is_dynamic = keyword != "$ref"
        if is_dynamic and (keyword == "$recursiveRef" or max(self.document.dynamic_anchors.values(), default=0) > 1):
            return self.terms.make(Undecided, f"{keyword} depends on where it is called from"), True
        try:
            target = self.target(schema, keyword)
        except UnresolvedError:
            return self.terms.make(Undecided, f"the reference {schema[keyword]!r} leads out of the schema"), True
        if not isinstance(target, dict):
            return self.literal(target)
        return self.terms.reference(self._name(target), lambda: self.literal(target)), True

    def _name(self, target: dict[str, object]) -> str:
        """A name that is equal only where everything behind the reference is equal, in this or another document."""
        known = self._names.get(id(target))
        if known is None:
            reached: dict[str, str] = {}
            pending = [("", target)]
            while pending:
                name, schema = pending.pop()
                if name in reached:
                    continue
                reached[name] = json.dumps(bare(schema), sort_keys=True)
                pending.extend(self._references_in(schema))
                if len(reached) > most_named_together:
                    break
            known = json.dumps([self.document.draft, self.side, sorted(reached.items())])
            if len(reached) > most_named_together:
                known = f"{id(self.document)} {id(target)}"
            self._names[id(target)] = known
        return known

    def _references_in(self, schema: object) -> Iterable[tuple[str, dict[str, object]]]:
        from_here = self.document.base_of(schema)
        pending: list[object] = [schema]
        while pending:
            node = pending.pop()
            if isinstance(node, dict):
                pending.extend(node.values())
                for keyword in ("$ref", "$dynamicRef"):
                    reference = node.get(keyword)
                    if isinstance(reference, str):
                        try:
                            target = self.document.resolve(reference, self.document.base_of(node) or from_here)
                        except UnresolvedError:
                            continue
                        if isinstance(target, dict):
                            yield f"{self.document.base_of(target)} {reference}", target
            elif isinstance(node, list):
                pending.extend(node)

    def _of_kind(self, schema: Schema) -> Iterable[Literal]:
        if "type" not in schema:
            return
        written = schema["type"]
        names = [written] if isinstance(written, str) else cast(list[str], written)
        allowed = 0
        for name in names:
            allowed |= kinds_by_name[name]
        if allowed != every_kind:
            yield self.terms.make(OfKind, allowed), True
        if "integer" in names and "number" not in names:
            yield self.terms.make(Multiple, exact(1)), True
            if self.document.draft is Draft.DRAFT_4:
                yield self.terms.make(WrittenWhole), True

    def _values(self, schema: Schema) -> Iterable[Literal]:
        if isinstance(values := schema.get("enum"), list):
            yield self._among(values)
        if "const" in schema and self.document.draft >= Draft.DRAFT_6:
            yield self._among([schema["const"]])

    def _among(self, values: list[object]) -> Literal:
        scalars = frozenset(identity(value) for value in values if not isinstance(value, (dict, list)))
        options: list[Literal] = [(self.terms.make(Among, scalars), True)] if scalars else []
        options.extend(
            self.terms.constant(value, side=self.side) for value in values if isinstance(value, (dict, list))
        )
        return self.terms.either(options) if options else self.terms.nothing

    def _numbers(self, schema: Schema) -> Iterable[Literal]:
        terms = self.terms
        for is_lower, inclusive, exclusive in (
            (True, "minimum", "exclusiveMinimum"),
            (False, "maximum", "exclusiveMaximum"),
        ):
            if inclusive in schema:
                # Draft 4 writes `exclusiveMinimum: true` beside `minimum`.
                is_exclusive = schema.get(exclusive) is True
                yield terms.make(Limit, exact(cast(float, schema[inclusive])), is_lower, is_exclusive), True
            if exclusive in schema and not isinstance(schema[exclusive], bool):
                yield terms.make(Limit, exact(cast(float, schema[exclusive])), is_lower, True), True
        if "multipleOf" in schema:
            yield terms.make(Multiple, exact(cast(float, schema["multipleOf"]))), True

    def _texts(self, schema: Schema) -> Iterable[Literal]:
        if isinstance(pattern := schema.get("pattern"), str):
            yield self.terms.make(Pattern, pattern), True
        if isinstance(wanted := schema.get("format"), str) and is_asserted(wanted, self.document.draft):
            yield self.terms.make(Checked, "format", wanted), True
        if self.document.draft in (Draft.DRAFT_6, Draft.DRAFT_7):
            for keyword in ("contentEncoding", "contentMediaType"):
                if isinstance(wanted := schema.get(keyword), str):
                    yield self.terms.make(Checked, keyword, wanted), True
        yield from self._bounds(schema, STRING)

    def _bounds(self, schema: Schema, kind: int) -> Iterable[Literal]:
        for keyword, of in bound_kinds.items():
            if of == kind and keyword in schema:
                limit = int(cast(float, schema[keyword]))
                if limit > 0 or keyword.startswith("max"):
                    yield self.terms.make(Bound, keyword, limit), True

    def _lists(self, schema: Schema) -> Iterable[Literal]:
        terms, draft = self.terms, self.document.draft
        prefix: list[object] = []
        rest: object = True
        if draft is Draft.DRAFT_2020_12:
            prefix = cast(list[object], schema.get("prefixItems", []))
            rest = schema.get("items", True)
        elif isinstance(items := schema.get("items", True), list):
            prefix, rest = items, schema.get("additionalItems", True)
        else:
            rest = items
        written = tuple(self.literal(item) for item in prefix)
        if rest is not True or any(literal != terms.anything for literal in written):
            yield terms.make(Elements, written, self.literal(rest)), True
        if "contains" in schema and draft >= Draft.DRAFT_6:
            is_counted = draft >= Draft.DRAFT_2019_09
            least = int(cast(float, schema.get("minContains", 1))) if is_counted else 1
            most = int(cast(float, schema["maxContains"])) if is_counted and "maxContains" in schema else None
            if least or most is not None:
                yield terms.make(Contains, self.literal(schema["contains"]), least, most), True
        if schema.get("uniqueItems") is True:
            yield terms.make(Distinct), True
        yield from self._bounds(schema, ARRAY)

    def _objects(self, schema: Schema) -> Iterable[Literal]:
        terms, draft = self.terms, self.document.draft
        yield from self._fields(schema)
        for name in cast(list[str], schema.get("required", [])):
            yield terms.make(Has, name, self.side), True
        if "propertyNames" in schema and draft >= Draft.DRAFT_6:
            yield terms.make(Names, self.literal(schema["propertyNames"])), True
        yield from self._bounds(schema, OBJECT)
        # The engine asserts `dependencies` in the newer drafts too, as their metaschemas still describe it.
        keywords = ["dependencies"]
        if draft >= Draft.DRAFT_2019_09:
            keywords += ["dependentRequired", "dependentSchemas"]
        for keyword in keywords:
            for name, needed in sorted(cast(Schema, schema.get(keyword, {})).items()):
                yield self.when_has(name, self._dependency(needed))

    def _dependency(self, needed: object) -> Literal:
        if isinstance(needed, list):
            return self.terms.both([(self.terms.make(Has, name, self.side), True) for name in needed])
        return self.literal(needed)

    def when_has(self, name: str, then: Literal) -> Literal:
        """An object with this field must fit `then`; everything else fits."""
        lacking = (self.terms.make(Has, name, self.side), False)
        other = (self.terms.make(OfKind, OBJECT), False)
        return self.terms.either([lacking, other, then])

    def _fields(self, schema: Schema) -> Iterable[Literal]:
        anything = self.terms.anything
        named = [(n, self.literal(s)) for n, s in sorted(cast(Schema, schema.get("properties", {})).items())]
        patterns = [(p, self.literal(s)) for p, s in sorted(cast(Schema, schema.get("patternProperties", {})).items())]
        others = self.literal(schema.get("additionalProperties", True))
        if others == anything and not self.side:
            named = [(name, literal) for name, literal in named if literal != anything]
            patterns = [(pattern, literal) for pattern, literal in patterns if literal != anything]
        if named or patterns or others != anything:
            yield self.terms.make(Fields, tuple(named), tuple(patterns), others, self.side), True

    def _combinators(self, schema: Schema) -> Iterable[Literal]:
        terms = self.terms
        ways: Mapping[str, Callable[[list[Literal]], Literal]] = {
            "allOf": terms.both,
            "anyOf": terms.either,
            "oneOf": terms.one_of,
        }
        for keyword, way in ways.items():
            if keyword in schema:
                parts = cast(list[object], schema[keyword])
                # Where nothing fits two of them, exactly one and at least one are the same, and much easier.
                is_easy = keyword == "oneOf" and are_told_apart(self.document, parts)
                yield (terms.either if is_easy else way)([self.literal(part) for part in parts])
        if "not" in schema:
            yield negated(self.literal(schema["not"]))
        if "if" in schema and self.document.draft >= Draft.DRAFT_7:
            condition = self.literal(schema["if"])
            yield terms.either([negated(condition), self.literal(schema.get("then", True))])
            yield terms.either([condition, self.literal(schema.get("else", True))])


@lru_cache(maxsize=256)
def is_asserted(wanted: str, draft: Draft) -> bool:
    """Whether the engine refuses any text because of this format."""
    if wanted not in formats:
        return False
    engine = draft.engine({"format": wanted}, validate_formats=True)
    return not all(engine.is_valid(probe) for probe in _PROBES)


def bare(schema: object) -> object:
    """A schema without what has no effect on events: notes, unknown keywords and unused definitions.

    >>> bare({"title": "Id", "type": "string", "properties": {"title": {"description": "…"}}})
    {'type': 'string', 'properties': {'title': {}}}
    """
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, object] = {}
    for keyword, value in schema.items():
        if keyword in _INERT:
            continue
        if keyword in list_keywords or (keyword == "items" and isinstance(value, list)):
            kept[keyword] = [bare(child) for child in value]
        elif keyword in single_keywords:
            kept[keyword] = bare(value)
        elif keyword in map_keywords:
            kept[keyword] = {name: bare(child) for name, child in value.items()}
        elif keyword in _EFFECTIVE:
            kept[keyword] = value
    return kept


_EFFECTIVE = frozenset(
    [
        *("type", "enum", "const", "format", "pattern", "multipleOf", "required", "dependentRequired", "uniqueItems"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minContains", "maxContains", *bound_kinds),
        *("$ref", "$dynamicRef", "$recursiveRef", "$dynamicAnchor", "$recursiveAnchor", "contentEncoding"),
        "contentMediaType",
    ]
)
