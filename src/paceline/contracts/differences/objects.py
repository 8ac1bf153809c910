"""Differences of the keywords for objects.

A content model is open (undeclared fields may be anything), closed (there are none) or partially open (a schema or
patterns say what they may be).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from paceline.contracts.differences.kinds import Change, Effect, Kind
from paceline.contracts.differences.numbers import limit_changes
from paceline.contracts.inclusion.evaluation import matches

if TYPE_CHECKING:
    from paceline.contracts.differences.walk import Place, Walk

Schema = Mapping[str, object]


def changes(walk: Walk, place: Place, was: Schema, now: Schema) -> Iterator[Change]:
    """Differences of fields, required fields, counts, names, dependencies and of the content model."""
    required_before, required_after = _names(was.get("required")), _names(now.get("required"))
    before, after = _map(was.get("properties")), _map(now.get("properties"))
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield _removed(walk, place, was, now, name)
        elif name not in before:
            yield _added(walk, place, was, now, name)
        else:
            yield from walk.compare(place.at("properties", name), before[name], after[name])
    for name in sorted(required_after - required_before):
        yield place.change(Kind.REQUIRED_ATTRIBUTE_ADDED, Effect.NARROWS, "required", name)
    for name in sorted(required_before - required_after):
        yield place.change(Kind.REQUIRED_ATTRIBUTE_REMOVED, Effect.WIDENS, "required", name)
    yield from limit_changes(place, was, now, "minProperties", "MIN_PROPERTIES")
    yield from limit_changes(place, was, now, "maxProperties", "MAX_PROPERTIES")
    yield from _pattern_changes(walk, place, was, now)
    yield from _others_changes(walk, place, was, now)
    yield from _names_changes(walk, place, was, now)
    yield from _dependency_changes(walk, place, was, now)


def _removed(walk: Walk, place: Place, was: Schema, now: Schema, name: str) -> Change:
    """A field that only the original declares: what does the update's content model say about its name?"""
    rule = _map(was.get("properties"))[name]
    others = now.get("additionalProperties", True)
    covering = _covering(now, name)
    effect = walk.relation.effect(rule, {"allOf": covering} if covering else others)
    if rule is False and others is False:
        kind = Kind.PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL
    elif _map(now.get("patternProperties")) or not isinstance(others, bool):
        if covering is not None and effect in (Effect.NONE, Effect.WIDENS):
            kind = Kind.PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL
        else:
            kind = Kind.PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL
    elif others is True:
        kind = Kind.PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL
    else:
        kind = Kind.PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL
    by_rule = kind is Kind.PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL and not effect.breaks(
        backward=True, forward=False
    )
    return place.change(kind, effect, "properties", name, by_rule=by_rule)


def _added(walk: Walk, place: Place, was: Schema, now: Schema, name: str) -> Change:
    """A field that only the update declares: what did the original's content model say about its name?"""
    rule = _map(now.get("properties"))[name]
    others = was.get("additionalProperties", True)
    matching = [schema for pattern, schema in _map(was.get("patternProperties")).items() if matches(pattern, name)]
    effect = walk.relation.effect({"allOf": matching} if matching else others, rule)
    is_partial = bool(_map(was.get("patternProperties"))) or not isinstance(others, bool)
    by_rule = False
    if is_partial:
        if effect in (Effect.NONE, Effect.WIDENS):
            kind = Kind.PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL
        else:
            kind = Kind.PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL
    elif others is True:
        kind = Kind.PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL
        if effect is Effect.NONE:
            kind = Kind.PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL
            by_rule = True
    elif name in _names(now.get("required")):
        kind = Kind.REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL
    else:
        kind = Kind.OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL
    return place.change(kind, effect, "properties", name, by_rule=by_rule)


def _covering(now: Schema, name: str) -> list[object] | None:
    """The rules of the partially open model for a name; None when no pattern is meant for it.

    A pattern is meant for a name when it matches the whole of it. `^a*` is found in every text, as JSON Schema reads
    it, but whoever wrote it meant names of the letter a, and registries differ: so strict asks for the whole name.
    """
    patterns = _map(now.get("patternProperties"))
    found = [schema for pattern, schema in patterns.items() if matches(f"^(?:{pattern})$", name)]
    if found:
        return found
    others = now.get("additionalProperties", True)
    return None if isinstance(others, bool) else [others]


def _pattern_changes(walk: Walk, place: Place, was: Schema, now: Schema) -> Iterator[Change]:
    before, after = _map(was.get("patternProperties")), _map(now.get("patternProperties"))
    for pattern in sorted({*before, *after}):
        if pattern not in after:
            effect = walk.relation.effect(before[pattern], now.get("additionalProperties", True))
            yield place.change(Kind.PATTERN_PROPERTY_REMOVED, effect, "patternProperties", pattern)
        elif pattern not in before:
            effect = walk.relation.effect(was.get("additionalProperties", True), after[pattern])
            yield place.change(Kind.PATTERN_PROPERTY_ADDED, effect, "patternProperties", pattern)
        else:
            yield from walk.compare(place.at("patternProperties", pattern), before[pattern], after[pattern])


def _others_changes(walk: Walk, place: Place, was: Schema, now: Schema) -> Iterator[Change]:
    before, after = was.get("additionalProperties", True), now.get("additionalProperties", True)
    effect = walk.relation.effect(before, after)
    if effect is Effect.NONE:
        return
    if before is False:
        kind = Kind.ADDITIONAL_PROPERTIES_ADDED
    elif after is False:
        kind = Kind.ADDITIONAL_PROPERTIES_REMOVED
    elif effect is Effect.WIDENS:
        kind = Kind.ADDITIONAL_PROPERTIES_EXTENDED
    elif effect is Effect.NARROWS:
        kind = Kind.ADDITIONAL_PROPERTIES_NARROWED
    else:
        kind = Kind.ADDITIONAL_PROPERTIES_CHANGED
    yield place.change(kind, effect, "additionalProperties")


def _names_changes(walk: Walk, place: Place, was: Schema, now: Schema) -> Iterator[Change]:
    keyword = "propertyNames"
    if keyword in was and keyword in now:
        yield from walk.compare(place.at(keyword), was[keyword], now[keyword])
    elif keyword in now:
        effect = walk.relation.effect({}, {keyword: now[keyword]})
        yield place.change(Kind.PROPERTY_NAMES_ADDED, effect, keyword)
    elif keyword in was:
        effect = walk.relation.effect({keyword: was[keyword]}, {})
        yield place.change(Kind.PROPERTY_NAMES_REMOVED, effect, keyword)


def _dependency_changes(walk: Walk, place: Place, was: Schema, now: Schema) -> Iterator[Change]:
    for keyword in ("dependencies", "dependentRequired", "dependentSchemas"):
        before, after = _map(was.get(keyword)), _map(now.get(keyword))
        for name in sorted({*before, *after}):
            inner = place.at(keyword, name)
            old, new = before.get(name), after.get(name)
            if isinstance(old, list) or isinstance(new, list):
                yield from _array_dependency(inner, old, new)
            elif name not in before:
                yield inner.change(Kind.DEPENDENCY_SCHEMA_ADDED, Effect.NARROWS)
            elif name not in after:
                yield inner.change(Kind.DEPENDENCY_SCHEMA_REMOVED, Effect.WIDENS)
            else:
                yield from walk.compare(inner, old, new)


def _array_dependency(place: Place, old: object, new: object) -> Iterator[Change]:
    before, after = _names(old), _names(new)
    if old is None:
        yield place.change(Kind.DEPENDENCY_ARRAY_ADDED, Effect.NARROWS)
    elif new is None:
        yield place.change(Kind.DEPENDENCY_ARRAY_REMOVED, Effect.WIDENS)
    elif not (isinstance(old, list) and isinstance(new, list)):
        yield place.change(Kind.DEPENDENCY_ARRAY_CHANGED, Effect.BOTH)
    elif before < after:
        yield place.change(Kind.DEPENDENCY_ARRAY_EXTENDED, Effect.NARROWS)
    elif before > after:
        yield place.change(Kind.DEPENDENCY_ARRAY_NARROWED, Effect.WIDENS)
    elif before != after:
        yield place.change(Kind.DEPENDENCY_ARRAY_CHANGED, Effect.BOTH)


def _map(value: object) -> dict[str, object]:
    return cast(dict[str, object], value) if isinstance(value, dict) else {}


def _names(value: object) -> set[str]:
    return set(value) if isinstance(value, list) else set()
