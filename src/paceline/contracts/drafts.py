"""The JSON Schema drafts that contracts may use, and where schemas may stand inside a schema."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping

from jsonschema_rs import (
    Draft4Validator,
    Draft6Validator,
    Draft7Validator,
    Draft201909Validator,
    Draft202012Validator,
)
from jsonschema_rs import Validator as Engine

type_names = ("null", "boolean", "object", "array", "number", "integer", "string")
"""The words that `type` knows."""


class Draft(enum.IntEnum):
    """A JSON Schema draft. Contracts are written in 2020-12; older ones come in by import and from registries."""

    DRAFT_4 = 4
    DRAFT_6 = 6
    DRAFT_7 = 7
    DRAFT_2019_09 = 201909
    DRAFT_2020_12 = 202012

    @property
    def engine(self) -> type[Engine]:
        """The class of jsonschema-rs that validates this draft."""
        return _ENGINES[self]

    @property
    def metaschema(self) -> str:
        """The URI that `$schema` has for this draft."""
        return _METASCHEMAS[self]


_ENGINES: Mapping[Draft, type[Engine]] = {
    Draft.DRAFT_4: Draft4Validator,
    Draft.DRAFT_6: Draft6Validator,
    Draft.DRAFT_7: Draft7Validator,
    Draft.DRAFT_2019_09: Draft201909Validator,
    Draft.DRAFT_2020_12: Draft202012Validator,
}
_METASCHEMAS: Mapping[Draft, str] = {
    Draft.DRAFT_4: "http://json-schema.org/draft-04/schema#",
    Draft.DRAFT_6: "http://json-schema.org/draft-06/schema#",
    Draft.DRAFT_7: "http://json-schema.org/draft-07/schema#",
    Draft.DRAFT_2019_09: "https://json-schema.org/draft/2019-09/schema",
    Draft.DRAFT_2020_12: "https://json-schema.org/draft/2020-12/schema",
}
_DRAFTS_BY_URI: Mapping[str, Draft] = {
    **{uri.rstrip("#").partition("://")[2]: draft for draft, uri in _METASCHEMAS.items()},
    # Snowplow's self-describing schemas are draft 4 with a `self` object beside it
    # (https://docs.snowplow.io/docs/pipeline-components-and-applications/iglu/common-architecture/self-describing-json-schemas/,
    # read 2026-11-23).
    "iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0": Draft.DRAFT_4,
}

single_keywords = frozenset(
    {
        "additionalItems",
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
"""Keywords whose value is a schema (`items` may be a list of schemas up to 2019-09)."""
list_keywords = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
"""Keywords whose value is a list of schemas."""
map_keywords = frozenset(
    {"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"}
)
"""Keywords whose value maps names to schemas (in `dependencies` some values are lists of names instead)."""


def draft_of(schema: object, *, fallback: Draft = Draft.DRAFT_2020_12) -> Draft | None:
    """The draft that a schema is written in; None when its `$schema` names one that nobody here knows.

    A schema without `$schema` is `fallback`, unless it uses a form that only an older draft gives a meaning to (a list
    under `items`, `additionalItems`, `dependencies`, or a boolean `exclusiveMinimum`): reading it as a newer draft
    would silently drop what its author asked for.
    """
    if isinstance(schema, dict) and isinstance(uri := schema.get("$schema"), str):
        return _DRAFTS_BY_URI.get(uri.rstrip("#").partition("://")[2])
    oldest = fallback
    for _, node in walk(schema):
        if isinstance(node, dict):
            if isinstance(node.get("exclusiveMinimum"), bool) or isinstance(node.get("exclusiveMaximum"), bool):
                return min(Draft.DRAFT_4, fallback)
            if isinstance(node.get("items"), list) or "additionalItems" in node or "dependencies" in node:
                oldest = min(Draft.DRAFT_7, fallback)
    return oldest


def walk(schema: object) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every schema inside a schema, itself first, with the steps of the JSON pointer that leads to it.

    Does not follow `$ref`. Needs no recursion, so that a schema may be as deep as its reader allows.
    """
    pending: list[tuple[tuple[str, ...], object]] = [((), schema)]
    while pending:
        steps, node = pending.pop()
        yield steps, node
        if isinstance(node, dict):
            pending.extend((steps + further, child) for further, child in reversed(list(children(node))))


def children(schema: dict[str, object]) -> Iterator[tuple[tuple[str, ...], object]]:
    """The schemas directly inside one schema, with the steps from it to each."""
    for keyword, value in schema.items():
        if keyword in list_keywords or (keyword == "items" and isinstance(value, list)):
            if isinstance(value, list):
                for index, child in enumerate(value):
                    yield (keyword, str(index)), child
        elif keyword in single_keywords:
            yield (keyword,), value
        elif keyword in map_keywords and isinstance(value, dict):
            for name, child in value.items():
                if not isinstance(child, list):
                    yield (keyword, str(name)), child
