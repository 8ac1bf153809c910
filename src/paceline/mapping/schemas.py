"""What a JSON Schema says about its values: their kinds, the values themselves, fields, items, personal data.

Everything errs on the wide side: what is read here never leaves out a value that the schema allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from paceline.contracts.drafts import Draft
from paceline.contracts.inclusion.evaluation import matches
from paceline.contracts.references import Document, UnresolvedError
from paceline.mapping import kinds as k
from paceline.mapping.functions.equality import equal
from paceline.mapping.kinds import Kinds

Schema: TypeAlias = dict[str, Any] | bool

MAX_CHOICES: Final = 50

_KINDS_OF_TYPE: Final = {
    "null": k.NULL,
    "boolean": k.BOOLEAN,
    "integer": k.INTEGER,
    "number": k.NUMBER,
    "string": k.TEXT,
    "array": k.LIST,
    "object": k.OBJECT,
}
_TYPE_OF_KINDS: Final = (
    (k.NULL, "null"),
    (k.BOOLEAN, "boolean"),
    (k.NUMBER, "number"),
    (k.INTEGER, "integer"),
    (k.FRACTION, "number"),
    (k.TEXT, "string"),
    (k.LIST, "array"),
    (k.OBJECT, "object"),
)


_NARROWING: Final = frozenset({"const", "enum", "anyOf", "oneOf"})
_COMBINING: Final = frozenset({"allOf", "anyOf", "oneOf", "unevaluatedProperties"})
_UNMARKED: Final[frozenset[str]] = frozenset()


class FieldType(msgspec.Struct, frozen=True, kw_only=True):
    """What a schema says about one key of an object. Closed schemas do not have it at all (`is_forbidden`)."""

    schema: Schema = True
    is_declared: bool = False
    is_required: bool = False
    is_forbidden: bool = False


def inlined(root: Schema) -> Schema:
    """The schema with every reference replaced by what it refers to. A recursive one ends in a schema for anything."""
    if not any("$ref" in inner for inner in schemas_in(root)):
        return root
    schema: Schema = _inlined(root, Document(root, Draft.DRAFT_2020_12), ())
    return schema


def _inlined(schema: Any, document: Document, followed: tuple[str, ...]) -> Any:
    if isinstance(schema, list):
        return [_inlined(item, document, followed) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in HAS_NAMED_SCHEMAS:
            plain[keyword] = {name: _inlined(inner, document, followed) for name, inner in value.items()}
        elif keyword not in {"$ref", "$defs"}:
            plain[keyword] = _inlined(value, document, followed) if keyword in HAS_SCHEMAS else value
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return plain
    target: Any = True
    if reference not in followed:
        try:
            found = document.resolve(reference, document.base_of(schema))
        except UnresolvedError:
            return plain
        target = _inlined(found, document, (*followed, reference))
    return {**plain, "allOf": [target, *plain.get("allOf", [])]} if plain else target


HAS_NAMED_SCHEMAS: Final = frozenset({"properties", "patternProperties"})
HAS_SCHEMAS: Final = frozenset(
    {
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "items",
        "prefixItems",
        "contains",
        "additionalProperties",
        "unevaluatedProperties",
        "unevaluatedItems",
        "propertyNames",
    }
)


_HAS_ANY_SCHEMAS: Final = HAS_NAMED_SCHEMAS | HAS_SCHEMAS


def parts_of(schema: Schema) -> Iterator[dict[str, Any]]:
    """The schema and everything that it is joined with by allOf: all of them apply."""
    if isinstance(schema, dict):
        yield schema
        for part in schema.get("allOf", ()):
            yield from parts_of(part)


def branches_of(part: dict[str, Any]) -> Iterator[Sequence[Schema]]:
    """The alternatives of a schema: of each group, at least one applies."""
    for keyword in ("anyOf", "oneOf"):
        if keyword in part:
            yield part[keyword]


def schema_kinds(schema: Schema) -> Kinds:
    """The kinds of the values that a schema allows."""
    if isinstance(schema, bool):
        return k.JSON if schema else 0
    if "allOf" not in schema:
        return _own_kinds(schema)
    kinds = k.JSON
    for part in parts_of(schema):
        kinds &= _own_kinds(part)
    return kinds


def _own_kinds(part: dict[str, Any]) -> Kinds:
    if isinstance(name := part.get("type"), str) and _NARROWING.isdisjoint(part):
        return _KINDS_OF_TYPE.get(name, 0)
    kinds = k.JSON
    if "type" in part:
        names = [part["type"]] if isinstance(part["type"], str) else part["type"]
        kinds &= _union(_KINDS_OF_TYPE.get(name, 0) for name in names)
    if "const" in part:
        kinds &= k.kind_of(part["const"])
    if "enum" in part:
        kinds &= _union(k.kind_of(value) for value in part["enum"])
    for branches in branches_of(part):
        kinds &= _union(schema_kinds(branch) for branch in branches)
    return kinds


def _union(kinds: Iterable[Kinds]) -> Kinds:
    result: Kinds = 0
    for one in kinds:
        result |= one
    return result


def kinds_schema(kinds: Kinds) -> Schema:
    """The schema of all values of some kinds."""
    kinds &= k.JSON
    if kinds == k.JSON:
        return True
    names: list[str] = []
    for kind, name in _TYPE_OF_KINDS:
        if kind and kinds & kind == kind and name not in names and not (name == "integer" and "number" in names):
            names.append(name)
    return {"type": names[0] if len(names) == 1 else names} if names else False


def choices_of(schema: Schema) -> tuple[Any, ...] | None:
    """All values of a schema, when it says them: by const, enum or as booleans."""
    for part in parts_of(schema):
        if "const" in part:
            return (part["const"],)
        if "enum" in part and len(part["enum"]) <= MAX_CHOICES:
            kinds = schema_kinds(schema)
            return tuple(value for value in part["enum"] if k.kind_of(value) & kinds)
    return (True, False) if schema_kinds(schema) == k.BOOLEAN else None


def without_null(schema: Schema) -> Schema:
    """The schema of the same values but null."""
    if not schema_kinds(schema) & k.NULL:
        return schema
    if not isinstance(schema, dict):
        return kinds_schema(k.SOMETHING)
    narrowed = dict(schema)
    if isinstance(names := schema.get("type"), list):
        rest = [name for name in names if name != "null"]
        narrowed["type"] = rest[0] if len(rest) == 1 else rest
    if "enum" in schema:
        narrowed["enum"] = [value for value in schema["enum"] if value is not None]
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            narrowed[keyword] = [without_null(branch) for branch in schema[keyword] if schema_kinds(branch) != k.NULL]
    if schema_kinds(narrowed) & k.NULL:
        return {"allOf": [narrowed, kinds_schema(k.SOMETHING)]}
    return narrowed


def any_of(schemas: Sequence[Schema]) -> Schema:
    """The schema of all values that at least one of the schemas allows."""
    if any(schema is True for schema in schemas):
        return True
    allowed: list[dict[str, Any]] = []
    for schema in schemas:
        # Python takes {"const": 1} and {"const": true} for the same.
        if isinstance(schema, dict) and not any(equal(schema, other) for other in allowed):
            allowed.append(schema)
    if allowed and all(schema.keys() <= {"const", "enum"} for schema in allowed):
        return {"enum": [value for schema in allowed for value in choices_of(schema) or ()]}
    return allowed[0] if len(allowed) == 1 else {"anyOf": allowed} if allowed else False


def field_of(schema: Schema, name: str) -> FieldType:
    """What a schema says about one key of its objects."""
    if isinstance(schema, dict) and _COMBINING.isdisjoint(schema):
        return _field_of_one(schema, name)
    found: list[Schema] = []
    is_required = is_forbidden = False
    for part in parts_of(schema):
        own = _declared(part, name)
        found.extend(own)
        is_required |= name in part.get("required", ())
        is_forbidden |= not own and part.get("additionalProperties", True) is False
        for branches in branches_of(part):
            options = [field_of(branch, name) for branch in branches if schema_kinds(branch) & k.OBJECT]
            is_required |= bool(options) and all(option.is_required for option in options)
            is_forbidden |= bool(options) and all(option.is_forbidden for option in options)
            allowed = [option for option in options if not option.is_forbidden]
            if allowed and all(option.is_declared for option in allowed):
                found.append(any_of([option.schema for option in allowed]))
    if not found and not is_forbidden:
        is_forbidden = any(part.get("unevaluatedProperties", True) is False for part in parts_of(schema))
    is_declared = bool(found) and not is_forbidden
    joined: Schema = True if not found else found[0] if len(found) == 1 else {"allOf": found}
    return FieldType(schema=joined, is_declared=is_declared, is_required=is_required, is_forbidden=is_forbidden)


def _field_of_one(schema: dict[str, Any], name: str) -> FieldType:
    """The common case: a schema that is not combined with others."""
    own = _declared(schema, name)
    joined: Schema = True if not own else own[0] if len(own) == 1 else {"allOf": own}
    return FieldType(
        schema=joined,
        is_declared=bool(own),
        is_required=name in schema.get("required", ()),
        is_forbidden=not own and schema.get("additionalProperties", True) is False,
    )


def _declared(part: dict[str, Any], name: str) -> list[Schema]:
    found: list[Schema] = []
    if name in part.get("properties", {}):
        found.append(part["properties"][name])
    found.extend(inner for pattern, inner in part.get("patternProperties", {}).items() if matches(pattern, name))
    if not found and isinstance(other := part.get("additionalProperties"), dict):
        found.append(other)
    return found


def field_names(schema: Schema) -> list[str]:
    """The keys that a schema names."""
    names: dict[str, None] = {}
    for part in parts_of(schema):
        names.update(dict.fromkeys(part.get("properties", ())))
        for branches in branches_of(part):
            for branch in branches:
                names.update(dict.fromkeys(field_names(branch)))
    return list(names)


def required_names(schema: Schema) -> list[str]:
    """The keys that every object of the schema has."""
    return [name for name in _required_somewhere(schema) if field_of(schema, name).is_required]


def _required_somewhere(schema: Schema) -> list[str]:
    names: dict[str, None] = {}
    for part in parts_of(schema):
        names.update(dict.fromkeys(part.get("required", ())))
        for branches in branches_of(part):
            for branch in branches:
                names.update(dict.fromkeys(_required_somewhere(branch)))
    return list(names)


def items_of(schema: Schema) -> Schema:
    """What every item of the schema's lists meets; True when it does not say."""
    found: list[Schema] = []
    for part in parts_of(schema):
        rest = part.get("items")
        first = part.get("prefixItems", ())
        if rest is not None:
            found.append(any_of([*first, rest]) if first else rest)
    return True if not found else found[0] if len(found) == 1 else {"allOf": found}


def limit_of(schema: Schema, keyword: str, choose: Callable[[Iterable[Any]], Any]) -> Any:
    """The strictest value of a limit such as `maxLength` (with `min`), or None when there is none.

    Of alternatives the widest counts, as any of them may apply.
    """
    values = [part[keyword] for part in parts_of(schema) if keyword in part]
    for part in parts_of(schema):
        for branches in branches_of(part):
            limits = [limit_of(branch, keyword, choose) for branch in branches]
            if limits and None not in limits:
                values.append((max if choose is min else min)(limits))
    return choose(values) if values else None


def narrowed(schema: Schema, kinds: Kinds) -> Schema:
    """The schema without the alternatives that are of none of the kinds."""
    if not isinstance(schema, dict) or schema.keys() != {"anyOf"}:
        return schema
    return any_of([branch for branch in schema["anyOf"] if schema_kinds(branch) & kinds])


def chosen(part: dict[str, Any], keywords: Sequence[str]) -> dict[str, Any]:
    """Some keywords of a schema, as a schema."""
    return {keyword: part[keyword] for keyword in keywords if keyword in part}


def described(schema: Schema) -> str:
    """What a schema says about its values in words; empty when it says nothing."""
    texts = (part.get("description") for part in parts_of(schema))
    return next((text for text in texts if isinstance(text, str)), "")


def schemas_in(schema: Any) -> Iterator[dict[str, Any]]:
    """The schema and all schemas inside it."""
    pending: list[Any] = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            yield node
            pending.extend(value for keyword, value in node.items() if keyword in HAS_SCHEMAS)
            for keyword in HAS_NAMED_SCHEMAS & node.keys():
                pending.extend(node[keyword].values())


def personal_data(schema: Schema) -> frozenset[str]:
    """The kinds of personal data that a schema marks, at any depth, with `x-pii`."""
    if not isinstance(schema, dict) or _HAS_ANY_SCHEMAS.isdisjoint(schema):
        return own_personal_data(schema)
    return frozenset(kind for inner in schemas_in(schema) for kind in own_personal_data(inner))


def own_personal_data(schema: Schema) -> frozenset[str]:
    """The kinds of personal data that a schema marks for the value itself."""
    if not isinstance(schema, dict) or ("x-pii" not in schema and "allOf" not in schema):
        return _UNMARKED
    found: set[str] = set()
    for part in parts_of(schema):
        marked = part.get("x-pii", ())
        found.update([marked] if isinstance(marked, str) else [kind for kind in marked if isinstance(kind, str)])
    return frozenset(found)
