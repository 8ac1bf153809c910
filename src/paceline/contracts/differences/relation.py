"""What two schemas of the compared documents mean to each other, asked of the search with a small budget."""

from __future__ import annotations

from paceline.contracts.differences.kinds import Effect
from paceline.contracts.drafts import Draft
from paceline.contracts.inclusion.answers import Budget, Empty
from paceline.contracts.inclusion.reading import bare
from paceline.contracts.inclusion.refuting import Pair
from paceline.contracts.inclusion.terms import Literal, negated
from paceline.contracts.references import Document, UnresolvedError

most_steps = 3_000
"""How many steps one question may take. What is not decided within them counts as both narrowing and widening."""
most_steps_together = 40_000
"""How many steps all questions about one pair of schemas may take."""
_NOTES_ONLY = frozenset(
    [
        *("$id", "id", "$schema", "$comment", "$anchor", "$defs", "definitions", "title", "description", "default"),
        *("deprecated", "examples", "readOnly", "writeOnly"),
    ]
)


class Relation:
    """Answers whether a part of the update accepts more or less than a part of the original."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._left = most_steps_together

    def effect(self, before: object, after: object) -> Effect:
        """What it does to a place when `before` becomes `after`."""
        was, now = self._pair.writing.literal(before), self._pair.reading.literal(after)
        narrows, widens = not self._is_inside(was, now), not self._is_inside(now, was)
        match narrows, widens:
            case True, True:
                return Effect.BOTH
            case True, False:
                return Effect.NARROWS
            case False, True:
                return Effect.WIDENS
            case _:
                return Effect.NONE

    def _is_inside(self, inner: Literal, outer: Literal) -> bool:
        if inner == outer:
            return True
        budget = Budget(min(most_steps, self._left))
        answer = self._pair.search([inner, negated(outer)], budget)
        self._left -= budget.used
        return isinstance(answer, Empty)


class Side:
    """One of the two documents, as the walk needs it."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def resolved(self, schema: object) -> object:
        """The schema that is meant: follows references that have nothing but notes beside them."""
        for _ in range(32):
            if not isinstance(schema, dict) or not isinstance(reference := schema.get("$ref"), str):
                return schema
            has_more = any(keyword not in _NOTES_ONLY for keyword in schema if keyword != "$ref")
            if has_more and self.document.draft >= Draft.DRAFT_2019_09:
                return schema
            try:
                schema = self.document.resolve(reference, self.document.base_of(schema))
            except UnresolvedError:
                return schema
        return schema

    def form(self, schema: object) -> str:
        """What a schema is at first sight: anything, nothing, object, not or other."""
        if schema is False:
            return "nothing"
        effective = bare(schema) if isinstance(schema, dict) else {}
        assert isinstance(effective, dict)
        if not effective:
            return "anything"
        if effective.keys() == {"not"}:
            return "not"
        if effective.get("type") == "object" or ("type" not in effective and effective.keys() <= _OBJECT_KEYWORDS):
            return "object"
        return "other"


_OBJECT_KEYWORDS = frozenset(
    [
        *("properties", "patternProperties", "additionalProperties", "required", "propertyNames", "minProperties"),
        *("maxProperties", "dependencies", "dependentRequired", "dependentSchemas", "unevaluatedProperties"),
    ]
)
