"""The published grammar (grammar.lark) and the parser accept the same texts and build the same trees."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput

from paceline.errors import MappingSyntaxError
from paceline.mapping.expression import (
    Arithmetic,
    Call,
    Compare,
    Condition,
    Entry,
    Every,
    Expression,
    Fallback,
    Index,
    Key,
    ListOf,
    Literal,
    Logic,
    Negate,
    Not,
    ObjectOf,
    Path,
    Required,
    Where,
    Within,
    show,
)
from paceline.mapping.parser import parse_tree
from paceline.mapping.scanner import unquote


class BeyondLimitError(Exception):
    """The grammar accepts it, and one of the limits in its comment does not."""


class Build(Transformer[Token, Any]):
    """Lark's tree as ours, without columns."""

    def start(self, parts: list[Any]) -> Any:
        return parts[0]

    def constant(self, parts: list[Any]) -> Any:
        return Literal(value=parts[0][1:].strip(" \t\r\n"))

    def condition(self, parts: list[Any]) -> Any:
        parts = [part for part in parts if not isinstance(part, Token)]
        return Condition(condition=parts[0], then=parts[1], otherwise=parts[2] if len(parts) > 2 else None)

    def logic(self, parts: list[Any]) -> Any:
        left, operator, right = parts
        before = left.operands if isinstance(left, Logic) and left.operator == operator else (left,)
        return Logic(operator=str(operator), operands=(*before, right))

    def negation(self, parts: list[Any]) -> Any:
        return Not(operand=parts[1])

    def compare(self, parts: list[Any]) -> Any:
        return Compare(operator=str(parts[1]), left=parts[0], right=parts[2])

    def fallback(self, parts: list[Any]) -> Any:
        left, right = parts
        return Fallback(operands=(*(left.operands if isinstance(left, Fallback) else (left,)), right))

    def piped(self, parts: list[Any]) -> Any:
        left, name, *rest = parts
        arguments = rest.pop(0) if rest and isinstance(rest[0], list) else []
        return self._suffixed(Call(function=str(name), arguments=(left, *arguments), piped=True), rest)

    def arithmetic(self, parts: list[Any]) -> Any:
        return Arithmetic(operator=str(parts[1]), left=parts[0], right=parts[2])

    def negative(self, parts: list[Any]) -> Any:
        operand = parts[1]
        is_number = isinstance(operand, Literal) and type(operand.value) in {int, float}
        return Literal(value=-operand.value) if is_number else Negate(operand=operand)

    def number(self, parts: list[Any]) -> Any:
        value = int(parts[0]) if parts[0].isdigit() else float(parts[0])
        if value == float("inf") or (isinstance(value, int) and value > 2**53):
            raise BeyondLimitError
        return Literal(value=value)

    def text(self, parts: list[Any]) -> Any:
        return Literal(value=unquote(parts[0]))

    def true(self, _: list[Any]) -> Any:
        return Literal(value=True)

    def false(self, _: list[Any]) -> Any:
        return Literal(value=False)

    def null(self, _: list[Any]) -> Any:
        return Literal(value=None)

    def list_of(self, parts: list[Any]) -> Any:
        return ListOf(items=tuple(parts[1:]))

    def object_of(self, parts: list[Any]) -> Any:
        return ObjectOf(entries=tuple(parts[1:]))

    def named_entry(self, parts: list[Any]) -> Any:
        return Entry(key=str(parts[0]), value=parts[1])

    def quoted_entry(self, parts: list[Any]) -> Any:
        return Entry(key=unquote(parts[0]), value=parts[1])

    def arguments(self, parts: list[Any]) -> Any:
        return list(parts)

    def root(self, parts: list[Any]) -> Any:
        return ("root", str(parts[0]))

    def call(self, parts: list[Any]) -> Any:
        return Call(function=str(parts[0]), arguments=tuple(parts[1]))

    def parenthesized(self, parts: list[Any]) -> Any:
        return parts[0]

    def key(self, parts: list[Any]) -> Any:
        return Key(name=parts[0][1:])

    def quoted_key(self, parts: list[Any]) -> Any:
        return Key(name=unquote(parts[0][1:]))

    def bracketed_key(self, parts: list[Any]) -> Any:
        return Key(name=unquote(parts[0]))

    def index(self, parts: list[Any]) -> Any:
        if len(parts[-1]) > 6:
            raise BeyondLimitError
        return Index(position=int("".join(parts)))

    def every(self, _: list[Any]) -> Any:
        return Every()

    def where(self, parts: list[Any]) -> Any:
        return Where(condition=parts[0])

    def required(self, _: list[Any]) -> Any:
        return "!"

    def stepped(self, parts: list[Any]) -> Any:
        head, *rest = parts
        if isinstance(head, tuple):
            steps = []
            while rest and rest[0] != "!":
                steps.append(rest.pop(0))
            head = Path(root=head[1], steps=tuple(steps))
        return self._suffixed(head, rest)

    def _suffixed(self, operand: Any, rest: list[Any]) -> Any:
        while rest:
            if rest[0] == "!":
                rest = rest[1:]
                operand = Required(operand=operand)
            else:
                steps = []
                while rest and rest[0] != "!":
                    steps.append(rest[0])
                    rest = rest[1:]
                operand = Within(operand=operand, steps=tuple(steps))
        return operand


@cache
def published() -> Lark:
    grammar = (files("paceline.mapping") / "grammar.lark").read_text()
    return Lark(grammar, parser="lalr", lexer="contextual", transformer=Build(), maybe_placeholders=False)


def without_columns(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        parts = {name: without_columns(getattr(value, name)) for name in value.__struct_fields__ if name != "column"}
        return type(value)(**parts)
    if isinstance(value, tuple):
        return tuple(without_columns(item) for item in value)
    return value


def tree_by_grammar(text: str) -> Expression | None:
    try:
        return published().parse(text)  # type: ignore[return-value]  # the transformer makes our trees
    except (UnexpectedInput, BeyondLimitError):
        return None


def tree_by_parser(text: str) -> Expression | None:
    try:
        return without_columns(parse_tree(text))  # type: ignore[no-any-return]
    except MappingSyntaxError:
        return None


names = st.sampled_from(["a", "b2", "or_not", "total", "x_1"])
words = st.one_of(names, st.sampled_from(["if", "in", "null", "a b", "a.b", 'q"', "é", "\n", "\U0001f600", ""]))
constants = st.one_of(
    words, st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none()
)


def steps_of(expressions: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    step = st.one_of(
        st.builds(Key, name=words),
        st.builds(Index, position=st.integers(-999, 999)),
        st.builds(Every),
        st.builds(Where, condition=expressions),
    )
    return st.lists(step, max_size=3).map(tuple)


def larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    pair = st.tuples(inner, inner)
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    some = st.lists(inner, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Path, root=st.sampled_from(["$", "$$", "@"]), steps=steps_of(inner)),
        st.builds(Call, function=names, arguments=some),
        st.builds(Call, function=names, arguments=several, piped=st.just(value=True)),
        st.builds(Fallback, operands=several),
        st.builds(lambda o, p: Compare(operator=o, left=p[0], right=p[1]), st.sampled_from(["==", "<", "in"]), pair),
        st.builds(Logic, operator=st.sampled_from(["and", "or"]), operands=several),
        st.builds(Not, operand=inner),
        st.builds(lambda o, p: Arithmetic(operator=o, left=p[0], right=p[1]), st.sampled_from("+-*/"), pair),
        st.builds(Negate, operand=inner),
        st.builds(Condition, condition=inner, then=inner, otherwise=st.none() | inner),
        st.builds(ListOf, items=some),
        st.builds(ObjectOf, entries=st.lists(st.builds(Entry, key=words, value=inner), max_size=2).map(tuple)),
        st.builds(Required, operand=inner),
        st.builds(Within, operand=inner, steps=steps_of(inner).filter(bool)),
    )


expressions = st.recursive(
    st.builds(Literal, value=constants)
    | st.builds(Path, root=st.just("$"), steps=st.lists(st.builds(Key, name=words), max_size=2).map(tuple)),
    larger,
    max_leaves=8,
)
texts = expressions.map(show)
WORDS = ("$$", "??", "==", ".5", "if", "then ", "else", " or ", "not ", " in ", "null")
FRAGMENTS = (*"$@.|()[]{}?!=<*-+,:' 10ae_", '"', "\\", *WORDS)


@st.composite
def mutated_texts(draw: st.DrawFn) -> str:
    text = draw(texts)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(["", *FRAGMENTS])) + text[at + draw(st.integers(0, 2)) :]
    return text


@given(texts)
@settings(max_examples=300, deadline=None)
def test_parser_and_grammar_build_the_same_tree(text: str) -> None:
    ours = tree_by_parser(text)
    assert ours is not None
    assert tree_by_grammar(text) == ours


@given(texts)
@settings(max_examples=300, deadline=None)
def test_shown_tree_parses_to_the_same_tree(text: str) -> None:
    tree = parse_tree(text)
    assert without_columns(parse_tree(show(tree))) == without_columns(tree)


@given(mutated_texts())
@settings(max_examples=700, deadline=None)
@example("a.b")
@example("= purchase")
@example("==")
@example("if $.a then if $.b then 1 else 2")
@example("$.a | or")
@example("1 andx")
@example("$.a! = 1")
@example("$.a!=1")
@example("$.or.if")
@example("{if: 1}")
@example("- 1")
@example("$[- 1]")
@example("($.a)[0]")
@example("$.a![0]!.b")
@example("$.a | b[0].c(1)")
@example("$.a | b (1)[0]!")
@example("1 in [1] in [2]")
@example('"\\ud83d\\ude00"')
@example('"\\ud83d"')
def test_parser_and_grammar_accept_the_same_texts(text: str) -> None:
    assert tree_by_parser(text) == tree_by_grammar(text)


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("$.a ?? $.b | lower", "($.a ?? $.b) | lower"),
        ("$.a | lower ?? $.b", "($.a | lower) ?? $.b"),
        ("$.a + 1 ?? 0", "($.a + 1) ?? 0"),
        ("$.a | number > 5 and $.b", "(($.a | number) > 5) and $.b"),
        ("$.a * 2 | round", "($.a * 2) | round"),
        ("1 + 2 * 3", "1 + (2 * 3)"),
        ("1 - 2 - 3", "(1 - 2) - 3"),
        ("not $.a == $.b", "not ($.a == $.b)"),
        ("$.a or $.b and $.c", "$.a or ($.b and $.c)"),
        ("if $.a then $.b else $.c | lower", "if $.a then $.b else ($.c | lower)"),
        ("if $.a then if $.b then 1 else 2", "if $.a then (if $.b then 1 else 2)"),
        ("-$.a + 1", "(-$.a) + 1"),
        ("$.a | split(',')[0]", "($.a | split(','))[0]"),
    ],
)
def test_operators_bind_as_documented(text: str, same_as: str) -> None:
    assert tree_by_parser(text) == tree_by_parser(same_as)
