"""Fields of the Open Data Contract Standard to and from JSON Schema: one property and everything below it.

Facts are those of the standard's JSON Schemas for v3.0.2, v3.1.0 and v3.2.0
(https://github.com/bitol-io/open-data-contract-standard/tree/main/schema, read 2026-11-23).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from paceline.contracts.pointers import look_up, pointer, steps_of
from paceline.exchange.loss import Loss, Schema

_TIME_FORMATS = {"date": "date", "date-time": "timestamp", "time": "time"}
_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "string": ("minLength", "maxLength", "pattern", "format"),
    "integer": ("multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "number": ("multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "object": ("minProperties", "maxProperties"),
    "array": ("minItems", "maxItems", "uniqueItems"),
}
"""By logical type, the keywords of JSON Schema that ODCS has under the same name."""
_SAID_ELSEWHERE = frozenset(
    {"type", "title", "description", "properties", "required", "items", "enum", "const", "examples", "deprecated"}
    | {"$ref", "$defs", "$schema", "$id", "additionalProperties", "default", "$comment"}
)
_WHOLE_RANGES = {
    "i8": (-(2**7), 2**7 - 1), "i16": (-(2**15), 2**15 - 1), "i32": (-(2**31), 2**31 - 1),
    "u8": (0, 2**8 - 1), "u16": (0, 2**16 - 1), "u32": (0, 2**32 - 1), "u64": (0, None), "u128": (0, None),
}  # fmt: skip
_OF_TABLES_ONLY = (
    "primaryKey", "unique", "partitioned", "relationships", "transformLogic", "transformSourceObjects", "encryptedName",
)  # fmt: skip


class FieldWriter:
    """Writes the fields of one contract as ODCS properties. `losses` collects what ODCS v3.1 cannot say."""

    def __init__(self, root: Schema, about: str) -> None:
        self._root = root
        self._about = about
        self.losses: list[Loss] = []

    def properties(self, schema: Schema, steps: tuple[str, ...], opened: tuple[str, ...] = ()) -> list[Schema]:
        """The properties of an object schema, in its order."""
        declared = schema.get("properties")
        required = schema.get("required")
        names = required if isinstance(required, list) else []
        return [
            {"name": name, **self._field(field, (*steps, "properties", name), opened, is_required=name in names)}
            for name, field in (declared.items() if isinstance(declared, dict) else ())
        ]

    def _field(self, schema: object, steps: tuple[str, ...], opened: tuple[str, ...], *, is_required: bool) -> Schema:
        resolved, opened = self._resolve(schema, steps, opened)
        kind = self._logical_type(resolved, steps, is_required=is_required)
        field: Schema = {}
        if isinstance(title := resolved.get("title"), str):
            field["businessName"] = title
        field["logicalType"] = kind
        if is_required:
            field["required"] = True
        if isinstance(description := resolved.get("description"), str):
            field["description"] = description
        self._annotations(resolved, field)
        if options := self._options(resolved, kind, steps):
            field["logicalTypeOptions"] = options
        if values := _allowed_values(resolved):
            field["quality"] = [
                {"type": "library", "metric": "invalidValues", "arguments": {"validValues": values}, "mustBe": 0}
            ]
        if kind == "object":
            field["properties"] = self.properties(resolved, steps, opened)
        elif kind == "array" and "items" in resolved:
            field["items"] = self._field(resolved["items"], (*steps, "items"), opened, is_required=False)
        return field

    def _resolve(
        self, schema: object, steps: tuple[str, ...], opened: tuple[str, ...]
    ) -> tuple[Schema, tuple[str, ...]]:
        """The schema with its references followed; a recursive one ends in an object without fields."""
        node = schema if isinstance(schema, dict) else {}
        while isinstance(reference := node.get("$ref"), str):
            if reference in opened or not reference.startswith("#/"):
                self._lose((*steps, "$ref"), "a recursive structure ends here")
                return {"type": "object"}, opened
            opened = (*opened, reference)
            try:
                target = look_up(self._root, steps_of(reference[1:]))
            except LookupError:
                return {}, opened
            beside = {keyword: value for keyword, value in node.items() if keyword != "$ref"}
            node = {**target, **beside} if isinstance(target, dict) else beside
        return node, opened

    def _logical_type(self, schema: Schema, steps: tuple[str, ...], *, is_required: bool) -> str:
        declared = schema.get("type")
        types = [declared] if isinstance(declared, str) else list(declared) if isinstance(declared, list) else []
        if "null" in types:
            types.remove("null")
            if is_required:
                self._lose((*steps, "type"), "ODCS has no field that must be there and may be null")
        types = [str(name) for name in types or _implied_types(schema) if name in _OPTIONS or name == "boolean"]
        if len(types) != 1:
            # The standard's JSON Schema takes a field without a type for a map, so there is always one.
            types = types[:1] or ["string"]
            self._lose((*steps, "type"), f"ODCS has one logical type a field; it is written as {types[0]}")
        if types[0] == "string":
            return _TIME_FORMATS.get(str(schema.get("format")), "string")
        return types[0]

    def _options(self, schema: Schema, kind: str, steps: tuple[str, ...]) -> Schema:
        names = _OPTIONS.get(kind, ())
        for keyword in schema:
            is_time_format = keyword == "format" and kind in _TIME_FORMATS.values()
            if (
                keyword not in names
                and keyword not in _SAID_ELSEWHERE
                and not is_time_format
                and not keyword.startswith("x-")
            ):
                self._lose((*steps, keyword), f"ODCS has no word for {keyword!r} here")
        if schema.get("additionalProperties") not in (None, True):
            self._lose((*steps, "additionalProperties"), "ODCS does not say what undeclared fields may be")
        options: Schema = {name: schema[name] for name in names if name in schema}
        required = schema.get("required")
        if kind == "object" and isinstance(required, list) and required:
            options["required"] = required
        return options

    @staticmethod
    def _annotations(schema: Schema, field: Schema) -> None:
        custom = [
            {"property": name, "value": schema[keyword]}
            for keyword, name in (("x-pii", "pii"), ("x-purpose", "purpose"))
            if keyword in schema
        ]
        if "x-pii" in schema:
            field["classification"] = "personal"
        if custom:
            field["customProperties"] = custom
        if schema.get("deprecated") is True:
            field["deprecated"] = True
        if isinstance(examples := schema.get("examples"), list) and examples:
            field["examples"] = examples

    def _lose(self, steps: tuple[str, ...], message: str) -> None:
        self.losses.append(Loss(about=self._about, pointer=pointer(steps), message=message))


def _implied_types(schema: Schema) -> list[str]:
    if "properties" in schema:
        return ["object"]
    if "items" in schema or "prefixItems" in schema:
        return ["array"]
    values = _allowed_values(schema)
    return ["string"] if values and all(isinstance(value, str) for value in values) else []


def _allowed_values(schema: Schema) -> list[object]:
    if "const" in schema:
        return [schema["const"]]
    values = schema.get("enum")
    return values if isinstance(values, list) else []


class FieldReader:
    """Reads ODCS properties into JSON Schema. `losses` collects what a contract about single events cannot say."""

    def __init__(self, about: str) -> None:
        self._about = about
        self.losses: list[Loss] = []

    def object_schema(self, properties: object, steps: tuple[str, ...]) -> Schema:
        """The schema of an object with these properties."""
        schema: Schema = {"type": "object"}
        fields: Schema = {}
        required: list[str] = []
        for index, field in enumerate(properties if isinstance(properties, list) else ()):
            if not isinstance(field, dict) or not isinstance(name := field.get("name"), str):
                self._lose((*steps, str(index)), "a property without a name is left out")
                continue
            read = self.field_schema(field, (*steps, str(index)))
            if field.get("required") is True:
                required.append(name)
                fields[name] = read
            else:
                fields[name] = _or_null(read)
        if required:
            schema["required"] = required
        if fields:
            schema["properties"] = fields
        return schema

    def field_schema(self, field: Schema, steps: tuple[str, ...]) -> Schema:  # noqa: PLR0912 - one branch a logical type
        """The schema of one property."""
        options = field.get("logicalTypeOptions")
        known = dict(options) if isinstance(options, dict) else {}
        schema: Schema = {}
        match kind := field.get("logicalType"):
            case "object":
                schema = self.object_schema(field.get("properties"), (*steps, "properties"))
                for name in known.get("required") or ():
                    schema["required"] = list(dict.fromkeys([*_as_list(schema.get("required")), name]))
            case "array":
                items = field.get("items")
                schema["type"] = "array"
                if isinstance(items, dict):
                    schema["items"] = self.field_schema(items, (*steps, "items"))
            case "map":
                entries = field.get("map")
                value = entries.get("value") if isinstance(entries, dict) else None
                inner = self.field_schema(value if isinstance(value, dict) else {}, (*steps, "map", "value"))
                schema = {"type": "object", "additionalProperties": inner}
            case "vector":
                size = known.get("dimensions")
                schema = {"type": "array", "items": {"type": "number"}}
                if isinstance(size, int):
                    schema |= {"minItems": size, "maxItems": size}
            case "date" | "timestamp" | "time":
                schema = {"type": "string", "format": {v: k for k, v in _TIME_FORMATS.items()}[str(kind)]}
                for name in known:
                    self._lose((*steps, "logicalTypeOptions", name), f"{name!r} of a {kind} has no counterpart")
            case "string" | "integer" | "number" | "boolean":
                schema["type"] = kind
            case None:
                if "properties" in field:
                    schema = self.object_schema(field["properties"], (*steps, "properties"))
            case _:
                self._lose((*steps, "logicalType"), f"there is no logical type {kind!r}; anything is accepted")
        self._read_options(known, str(kind), schema)
        self._read_quality(field, steps, schema)
        self._read_prose(field, steps, schema)
        return schema

    @staticmethod
    def _read_options(options: Mapping[str, object], kind: str, schema: Schema) -> None:
        for name in _OPTIONS.get(kind, ()):
            if name in options:
                schema[name] = options[name]
        low, high = _WHOLE_RANGES.get(str(options.get("format")), (None, None)) if kind == "integer" else (None, None)
        if low is not None:
            schema.setdefault("minimum", low)
        if high is not None:
            schema.setdefault("maximum", high)

    def _read_quality(self, field: Schema, steps: tuple[str, ...], schema: Schema) -> None:
        if isinstance(entries := field.get("enum"), list):
            schema["enum"] = [entry.get("value") for entry in entries if isinstance(entry, dict)]
        for index, check in enumerate(_as_list(field.get("quality"))):
            if not isinstance(check, dict):
                continue
            arguments = check.get("arguments") if isinstance(check.get("arguments"), dict) else {}
            assert isinstance(arguments, dict)
            metric = check.get("metric", check.get("rule"))
            demands_all = check.get("mustBe") == 0
            if metric == "invalidValues" and demands_all and isinstance(values := arguments.get("validValues"), list):
                schema["enum"] = values
            elif metric == "invalidValues" and demands_all and isinstance(text := arguments.get("pattern"), str):
                schema["pattern"] = text
            else:
                self._lose((*steps, "quality", str(index)), "a check over many rows is no rule for one event")

    def _read_prose(self, field: Schema, steps: tuple[str, ...], schema: Schema) -> None:
        for source, target in (("businessName", "title"), ("description", "description"), ("examples", "examples")):
            if field.get(source):
                schema[target] = field[source]
        if field.get("deprecated") is True:
            schema["deprecated"] = True
        custom = {
            one.get("property"): one.get("value")
            for one in _as_list(field.get("customProperties"))
            if isinstance(one, dict)
        }
        if "pii" in custom:
            schema["x-pii"] = custom["pii"]
        elif isinstance(classification := field.get("classification"), str):
            schema["x-classification"] = classification
        if "purpose" in custom:
            schema["x-purpose"] = custom["purpose"]
        for name in _OF_TABLES_ONLY:
            if field.get(name):
                self._lose((*steps, name), f"{name!r} is about tables, not about one event")

    def _lose(self, steps: tuple[str, ...], message: str) -> None:
        self.losses.append(Loss(about=self._about, pointer=pointer(steps), message=message))


def _or_null(schema: Schema) -> Schema:
    """The schema with null: what ODCS does not call required "may contain null values"."""
    kind = schema.get("type")
    if isinstance(kind, str):
        schema = {**schema, "type": [kind, "null"]}
    if isinstance(values := schema.get("enum"), list) and None not in values:
        schema = {**schema, "enum": [*values, None]}
    return schema


def exact_schema(value: object) -> Schema | None:
    """A schema that a document of ours carries as JSON text; None when it is something else."""
    try:
        schema = json.loads(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return schema if isinstance(schema, dict) else None


def custom_properties(document: Mapping[str, object]) -> dict[str, object]:
    """The `customProperties` of an element by their names."""
    return {str(name): value for name, value in _custom(document)}


def _custom(document: Mapping[str, object]) -> Iterator[tuple[object, object]]:
    for one in _as_list(document.get("customProperties")):
        if isinstance(one, dict):
            yield one.get("property"), one.get("value")


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
