"""Finds a list that meets a goal, or proves that there is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from paceline.contracts.inclusion.answers import EMPTY, Answer, Empty, Found, Unknown
from paceline.contracts.inclusion.terms import (
    Bound,
    Contains,
    Distinct,
    Elements,
    Goal,
    Literal,
    identity,
    negated,
)

if TYPE_CHECKING:
    from paceline.contracts.inclusion.search import Search

most_items = 1_000
"""The highest `minItems` for which a list is made."""
most_distinct = 200
"""How many different values are looked for where a list must not have the same item twice."""

_Slots = tuple[Goal, ...]
_Count = tuple[Literal, int, int | None]
_Demand = Elements | _Count | Distinct


def find_list(search: Search, literals: list[Literal]) -> Answer:
    """Answer a goal about lists. All literals are atoms that speak of lists."""
    return _ListSearch(search, literals).answer()


class _ListSearch:
    """Tries lengths, from the shortest one.

    Positions after the longest prefix all have the same rules, so an item there can be left out as long as no demand
    rests on it. That bounds the lengths that must be tried for a proof: the minimum, or the prefix and one item for
    each demand.
    """

    def __init__(self, search: Search, literals: list[Literal]) -> None:
        self._search = search
        self._elements = [term for term, sign in literals if isinstance(term, Elements) and sign]
        self._prefix = max((len(term.prefix) for term, _ in literals if isinstance(term, Elements)), default=0)
        self._is_distinct = any(isinstance(term, Distinct) and sign for term, sign in literals)
        self._broken = [term for term, sign in literals if isinstance(term, Elements) and not sign]
        self._repeats = [term for term, sign in literals if isinstance(term, Distinct) and not sign]
        self._counts = [(term, sign) for term, sign in literals if isinstance(term, Contains)]
        self._least, self._most = _sizes(literals)
        self._cut: Unknown | None = None

    def answer(self) -> Answer:
        if self._most is not None and self._least > self._most:
            return EMPTY
        if self._least > most_items:
            return Unknown(f"a list of more than {most_items} items is not made")
        unknown: Answer = EMPTY
        for counts in self._ways_to_count(0):
            # The repetition comes last: what the others ask of one of the two items is then asked of both.
            answer = self._with_demands([*self._broken, *counts, *self._repeats])
            if isinstance(answer, Found):
                return answer
            if isinstance(answer, Unknown):
                unknown = answer
        return self._cut or unknown

    def _ways_to_count(self, index: int) -> Iterator[list[_Count]]:
        """`contains` as ranges of counts; one that must not hold means too few or too many."""
        if index == len(self._counts):
            yield []
            return
        term, sign = self._counts[index]
        for rest in self._ways_to_count(index + 1):
            if sign:
                yield [(term.item, term.least, term.most), *rest]
                continue
            if term.least > 0:
                yield [(term.item, 0, term.least - 1), *rest]
            if term.most is not None:
                yield [(term.item, term.most + 1, None), *rest]

    def _with_demands(self, demands: list[_Demand]) -> Answer:
        needed = sum(demand[1] if isinstance(demand, tuple) else 2 for demand in demands)
        longest = max(self._least, self._prefix + needed)
        if self._most is not None:
            longest = min(longest, self._most)
        if longest > most_items:
            self._cut = Unknown(f"a list of more than {most_items} items is not made")
            longest = most_items
        unknown: Answer = EMPTY
        for length in range(self._least, longest + 1):
            slots = tuple(self._rules_at(index) for index in range(length))
            if any(self._is_empty(goal) for goal in dict.fromkeys(slots)):
                # A longer list has this position too.
                break
            answer = self._meet(demands, slots)
            if isinstance(answer, Found):
                return answer
            if isinstance(answer, Unknown):
                unknown = answer
        return unknown

    def _rules_at(self, index: int) -> Goal:
        return frozenset(term.at(index) for term in self._elements)

    def _is_empty(self, goal: Goal) -> bool:
        return isinstance(self._search.solve(goal), Empty)

    def _meet(self, demands: list[_Demand], slots: _Slots) -> Answer:
        """Meet the demands one after the other by asking more of some positions; then fill the positions."""
        self._search.budget.spend()
        if not demands:
            return self._fill(slots)
        demand, rest = demands[0], demands[1:]
        match demand:
            case Elements():
                ways = self._breach(demand, slots)
            case Distinct():
                ways = self._repeat_one(slots)
            case _:
                ways = self._count(demand, slots)
        unknown: Answer = EMPTY
        for further in ways:
            self._search.descend(2)
            answer = self._meet(rest, further)
            self._search.ascend(2)
            if isinstance(answer, Found):
                return answer
            if isinstance(answer, Unknown):
                unknown = answer
        return unknown

    def _breach(self, demand: Elements, slots: _Slots) -> Iterator[_Slots]:
        tried: set[tuple[Goal, Literal]] = set()
        for index, goal in enumerate(slots):
            rule = demand.at(index)
            if rule == self._search.terms.anything or (goal, rule) in tried:
                continue
            tried.add((goal, rule))
            further = goal | {negated(rule)}
            if not self._is_empty(further):
                yield (*slots[:index], further, *slots[index + 1 :])

    def _repeat_one(self, slots: _Slots) -> Iterator[_Slots]:
        """Two positions with one goal. A goal has the same answer wherever it is asked, so they get the same item."""
        tried: set[frozenset[Goal]] = set()
        for first, goal in enumerate(slots):
            for second in range(first + 1, len(slots)):
                pair = frozenset({goal, slots[second]})
                both = goal | slots[second]
                if pair not in tried and not self._is_empty(both):
                    yield tuple(both if index in (first, second) else one for index, one in enumerate(slots))
                tried.add(pair)

    def _count(self, demand: _Count, slots: _Slots) -> Iterator[_Slots]:
        """Choose the positions that count; where there is a highest count, all others must not fit."""
        literal, least, most = demand
        highest = least if most is None else min(most, len(slots))
        for count in range(least, highest + 1):
            if count <= len(slots):
                yield from self._choose(slots, 0, count, literal, is_strict=most is not None)

    def _choose(self, slots: _Slots, index: int, count: int, literal: Literal, *, is_strict: bool) -> Iterator[_Slots]:
        self._search.budget.spend()
        if count > len(slots) - index:
            return
        if index == len(slots):
            yield slots
            return
        goal = slots[index]
        last = index
        while last + 1 < len(slots) and slots[last + 1] == goal:
            last += 1
        # Neighbors with the same rules are interchangeable: only how many of them count matters.
        size = last - index + 1
        counted, other = goal | {literal}, (goal | {negated(literal)} if is_strict else goal)
        for taken in range(min(size, count), -1, -1):
            if (taken and self._is_empty(counted)) or (taken < size and self._is_empty(other)):
                continue
            chosen = (*slots[:index], *[counted] * taken, *[other] * (size - taken), *slots[last + 1 :])
            yield from self._choose(chosen, last + 1, count - taken, literal, is_strict=is_strict)

    def _fill(self, slots: _Slots) -> Answer:
        if self._is_distinct:
            return self._fill_distinct(slots)
        values = []
        for goal in slots:
            answer = self._search.solve(goal)
            if not isinstance(answer, Found):
                return answer
            values.append(answer.value)
        return Found(values)

    def _fill_distinct(self, slots: _Slots) -> Answer:
        """Give every position another value. With as many values as positions each can be chosen freely."""
        options: dict[Goal, list[object]] = {}
        for goal in dict.fromkeys(slots):
            found = self._different_values(goal, len(slots))
            if isinstance(found, Unknown):
                return found
            options[goal] = found
        holders: dict[object, int] = {}
        for index in range(len(slots)):
            if not self._assign(index, slots, options, holders, set()):
                return EMPTY
        values: list[object] = [None] * len(slots)
        for index, goal in enumerate(slots):
            values[index] = next(value for value in options[goal] if holders.get(identity(value)) == index)
        return Found(values)

    def _different_values(self, goal: Goal, wanted: int) -> list[object] | Unknown:
        """`wanted` different values of a goal, or all that there are."""
        values: list[object] = []
        while len(values) < wanted:
            self._search.budget.spend()
            if len(values) >= most_distinct:
                return Unknown(f"a list of more than {most_distinct} different items is not made")
            answer = self._search.solve(goal | {negated(self._search.terms.constant(value)) for value in values})
            if isinstance(answer, Unknown):
                return answer
            if not isinstance(answer, Found):
                break
            values.append(answer.value)
        return values

    def _assign(
        self,
        index: int,
        slots: _Slots,
        options: dict[Goal, list[object]],
        holders: dict[object, int],
        tried: set[object],
    ) -> bool:
        """Find a value for one position, moving others to other values where needed: bipartite matching."""
        for value in options[slots[index]]:
            self._search.budget.spend()
            key = identity(value)
            if key in tried:
                continue
            tried.add(key)
            holder = holders.get(key)
            if holder is None or self._assign(holder, slots, options, holders, tried):
                holders[key] = index
                return True
        return False


def _sizes(literals: Iterable[Literal]) -> tuple[int, int | None]:
    least, most = 0, None
    for term, sign in literals:
        if isinstance(term, Bound):
            if (term.keyword == "minItems") is sign:
                least = max(least, term.limit if sign else term.limit + 1)
            else:
                limit = term.limit if sign else term.limit - 1
                most = limit if most is None else min(most, limit)
    return least, most
