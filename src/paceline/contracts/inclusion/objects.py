"""Finds an object that meets a goal, or proves that there is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import TYPE_CHECKING

import msgspec

from paceline.contracts.inclusion.answers import EMPTY, Answer, Empty, Found, Unknown
from paceline.contracts.inclusion.evaluation import declares, fits, rules_for
from paceline.contracts.inclusion.terms import (
    STRING,
    Among,
    Bound,
    Fields,
    Goal,
    Has,
    Literal,
    Names,
    OfKind,
    Pattern,
    identity,
    negated,
)

if TYPE_CHECKING:
    from paceline.contracts.inclusion.search import Search

most_patterns = 6
"""How many different `patternProperties` may meet in one goal; each doubles the kinds of names to look at."""
most_fields = 1_000
"""The highest `minProperties` for which an object is made."""
_readable_names = ("extra", "other", "more")


class _Cell(msgspec.Struct, frozen=True):
    """Names that no schema names and that match the same patterns."""

    matching: frozenset[str]
    name: Goal


class _Fresh(msgspec.Struct, frozen=True):
    """A field with a name out of a cell, and what name and value must meet."""

    cell: _Cell
    name: Goal
    value: Goal


def find_object(search: Search, literals: list[Literal]) -> Answer:
    """Answer a goal about objects. All literals are atoms that speak of objects."""
    return _ObjectSearch(search, literals).answer()


class _ObjectSearch:
    def __init__(self, search: Search, literals: list[Literal]) -> None:
        self._search = search
        self._needed = {term.name for term, sign in literals if isinstance(term, Has) and sign}
        self._absent = {term.name for term, sign in literals if isinstance(term, Has) and not sign}
        self._fields = [term for term, sign in literals if isinstance(term, Fields) and sign]
        self._names = [term.name for term, sign in literals if isinstance(term, Names) and sign]
        self._demands: list[Fields | Literal] = []
        self._demands += [term for term, sign in literals if isinstance(term, Fields) and not sign]
        self._demands += [negated(term.name) for term, sign in literals if isinstance(term, Names) and not sign]
        self._mentioned = [term for term, _ in literals if isinstance(term, Fields)]
        self._agreed = {term.name for term, _ in literals if isinstance(term, Has) and term.side == "writer"}
        self._least, self._most = _sizes(literals)
        self._known = sorted({name for term in self._mentioned for name in term.named} | self._needed | self._absent)
        self._cut: Unknown | None = None
        self._cells_found: list[_Cell] | None = None
        self._goals: dict[str, Goal] = {}

    def answer(self) -> Answer:
        if self._most is not None and self._least > self._most:
            return EMPTY
        if self._needed & self._absent or not all(self._may_use(name) for name in self._needed):
            return EMPTY
        if self._least > most_fields:
            return Unknown(f"an object of more than {most_fields} fields is not made")
        chosen = {name: self._goal(name) for name in sorted(self._needed)}
        if any(self._is_empty(goal) for goal in chosen.values()):
            return EMPTY
        answer = self._meet(0, chosen, ())
        return self._cut if isinstance(answer, Empty) and self._cut is not None else answer

    def _is_empty(self, goal: Goal) -> bool:
        """Whether a goal is proven to have no value. One that cannot be decided shows again when it gets its value."""
        return isinstance(self._search.solve(goal), Empty)

    def _goal(self, name: str) -> Goal:
        """What the field of a name must meet, from everything that the goal demands."""
        if name not in self._goals:
            self._goals[name] = frozenset(rule for term in self._fields for rule in rules_for(term, name))
        return self._goals[name]

    def _may_use(self, name: str) -> bool:
        if name in self._absent or not all(fits(name, literal) for literal in self._names):
            return False
        return not self._is_undeclared(
            name in self._agreed,
            [(term, declares(term, name)) for term in self._mentioned],
        )

    def _is_undeclared(self, is_agreed: bool, declaring: Iterable[tuple[Fields, bool]]) -> bool:
        """Whether only the reader declares a name; each term comes with whether it declares the name itself."""
        if not self._search.is_trusting or is_agreed:
            return False
        anything = self._search.terms.anything
        listed = list(declaring)
        if any(term.side == "writer" and (is_own or term.others != anything) for term, is_own in listed):
            return False
        return any(term.side == "reader" and is_own for term, is_own in listed)

    def _cells(self) -> list[_Cell]:
        """Every kind of name that the schemas tell apart, besides those that they name."""
        if self._cells_found is None:
            self._cells_found = list(self._make_cells())
        return self._cells_found

    def _make_cells(self) -> Iterator[_Cell]:
        terms = self._search.terms
        patterns = sorted({pattern for term in self._mentioned for pattern, _ in term.patterns})
        if len(patterns) > most_patterns:
            self._cut = Unknown(f"more than {most_patterns} patterns of field names meet in one object")
            patterns = patterns[:most_patterns]
        base: set[Literal] = {(terms.make(OfKind, STRING), True), *self._names}
        if self._known:
            base.add((terms.make(Among, frozenset(identity(name) for name in self._known)), False))
        for signs in product((False, True), repeat=len(patterns)):
            matching = frozenset(pattern for pattern, sign in zip(patterns, signs, strict=True) if sign)
            declaring = [(term, any(pattern in matching for pattern, _ in term.patterns)) for term in self._mentioned]
            if self._is_undeclared(False, declaring):
                continue
            name = {(terms.make(Pattern, pattern), sign) for pattern, sign in zip(patterns, signs, strict=True)}
            cell = _Cell(matching, frozenset(base | name))
            if not self._is_empty(cell.name):
                yield cell

    def _cell_goal(self, cell: _Cell) -> Goal:
        return frozenset(rule for term in self._fields for rule in _cell_rules(term, cell))

    def _meet(self, index: int, chosen: dict[str, Goal], fresh: tuple[_Fresh, ...]) -> Answer:
        """Meet the demands from `index` on, each by one field; then complete the object."""
        self._search.budget.spend()
        if self._most is not None and len(chosen) + len(fresh) > self._most:
            return EMPTY
        if index == len(self._demands):
            return self._complete(chosen, fresh)
        unknown: Answer = EMPTY
        for further_chosen, further_fresh in self._ways(self._demands[index], chosen, fresh):
            self._search.descend(2)
            answer = self._meet(index + 1, further_chosen, further_fresh)
            self._search.ascend(2)
            if isinstance(answer, Found):
                return answer
            if isinstance(answer, Unknown):
                unknown = answer
        return unknown

    def _ways(
        self, demand: Fields | Literal, chosen: dict[str, Goal], fresh: tuple[_Fresh, ...]
    ) -> Iterator[tuple[dict[str, Goal], tuple[_Fresh, ...]]]:
        """Each way to meet one demand: by a field with a known name, a further field, or one that is there already."""
        for name in self._known:
            for breach in self._breaches(demand, name):
                if self._may_use(name):
                    goal = chosen.get(name, self._goal(name)) | breach
                    if not self._is_empty(goal):
                        yield {**chosen, name: goal}, fresh
        for at, one in enumerate(fresh):
            for name_goal, value_goal in self._cell_breaches(demand, one.cell):
                further = _Fresh(one.cell, one.name | name_goal, one.value | value_goal)
                if not self._is_empty(further.value) and not self._is_empty(further.name):
                    yield chosen, (*fresh[:at], further, *fresh[at + 1 :])
        for cell in self._cells():
            for name_goal, value_goal in self._cell_breaches(demand, cell):
                further = _Fresh(cell, cell.name | name_goal, self._cell_goal(cell) | value_goal)
                if not self._is_empty(further.value) and not self._is_empty(further.name):
                    yield chosen, (*fresh, further)

    def _breaches(self, demand: Fields | Literal, name: str) -> Iterator[Goal]:
        """What the field of a known name must meet to break the rule behind a demand."""
        if not isinstance(demand, Fields):
            if fits(name, demand):
                yield frozenset()
            return
        for rule in rules_for(demand, name):
            if rule != self._search.terms.anything:
                yield frozenset({negated(rule)})

    def _cell_breaches(self, demand: Fields | Literal, cell: _Cell) -> Iterator[tuple[Goal, Goal]]:
        if not isinstance(demand, Fields):
            yield frozenset({demand}), frozenset()
            return
        for rule in _cell_rules(demand, cell):
            if rule != self._search.terms.anything:
                yield frozenset(), frozenset({negated(rule)})

    def _complete(self, chosen: dict[str, Goal], fresh: tuple[_Fresh, ...]) -> Answer:
        """Name the new fields, add as many as `minProperties` asks for, and give every field its value."""
        value: dict[str, object] = {}
        for name, goal in chosen.items():
            answer = self._search.solve(goal)
            if not isinstance(answer, Found):
                return answer
            value[name] = answer.value
        for one in fresh:
            answer = self._add(value, one)
            if isinstance(answer, Empty) and value:
                # Perhaps another field took the last name that this one could have.
                return Unknown("the names that a pattern allows may not be enough")
            if not isinstance(answer, Found):
                return answer
        if len(value) < self._least:
            return self._filled(value)
        return Found(value)

    def _add(self, value: dict[str, object], fresh: _Fresh) -> Answer:
        """Add a field with a name that is not taken yet."""
        content = self._search.solve(fresh.value)
        if not isinstance(content, Found):
            return content
        name = next((n for n in _readable_names if n not in value and all(fits(n, x) for x in fresh.name)), None)
        if name is None:
            taken = frozenset(identity(one) for one in value)
            goal = fresh.name | ({(self._search.terms.make(Among, taken), False)} if taken else set())
            found = self._search.solve(goal)
            if not isinstance(found, Found):
                return found
            name = str(found.value)
        value[name] = content.value
        return content

    def _filled(self, value: dict[str, object]) -> Answer:
        unknown: Answer = EMPTY
        for name in self._known:
            if len(value) < self._least and name not in value and self._may_use(name):
                answer = self._search.solve(self._goal(name))
                if isinstance(answer, Found):
                    value[name] = answer.value
                elif isinstance(answer, Unknown):
                    unknown = answer
        for cell in self._cells():
            fresh = _Fresh(cell, cell.name, self._cell_goal(cell))
            while len(value) < self._least:
                self._search.budget.spend()
                answer = self._add(value, fresh)
                if isinstance(answer, Unknown):
                    unknown = answer
                if not isinstance(answer, Found):
                    break
        return Found(value) if len(value) >= self._least else unknown


def _cell_rules(term: Fields, cell: _Cell) -> list[Literal]:
    return [literal for pattern, literal in term.patterns if pattern in cell.matching] or [term.others]


def _sizes(literals: Iterable[Literal]) -> tuple[int, int | None]:
    least, most = 0, None
    for term, sign in literals:
        if isinstance(term, Bound):
            if (term.keyword == "minProperties") is sign:
                least = max(least, term.limit if sign else term.limit + 1)
            else:
                limit = term.limit if sign else term.limit - 1
                most = limit if most is None else min(most, limit)
    return least, most
