"""Patterns as automata agree with the engine that validates, and decide what matches."""

from __future__ import annotations

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.contracts.patterns.automata import TooLargeError, Words, automaton, shortest_text
from paceline.contracts.patterns.charsets import char_set, complement, representatives
from paceline.contracts.patterns.expressions import IrregularError, parse

characters = st.sampled_from("ab1_- \n\ré٣")
atoms = st.sampled_from(
    [
        "a",
        "b",
        ".",
        r"\d",
        r"\w",
        r"\s",
        r"\W",
        r"\D",
        r"\S",
        "[ab]",
        "[^a]",
        "[a-c1]",
        r"[\d_-]",
        r"\-",
        "^",
        "$",
        "(?:)",
    ]
)
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
    ),
    max_leaves=6,
)


def engine_finds(pattern: str, text: str) -> bool:
    options = jsonschema_rs.RegexOptions()
    return jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=options).is_valid(text)


def automaton_finds(pattern: str, text: str) -> bool:
    machine = automaton(pattern)
    if not text:
        return machine.accepts_empty()
    state = machine.start
    for character in text:
        state = machine.step(state, character)
    return machine.accepts(state)


@settings(max_examples=400)
@given(expressions, st.lists(st.text(characters, max_size=5), min_size=1, max_size=8))
def test_automaton_finds_what_the_engine_finds(pattern: str, texts: list[str]) -> None:
    assert [automaton_finds(pattern, text) for text in texts] == [engine_finds(pattern, text) for text in texts]


@settings(max_examples=200)
@given(expressions, expressions)
def test_shortest_text_fits_and_none_means_that_no_short_text_does(wanted: str, unwanted: str) -> None:
    found = shortest_text([(automaton(wanted), True), (automaton(unwanted), False)])
    if found is None:
        assert not any(
            engine_finds(wanted, text) and not engine_finds(unwanted, text)
            for text in ("", "a", "b", "1", "ab", "a1", "\n")
        )
    else:
        assert engine_finds(wanted, found)
        assert not engine_finds(unwanted, found)


@pytest.mark.parametrize(
    ("inner", "outer", "is_inside"),
    [
        ("^[a-f0-9]+$", "^[a-z0-9]*$", True),
        ("^[a-z0-9]*$", "^[a-f0-9]+$", False),
        ("^[A-Z]{3}$", "^.{3}$", True),
        ("a+", "a*", True),
        (r"^\d{4}-\d{2}$", r"^\d+-\d+$", True),
        ("^(eur|usd)$", "^[a-z]{3}$", True),
        ("^a", "a", True),
        ("a", "^a", False),
        ("^$", "^a?$", True),
    ],
)
def test_inclusion_of_patterns_is_decided(inner: str, outer: str, is_inside: bool) -> None:
    escaping = shortest_text([(automaton(inner), True), (automaton(outer), False)])
    assert (escaping is None) is is_inside


@pytest.mark.parametrize(
    ("least", "most", "found"), [(0, None, "a"), (3, None, "aaa"), (0, 0, None), (2, 1, None), (5, 5, "aaaaa")]
)
def test_length_of_the_text_is_kept(least: int, most: int | None, found: str | None) -> None:
    assert shortest_text([(automaton("^a+$"), True)], least=least, most=most) == found


def test_finite_words_can_be_left_out() -> None:
    assert shortest_text([(automaton("^[ab]?$"), True), (Words(["", "a"]), False)]) == "b"
    assert shortest_text([(automaton("^[ab]?$"), True), (Words(["", "a", "b"]), False)]) is None


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?=a)b",
        r"(?<!a)b",
        r"(a)\1",
        r"\bword\b",
        r"\p{L}",
        "(?i)a",
        "a++",
        "[a&&b]",
        "a{3000}",
        "(",
        "a)",
        "[",
        r"\ud83d",
    ],
)
def test_pattern_that_is_not_regular_is_refused(pattern: str) -> None:
    with pytest.raises(IrregularError):
        parse(pattern)


def test_search_stops_at_its_budget() -> None:
    with pytest.raises(TooLargeError):
        shortest_text([(automaton("^[ab]*a[ab]{16}$"), True), (automaton("^[ab]*b[ab]{15}$"), True)])


@given(st.lists(st.tuples(st.integers(0, 0x10FFFF), st.integers(0, 0x10FFFF)).map(lambda two: tuple(sorted(two)))))
def test_complement_of_the_complement_is_the_set(ranges: list[tuple[int, int]]) -> None:
    chars = char_set(ranges)
    assert complement(complement(chars)) == chars


def test_representatives_tell_every_set_apart() -> None:
    assert representatives([char_set([(0x30, 0x39)]), char_set([(0x61, 0x66)])]) == ["a", "g", "0"]
