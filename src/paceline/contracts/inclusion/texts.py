"""Finds a text that meets a goal, or proves that there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.contracts.formats import envelopes, included_in, longest, samples, stretched
from paceline.contracts.inclusion.answers import EMPTY, Answer, Budget, Found, Unknown
from paceline.contracts.inclusion.evaluation import fits
from paceline.contracts.inclusion.terms import Among, Bound, Checked, Literal, Pattern
from paceline.contracts.patterns.automata import Automaton, TooLargeError, Words, automaton, shortest_text
from paceline.contracts.patterns.expressions import IrregularError

most_tries = 24
"""How many texts are tried where only the engine can tell whether they fit."""
longest_text = 1_000_000
"""The longest `minLength` for which a text is made."""
_usual_text = "text"
_plain_texts = ("", "a", "text", "0", "1", "A", "a b", "x1", "é", "-", "abc-123")


def find_text(literals: list[Literal], budget: Budget, hints: Sequence[str]) -> Answer:
    """Answer a goal about texts. All literals are atoms that speak of texts; `hints` are texts worth a try."""
    chosen = [term.values for term, sign in literals if isinstance(term, Among) and sign]
    if chosen:
        words = sorted(str(content) for kind, content in frozenset.intersection(*chosen) if kind == "string")
        return _first(literals, words, EMPTY)
    least, most = _lengths(literals)
    if most is not None and least > most:
        return EMPTY
    if least > longest_text:
        return Unknown(f"a text of more than {longest_text} characters is not made")
    if _formats_exclude_each_other(literals):
        return EMPTY
    recognizers, doubts = _recognizers(literals)
    if not recognizers and not doubts:
        return Found(
            _usual_text if least <= len(_usual_text) and (most is None or len(_usual_text) <= most) else "a" * least
        )
    try:
        shortest = shortest_text(recognizers, least=least, most=most, limit=budget.left, spend=budget.spend)
    except TooLargeError as error:
        return _first(literals, _candidates(literals, hints, least), Unknown(str(error)))
    if shortest is None:
        return EMPTY
    if not doubts:
        return Found(shortest)
    answer = _first(literals, _candidates(literals, hints, least), Unknown(doubts[0]))
    if isinstance(answer, Unknown):
        answer = _first(literals, _enumerated(recognizers, least, most, budget), answer)
    return answer


def _lengths(literals: Iterable[Literal]) -> tuple[int, int | None]:
    least, most = 0, None
    for term, sign in literals:
        if isinstance(term, Bound):
            if (term.keyword == "minLength") is sign:
                least = max(least, term.limit if sign else term.limit + 1)
            else:
                limit = term.limit if sign else term.limit - 1
                most = limit if most is None else min(most, limit)
        elif isinstance(term, Checked) and sign and term.wanted in longest:
            most = longest[term.wanted] if most is None else min(most, longest[term.wanted])
    return least, most


def _formats_exclude_each_other(literals: Iterable[Literal]) -> bool:
    wanted = {term.wanted for term, sign in literals if isinstance(term, Checked) and sign}
    unwanted = {term.wanted for term, sign in literals if isinstance(term, Checked) and not sign}
    return any(included_in.get(one, frozenset()) & unwanted for one in wanted)


def _recognizers(literals: Iterable[Literal]) -> tuple[list[tuple[Automaton | Words, bool]], list[str]]:
    """The literals as automata, and what could not be expressed by them."""
    recognizers: list[tuple[Automaton | Words, bool]] = []
    doubts: list[str] = []
    for term, sign in literals:
        match term:
            case Pattern():
                try:
                    recognizers.append((automaton(term.text), sign))
                except (IrregularError, TooLargeError) as error:
                    doubts.append(f"the pattern {term.text!r} is beyond finite automata: {error}")
            case Checked():
                doubts.append(f"which texts are a valid {term.wanted} is only known to the engine")
                if sign and term.keyword == "format" and term.wanted in envelopes:
                    recognizers.append((automaton(envelopes[term.wanted]), True))
            case Among() if not sign:
                words = [str(content) for kind, content in term.values if kind == "string"]
                if words:
                    recognizers.append((Words(words), False))
    return recognizers, doubts


def _first(literals: list[Literal], candidates: Iterable[str], otherwise: Answer) -> Answer:
    for candidate in candidates:
        if all(fits(candidate, literal) for literal in literals):
            return Found(candidate)
    return otherwise


def _candidates(literals: Iterable[Literal], hints: Sequence[str], least: int) -> Iterable[str]:
    for term, _ in literals:
        if isinstance(term, Checked):
            yield from samples.get(term.wanted, ())
            longer = stretched(term.wanted, least)
            if longer is not None:
                yield longer
    yield from hints
    for text in _plain_texts:
        yield text
        if len(text) < least:
            yield text + "a" * (least - len(text))


def _enumerated(
    recognizers: Sequence[tuple[Automaton | Words, bool]], least: int, most: int | None, budget: Budget
) -> Iterable[str]:
    """The shortest texts that the automata allow, one after the other."""
    found: list[str] = []
    for _ in range(most_tries):
        try:
            without = (Words(found), False)
            wanted = [*recognizers, without]
            text = shortest_text(wanted, least=least, most=most, limit=budget.left, spend=budget.spend)
        except TooLargeError:
            return
        if text is None:
            return
        found.append(text)
        yield text
