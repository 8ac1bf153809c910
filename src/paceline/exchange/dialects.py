"""Takes JSON Schemas from one draft to another, and says what the other draft has no words for.

Older drafts come in from tracking plans and Iglu, and go out to Iglu (draft 4) and AsyncAPI (draft 7). The renamed
keywords are those of the drafts' own release notes (https://json-schema.org/draft/2020-12/release-notes,
https://json-schema.org/draft/2019-09/release-notes, read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Mapping

from paceline.contracts.drafts import Draft, draft_of, list_keywords, map_keywords, single_keywords
from paceline.contracts.pointers import look_up, pointer, steps_of
from paceline.exchange.loss import Loss, Schema

_ANNOTATIONS = frozenset({"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"})
_BOUNDS = (("exclusiveMinimum", "minimum", max), ("exclusiveMaximum", "maximum", min))
_DROPPED_AT_ONCE = frozenset({"$schema", "$id", "id", "$vocabulary", "$comment", "self", "labels"})
_UNKNOWN_TO_DRAFT_7 = frozenset(
    {"unevaluatedProperties", "unevaluatedItems", "minContains", "maxContains", "$anchor", "$dynamicRef"}
    | {"$dynamicAnchor", "contentSchema"}
)
_UNKNOWN_TO_DRAFT_4 = _UNKNOWN_TO_DRAFT_7 | {"if", "then", "else", "contains", "propertyNames", "contentMediaType"}
_most_inlined = 32


def modernize(schema: Schema, *, about: str) -> tuple[Schema, tuple[Loss, ...]]:
    """The same schema in draft 2020-12, without `$schema` and `$id`. Its `$schema` says what it is; else draft 7.

    >>> modernize({"minimum": 0, "exclusiveMinimum": True, "$schema": "http://json-schema.org/draft-04/schema#"},
    ...           about="x")[0]
    {'exclusiveMinimum': 0}
    """
    draft = draft_of(schema) if "$schema" in schema else Draft.DRAFT_7
    upgrade = _Upgrade(draft or Draft.DRAFT_7, about)
    result = upgrade.schema(schema, ())
    return (result if isinstance(result, dict) else {}), tuple(upgrade.losses)


class _Upgrade:
    def __init__(self, draft: Draft, about: str) -> None:
        self._draft = draft
        self._about = about
        self.losses: list[Loss] = []

    def schema(self, node: object, steps: tuple[str, ...]) -> object:
        if not isinstance(node, dict):
            return node
        if self._draft <= Draft.DRAFT_7 and isinstance(node.get("$ref"), str):
            # Up to draft 7 everything beside a reference is ignored; now it would apply.
            node = {keyword: value for keyword, value in node.items() if keyword in {"$ref", *_ANNOTATIONS}
                    or keyword.startswith("x-") or keyword == "definitions"}  # fmt: skip
        result: Schema = {}
        for keyword, value in node.items():
            self._keyword(keyword, value, (*steps, keyword), result)
        return _with_numeric_bounds(result)

    def _keyword(self, keyword: str, value: object, steps: tuple[str, ...], result: Schema) -> None:  # noqa: PLR0912 - one branch a renamed keyword
        if keyword in _DROPPED_AT_ONCE and not (keyword == "labels" and value):
            return
        match keyword, value:
            case "$ref", str():
                result["$ref"] = self._reference(value, steps)
            case (("$recursiveRef" | "$recursiveAnchor" | "$supersededBy" | "$supersedes" | "labels"), _):
                self._lose(steps, f"{keyword!r} has no counterpart in a contract")
            case "type", "any":
                pass
            case "required", bool():
                self._lose(steps, "'required' beside a field is not JSON Schema since draft 4", "list it in the object")
            case "definitions", dict():
                result["$defs"] = {name: self.schema(child, (*steps, name)) for name, child in value.items()}
            case "dependencies", dict():
                self._dependencies(value, steps, result)
            case "items", list():
                result["prefixItems"] = [self.schema(child, (*steps, str(i))) for i, child in enumerate(value)]
            case "additionalItems", _:
                result.setdefault("items", self.schema(value, steps))
            case _, dict() if keyword in map_keywords:
                result[keyword] = {name: self.schema(child, (*steps, name)) for name, child in value.items()}
            case _, list() if keyword in list_keywords:
                result[keyword] = [self.schema(child, (*steps, str(i))) for i, child in enumerate(value)]
            case _ if keyword in single_keywords:
                result[keyword] = self.schema(value, steps)
            case _:
                result[keyword] = value

    def _dependencies(self, value: Mapping[str, object], steps: tuple[str, ...], result: Schema) -> None:
        required = {name: child for name, child in value.items() if isinstance(child, list)}
        schemas = {name: child for name, child in value.items() if not isinstance(child, list)}
        if required:
            result["dependentRequired"] = required
        if schemas:
            result["dependentSchemas"] = {name: self.schema(child, (*steps, name)) for name, child in schemas.items()}

    def _reference(self, reference: str, steps: tuple[str, ...]) -> str:
        if not reference.startswith("#"):
            self._lose(steps, f"the reference {reference!r} leads out of the schema, and nothing is fetched",
                       "copy what it names under $defs")  # fmt: skip
            return reference
        return _with_renamed_definitions(reference)

    def _lose(self, steps: tuple[str, ...], message: str, hint: str = "") -> None:
        self.losses.append(Loss(about=self._about, pointer=pointer(steps), message=message, hint=hint))


def _with_numeric_bounds(schema: Schema) -> Schema:
    """Draft 4 says `minimum: 0, exclusiveMinimum: true` where later ones say `exclusiveMinimum: 0`."""
    for exclusive, inclusive, _ in _BOUNDS:
        if isinstance(schema.get(exclusive), bool):
            is_exclusive = schema.pop(exclusive)
            if is_exclusive and inclusive in schema:
                schema[exclusive] = schema.pop(inclusive)
    return schema


def _with_renamed_definitions(reference: str) -> str:
    """`definitions` as `$defs` where the step names a keyword and not a field.

    >>> _with_renamed_definitions("#/definitions/a/properties/definitions")
    '#/$defs/a/properties/definitions'
    """
    renamed: list[str] = []
    is_name = False
    for step in reference.split("/"):
        renamed.append("$defs" if step == "definitions" and not is_name else step)
        is_name = not is_name and (step in map_keywords or step == "definitions" or step in list_keywords)
    return "/".join(renamed)


def downgrade(
    schema: Schema, draft: Draft, *, about: str, keep_annotations: bool = True
) -> tuple[Schema, tuple[Loss, ...]]:
    """A 2020-12 schema in draft 7 or 4, without `$schema`. What the draft cannot say is left out and listed, so that
    the result accepts more than the original (less only where that stood inside `not`).

    For draft 4 references are written out in place (Snowplow's tools do not follow them); a recursive one ends in a
    schema that accepts everything. `keep_annotations` keeps keywords that begin with `x-`.
    """
    assert draft in (Draft.DRAFT_4, Draft.DRAFT_7)
    down = _Downgrade(schema, draft, about, keep_annotations=keep_annotations)
    result = down.schema(schema, (), ())
    return (result if isinstance(result, dict) else {}), tuple(down.losses)


class _Downgrade:
    def __init__(self, root: Schema, draft: Draft, about: str, *, keep_annotations: bool) -> None:
        self._root = root
        self._is_draft_4 = draft is Draft.DRAFT_4
        self._unknown = _UNKNOWN_TO_DRAFT_4 if self._is_draft_4 else _UNKNOWN_TO_DRAFT_7
        self._about = about
        self._keep_annotations = keep_annotations
        self.losses: list[Loss] = []

    def schema(self, node: object, steps: tuple[str, ...], open_references: tuple[str, ...]) -> object:
        if isinstance(node, bool):
            return ({} if node else {"not": {}}) if self._is_draft_4 else node
        if not isinstance(node, dict):
            return node
        if isinstance(reference := node.get("$ref"), str):
            return self._reference(reference, node, steps, open_references)
        result: Schema = {}
        for keyword, value in _with_list_items(node).items():
            self._keyword(keyword, value, (*steps, keyword), result, open_references)
        if self._is_draft_4:
            _write_draft_4_bounds(result)
            if result.get("required") == []:
                del result["required"]
        return result

    def _reference(
        self, reference: str, node: Schema, steps: tuple[str, ...], open_references: tuple[str, ...]
    ) -> object:
        beside = {keyword: value for keyword, value in node.items() if keyword not in {"$ref", "$defs"}}
        if not self._is_draft_4:
            named = {"$ref": reference.replace("#/$defs/", "#/definitions/", 1)}
            rest = self.schema(beside, steps, open_references)
            result: Schema = {"allOf": [named], **rest} if beside and isinstance(rest, dict) else dict(named)
            if isinstance(definitions := node.get("$defs"), dict):
                self._keyword("$defs", definitions, (*steps, "$defs"), result, open_references)
            return result
        if reference in open_references or len(open_references) >= _most_inlined or not reference.startswith("#/"):
            self._lose((*steps, "$ref"), "a recursive reference cannot be written out; anything is accepted here")
            return {}
        try:
            target = look_up(self._root, steps_of(reference[1:]))
        except LookupError:
            self._lose((*steps, "$ref"), f"the reference {reference!r} leads to nothing")
            return {}
        written_out = self.schema(target, steps, (*open_references, reference))
        rest = self.schema(beside, steps, open_references)
        return {**written_out, **rest} if isinstance(written_out, dict) and isinstance(rest, dict) else written_out

    def _keyword(  # noqa: PLR0912 - one branch a renamed keyword
        self, keyword: str, value: object, steps: tuple[str, ...], result: Schema, opened: tuple[str, ...]
    ) -> None:
        if keyword in {"$schema", "$id", "$comment", "$vocabulary"}:
            return
        if keyword in self._unknown:
            self._lose(steps, f"{keyword!r} has no counterpart in draft {4 if self._is_draft_4 else 7}; it is left out")
            return
        match keyword, value:
            case "$defs", dict():
                if not self._is_draft_4:
                    result["definitions"] = self._map(value, steps, opened)
            case "const", _ if self._is_draft_4:
                result["enum"] = [value]
            case "items", list():
                result["items"] = [self.schema(child, (*steps, str(i)), opened) for i, child in enumerate(value)]
            case "dependentRequired", dict():
                result["dependencies"] = {**_as_dict(result.get("dependencies")), **value}
            case "dependentSchemas", dict():
                result["dependencies"] = {**_as_dict(result.get("dependencies")), **self._map(value, steps, opened)}
            case (("additionalProperties" | "items"), bool()) if self._is_draft_4:
                if keyword == "additionalProperties":
                    result[keyword] = value
                elif value is False:
                    result["maxItems"] = 0
            case (("examples" | "readOnly" | "writeOnly" | "deprecated"), _) if self._is_draft_4:
                pass
            case _ if keyword.startswith("x-") and not self._keep_annotations:
                self._lose(steps, f"the annotation {keyword!r} is left out")
            case _, dict() if keyword in map_keywords:
                result[keyword] = self._map(value, steps, opened)
            case _, list() if keyword in list_keywords:
                result[keyword] = [self.schema(child, (*steps, str(i)), opened) for i, child in enumerate(value)]
            case _ if keyword in single_keywords:
                result[keyword] = self.schema(value, steps, opened)
            case _:
                result[keyword] = value

    def _map(self, value: Mapping[str, object], steps: tuple[str, ...], opened: tuple[str, ...]) -> Schema:
        return {name: self.schema(child, (*steps, name), opened) for name, child in value.items()}

    def _lose(self, steps: tuple[str, ...], message: str) -> None:
        self.losses.append(Loss(about=self._about, pointer=pointer(steps), message=message))


def _with_list_items(node: Schema) -> Schema:
    """`prefixItems` and `items` under the names that they had up to 2019-09."""
    if "prefixItems" not in node:
        return node
    names = {"prefixItems": "items", "items": "additionalItems"}
    return {names.get(keyword, keyword): value for keyword, value in node.items()}


def _write_draft_4_bounds(schema: Schema) -> None:
    for exclusive, inclusive, stricter in _BOUNDS:
        bound = schema.pop(exclusive, None)
        if not isinstance(bound, int | float):
            continue
        other = schema.get(inclusive)
        if isinstance(other, int | float) and other != bound and stricter(bound, other) == other:
            continue
        schema[inclusive] = bound
        schema[exclusive] = True


def _as_dict(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
