"""Whether one given value fits a term. Used on the few candidates of a search, never on the hot path."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import jsonschema_rs

from paceline.contracts.faults import backtrack_limit
from paceline.contracts.inclusion.terms import (
    ARRAY,
    OBJECT,
    Among,
    Both,
    Bound,
    Checked,
    Contains,
    Distinct,
    Elements,
    Fields,
    Has,
    Limit,
    Literal,
    Multiple,
    Names,
    OfKind,
    OneOf,
    Pattern,
    Reference,
    Term,
    Undecided,
    WrittenWhole,
    exact,
    identity,
    kind_of,
)

_Known = dict[tuple[int, Term], "bool | None"]


def fits(value: object, literal: Literal) -> bool:
    """Whether a JSON value meets a literal. What cannot be decided here counts as met."""
    answer = _fits(value, literal[0], {})
    return True if answer is None else answer is literal[1]


def _fits(value: object, term: Term, known: _Known) -> bool | None:
    """The answer for the term itself; None when it cannot be decided. `known` remembers lists, objects and branches."""
    kind = kind_of(value)
    if not kind & term.kinds:
        return True
    match term:
        case OfKind():
            return bool(kind & term.allowed)
        case Among():
            return kind not in (ARRAY, OBJECT) and identity(value) in term.values
        case Undecided():
            return None
        case Both() | OneOf() | Reference() | Elements() | Contains() | Fields() | Names():
            key = (id(value), term)
            if key not in known:
                known[key] = _branching_fits(value, term, known)
            return known[key]
        case _ if isinstance(value, str):
            return _text_fits(value, term)
        case Bound() if isinstance(value, (list, dict)):
            return _within(len(value), term)
        case Distinct() if isinstance(value, list):
            return len({identity(item) for item in value}) == len(value)
        case Has() if isinstance(value, dict):
            return term.name in value
        case _ if isinstance(value, (int, float)):
            return _number_fits(value, term)
    return None


def _branching_fits(value: object, term: Term, known: _Known) -> bool | None:
    """The terms that ask further terms about the value or about what is inside it."""
    match term:
        case Both():
            return _all(((value, part) for part in term.parts), known)
        case OneOf():
            answers = [_signed(value, part, known) for part in term.parts]
            return None if None in answers else answers.count(True) == 1
        case Reference():
            return _signed(value, term.target, known)
        case Elements() if isinstance(value, list):
            return _all(((item, term.at(index)) for index, item in enumerate(value)), known)
        case Contains() if isinstance(value, list):
            answers = [_signed(item, term.item, known) for item in value]
            count = answers.count(True)
            return None if None in answers else term.least <= count and (term.most is None or count <= term.most)
        case Fields() if isinstance(value, dict):
            return _all(((field, rule) for name, field in value.items() for rule in rules_for(term, name)), known)
        case Names() if isinstance(value, dict):
            return _all(((name, term.name) for name in value), known)
    return None


def _signed(value: object, literal: Literal, known: _Known) -> bool | None:
    answer = _fits(value, literal[0], known)
    return None if answer is None else answer is literal[1]


def _all(asked: Iterable[tuple[object, Literal]], known: _Known) -> bool | None:
    """Whether all of it fits; one that does not is enough for a no."""
    is_certain = True
    for value, literal in asked:
        answer = _signed(value, literal, known)
        if answer is False:
            return False
        is_certain = is_certain and answer is True
    return True if is_certain else None


def _number_fits(value: float, term: Term) -> bool | None:
    number = exact(value)
    match term:
        case Limit():
            if number == term.value:
                return not term.exclusive
            return (number > term.value) is term.is_lower
        case Multiple():
            return (number / term.step).denominator == 1
        case WrittenWhole():
            return isinstance(value, int)
    return None


def _text_fits(value: str, term: Term) -> bool | None:
    match term:
        case Bound():
            return _within(len(value), term)
        case Pattern():
            return matches(term.text, value)
        case Checked():
            return passes(term.keyword, term.wanted, value)
    return None


def _within(size: int, bound: Bound) -> bool:
    return size >= bound.limit if bound.keyword.startswith("min") else size <= bound.limit


def rules_for(term: Fields, name: str) -> list[Literal]:
    """What a field of this name must fit."""
    rules = [literal for pattern, literal in term.patterns if matches(pattern, name)]
    if name in term.named:
        rules.append(term.named[name])
    return rules or [term.others]


def declares(term: Fields, name: str) -> bool:
    """Whether a rule speaks of this very name, by itself or by a pattern."""
    return name in term.named or any(matches(pattern, name) for pattern, _ in term.patterns)


@lru_cache(maxsize=4096)
def matches(pattern: str, text: str) -> bool:
    """Whether the engine finds a pattern in a text."""
    return _engine("pattern", pattern).is_valid(text)


@lru_cache(maxsize=4096)
def passes(keyword: str, wanted: str, text: str) -> bool:
    """Whether a text passes a keyword of the engine, such as `format`."""
    return _engine(keyword, wanted).is_valid(text)


@lru_cache(maxsize=1024)
def _engine(keyword: str, wanted: str) -> jsonschema_rs.Validator:
    # Draft 7 is the one that checks contentEncoding; 2020-12 is the one that knows all formats.
    draft = jsonschema_rs.Draft7Validator if keyword.startswith("content") else jsonschema_rs.Draft202012Validator
    options = jsonschema_rs.FancyRegexOptions(backtrack_limit=backtrack_limit)
    return draft({keyword: wanted}, validate_formats=True, pattern_options=options)
