"""Searches for a value that meets a goal, or proves that no value does.

A goal is taken apart kind by kind (null, boolean, number, text, list, object). Within a kind, combinators are resolved
branch by branch until only atoms are left, and a module for that kind finds a value for them. Lists and objects lead to
smaller goals for their items and fields.

Recursive schemas come back to goals that are being searched already. Such a goal counts as empty there: the smallest
value for it cannot have another value for the same goal inside. What was concluded under that assumption is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.contracts.inclusion.answers import EMPTY, Answer, Budget, ExhaustedError, Found, Unknown
from paceline.contracts.inclusion.evaluation import fits
from paceline.contracts.inclusion.lists import find_list
from paceline.contracts.inclusion.numbers import find_number
from paceline.contracts.inclusion.objects import find_object
from paceline.contracts.inclusion.terms import (
    ARRAY,
    BOOLEAN,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    Among,
    Both,
    Goal,
    Literal,
    OfKind,
    OneOf,
    Reference,
    Term,
    Terms,
    Undecided,
    negated,
    order,
)
from paceline.contracts.inclusion.texts import find_text

deepest_stack = 640
"""How deep the search may call itself, in calls: a bound below the one of Python."""
calls_per_level = 10
"""How many calls lie between the goal for a value and the goal for something inside it."""
_kinds = (STRING, NUMBER, OBJECT, ARRAY, BOOLEAN, NULL)
_Choice = list[tuple[Literal, ...]]


class Search:
    """One search with its budget. `hints` are texts of the schemas that are worth a try.

    `memory` has what earlier searches over the same terms have decided. What they could not decide is not in it: with
    another budget it might be.

    With `is_trusting`, an object does not use a name that only the side "reader" declares: the writer has not agreed
    on it, so it is assumed not to use it.
    """

    def __init__(
        self,
        terms: Terms,
        budget: Budget,
        *,
        hints: Sequence[str] = (),
        is_trusting: bool = False,
        memory: dict[Goal, Answer] | None = None,
    ) -> None:
        self.terms = terms
        self.budget = budget
        self.is_trusting = is_trusting
        self._hints = hints
        self._decided: dict[Goal, Answer] = {} if memory is None else memory
        self._undecided: dict[Goal, Answer] = {}
        self._open: dict[Goal, int] = {}
        self._assumed = _NOTHING
        self._stack = 0

    def answer(self, literals: Iterable[Literal]) -> Answer:
        """A value for the goal, the proof that there is none, or what could not be decided within the budget."""
        try:
            return self.solve(frozenset(literals))
        except ExhaustedError as error:
            return Unknown(str(error))
        except RecursionError:
            return Unknown("the caller left too little room on the stack")

    def descend(self, calls: int) -> None:
        """Go some calls deeper. Raises ExhaustedError at the bound. Whoever descends must ascend again."""
        self._stack += calls
        if self._stack > deepest_stack:
            raise ExhaustedError("the schemas nest too deeply")

    def ascend(self, calls: int) -> None:
        """Come back from some calls."""
        self._stack -= calls

    def solve(self, goal: Goal) -> Answer:
        """As `answer`, for the parts of a goal. Raises ExhaustedError."""
        known = self._decided.get(goal) or self._undecided.get(goal)
        if known is not None:
            return known
        if goal in self._open:
            self._assumed = min(self._assumed, self._open[goal])
            return EMPTY
        self.budget.spend()
        depth = len(self._open)
        self._open[goal] = depth
        outside, self._assumed = self._assumed, _NOTHING
        self.descend(calls_per_level)
        try:
            answer = self._solve(goal)
        finally:
            self.ascend(calls_per_level)
            del self._open[goal]
        if isinstance(answer, Found) or self._assumed >= depth:
            (self._undecided if isinstance(answer, Unknown) else self._decided)[goal] = answer
            self._assumed = outside
        else:
            self._assumed = min(self._assumed, outside)
        return answer

    def _solve(self, goal: Goal) -> Answer:
        unknown: Answer = EMPTY
        # A set has no order of its own; with one, the same question takes the same steps in every process.
        ordered = sorted(goal, key=order)
        for kind in _kinds:
            answer = self._branch(kind, list(ordered), {}, [])
            if isinstance(answer, Found):
                return answer
            if isinstance(answer, Unknown):
                unknown = answer
        return unknown

    def _branch(self, kind: int, pending: list[Literal], seen: dict[Term, bool], choices: list[_Choice]) -> Answer:
        """Resolve everything that leaves no choice, then try the alternatives of one choice after the other."""
        self.descend(1)
        try:
            open_choices = self._settle(kind, pending, seen, choices)
            if open_choices is None:
                return EMPTY
            if not open_choices:
                return self._leaf(kind, seen)
            choice = min(open_choices, key=len)
            others = [other for other in open_choices if other is not choice]
            unknown: Answer = EMPTY
            for alternative in choice:
                answer = self._branch(kind, list(alternative), dict(seen), others)
                if isinstance(answer, Found):
                    return answer
                if isinstance(answer, Unknown):
                    unknown = answer
            return unknown
        finally:
            self.ascend(1)

    def _settle(
        self, kind: int, pending: list[Literal], seen: dict[Term, bool], choices: list[_Choice]
    ) -> list[_Choice] | None:
        """Resolve pending literals into `seen`; the choices that are left, or None when the branch is dead."""
        choices = list(choices)
        while True:
            while pending:
                term, sign = pending.pop()
                if term in seen:
                    if seen[term] is not sign:
                        return None
                    continue
                self.budget.spend()
                seen[term] = sign
                if not self._resolve(kind, (term, sign), pending, choices):
                    return None
            remaining: list[_Choice] = []
            for choice in choices:
                possible = self._possible(kind, choice, seen)
                if possible is None:
                    continue
                if not possible:
                    return None
                if len(possible) == 1:
                    pending.extend(possible[0])
                else:
                    remaining.append(possible)
            choices = remaining
            if not pending:
                return choices

    def _resolve(self, kind: int, literal: Literal, pending: list[Literal], choices: list[_Choice]) -> bool:
        """Take one literal apart. False when no value of this kind can meet it."""
        term, sign = literal
        match term:
            case Both() if sign:
                pending.extend(term.parts)
            case Both():
                choices.append([(negated(part),) for part in term.parts])
            case OneOf():
                choices.append(_exactly_one(term.parts) if sign else _none_or_several(term.parts))
            case Reference():
                target, target_sign = term.target
                pending.append((target, target_sign is sign))
            case _:
                return _verdict(kind, literal) is not False
        return True

    def _possible(self, kind: int, choice: _Choice, seen: dict[Term, bool]) -> _Choice | None:
        """The alternatives that are not excluded already; None when one of them holds already."""
        self.budget.spend(len(choice))
        possible: _Choice = []
        for alternative in choice:
            rest: list[Literal] = []
            for literal in alternative:
                term, sign = literal
                verdict = (seen[term] is sign) if term in seen else _verdict(kind, literal)
                if verdict is False:
                    break
                if verdict is None:
                    rest.append(literal)
            else:
                if not rest:
                    return None
                possible.append(tuple(rest))
        return possible

    def _leaf(self, kind: int, seen: dict[Term, bool]) -> Answer:
        self.budget.spend()
        literals = [(term, sign) for term, sign in seen.items() if _is_atom(kind, term)]
        if kind == OBJECT:
            return find_object(self, literals)
        if kind == ARRAY:
            return find_list(self, literals)
        if kind == STRING:
            return find_text(literals, self.budget, self._hints)
        if kind == NUMBER:
            return find_number(literals)
        for value in (None,) if kind == NULL else (True, False):
            if all(fits(value, literal) for literal in literals):
                return Found(value)
        return EMPTY


_NOTHING = 1 << 60


def _verdict(kind: int, literal: Literal) -> bool | None:
    """What is plain from the kind alone: met by every value of it, by none, or to be searched for."""
    term, sign = literal
    match term:
        case Both():
            return sign if not term.parts else None
        case OneOf() | Reference():
            return None
        case Undecided():
            return None
        case OfKind():
            return bool(kind & term.allowed) is sign
        case Among():
            return not sign if kind in (ARRAY, OBJECT) else None
        case _:
            return None if kind & term.kinds else sign


def _is_atom(kind: int, term: Term) -> bool:
    match term:
        case Both() | OneOf() | Reference() | OfKind() | Undecided():
            return False
        case Among():
            return kind not in (ARRAY, OBJECT)
        case _:
            return bool(kind & term.kinds)


def _exactly_one(parts: Sequence[Literal]) -> _Choice:
    return [
        (part, *(negated(other) for at, other in enumerate(parts) if at != index)) for index, part in enumerate(parts)
    ]


def _none_or_several(parts: Sequence[Literal]) -> _Choice:
    pairs = [(parts[i], parts[j]) for i in range(len(parts)) for j in range(i + 1, len(parts))]
    return [tuple(negated(part) for part in parts), *pairs]
