"""What is inferred of a value holds for every event that the contract accepts."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.contracts.generation import Generator
from paceline.contracts.validation import compile_schema
from paceline.mapping import kinds as k
from paceline.mapping.analysis import Analysis
from paceline.mapping.compile import compile_value
from paceline.mapping.functions.catalog import CATALOG
from paceline.mapping.generate.runtime import MISSING
from paceline.mapping.inference import Inference
from paceline.mapping.parser import parse_tree
from paceline.mapping.refusals import Stop
from paceline.mapping.schemas import (
    any_of,
    choices_of,
    field_of,
    inlined,
    items_of,
    personal_data,
    required_names,
    schema_kinds,
    without_null,
)

CONTRACT: dict[str, Any] = {
    "type": "object",
    "required": ["a", "n", "list", "plan", "nested"],
    "properties": {
        "a": {"type": "string", "maxLength": 6},
        "b": {"type": ["string", "null"]},
        "n": {"type": "number", "minimum": -5, "maximum": 500},
        "i": {"type": "integer", "minimum": 0},
        "t": {"type": "boolean"},
        "plan": {"enum": ["free", "plus", "pro"]},
        "level": {"enum": [1, 2, None]},
        "time": {"type": "string", "format": "date-time"},
        "mixed": {"type": ["string", "number", "boolean"]},
        "list": {
            "type": "array",
            "minItems": 1,
            "maxItems": 4,
            "items": {
                "type": "object",
                "required": ["n"],
                "properties": {"n": {"type": "integer"}, "s": {"type": "string"}},
            },
        },
        "texts": {"type": "array", "items": {"type": "string", "maxLength": 3}},
        "nested": {
            "type": "object",
            "required": ["x"],
            "properties": {
                "x": {"anyOf": [{"type": "string"}, {"type": "integer", "maximum": 3}]},
                "y": {"type": "number"},
            },
            "additionalProperties": {"type": "boolean"},
        },
    },
    "additionalProperties": False,
}
EVENTS = list(Generator(compile_schema(CONTRACT)).valid(Random(3), 80))
PATHS = """
$.a $.b $.n $.i $.t $.plan $.level $.time $.mixed $.list $.list[0].n $.list[-1].s $.list[3].n $.list[*].n $.list[*].s
$.list[?@.n>0].n $.texts $.texts[0] $.texts[*] $.nested $.nested.x $.nested.y $.nested.other $.nested.x.z
"""
OPERATORS = ["+", "-", "*", "/", "??", "??", "??", "==", "<", "in", "and", "or"]
LITERALS = ['"a"', "2", "-1.5", "true", "null", '"pro"', "[1]", '{k: "v"}']
PER_ITEM = ["@", "@.n", "@.s", "@.n + 1", "@.n > 0", "exists(@.s)", "@.s ?? 'none'", "index()"]


def _calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def one(draw: Any) -> str:
        function = CATALOG[draw(st.sampled_from(sorted(CATALOG)))]
        arguments = []
        for parameter in function.parameters:
            if parameter.per_item:
                arguments.append(draw(st.sampled_from(PER_ITEM)))
            elif parameter.is_literal:
                arguments.append(draw(st.sampled_from(["1", '"x"', '"%Y"', '"+02:00"', '"dns"'])))
            elif parameter.name == "table":
                arguments.append(f"{{free: 1, pro: {draw(inner)}, plus: null}}")
            else:
                arguments.append(draw(inner))
        if function.parameters and function.parameters[-1].is_optional and draw(st.booleans()):
            arguments.pop()
        return f"{function.name}({', '.join(arguments)})"

    return st.composite(one)()


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(
        inner, st.sampled_from(["+", "-", "*", "/", "??", "??", "??", "==", "<", "in", "and", "or"]), inner
    )
    return st.one_of(
        _calls(inner),
        _calls(inner),
        pair.map(lambda parts: f"(({parts[0]}) {parts[1]} ({parts[2]}))"),
        st.tuples(inner, inner).map(lambda parts: f"(if exists({parts[0]}) then {parts[0]} else {parts[1]})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"(if {parts[0]} then {parts[1]} else {parts[2]})"),
        st.tuples(inner, inner).map(lambda parts: f"{{x: {parts[0]}, y: [{parts[1]}]}}"),
        inner.map(lambda text: f"({text})!"),
        inner.map(lambda text: f"try({text})"),
        inner.map(lambda text: f"({text}).n"),
        inner.map(lambda text: f"({text})[*].n"),
    )


expressions = st.recursive(st.sampled_from(PATHS.split()) | st.sampled_from(LITERALS), _larger, max_leaves=5)


@given(expressions)
@settings(max_examples=500, deadline=None)
def test_inferred_type_holds_for_every_valid_event(expression: str) -> None:
    analysis = Analysis(parse_tree(expression), in_each=False)
    if analysis.flaws:
        return
    inferred = Inference(inlined(CONTRACT)).infer(analysis.tree)
    evaluate = compile_value(analysis, in_each=False)
    schema = compile_schema(inferred.schema)
    for event in EVENTS:
        assert isinstance(event, dict)
        try:
            value = evaluate(event, None, 0, 0)
        except Stop:
            continue
        if value is MISSING:
            assert inferred.may_be_missing, event
        else:
            assert schema.is_valid(value), (event, value, inferred.schema)


def test_generated_events_cover_what_the_contract_allows() -> None:
    assert len(EVENTS) == 80
    for name in CONTRACT["properties"]:
        assert any(name in event for event in EVENTS if isinstance(event, dict))


@pytest.mark.parametrize(
    ("schema", "kinds"),
    [
        (True, k.JSON),
        (False, 0),
        ({"type": "integer"}, k.INTEGER),
        ({"type": ["number", "null"]}, k.NUMBER | k.NULL),
        ({"enum": ["a", 1]}, k.TEXT | k.INTEGER),
        ({"const": None}, k.NULL),
        ({"anyOf": [{"type": "string"}, {"type": "array"}]}, k.TEXT | k.LIST),
        ({"allOf": [{"type": ["string", "null"]}, {"not": {"const": "x"}}, {"type": ["string", "array"]}]}, k.TEXT),
        ({"description": "anything"}, k.JSON),
    ],
)
def test_kinds_of_a_schema_are_read_from_all_that_applies(schema: Any, kinds: int) -> None:
    assert schema_kinds(schema) == kinds


@pytest.mark.parametrize(
    ("schema", "is_declared", "is_required", "is_forbidden"),
    [
        ({"properties": {"a": {}}}, True, False, False),
        ({"properties": {"a": {}}, "required": ["a"]}, True, True, False),
        ({"required": ["a"]}, False, True, False),
        ({"additionalProperties": False}, False, False, True),
        ({"additionalProperties": {"type": "string"}}, True, False, False),
        ({"patternProperties": {"^a": {}}, "additionalProperties": False}, True, False, False),
        ({"allOf": [{"required": ["a"]}, {"properties": {"a": {}}}]}, True, True, False),
        ({"allOf": [{"additionalProperties": False}, {"properties": {"a": {}}}]}, False, False, True),
        ({"anyOf": [{"required": ["a"]}, {"required": ["a", "b"]}]}, False, True, False),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, False, False, False),
        ({"oneOf": [{"properties": {"a": {}}}, {"additionalProperties": False}]}, True, False, False),
        ({"properties": {"b": {}}, "unevaluatedProperties": False}, False, False, True),
        (True, False, False, False),
    ],
)
def test_field_of_a_schema_is_read_from_all_that_applies(
    schema: Any, is_declared: bool, is_required: bool, is_forbidden: bool
) -> None:
    field = field_of(schema, "a")
    assert (field.is_declared, field.is_required, field.is_forbidden) == (is_declared, is_required, is_forbidden)


def test_references_are_followed_and_recursion_ends() -> None:
    schema = {
        "$ref": "#/$defs/tree",
        "$defs": {"tree": {"type": "object", "properties": {"left": {"$ref": "#/$defs/tree"}}}},
    }
    assert field_of(inlined(schema), "left").schema is True


def test_reference_beside_other_keywords_is_joined_with_them() -> None:
    schema = {"properties": {"a": {"$ref": "#/$defs/text", "maxLength": 3}}, "$defs": {"text": {"type": "string"}}}
    assert field_of(inlined(schema), "a").schema == {"maxLength": 3, "allOf": [{"type": "string"}]}


def test_null_is_taken_out_of_every_form() -> None:
    for schema in (
        {"type": ["string", "null"]},
        {"enum": ["a", None]},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"allOf": [{"type": ["string", "null"]}]},
        True,
    ):
        narrowed = without_null(schema)  # type: ignore[arg-type]  # a tuple of several schemas
        assert schema_kinds(narrowed) & (k.NULL | k.TEXT) == k.TEXT


def test_small_readers() -> None:
    assert choices_of({"type": "boolean"}) == (True, False)
    assert choices_of({"type": "string"}) is None
    assert items_of({"prefixItems": [{"type": "string"}], "items": {"type": "null"}}) == {
        "anyOf": [{"type": "string"}, {"type": "null"}]
    }
    sure = {"allOf": [{"required": ["a"]}], "anyOf": [{"required": ["b"]}, {"required": ["b", "c"]}]}
    assert sorted(required_names(sure)) == ["a", "b"]
    assert any_of([{"const": 1}, {"enum": [2]}]) == {"enum": [1, 2]}
    assert any_of([True, {"const": 1}]) is True
    marked = {"properties": {"format": {"x-pii": "email"}, "x": {"items": {"x-pii": ["name"]}}}}
    assert personal_data(marked) == {"email", "name"}
