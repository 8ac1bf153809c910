"""`apply` and `explain` take any event, and what they compute is JSON that every reader reads alike."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_oracle import MISSING as ABSENT
from mapping_oracle import Oracle, RefusedError

from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.mapping.explanation import explain, explanation_lines
from paceline.mapping.functions.catalog import CATALOG
from paceline.mapping.functions.equality import equal
from paceline.mapping.parser import parse_tree
from paceline.mapping.refusals import Stop
from paceline.model.event import Filtered, Refusal
from paceline.model.mapping import MappingFile, MappingFrom, MappingTo

KEYS = ["a", "b", "list", "text", "n", "when"]
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, 1, -1, "", "1", "-2.5", "EUR", "2024-05-06T07:08:09Z", "https://a.example/b?c=d", "A@b.c"]),
    st.text(max_size=8),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
events = st.dictionaries(st.sampled_from(KEYS), values, max_size=6)

PATHS = "$ $.a $.b $.list $.text $.n $.a.b $.list[0] $.list[*].a $.list[?@.n>1] $.list[-1].b"
OPERATORS = "+ - * / ?? == != < <= > >= in and or"
paths = st.sampled_from(PATHS.split())
inner_paths = st.sampled_from(["@", "@.a", "@.n", "$.n"])
literals = st.sampled_from(["1", "0", "2.5", "-1", '"x"', '"EUR"', '","', "true", "null", "[]", "{a: 1}", "[1, 2]"])


def _calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def one(draw: Any) -> str:
        function = CATALOG[draw(st.sampled_from(sorted(CATALOG)))]
        arguments = []
        for parameter in function.parameters:
            if parameter.per_item:
                arguments.append(draw(inner_paths) + draw(st.sampled_from(["", " == 1", " > 1", " | lower", " + 1"])))
            elif parameter.is_literal:
                arguments.append(draw(st.sampled_from(["1", '"x"', '"%Y"', '"+02:00"', '"dns"'])))
            elif parameter.name == "table":
                arguments.append(f"{{a: 1, '1': {draw(inner)}}}")
            else:
                arguments.append(draw(inner))
        return f"{function.name}({', '.join(arguments)})"

    return st.composite(one)()


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, st.sampled_from(OPERATORS.split()), inner)
    return st.one_of(
        _calls(inner),
        pair.map(lambda parts: f"(({parts[0]}) {parts[1]} ({parts[2]}))"),
        st.tuples(inner, inner, inner).map(lambda parts: f"(if {parts[0]} then {parts[1]} else {parts[2]})"),
        st.tuples(inner, inner).map(lambda parts: f"{{x: {parts[0]}, y: [{parts[1]}]}}"),
        inner.map(lambda text: f"({text})!"),
        inner.map(lambda text: f"try({text})"),
        inner.map(lambda text: f"(not ({text}))"),
        inner.map(lambda text: f"({text})[?@.n == 1].a[0]"),
    )


expressions = st.recursive(paths | literals, _larger, max_leaves=6)


def compiled_or_none(fields: dict[str, Any], when: str | None = None) -> CompiledMapping | None:
    spec = MappingFile(
        mapping="a.b",
        version=1,
        from_=MappingFrom(event="e"),
        to=MappingTo(connector="c", action="d"),
        when=when,
        fields=fields,
    )
    compiled = compile_mapping(spec)
    return compiled if isinstance(compiled, CompiledMapping) else None


def is_json(value: object) -> bool:
    match value:
        case None | bool() | int() | float() | str():
            return True
        case list():
            return all(map(is_json, value))
        case dict():
            return all(isinstance(key, str) and is_json(item) for key, item in value.items())
        case _:
            return False


@given(expressions, events)
@settings(max_examples=600, deadline=None)
def test_any_expression_takes_any_event(expression: str, event: dict[str, Any]) -> None:
    compiled = compiled_or_none({"value": expression, "x.y": "$.a"}, when="not exists($.when)")
    if compiled is None:
        return
    before = copy.deepcopy(event)
    result = compiled.apply(event, now_ms=0)
    assert event == before
    assert isinstance(result, Filtered | Refusal) or is_json(result)


@given(expressions, events)
@settings(max_examples=60, deadline=None)
def test_any_explanation_takes_any_event_and_agrees_with_the_mapping(expression: str, event: dict[str, Any]) -> None:
    compiled = compiled_or_none({"value": expression})
    if compiled is None:
        return
    explanation = explain(compiled, event, now_ms=0)
    last = explanation.fields[0].steps[-1]
    match compiled.apply(event, now_ms=0):
        case Refusal(reason=reason):
            assert (last.outcome, last.reason) == ("refused", reason)
        case dict() as payload if payload:
            assert (last.outcome, last.value) == ("value", payload["value"])
        case _:
            assert last.outcome == "missing"
    assert all(isinstance(line, str) for line in explanation_lines(explanation))


@given(expressions, events)
@settings(max_examples=400, deadline=None)
def test_generated_code_agrees_with_a_simple_interpreter(expression: str, event: dict[str, Any]) -> None:
    compiled = compiled_or_none({"value": expression})
    if compiled is None:
        return
    result = compiled.apply(event, now_ms=0)
    try:
        expected = Oracle(event, 0).value(parse_tree(expression))
    except (Stop, RefusedError):
        assert isinstance(result, Refusal)
    else:
        assert isinstance(result, dict)
        assert equal(result, {} if expected is ABSENT else {"value": expected})


@cache
def example_mappings() -> list[CompiledMapping]:
    """The examples of all functions, with their literals replaced by what an event may have there."""
    found = []
    for function in CATALOG.values():
        arguments = ["$.a" for parameter in function.parameters if not parameter.is_optional]
        compiled = compiled_or_none({"value": f"{function.name}({', '.join(arguments)})"})
        if compiled is not None:
            found.append(compiled)
    return found


@given(st.fixed_dictionaries({"a": values}))
@settings(max_examples=150, deadline=None)
def test_every_function_takes_any_value(event: dict[str, Any]) -> None:
    for compiled in example_mappings():
        result = compiled.apply(event, now_ms=0)
        assert isinstance(result, Refusal) or is_json(result)


NUMERIC = ["number", "integer", "round", "floor", "ceil", "abs", "sum", "average", "min", "max", "unix_ms", "length"]


@pytest.mark.parametrize("function", NUMERIC)
@given(value=st.floats() | st.integers(-(2**80), 2**80) | st.text(alphabet="0123456789.eE+-", max_size=24))
@settings(max_examples=40, deadline=None)
def test_computed_number_is_finite_and_exact_for_every_reader(function: str, value: Any) -> None:
    for event in ({"a": value}, {"a": [value, value]}):
        compiled = compiled_or_none({"value": f"$.a | {function}", "negative": f"-($.a | {function})"})
        assert compiled is not None
        result = compiled.apply(event, now_ms=0)
        if isinstance(result, dict):
            for number in result.values():
                assert -1.8e308 < number < 1.8e308
                assert isinstance(number, float) or abs(number) <= 2**53
