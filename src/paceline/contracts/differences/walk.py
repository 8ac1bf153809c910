"""Walks through two schemas side by side and names every difference with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

import msgspec

from paceline.contracts.differences import arrays, combinators, numbers, objects, strings
from paceline.contracts.differences.kinds import Change, Effect, Kind
from paceline.contracts.differences.relation import Relation, Side
from paceline.contracts.drafts import type_names
from paceline.contracts.inclusion.refuting import Pair
from paceline.contracts.inclusion.terms import identity
from paceline.contracts.pointers import pointer

Schema = Mapping[str, object]
most_changes = 1_000
"""How many changes of one pair are listed."""
deepest_place = 128
"""How many steps a JSON pointer to a change has at most; what lies deeper (behind many references) is not listed."""
_ANNOTATIONS = {
    "$id": Kind.ID_CHANGED,
    "id": Kind.ID_CHANGED,
    "title": Kind.TITLE_CHANGED,
    "description": Kind.DESCRIPTION_CHANGED,
    "default": Kind.DEFAULT_CHANGED,
}
_NOTES = ("deprecated", "examples", "readOnly", "writeOnly")


class Place(msgspec.Struct, frozen=True):
    """Where the walk is. `is_plain` is False inside alternatives, where a part alone does not decide."""

    steps: tuple[str, ...] = ()
    is_plain: bool = True

    def at(self, *further: str, is_plain: bool = True) -> Place:
        """A place further in."""
        return Place(self.steps + further, self.is_plain and is_plain)

    def change(self, kind: Kind, effect: Effect, *further: str, by_rule: bool = False) -> Change:
        """A change at this place or further in."""
        return Change(
            kind=kind, pointer=pointer(self.steps + further), effect=effect, by_rule=by_rule and self.is_plain
        )


def changes_between(pair: Pair) -> tuple[Change, ...]:
    """Every difference from the writer of a pair to its reader, in the order of the schema. Work is bounded."""
    walk = Walk(pair)
    found = islice(walk.compare(Place(), walk.before.document.root, walk.after.document.root), most_changes)
    return tuple(dict.fromkeys(found))


class Walk:
    """One walk: the two documents, what they mean to each other, and where it has been."""

    def __init__(self, pair: Pair) -> None:
        self.relation = Relation(pair)
        self.before = Side(pair.writing.document)
        self.after = Side(pair.reading.document)
        self._visited: set[tuple[int, int]] = set()

    def compare(self, place: Place, before: object, after: object) -> Iterator[Change]:
        """The differences between two schemas that stand at the same place."""
        was, now = self.before.resolved(before), self.after.resolved(after)
        if (id(was), id(now)) in self._visited or len(place.steps) > deepest_place:
            return
        self._visited.add((id(was), id(now)))
        if isinstance(was, dict) and isinstance(now, dict):
            yield from self._notes(place, was, now)
        if place.steps == ():
            kind_changed = self._root_kind(place, was, now)
            if kind_changed is not None:
                yield kind_changed
                return
        first, second = as_object(was), as_object(now)
        retyped = self._types(place, first, second)
        if retyped is not None:
            yield retyped
            if retyped.kind is Kind.TYPE_CHANGED:
                return
        yield from self._values(place, first, second)
        yield from numbers.changes(place, first, second)
        yield from strings.changes(self, place, first, second)
        yield from arrays.changes(self, place, first, second)
        yield from objects.changes(self, place, first, second)
        yield from combinators.changes(self, place, first, second)

    def _notes(self, place: Place, was: Schema, now: Schema) -> Iterator[Change]:
        for keyword in sorted({*was, *now}):
            is_note = keyword in _NOTES or keyword.startswith("x-")
            if (keyword in _ANNOTATIONS or is_note) and was.get(keyword) != now.get(keyword):
                yield place.change(_ANNOTATIONS.get(keyword, Kind.ANNOTATION_CHANGED), Effect.NONE, keyword)

    def _root_kind(self, place: Place, was: object, now: object) -> Change | None:
        """At the root, registries compare what a schema is before they look inside: see docs/compatibility.md."""
        before, after = self.before.form(was), self.after.form(now)
        if after in (before, "other", "object") or (before, after) == ("object", "anything"):
            return None
        effect = self.relation.effect(was, now)
        return place.change(Kind.TYPE_CHANGED, effect, by_rule=effect in (Effect.NONE, Effect.WIDENS))

    def _types(self, place: Place, was: Schema, now: Schema) -> Change | None:
        before, after = _types_of(was), _types_of(now)
        if before == after:
            return None
        if before <= after:
            return place.change(Kind.TYPE_EXTENDED, Effect.WIDENS, "type")
        if before >= after:
            return place.change(Kind.TYPE_NARROWED, Effect.NARROWS, "type")
        return place.change(Kind.TYPE_CHANGED, Effect.BOTH, "type")

    def _values(self, place: Place, was: Schema, now: Schema) -> Iterator[Change]:
        before, after = _values_of(was), _values_of(now)
        if before == after:
            return
        keyword = "const" if "const" in now or ("enum" not in now and "const" in was) else "enum"
        if before is None or (after is not None and before > after):
            yield place.change(Kind.ENUM_ARRAY_NARROWED, Effect.NARROWS, keyword)
        elif after is None or before < after:
            yield place.change(Kind.ENUM_ARRAY_EXTENDED, Effect.WIDENS, keyword)
        else:
            yield place.change(Kind.ENUM_ARRAY_CHANGED, Effect.BOTH, keyword)


def as_object(schema: object) -> Schema:
    """A schema as an object, also where it is written as true or false."""
    if isinstance(schema, dict):
        return schema
    return {} if schema is True else {"not": {}}


def _types_of(schema: Schema) -> frozenset[str]:
    written = schema.get("type", list(type_names))
    names = {written} if isinstance(written, str) else set(written) if isinstance(written, list) else set()
    if "number" in names:
        names.add("integer")
    return frozenset(names)


def _values_of(schema: Schema) -> frozenset[object] | None:
    if "const" in schema:
        return frozenset({identity(schema["const"])})
    values = schema.get("enum")
    return frozenset(identity(value) for value in values) if isinstance(values, list) else None
