"""The typed check of bytes says exactly what the validator says about the decoded value."""

from __future__ import annotations

import json
import re
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_schemas import finished, random_schema, random_value

from paceline.contracts.drafts import Draft
from paceline.contracts.generation import Generator, spoil
from paceline.contracts.inclusion.evaluation import matches, passes
from paceline.contracts.patterns.python_form import python_form
from paceline.contracts.typed import _FORMATS, typed_decoder
from paceline.contracts.validation import Validator, compile_schema

TYPED: list[dict[str, object] | bool] = [
    True,
    {"type": "object"},
    {"type": "string", "minLength": 1, "maxLength": 3},
    {"type": "string", "pattern": r"^\d{3}$"},
    {"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "format": "email", "maxLength": 40},
    {"type": "integer", "minimum": 0, "exclusiveMaximum": 10},
    {"type": "integer", "minimum": 0.5},
    {"type": "integer", "minimum": 2.5, "maximum": 10},
    {"type": "number", "minimum": -1.5, "maximum": 10},
    {"type": ["string", "null"], "maxLength": 3},
    {"type": ["integer", "string", "boolean"]},
    {"enum": ["a", "b", 1, None]},
    {"const": "track"},
    {"anyOf": [{"type": "string"}, {"type": "null"}]},
    {"oneOf": [{"type": "object", "properties": {"a": {"type": "integer"}}}, {"type": "null"}]},
    {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3},
    {"type": "object", "properties": {"a b": {"type": "string"}, "": {"type": "integer"}}, "required": ["a b"]},
    {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
    {"type": "object", "required": ["any"]},
    {"type": "object", "additionalProperties": {"type": "integer"}},
    {"type": "object", "properties": {"a": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"type": "integer"}}},
    {"properties": {"a": {"type": "integer"}}},
]
UNTYPED: list[dict[str, object] | bool] = [
    False,
    {"not": {"type": "string"}},
    {"if": {"type": "string"}, "then": {"minLength": 1}},
    {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    {"allOf": [{"type": "object"}]},
    {"type": "number", "multipleOf": 0.01},
    {"type": "number", "maximum": 2**53},
    {"type": "integer", "minimum": 2.5, "exclusiveMinimum": 0},
    {"type": "integer", "maximum": -1, "exclusiveMaximum": 2.5},
    {"type": "array", "uniqueItems": True},
    {"type": "array", "contains": {"type": "string"}},
    {"type": "array", "prefixItems": [{"type": "string"}]},
    {"type": "object", "patternProperties": {"^a": {"type": "string"}}},
    {"type": "object", "propertyNames": {"maxLength": 3}},
    {"type": "object", "dependentRequired": {"a": ["b"]}},
    {"type": "object", "minProperties": 1},
    {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "integer"}},
    {"type": "object", "properties": {"next": {"$ref": "#"}}},
    {"type": "string", "pattern": "(a+)+b"},
    {"type": "string", "pattern": "a+b"},
    {"type": "string", "pattern": "^(a|a)*$"},
    {"type": "string", "pattern": "^(?=a)"},
    {"type": "string", "format": "regex"},
    {"enum": [True, 1.5]},
    {"const": 1, "enum": [True]},
    {"type": ["string", "array"], "pattern": "^a"},
    {"type": ["string", "integer"], "pattern": "^a"},
]
TEXTS = [
    *("null", "true", "1", "0", "3.0", "-0", "1e2", "0.5", "10", "9007199254740993", "123456789012345678901234567890"),
    *(
        '""',
        '"a"',
        '"abc"',
        '"abcd"',
        '"é😀"',
        '"\\u0663\\u0663\\u0663"',
        '"123"',
        '"123\\n"',
        '"a-b"',
        '"a-"',
        '"track"',
    ),
    *('"2026-11-23T10:30:00Z"', '"2026-02-30T10:30:00Z"', '"2024-02-29T10:30:00Z"', '"2026-11-23 10:30:00Z"'),
    *('"track"', '"a@b.co"', '"@"', "[]", "[1]", "[1,2,3,4]", '[1,"a"]', "{}", '{"a":1}', '{"a":"x"}', '{"a b":"x"}'),
    *('{"a b":"x","":1}', '{"any":null}', '{"a":1,"a":"x"}', '{"a":"x","a":1}', '{"next":{"next":{}}}'),
    *('{"a":{"b":[1,{"c":null}]},"z":1.5}', "", "{", '{"a":1}x', "nul", "01", '{"a":"\\ud800"}', "[1,]"),
]


def as_the_validator_says(validator: Validator, data: bytes) -> object:
    """What `check_bytes` must answer: violations of the decoded value, or that there is none to decode."""
    try:
        return validator.violations(msgspec.json.decode(data))
    except (msgspec.DecodeError, ValueError):
        return "no JSON"


def assert_agreement(validator: Validator, data: bytes) -> None:
    found = list(validator.check_bytes(data))
    expected = as_the_validator_says(validator, data)
    if expected == "no JSON":
        assert [violation.keyword for violation in found] == ["json"], (validator.schema, data)
    else:
        assert found == expected, (validator.schema, data)


@pytest.mark.parametrize("schema", TYPED, ids=json.dumps)
def test_schema_of_the_subset_is_checked_as_the_validator_does(schema: dict[str, object] | bool) -> None:
    validator = compile_schema(schema)
    assert validator.is_typed
    for text in TEXTS:
        assert_agreement(validator, text.encode())


@pytest.mark.parametrize("schema", UNTYPED, ids=json.dumps)
def test_schema_outside_the_subset_is_left_to_the_validator(schema: dict[str, object] | bool) -> None:
    validator = compile_schema(schema)
    assert not validator.is_typed
    for text in TEXTS:
        assert_agreement(validator, text.encode())


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1_000_000))
def test_both_ways_agree_on_generated_events(seed: int) -> None:
    random = Random(seed)
    draft = Draft.DRAFT_2020_12 if seed % 2 else Draft.DRAFT_7
    validator = compile_schema(
        finished(random_schema(random, is_2020=seed % 2 == 1), is_2020=seed % 2 == 1), draft=draft
    )
    events = list(Generator(validator).valid(random, 6))
    events += [spoil(random, json.loads(json.dumps(event))) for event in events]
    events += [random_value(random) for _ in range(6)]
    for event in events:
        assert_agreement(validator, json.dumps(event).encode())


@pytest.mark.parametrize("data", [b'{"a":"\xff"}', b'{"\xff":1}', b"\xff"])
def test_text_that_is_not_utf8_is_refused_even_where_nothing_looks(data: bytes) -> None:
    assert [violation.keyword for violation in compile_schema({"type": "object"}).check_bytes(data)] == ["json"]


def test_text_that_nests_too_deeply_is_refused() -> None:
    (violation,) = compile_schema({"type": "object"}).check_bytes(b"[" * 100_000)
    assert violation.keyword == "json"


def test_number_out_of_range_is_found_only_where_something_looks() -> None:
    assert compile_schema({"properties": {"a": {"type": "number"}}}).check_bytes(b'{"a":1e999}') != ()
    assert compile_schema({"type": "object"}).check_bytes(b'{"a":1e999}') == ()


def test_violation_about_bad_json_quotes_nothing_of_it() -> None:
    (violation,) = compile_schema({"type": "object"}).check_bytes(b'{"email": canary}')
    assert "canary" not in violation.message


@pytest.mark.parametrize(
    ("pattern", "text"),
    [(r"^\d$", "٣"), ("^a$", "a\n"), (r"^\w+$", "é"), (r"^\s$", "\x1c"), ("^.$", "\n"), ("^.$", "\r")],
)
def test_python_form_reads_a_pattern_as_the_validator_does(pattern: str, text: str) -> None:
    written = python_form(pattern)
    assert written is not None
    assert bool(re.search(written, text)) is matches(pattern, text)


words = st.text(st.sampled_from("ab1-_ \n٣é"), max_size=8)


@given(
    st.sampled_from(["^[a-z]+$", r"^\w+(-\w+)*$", "^(a|b)?1{0,2}$", r"^\D\d", "^a?b?$", "^$", "^[^a]*$", "^x"]), words
)
def test_python_form_matches_what_the_pattern_matches(pattern: str, text: str) -> None:
    written = python_form(pattern)
    assert written is not None
    assert bool(re.search(written, text)) is matches(pattern, text)


@pytest.mark.parametrize("wanted", sorted(_FORMATS))
def test_every_text_of_a_fast_format_is_valid(wanted: str) -> None:
    @settings(max_examples=50, deadline=None)
    @given(st.from_regex(re.compile(_FORMATS[wanted], re.ASCII), fullmatch=True))
    def accepted_is_valid(text: str) -> None:
        assert passes("format", wanted, text)

    accepted_is_valid()


def test_schema_beyond_what_msgspec_can_limit_is_left_to_the_validator() -> None:
    assert typed_decoder({"type": "string", "maxLength": 2**70}, Draft.DRAFT_2020_12) is None
