"""Differences of the keywords for lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from paceline.contracts.differences.kinds import Change, Effect, Kind
from paceline.contracts.differences.numbers import limit_changes
from paceline.contracts.drafts import Draft

if TYPE_CHECKING:
    from paceline.contracts.differences.walk import Place, Walk

Schema = Mapping[str, object]
_CONTAINS = ("contains", "minContains", "maxContains")


class _Model(msgspec.Struct, frozen=True):
    """A list's content: items by position, and what all further ones must fit."""

    prefix: tuple[object, ...]
    rest: object
    prefix_keyword: str
    rest_keyword: str


def changes(walk: Walk, place: Place, was: Schema, now: Schema) -> Iterator[Change]:
    """Differences of counts, `uniqueItems`, `contains`, and of items by position and of all others."""
    yield from limit_changes(place, was, now, "minItems", "MIN_ITEMS")
    yield from limit_changes(place, was, now, "maxItems", "MAX_ITEMS")
    if bool(was.get("uniqueItems")) != bool(now.get("uniqueItems")):
        if now.get("uniqueItems"):
            yield place.change(Kind.UNIQUE_ITEMS_ADDED, Effect.NARROWS, "uniqueItems")
        else:
            yield place.change(Kind.UNIQUE_ITEMS_REMOVED, Effect.WIDENS, "uniqueItems")
    yield from _contains_changes(walk, place, was, now)
    before, after = _model(was, walk.before.document.draft), _model(now, walk.after.document.draft)
    for index in range(max(len(before.prefix), len(after.prefix))):
        if index >= len(before.prefix):
            yield _item_added(walk, place, before, after, index)
        elif index >= len(after.prefix):
            yield _item_removed(walk, place, before, after, index)
        else:
            inner = place.at(after.prefix_keyword, str(index))
            yield from walk.compare(inner, before.prefix[index], after.prefix[index])
    yield from _rest_changes(walk, place, before, after)


def _model(schema: Schema, draft: Draft) -> _Model:
    items = schema.get("items", True)
    if draft is Draft.DRAFT_2020_12:
        prefix = schema.get("prefixItems", [])
        return _Model(tuple(prefix) if isinstance(prefix, list) else (), items, "prefixItems", "items")
    if isinstance(items, list):
        return _Model(tuple(items), schema.get("additionalItems", True), "items", "additionalItems")
    return _Model((), items, "items", "items")


def _rest_changes(walk: Walk, place: Place, before: _Model, after: _Model) -> Iterator[Change]:
    was, now = before.rest, after.rest
    if was is True and now is True:
        return
    has_positions = bool(before.prefix or after.prefix)
    if not has_positions:
        if was is True:
            yield place.change(Kind.SCHEMA_ADDED, walk.relation.effect(was, now), after.rest_keyword)
        elif now is True:
            yield place.change(Kind.SCHEMA_REMOVED, walk.relation.effect(was, now), before.rest_keyword)
        else:
            yield from walk.compare(place.at(after.rest_keyword), was, now)
        return
    effect = walk.relation.effect(was, now)
    if effect is Effect.NONE:
        return
    if was is False:
        kind = Kind.ADDITIONAL_ITEMS_ADDED
    elif now is False:
        kind = Kind.ADDITIONAL_ITEMS_REMOVED
    elif effect is Effect.WIDENS:
        kind = Kind.ADDITIONAL_ITEMS_EXTENDED
    elif effect is Effect.NARROWS:
        kind = Kind.ADDITIONAL_ITEMS_NARROWED
    else:
        kind = Kind.ADDITIONAL_ITEMS_CHANGED
    yield place.change(kind, effect, after.rest_keyword)


def _item_added(walk: Walk, place: Place, before: _Model, after: _Model, index: int) -> Change:
    effect = walk.relation.effect(before.rest, after.prefix[index])
    if before.rest is True:
        kind = Kind.ITEM_ADDED_TO_OPEN_CONTENT_MODEL
    elif before.rest is False:
        kind = Kind.ITEM_ADDED_TO_CLOSED_CONTENT_MODEL
    elif effect in (Effect.NONE, Effect.WIDENS):
        kind = Kind.ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL
    else:
        kind = Kind.ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL
    return place.change(kind, effect, after.prefix_keyword, str(index))


def _item_removed(walk: Walk, place: Place, before: _Model, after: _Model, index: int) -> Change:
    effect = walk.relation.effect(before.prefix[index], after.rest)
    if after.rest is True:
        kind = Kind.ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL
    elif after.rest is False:
        kind = Kind.ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL
    elif effect in (Effect.NONE, Effect.WIDENS):
        kind = Kind.ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL
    else:
        kind = Kind.ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL
    return place.change(kind, effect, before.prefix_keyword, str(index))


def _contains_changes(walk: Walk, place: Place, was: Schema, now: Schema) -> Iterator[Change]:
    before, after = ({keyword: schema[keyword] for keyword in _CONTAINS if keyword in schema} for schema in (was, now))
    if before == after:
        return
    effect = walk.relation.effect(before, after)
    if "contains" not in before:
        yield place.change(Kind.CONTAINS_ADDED, effect, "contains")
    elif "contains" not in after:
        yield place.change(Kind.CONTAINS_REMOVED, effect, "contains")
    else:
        yield place.change(Kind.CONTAINS_CHANGED, effect, "contains")
