"""Finds a number that meets a goal, or proves that there is none. Exact: limits and steps are fractions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, islice
from typing import cast

from paceline.contracts.inclusion.answers import EMPTY, Answer, Found, Unknown
from paceline.contracts.inclusion.evaluation import fits
from paceline.contracts.inclusion.terms import Among, Limit, Literal, Multiple, WrittenWhole, plain

most_candidates = 2_000
"""How many numbers are tried where the goal leaves out single ones or multiples of others."""


class _Range:
    """The interval and the step that a goal leaves."""

    def __init__(self, literals: Iterable[Literal]) -> None:
        self.low: Fraction | None = None
        self.low_open = False
        self.high: Fraction | None = None
        self.high_open = False
        self.step: Fraction | None = None
        for term, sign in literals:
            match term:
                case Limit():
                    is_open = term.exclusive if sign else not term.exclusive
                    self._cut(term.value, is_low=term.is_lower is sign, is_open=is_open)
                case Multiple() if sign:
                    self.step = term.step if self.step is None else _common_multiple(self.step, term.step)

    def _cut(self, value: Fraction, *, is_low: bool, is_open: bool) -> None:
        if is_low:
            if self.low is None or (value, is_open) > (self.low, self.low_open):
                self.low, self.low_open = value, is_open
        elif self.high is None or (-value, is_open) > (-self.high, self.high_open):
            self.high, self.high_open = value, is_open

    @property
    def is_empty(self) -> bool:
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    @property
    def single(self) -> Fraction | None:
        return self.low if self.low is not None and self.low == self.high else None

    def factors(self) -> tuple[int | None, int | None]:
        """The lowest and highest whole factor of the step that stay inside."""
        assert self.step is not None
        low = high = None
        if self.low is not None:
            low = math.ceil(self.low / self.step)
            if self.low_open and low * self.step == self.low:
                low += 1
        if self.high is not None:
            high = math.floor(self.high / self.step)
            if self.high_open and high * self.step == self.high:
                high -= 1
        return low, high


def find_number(literals: list[Literal]) -> Answer:
    """Answer a goal about numbers. All literals are atoms that speak of numbers."""
    chosen = [term.values for term, sign in literals if isinstance(term, Among) and sign]
    if chosen:
        values = sorted(
            cast(Fraction, content) for kind, content in frozenset.intersection(*chosen) if kind == "number"
        )
        return _first(literals, map(_number, values), EMPTY)
    span = _Range(literals)
    if span.is_empty:
        return EMPTY
    unwanted = [term.step for term, sign in literals if isinstance(term, Multiple) and not sign]
    if span.step is None:
        if span.single is not None:
            return _first(literals, [_number(span.single)], EMPTY)
        candidates = islice(_dense(span), most_candidates)
        return _first(literals, map(_number, candidates), Unknown("no number was found in a range"))
    if any((span.step / step).denominator == 1 for step in unwanted):
        return EMPTY
    low, high = span.factors()
    if low is not None and high is not None and high - low < most_candidates:
        otherwise: Answer = EMPTY
    else:
        otherwise = Unknown("no number was found among many multiples")
    factors = islice(_outwards(low, high), most_candidates)
    return _first(literals, (_number(factor * span.step) for factor in factors), otherwise)


def _first(literals: list[Literal], candidates: Iterable[object], otherwise: Answer) -> Answer:
    """The first candidate that meets the goal; 1 is written as 1.0 where the goal minds how a number is written."""
    as_fraction = any(isinstance(term, WrittenWhole) and not sign for term, sign in literals)
    for candidate in candidates:
        value = candidate
        if as_fraction and isinstance(candidate, int):
            if abs(candidate) >= 2**53:
                otherwise = Unknown("a number beyond 2**53 would have to be written with a fraction")
                continue
            value = float(candidate)
        if all(fits(value, literal) for literal in literals):
            return Found(value)
    return otherwise


def _number(value: Fraction) -> object:
    return plain(("number", value))


def _outwards(low: int | None, high: int | None) -> Iterator[int]:
    """Whole numbers inside, from the one nearest to zero outwards, positive ones first."""
    start = max(low, 0) if low is not None else 0
    start = min(high, start) if high is not None else start
    yield start
    distance = 1
    while True:
        above, below = start + distance, start - distance
        inside = False
        if high is None or above <= high:
            inside = True
            yield above
        if low is None or below >= low:
            inside = True
            yield below
        if not inside:
            return
        distance += 1


def _dense(span: _Range) -> Iterator[Fraction]:
    """Numbers inside a range without a step: whole ones first, then ever finer ones between the ends."""
    low, high = span.low, span.high
    first, last = _whole_ends(span)
    if first is None or last is None or first <= last:
        yield from map(Fraction, islice(_outwards(first, last), most_candidates // 4))
    bottom = low if low is not None else (high - 2 if high is not None else Fraction(0))
    top = high if high is not None else bottom + 2
    for parts in chain((2, 10, 100, 4, 8, 1_000), range(3, 200)):
        for part in range(1, min(parts, 20)):
            yield bottom + (top - bottom) * part / parts
    yield from (
        end for end, is_open in ((low, span.low_open), (high, span.high_open)) if end is not None and not is_open
    )


def _whole_ends(span: _Range) -> tuple[int | None, int | None]:
    whole = _Range(())
    whole.low, whole.low_open, whole.high, whole.high_open = span.low, span.low_open, span.high, span.high_open
    whole.step = Fraction(1)
    return whole.factors()


def _common_multiple(one: Fraction, other: Fraction) -> Fraction:
    return Fraction(math.lcm(one.numerator, other.numerator), math.gcd(one.denominator, other.denominator))
