"""What is known of a value before any event has come, and two views of a schema: as described, and without limits."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import msgspec

from paceline.mapping import kinds as k
from paceline.mapping.schemas import HAS_NAMED_SCHEMAS, HAS_SCHEMAS, Schema, branches_of, parts_of, schema_kinds

EVENT_TIME: Final = "x-event-time"
"""Marks the schema of an event's own time: a time between 2010 and 2099.

No contract can say so, and no vendor takes events of other years. docs/mapping.md names it as a limit of the check.
"""
EVENT_SECS: Final = (1_262_304_000, 4_102_444_799)

Presence: TypeAlias = tuple[str | int, ...]
"""A place in the event, or anything else with a name, that must be there for a value to be there."""


class ValueType(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one value.

    `schema` is met by every value that is there (it may allow null). `needs` is what must be there for the value to
    be there; empty means that it is there for every valid event. `is_known` is false where the contract says nothing
    about the value. `pii` are the kinds of personal data in it.
    """

    schema: Schema = True
    needs: frozenset[Presence] = frozenset()
    is_known: bool = True
    pii: frozenset[str] = frozenset()

    @property
    def may_be_missing(self) -> bool:
        return bool(self.needs)

    @property
    def may_be_null(self) -> bool:
        return bool(schema_kinds(self.schema) & k.NULL)


def as_described(schema: Schema) -> Schema:
    """The schema without what it leaves open: objects have only the keys that it names somewhere.

    An open object may have more keys than its contract says. Nothing can be held against a contract for those.
    """
    if not isinstance(schema, dict):
        return schema
    described = {
        keyword: [as_described(branch) for branch in value] if keyword in {"allOf", "anyOf", "oneOf"} else value
        for keyword, value in schema.items()
    }
    if isinstance(items := schema.get("items"), dict):
        described["items"] = as_described(items)
    if isinstance(fields := schema.get("properties"), dict):
        described["properties"] = {name: as_described(inner) for name, inner in fields.items()}
        is_whole = not any(keyword in schema for keyword in ("allOf", "anyOf", "oneOf", "patternProperties"))
        if is_whole:
            described.setdefault("additionalProperties", False)
    return described


LIMITS: Final = frozenset(
    {
        *("minLength", "maxLength", "pattern", "format"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains"),
        *("minProperties", "maxProperties", "propertyNames", "dependentRequired"),
    }
)
"""Keywords that narrow values of a type: what a contract may well leave unsaid."""
_SAME_LIMIT: Final = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


def without_limits(schema: Schema) -> Schema:
    """The schema reduced to types, allowed values, required keys and closed objects."""
    reduced: Schema = _without_limits(schema)
    return reduced


def _without_limits(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_limits(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    reduced: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in HAS_NAMED_SCHEMAS:
            reduced[keyword] = {name: _without_limits(inner) for name, inner in value.items()}
        elif keyword not in LIMITS and keyword != "not":
            reduced[keyword] = _without_limits(value) if keyword in HAS_SCHEMAS else value
    return reduced


def stated_limits(schema: Schema) -> frozenset[str]:
    """The limits that a schema states for the value itself; with `value` when it names its values."""
    found: set[str] = set()
    for part in parts_of(schema):
        found.update(LIMITS & part.keys())
        found.update(other for keyword, other in _SAME_LIMIT.items() if keyword in part)
        found.update(keyword for keyword, other in _SAME_LIMIT.items() if other in part)
        if "const" in part or "enum" in part:
            found.add("value")
        for branches in branches_of(part):
            found.update(*(stated_limits(branch) for branch in branches))
    return frozenset(found)
