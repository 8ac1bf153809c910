"""Differences of alternatives, conjunctions, negation and conditions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from paceline.contracts.differences.kinds import Change, Effect, Kind
from paceline.contracts.inclusion.reading import bare

if TYPE_CHECKING:
    from paceline.contracts.differences.walk import Place, Walk

Schema = Mapping[str, object]
_SUMS = ("anyOf", "oneOf")
_CONDITION = ("if", "then", "else")


def changes(walk: Walk, place: Place, was: Schema, now: Schema) -> Iterator[Change]:
    """Differences of `allOf`, `anyOf`, `oneOf`, `not`, `if` and the `unevaluated…` keywords."""
    for keyword in ("allOf", *_SUMS):
        yield from _parts_changes(walk, place, keyword, was, now)
    if ("not" in was or "not" in now) and was.get("not") != now.get("not"):
        effect = walk.relation.effect(*({"not": s["not"]} if "not" in s else {} for s in (was, now)))
        kinds = {Effect.NARROWS: Kind.NOT_TYPE_EXTENDED, Effect.WIDENS: Kind.NOT_TYPE_NARROWED}
        yield place.change(kinds.get(effect, Kind.NOT_TYPE_CHANGED), effect, "not")
    conditions = [{keyword: schema[keyword] for keyword in _CONDITION if keyword in schema} for schema in (was, now)]
    if conditions[0] != conditions[1]:
        yield place.change(Kind.CONDITION_CHANGED, walk.relation.effect(*conditions), "if")
    for keyword in ("unevaluatedProperties", "unevaluatedItems"):
        if was.get(keyword) != now.get(keyword):
            yield place.change(Kind.UNEVALUATED_CHANGED, walk.relation.effect(was, now), keyword)


def _parts_changes(walk: Walk, place: Place, keyword: str, was: Schema, now: Schema) -> Iterator[Change]:
    before, after = _parts(was, keyword), _parts(now, keyword)
    if before == after:
        return
    if before is None or after is None:
        yield from _whole_keyword(walk, place, keyword, was, now)
        return
    gone, new = _unmatched(before, after)
    pairs = list(zip(gone, new, strict=False))
    for at_before, at_after in pairs:
        inner = place.at(keyword, str(at_after), is_plain=keyword == "allOf")
        yield from walk.compare(inner, before[at_before], after[at_after])
    is_sum = keyword in _SUMS
    for index in new[len(pairs) :]:
        kind = Kind.SUM_TYPE_EXTENDED if is_sum else Kind.PRODUCT_TYPE_EXTENDED
        yield place.change(kind, Effect.WIDENS if is_sum else Effect.NARROWS, keyword, str(index))
    for index in gone[len(pairs) :]:
        kind = Kind.SUM_TYPE_NARROWED if is_sum else Kind.PRODUCT_TYPE_NARROWED
        yield place.change(kind, Effect.NARROWS if is_sum else Effect.WIDENS, keyword, str(index))


def _whole_keyword(walk: Walk, place: Place, keyword: str, was: Schema, now: Schema) -> Iterator[Change]:
    """The keyword comes or goes: what that means depends on what stands beside it."""
    gone, new = ({"allOf", *_SUMS} & (one.keys() - other.keys()) for one, other in ((was, now), (now, was)))
    if gone and new and keyword in gone:
        return  # Another combinator took its place, and is reported for both.
    effect = walk.relation.effect(was, now)
    if gone and new:
        kind = Kind.COMBINED_TYPE_CHANGED
    elif keyword == "allOf":
        kind = Kind.PRODUCT_TYPE_EXTENDED if keyword in now else Kind.PRODUCT_TYPE_NARROWED
    elif effect in (Effect.WIDENS, Effect.NARROWS):
        kind = Kind.SUM_TYPE_EXTENDED if effect is Effect.WIDENS else Kind.SUM_TYPE_NARROWED
    else:
        kind = Kind.COMBINED_TYPE_CHANGED
    yield place.change(kind, effect, keyword)


def _parts(schema: Schema, keyword: str) -> list[object] | None:
    value = schema.get(keyword)
    return value if isinstance(value, list) else None


def _unmatched(before: list[object], after: list[object]) -> tuple[list[int], list[int]]:
    """The positions on both sides that have no equal on the other."""
    left = [json.dumps(bare(part), sort_keys=True) for part in before]
    right = [json.dumps(bare(part), sort_keys=True) for part in after]
    gone, new = [], list(range(len(after)))
    for index, text in enumerate(left):
        twin = next((at for at in new if right[at] == text), None)
        if twin is None:
            gone.append(index)
        else:
            new.remove(twin)
    return gone, new
