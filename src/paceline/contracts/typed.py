"""Contracts as msgspec types: decoding and checking in one pass, for schemas where that is proven to mean the same.

A type made here accepts a subset of what its schema accepts. It may refuse more (`3.0` for an integer, a 29th of
February), so a refusal says nothing until the validator has looked; but what it accepts is valid. Whatever has no type
with that property makes `typed_decoder` return None, and the validator does all the work.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, cast, get_args, get_origin

import msgspec
from msgspec import UNSET, Meta, UnsetType

from paceline.contracts.drafts import Draft
from paceline.contracts.inclusion.reading import bare, is_asserted
from paceline.contracts.patterns.python_form import python_form
from paceline.contracts.references import Document, UnresolvedError

Schema = Mapping[str, object]
_exact_integers = 2**53
"""Below this, a float holds every whole number, so that a limit means the same for 1 and for 1.0."""
_KEYWORDS = {
    "string": frozenset({"minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "array": frozenset({"items", "minItems", "maxItems", "uniqueItems"}),
    "object": frozenset({"properties", "required", "additionalProperties", "unevaluatedProperties", "minProperties"}),
    "boolean": frozenset(),
    "null": frozenset(),
}
_KEYWORDS["integer"] = _KEYWORDS["number"]
_ASIDE = frozenset({"type", "enum", "const", "$ref"})

_LONG_MONTHS = "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
_SHORT_MONTHS = "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
_DAY = f"(?:{_LONG_MONTHS}|{_SHORT_MONTHS}|02-(?:0[1-9]|1[0-9]|2[0-8]))"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_LABEL = "[A-Za-z0-9](?:-?[A-Za-z0-9]){0,30}"
_FORMATS = {
    "date": rf"\A[0-9]{{4}}-{_DAY}\Z",
    "date-time": rf"\A[0-9]{{4}}-{_DAY}T{_CLOCK}\Z",
    "time": rf"\A{_CLOCK}\Z",
    "uuid": r"\A[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\Z",
    "ipv4": rf"\A{_OCTET}(?:\.{_OCTET}){{3}}\Z",
    "email": rf"\A[A-Za-z0-9](?:[._+-]?[A-Za-z0-9]){{0,28}}@{_LABEL}(?:\.{_LABEL}){{0,2}}\.[A-Za-z]{{2,10}}\Z",
    "hostname": rf"\A{_LABEL}(?:\.{_LABEL}){{0,2}}\.[A-Za-z]{{2,10}}\Z",
    "uri": rf"\Ahttps?://{_LABEL}(?:\.{_LABEL}){{0,3}}(?:/[A-Za-z0-9._~/-]*)?(?:\?[A-Za-z0-9._~=&-]*)?\Z",
}
"""Texts that are surely valid; all others are left to the validator. Each is tied to the start and unambiguous."""


class _UntypedError(Exception):
    """A part of the schema has no type that is sure to mean the same."""


def typed_decoder(schema: object, draft: Draft) -> msgspec.json.Decoder[Any] | None:
    """A decoder that accepts only JSON texts that are valid under the schema, or None where there is none.

    >>> typed_decoder({"type": "object", "properties": {"n": {"type": "integer"}}}, Draft.DRAFT_2020_12) is None
    False
    >>> typed_decoder({"not": {"type": "integer"}}, Draft.DRAFT_2020_12) is None
    True
    """
    try:
        return msgspec.json.Decoder(_Types(Document(schema, draft)).of(schema))
    except (_UntypedError, TypeError, ValueError, OverflowError, NotImplementedError):
        # msgspec raises TypeError for unions that it cannot tell apart and ValueError for limits out of its range.
        return None


class _Types:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._inside: list[int] = []

    def of(self, schema: object) -> Any:
        """The type of a schema. Raises _UntypedError."""
        schema = self._resolved(schema)
        if schema is True:
            return msgspec.Raw
        if not isinstance(schema, dict) or id(schema) in self._inside:
            raise _UntypedError
        effective = cast(dict[str, object], bare(schema))
        if not effective:
            return msgspec.Raw
        self._inside.append(id(schema))
        try:
            return self._of_object(effective, schema)
        finally:
            self._inside.pop()

    def _of_object(self, effective: Schema, schema: Schema) -> Any:
        for keyword in ("anyOf", "oneOf"):
            if effective.keys() == {keyword}:
                return self._of_alternatives(cast(list[object], schema[keyword]))
        names = _type_names(effective)
        known = frozenset().union(_ASIDE, *(_KEYWORDS[name] for name in names))
        if not effective.keys() <= known:
            raise _UntypedError
        if "enum" in effective or "const" in effective:
            return self._of_values(effective)
        return _union(self._of_type(name, schema) for name in names)

    def _resolved(self, schema: object) -> object:
        for _ in range(32):
            if not isinstance(schema, dict) or not isinstance(reference := schema.get("$ref"), str):
                return schema
            if self._document.draft >= Draft.DRAFT_2019_09 and len(cast(dict[str, object], bare(schema))) > 1:
                raise _UntypedError
            try:
                schema = self._document.resolve(reference, self._document.base_of(schema))
            except UnresolvedError as error:
                raise _UntypedError from error
        raise _UntypedError

    def _of_alternatives(self, options: list[object]) -> Any:
        """A union, where no value can fit two of the options: then exactly one and at least one are the same."""
        seen: set[str] = set()
        for option in map(self._resolved, options):
            if not isinstance(option, dict) or "type" not in option:
                raise _UntypedError
            names = {"number" if name == "integer" else name for name in _type_names(option)}
            if names & seen:
                raise _UntypedError
            seen |= names
        return _union(self.of(option) for option in options)

    def _of_values(self, schema: Schema) -> Any:
        """Texts, whole numbers and null, told apart by msgspec as by JSON Schema; other values are left alone."""
        if not schema.keys() <= {"type", "enum", "const"}:
            raise _UntypedError
        values = [schema["const"]] if "const" in schema else cast(list[object], schema["enum"])
        names = _type_names(schema) if "type" in schema else list(_KEYWORDS)
        kept = [value for value in values if _has_type(value, names)]
        if not kept or ("const" in schema and "enum" in schema):
            raise _UntypedError
        return Literal[tuple(kept)]

    def _of_type(self, name: str, schema: Schema) -> Any:
        match name:
            case "null":
                return None
            case "boolean":
                return bool
            case "string":
                return self._of_string(schema)
            case "array":
                return self._of_array(schema)
            case "object":
                return self._of_fields(schema)
            case _:
                return _of_number(schema, is_whole=name == "integer")

    def _of_string(self, schema: Schema) -> Any:
        patterns: list[str] = []
        if isinstance(text := schema.get("pattern"), str):
            written = python_form(text)
            if written is None:
                raise _UntypedError
            patterns.append(written)
        if isinstance(wanted := schema.get("format"), str) and is_asserted(wanted, self._document.draft):
            if wanted not in _FORMATS:
                raise _UntypedError
            patterns.append(_FORMATS[wanted])
        if self._document.draft in (Draft.DRAFT_6, Draft.DRAFT_7) and (
            "contentEncoding" in schema or "contentMediaType" in schema
        ):
            raise _UntypedError
        if len(patterns) > 1:
            raise _UntypedError
        pattern = patterns[0] if patterns else None
        return _limited(str, pattern=pattern, **_sizes(schema, "Length"))

    def _of_array(self, schema: Schema) -> Any:
        items = schema.get("items", True)
        if schema.get("uniqueItems") or isinstance(items, list):
            raise _UntypedError
        return _limited(list[self.of(items)], **_sizes(schema, "Items"))  # type: ignore[misc]  # a type made at run time

    def _of_fields(self, schema: Schema) -> Any:
        fields = cast(Schema, schema.get("properties", {}))
        required = cast(list[str], schema.get("required", []))
        others = schema.get("additionalProperties", schema.get("unevaluatedProperties", True))
        if int(cast(float, schema.get("minProperties", 0))) > 0:
            raise _UntypedError
        if not isinstance(others, bool) and bare(others):
            if fields or required:
                raise _UntypedError
            return dict[str, self.of(others)]  # type: ignore[misc]  # a type made at run time
        if others is False and not set(required) <= set(fields):
            raise _UntypedError
        entries: list[Any] = []
        names: dict[str, str] = {}
        for name in dict.fromkeys([*required, *fields]):
            inner = self.of(fields.get(name, True))
            if name not in required and inner is msgspec.Raw and others is not False:
                # Anything goes: not worth a look.
                continue
            field = f"field_{len(entries)}"
            names[field] = name
            entries.append((field, inner) if name in required else (field, inner | UnsetType, UNSET))
        return msgspec.defstruct(
            "Checked", entries, rename=names, forbid_unknown_fields=others is False, gc=False, kw_only=True
        )


def _type_names(schema: Schema) -> list[str]:
    """The types that a schema speaks of. One without `type` gets the type that its keywords are about."""
    if "type" in schema:
        written = schema["type"]
        names = [written] if isinstance(written, str) else cast(list[str], written)
        return [name for name in names if not (name == "integer" and "number" in names)]
    about = [name for name, keywords in _KEYWORDS.items() if name != "integer" and not keywords.isdisjoint(schema)]
    if len(about) == 1:
        return about
    if "enum" in schema or "const" in schema:
        return ["string", "integer", "null"]
    raise _UntypedError


def _has_type(value: object, names: Iterable[str]) -> bool:
    match value:
        case str():
            return "string" in names
        case None:
            return "null" in names
        case bool():
            return False
        case int():
            return "integer" in names or "number" in names
        case _:
            return False


def _of_number(schema: Schema, *, is_whole: bool) -> Any:
    limits: dict[str, float] = {}
    for keyword, usual_name, is_lower in (
        ("minimum", "ge", True),
        ("exclusiveMinimum", "gt", True),
        ("maximum", "le", False),
        ("exclusiveMaximum", "lt", False),
    ):
        name = usual_name
        value = schema.get(keyword)
        if value is None:
            continue
        if isinstance(value, bool) or abs(cast(float, value)) >= _exact_integers:
            raise _UntypedError
        limit = cast(float, value)
        if is_whole and not float(limit).is_integer():
            # The nearest whole number inside; then it does not matter whether the end itself counts.
            name = "ge" if is_lower else "le"
            limit = math.ceil(limit) if is_lower else math.floor(limit)
        if name in limits:
            raise _UntypedError
        limits[name] = int(limit) if is_whole else float(limit)
    if len(limits.keys() & {"ge", "gt"}) > 1 or len(limits.keys() & {"le", "lt"}) > 1:
        raise _UntypedError
    if "multipleOf" in schema:
        step = cast(float, schema["multipleOf"])
        if not is_whole or not float(step).is_integer() or step >= _exact_integers:
            raise _UntypedError
        limits["multiple_of"] = int(step)
    return _limited(int if is_whole else float, **limits)


def _sizes(schema: Schema, of: str) -> dict[str, int]:
    sizes = {}
    for keyword, name in ((f"min{of}", "min_length"), (f"max{of}", "max_length")):
        if keyword in schema:
            sizes[name] = int(cast(float, schema[keyword]))
    return sizes


def _limited(of: Any, **limits: Any) -> Any:
    given = {name: value for name, value in limits.items() if value is not None}
    return Annotated[of, Meta(**given)] if given else of


def _union(types: Iterable[Any]) -> Any:
    """The types as one. Several beside null only where all are plain scalars.

    msgspec (0.22.0, found by tests on 2026-11-23) corrupts memory when a decoder goes away whose union joins a text
    with a pattern and a list or object. Unions of scalars and optional types of any kind are not concerned.
    """
    listed = list(types)
    joined = functools.reduce(operator.or_, listed[1:], listed[0])
    beside_null = [one for one in get_args(joined) if one is not type(None)] if len(listed) > 1 else []
    if len(beside_null) > 1 and not all(_is_plain_scalar(one) for one in beside_null):
        raise _UntypedError
    if beside_null and msgspec.Raw in beside_null:
        raise _UntypedError
    return joined


def _is_plain_scalar(of: Any) -> bool:
    if get_origin(of) is Annotated:
        bare_type, meta = get_args(of)
        return bare_type in _SCALARS and meta.pattern is None
    return of in _SCALARS or get_origin(of) is Literal


_SCALARS = (str, int, float, bool)
