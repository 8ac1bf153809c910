"""Differences of the keywords for texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from paceline.contracts.differences.kinds import Change, Effect, Kind
from paceline.contracts.differences.numbers import limit_changes

if TYPE_CHECKING:
    from paceline.contracts.differences.walk import Place, Walk

Schema = Mapping[str, object]


def changes(walk: Walk, place: Place, was: Schema, now: Schema) -> Iterator[Change]:
    """Differences of lengths, `pattern`, `format` and what a text contains."""
    yield from limit_changes(place, was, now, "minLength", "MIN_LENGTH")
    yield from limit_changes(place, was, now, "maxLength", "MAX_LENGTH")
    for keyword, name in (("pattern", "PATTERN"), ("format", "FORMAT")):
        if was.get(keyword) == now.get(keyword):
            continue
        effect = walk.relation.effect(*({k: s[k] for k in (keyword,) if k in s} for s in (was, now)))
        if keyword not in was:
            # A registry refuses a new pattern, without a look at what it says. A new format it does not mind.
            by_rule = keyword == "pattern" and effect is Effect.NONE
            yield place.change(Kind(f"{name}_ADDED"), effect, keyword, by_rule=by_rule)
        elif keyword not in now:
            yield place.change(Kind(f"{name}_REMOVED"), effect, keyword)
        else:
            yield place.change(Kind(f"{name}_CHANGED"), effect, keyword)
    for keyword in ("contentEncoding", "contentMediaType"):
        if was.get(keyword) != now.get(keyword):
            effect = walk.relation.effect(*({k: s[k] for k in (keyword,) if k in s} for s in (was, now)))
            yield place.change(Kind.CONTENT_CHANGED, effect, keyword)
