"""Finite automata for patterns: which texts match, and the shortest text that matches some and not others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, assert_never

from paceline.contracts.patterns.charsets import CharSet, contains, representatives
from paceline.contracts.patterns.expressions import (
    Chars,
    Choice,
    End,
    Expression,
    Repeat,
    Start,
    parse,
)
from paceline.contracts.patterns.expressions import (
    Sequence as Then,
)

most_states = 20_000
"""How many states the automaton of one pattern may have."""
most_steps = 20_000
"""How many steps one search for a text may take."""


class TooLargeError(Exception):
    """The automaton, or the search in it, would exceed its bound."""


States = frozenset[int]
_Product = tuple[Any, ...]  # One state of each recognizer; each goes back only to where it came from.


class Automaton:
    """The texts in which a pattern is found (anywhere, as `pattern` means it in JSON Schema).

    A non-deterministic automaton, made deterministic as it is read. Once the pattern is found everything after it is
    fine, so that state is final for good.
    """

    def __init__(self, expression: Expression) -> None:
        self._chars: list[tuple[CharSet, int] | None] = []
        self._free: list[list[int]] = []
        self._at_start: list[list[int]] = []
        self._at_end: list[list[int]] = []
        self._final = self._state()
        self._entry = self._build(expression, self._final)
        self._found = frozenset({self._final})
        self._again = self._closure([self._entry], at_start=False)
        self.start = self._settle(self._closure([self._entry], at_start=True))
        self._steps: dict[tuple[States, str], States] = {}

    @property
    def char_sets(self) -> list[CharSet]:
        """Every set of characters that the pattern tells apart."""
        return sorted({edge[0] for edge in self._chars if edge is not None})

    def step(self, state: States, character: str) -> States:
        """The state after one more character."""
        known = self._steps.get((state, character))
        if known is not None:
            return known
        if state == self._found:
            return state
        code = ord(character)
        reached = [edge[1] for edge in (self._chars[at] for at in state) if edge and contains(edge[0], code)]
        following = self._settle(self._closure(reached, at_start=False) | self._again)
        self._steps[state, character] = following
        return following

    def accepts(self, state: States) -> bool:
        """Whether the pattern is found in a text that ends here."""
        return self._final in state or self._final in self._closure(state, at_start=False, at_end=True)

    def is_settled(self, state: States) -> bool:
        """Whether the pattern is found already, or cannot be found any more."""
        return state == self._found or not state

    def accepts_empty(self) -> bool:
        """Whether the pattern is found in the empty text, where start and end are the same place."""
        return self._final in self._closure([self._entry], at_start=True, at_end=True)

    def is_deterministic(self) -> bool:
        """Whether the pattern is tied to the start and each character leaves at most one way to go on."""
        if self._again:
            return False
        landings = [frozenset({edge[1]}) for edge in self._chars if edge is not None]
        groups = [self._closure(landing, at_start=False) for landing in landings]
        groups.append(self._closure([self._entry], at_start=True))
        return all(self._is_unambiguous(group) for group in groups)

    def _is_unambiguous(self, states: States) -> bool:
        edges = [edge[0] for edge in (self._chars[at] for at in states) if edge is not None]
        ranges = sorted(piece for chars in edges for piece in chars)
        return all(left[1] < right[0] for left, right in pairwise(ranges))

    def _settle(self, state: States) -> States:
        return self._found if self._final in state else state

    def _state(self) -> int:
        if len(self._chars) >= most_states:
            raise TooLargeError(f"a pattern needs more than {most_states} states")
        self._chars.append(None)
        self._free.append([])
        self._at_start.append([])
        self._at_end.append([])
        return len(self._chars) - 1

    def _build(self, expression: Expression, after: int) -> int:
        """Add states for an expression that goes on to `after`; returns where it begins."""
        match expression:
            case Chars(chars):
                state = self._state()
                self._chars[state] = (chars, after)
                return state
            case Then(parts):
                for part in reversed(parts):
                    after = self._build(part, after)
                return after
            case Choice(parts):
                state = self._state()
                self._free[state] = [self._build(part, after) for part in parts]
                return state
            case Repeat():
                return self._build_repeat(expression, after)
            case Start():
                state = self._state()
                self._at_start[state] = [after]
                return state
            case End():
                state = self._state()
                self._at_end[state] = [after]
                return state
            case _:
                assert_never(expression)

    def _build_repeat(self, repeat: Repeat, after: int) -> int:
        if repeat.most is None:
            loop = self._state()
            self._free[loop] = [self._build(repeat.part, loop), after]
            entry = loop
        else:
            entry = after
            for _ in range(repeat.most - repeat.least):
                optional = self._state()
                self._free[optional] = [self._build(repeat.part, entry), after]
                entry = optional
        for _ in range(repeat.least):
            entry = self._build(repeat.part, entry)
        return entry

    def _closure(self, states: Iterable[int], *, at_start: bool, at_end: bool = False) -> States:
        reached = set(states)
        pending = list(reached)
        while pending:
            at = pending.pop()
            further = self._free[at]
            if at_start and self._at_start[at]:
                further = further + self._at_start[at]
            if at_end and self._at_end[at]:
                further = further + self._at_end[at]
            for one in further:
                if one not in reached:
                    reached.add(one)
                    pending.append(one)
        return frozenset(at for at in reached if self._chars[at] or self._at_end[at] or at == self._final)


class Words:
    """A finite list of texts, recognized exactly."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._beginnings = {word[:end] for word in self._words for end in range(len(word) + 1)}
        self.start: str | None = "" if "" in self._beginnings else None

    @property
    def char_sets(self) -> list[CharSet]:
        """Every character of the words on its own."""
        return [((ord(character), ord(character)),) for character in sorted({c for word in self._words for c in word})]

    def step(self, state: str | None, character: str) -> str | None:
        """The beginning that was read so far, or None when no word begins like this."""
        longer = None if state is None else state + character
        return longer if longer in self._beginnings else None

    def accepts(self, state: str | None) -> bool:
        """Whether exactly one of the words was read."""
        return state is not None and state in self._words

    def accepts_empty(self) -> bool:
        """Whether the empty text is one of the words."""
        return "" in self._words

    def is_settled(self, state: str | None) -> bool:
        """Whether no word can be completed any more."""
        return state is None


@lru_cache(maxsize=4096)
def automaton(pattern: str) -> Automaton:
    """The automaton of a pattern. Raises IrregularError or TooLargeError."""
    return Automaton(parse(pattern))


def shortest_text(
    wanted: Sequence[tuple[Automaton | Words, bool]],
    *,
    least: int = 0,
    most: int | None = None,
    limit: int = most_steps,
    spend: Callable[[int], None] = lambda steps: None,
) -> str | None:
    """The shortest text that each recognizer accepts (True) or refuses (False), `least` to `most` characters long.

    None proves that there is none. Raises TooLargeError after `limit` steps: then nothing is known. `spend` is told the
    steps that were taken, so that many searches can share one budget.

    >>> shortest_text([(automaton("^a+$"), True), (automaton("^a$"), False)])
    'aa'
    """
    if not wanted:
        return "a" * least if most is None or least <= most else None
    if least == 0 and all(recognizer.accepts_empty() is sign for recognizer, sign in wanted):
        return ""
    search = _Search(wanted, min(limit, most_steps))
    try:
        return search.shortest(max(least, 1), most)
    finally:
        spend(search.steps)


class _Search:
    """Breadth-first through the product of several recognizers, length by length."""

    def __init__(self, wanted: Sequence[tuple[Automaton | Words, bool]], limit: int) -> None:
        self._wanted = wanted
        self._limit = limit
        self.steps = 0
        self._alphabet = representatives([chars for recognizer, _ in wanted for chars in recognizer.char_sets])

    def shortest(self, least: int, most: int | None) -> str | None:
        start = tuple(recognizer.start for recognizer, _ in self._wanted)
        layer: dict[_Product, str] = {start: ""}
        for _ in range(least):
            layer = self._longer(layer, set())
            if not layer:
                return None
        seen: set[_Product] = set(layer)
        length = least
        while layer and (most is None or length <= most):
            for state, text in layer.items():
                if self._fits(state):
                    return text
            layer = self._longer(layer, seen)
            seen.update(layer)
            length += 1
        return None

    def _longer(self, layer: dict[_Product, str], seen: set[_Product]) -> dict[_Product, str]:
        longer: dict[_Product, str] = {}
        for state, text in layer.items():
            for character in self._alphabet:
                self.steps += 1
                if self.steps > self._limit:
                    raise TooLargeError("the patterns need too many steps together")
                following = self._step(state, character)
                if following is not None and following not in seen and following not in longer:
                    longer[following] = text + character
        return longer

    def _step(self, state: _Product, character: str) -> _Product | None:
        """The next state, or None when a recognizer is settled on the wrong side."""
        following = []
        for (recognizer, sign), at in zip(self._wanted, state, strict=True):
            one: Any = recognizer.step(at, character)
            if recognizer.is_settled(one) and recognizer.accepts(one) is not sign:
                return None
            following.append(one)
        return tuple(following)

    def _fits(self, state: _Product) -> bool:
        return all(recognizer.accepts(at) is sign for (recognizer, sign), at in zip(self._wanted, state, strict=True))
