"""Differences of numeric keywords, and of every other keyword that is a single limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from paceline.contracts.differences.kinds import Change, Effect, Kind
from paceline.contracts.inclusion.terms import exact

if TYPE_CHECKING:
    from paceline.contracts.differences.walk import Place

Schema = Mapping[str, object]


def changes(place: Place, was: Schema, now: Schema) -> Iterator[Change]:
    """Differences of `minimum`, `maximum`, their exclusive forms and `multipleOf`."""
    before, after = _limits(was), _limits(now)
    yield from limit_changes(place, before, after, "minimum", "MINIMUM")
    yield from limit_changes(place, before, after, "maximum", "MAXIMUM")
    yield from limit_changes(place, before, after, "exclusiveMinimum", "EXCLUSIVE_MINIMUM")
    yield from limit_changes(place, before, after, "exclusiveMaximum", "EXCLUSIVE_MAXIMUM")
    yield from _multiple_changes(place, was, now)


def limit_changes(place: Place, was: Schema, now: Schema, keyword: str, name: str) -> Iterator[Change]:
    """The difference of one limit. A lower end narrows when it rises, an upper end when it falls."""
    if keyword not in was and keyword not in now:
        return
    is_lower = "MIN" in name
    if keyword not in was:
        yield place.change(Kind(f"{name}_ADDED"), Effect.NARROWS, keyword)
    elif keyword not in now:
        yield place.change(Kind(f"{name}_REMOVED"), Effect.WIDENS, keyword)
    else:
        before, after = exact(cast(float, was[keyword])), exact(cast(float, now[keyword]))
        if after > before:
            yield place.change(Kind(f"{name}_INCREASED"), Effect.NARROWS if is_lower else Effect.WIDENS, keyword)
        elif after < before:
            yield place.change(Kind(f"{name}_DECREASED"), Effect.WIDENS if is_lower else Effect.NARROWS, keyword)


def _limits(schema: Schema) -> Schema:
    """The limits as the newer drafts write them; draft 4 says `exclusiveMinimum: true` beside `minimum`."""
    limits = dict(schema)
    for inclusive, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool):
            del limits[exclusive]
            if schema[exclusive] and inclusive in schema:
                limits[exclusive] = limits.pop(inclusive)
    return limits


def _multiple_changes(place: Place, was: Schema, now: Schema) -> Iterator[Change]:
    keyword = "multipleOf"
    if keyword not in was and keyword not in now:
        return
    if keyword not in was:
        yield place.change(Kind.MULTIPLE_OF_ADDED, Effect.NARROWS, keyword)
    elif keyword not in now:
        yield place.change(Kind.MULTIPLE_OF_REMOVED, Effect.WIDENS, keyword)
    else:
        before, after = exact(cast(float, was[keyword])), exact(cast(float, now[keyword]))
        if before == after:
            return
        if (after / before).denominator == 1:
            yield place.change(Kind.MULTIPLE_OF_EXPANDED, Effect.NARROWS, keyword)
        elif (before / after).denominator == 1:
            yield place.change(Kind.MULTIPLE_OF_REDUCED, Effect.WIDENS, keyword)
        else:
            yield place.change(Kind.MULTIPLE_OF_CHANGED, Effect.BOTH, keyword)
