"""`unevaluatedProperties` and `unevaluatedItems`: what they forbid depends on which alternatives the value fits.

So the schema is split into cases, one for each way in which its alternatives can be true or false. Inside a case it is
known what has been evaluated, and the keyword becomes an ordinary rule for all other fields or items.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from itertools import product
from typing import TYPE_CHECKING, cast

import msgspec

from paceline.contracts.drafts import Draft
from paceline.contracts.inclusion.terms import OBJECT, Elements, Fields, Has, Literal, OfKind, Undecided, negated
from paceline.contracts.references import UnresolvedError

if TYPE_CHECKING:
    from paceline.contracts.inclusion.reading import Reading

most_cases = 128
"""Into how many cases a schema may be split; beyond it the search does not decide."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which the alternatives turn out, and what has been evaluated then: fields, or items."""

    conditions: tuple[Literal, ...] = ()
    names: frozenset[str] = frozenset()
    patterns: frozenset[str] = frozenset()
    items: int = 0
    matching: tuple[Literal, ...] = ()
    everything: bool = False

    def joined(self, other: Case) -> Case:
        """Both at once."""
        return Case(
            conditions=self.conditions + other.conditions,
            names=self.names | other.names,
            patterns=self.patterns | other.patterns,
            items=max(self.items, other.items),
            matching=self.matching + other.matching,
            everything=self.everything or other.everything,
        )

    def given(self, *conditions: Literal) -> Case:
        """The same under further conditions."""
        return msgspec.structs.replace(self, conditions=self.conditions + conditions)

    @property
    def is_idle(self) -> bool:
        """Whether nothing has been evaluated, whatever the conditions were."""
        return not (self.names or self.patterns or self.items or self.matching or self.everything)


class _TooManyCasesError(Exception):
    pass


def evaluation_cases(reading: Reading, schema: Mapping[str, object]) -> Iterable[Literal]:
    """The rules of `unevaluatedProperties` and `unevaluatedItems` in a schema of draft 2019-09 or later."""
    for keyword, splitter in (("unevaluatedProperties", _FieldCases), ("unevaluatedItems", _ItemCases)):
        if keyword not in schema:
            continue
        split = splitter(reading)
        others = reading.literal(schema[keyword])
        terms = reading.terms
        try:
            cases = split.cases(schema, is_outermost=True)
        except (_TooManyCasesError, UnresolvedError):
            yield terms.make(Undecided, f"{keyword} stands above too many alternatives"), True
        else:
            yield terms.either([terms.both([*case.conditions, split.rule(case, others)]) for case in cases])


class _Cases(ABC):
    """Splits a schema into cases. What counts as evaluated is said by the two kinds of it, for fields and for items."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    @abstractmethod
    def own(self, schema: Mapping[str, object], *, is_outermost: bool) -> Case:
        """What the schema's own keywords evaluate, whatever the value."""

    @abstractmethod
    def rule(self, case: Case, others: Literal) -> Literal:
        """What the keyword asks for inside a case."""

    def cases(self, schema: object, *, is_outermost: bool = False) -> list[Case]:
        """The cases of a schema that the value is known to fit."""
        if not isinstance(schema, dict):
            return [Case()]
        cases = [self.own(schema, is_outermost=is_outermost)]
        for group in self._groups(schema):
            if len(cases) * len(group) > most_cases:
                raise _TooManyCasesError
            cases = [one.joined(other) for one, other in product(cases, group)]
        return cases

    def _groups(self, schema: dict[str, object]) -> Iterable[list[Case]]:
        """The cases of each part on its own. A part that never evaluates anything needs none."""
        for keyword in ("$ref", "$dynamicRef"):
            if isinstance(schema.get(keyword), str):
                yield self.cases(self.reading.target(schema, keyword))
        for part in cast(list[object], schema.get("allOf", [])):
            yield self.cases(part)
        conditional = [self._alternative(part) for part in cast(list[object], schema.get("anyOf", []))]
        if "oneOf" in schema:
            conditional.append(self._exclusive(cast(list[object], schema["oneOf"])))
        if "if" in schema:
            conditional.append(self._condition(schema))
        # `dependencies` is not one of the keywords of these drafts: the engine asserts it, but nothing counts it here.
        parts = cast(Mapping[str, object], schema.get("dependentSchemas", {}))
        conditional.extend(self._dependent(name, parts[name]) for name in sorted(parts))
        yield from (group for group in conditional if not all(case.is_idle for case in group))

    def _alternative(self, part: object) -> list[Case]:
        """One branch of `anyOf`: it may be true or false."""
        literal = self.reading.literal(part)
        return [*(case.given(literal) for case in self.cases(part)), Case(conditions=(negated(literal),))]

    def _exclusive(self, parts: list[object]) -> list[Case]:
        literals = [self.reading.literal(part) for part in parts]
        return [
            case.given(literals[index], *(negated(other) for at, other in enumerate(literals) if at != index))
            for index, part in enumerate(parts)
            for case in self.cases(part)
        ]

    def _condition(self, schema: dict[str, object]) -> list[Case]:
        literal = self.reading.literal(schema["if"])
        held = [
            one.joined(other).given(literal)
            for one, other in product(self.cases(schema["if"]), self.cases(schema.get("then", True)))
        ]
        return held + [case.given(negated(literal)) for case in self.cases(schema.get("else", True))]

    def _dependent(self, name: str, part: object) -> list[Case]:
        terms = self.reading.terms
        has_it = terms.both([(terms.make(OfKind, OBJECT), True), (terms.make(Has, name, self.reading.side), True)])
        return [*(case.given(has_it) for case in self.cases(part)), Case(conditions=(negated(has_it),))]


class _FieldCases(_Cases):
    def own(self, schema: Mapping[str, object], *, is_outermost: bool) -> Case:
        return Case(
            names=frozenset(cast(Mapping[str, object], schema.get("properties", {}))),
            patterns=frozenset(cast(Mapping[str, object], schema.get("patternProperties", {}))),
            everything="additionalProperties" in schema or (not is_outermost and "unevaluatedProperties" in schema),
        )

    def rule(self, case: Case, others: Literal) -> Literal:
        terms = self.reading.terms
        if case.everything:
            return terms.anything
        named = tuple((name, terms.anything) for name in sorted(case.names))
        patterns = tuple((pattern, terms.anything) for pattern in sorted(case.patterns))
        return terms.make(Fields, named, patterns, others, self.reading.side), True


class _ItemCases(_Cases):
    def own(self, schema: Mapping[str, object], *, is_outermost: bool) -> Case:
        is_2020 = self.reading.document.draft is Draft.DRAFT_2020_12
        prefix = schema.get("prefixItems") if is_2020 else schema.get("items")
        rest = schema.get("items") if is_2020 or not isinstance(prefix, list) else schema.get("additionalItems")
        return Case(
            items=len(prefix) if isinstance(prefix, list) else 0,
            matching=(self.reading.literal(schema["contains"]),) if is_2020 and "contains" in schema else (),
            everything=rest is not None or (not is_outermost and "unevaluatedItems" in schema),
        )

    def rule(self, case: Case, others: Literal) -> Literal:
        terms = self.reading.terms
        if case.everything:
            return terms.anything
        rest = terms.either([others, *case.matching])
        return terms.make(Elements, (terms.anything,) * case.items, rest), True
