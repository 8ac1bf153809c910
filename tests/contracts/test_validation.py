"""Schemas become validators or located faults; events become violations that quote nothing of them."""

from __future__ import annotations

import pytest

from paceline.contracts.drafts import Draft
from paceline.contracts.faults import keyword_suspicions, max_schema_values
from paceline.contracts.validation import compile_schema, schema_faults
from paceline.errors import SchemaError


def nested(depth: int) -> dict[str, object]:
    schema: dict[str, object] = {"type": "object"}
    for _ in range(depth):
        schema = {"properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"properties": {"a": {"type": "strin"}}}, "/properties/a/type"),
        ({"properties": {"a": {"minLength": -1}}}, "/properties/a/minLength"),
        ({"properties": {"a/b": {"pattern": "(a"}}}, "/properties/a~1b/pattern"),
        ({"patternProperties": {"[": {}}}, "/patternProperties/["),
        ({"properties": {"a": {"$ref": "#/$defs/none"}}}, "/properties/a/$ref"),
        ({"items": {"$ref": "https://example.com/address.json"}}, "/items/$ref"),
        ({"$ref": "#"}, "/$ref"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}}, "/$defs/a/anyOf/0/$ref"),
        ({"$schema": "https://example.com/dialect"}, "/$schema"),
        ({"required": "id"}, "/required"),
        ({"enum": [float("nan")]}, "/enum/0"),
        ({"properties": {1: {}}}, "/properties/1"),
        ({"const": {1, 2}}, "/const"),
        ([], ""),
        ("text", ""),
    ],
)
def test_wrong_schema_is_a_fault_with_its_place(schema: object, place: str) -> None:
    assert place in [fault.pointer for fault in schema_faults(schema)]


def test_every_fault_of_the_form_is_listed() -> None:
    faults = schema_faults({"type": "strin", "required": "id", "minLength": -1})
    assert {fault.pointer for fault in faults} == {"/type", "/required", "/minLength"}


def test_wrong_type_name_gets_the_nearest_one_as_hint() -> None:
    assert schema_faults({"type": "strin"})[0].hint == "did you mean 'string'?"


def test_compiling_a_wrong_schema_raises_with_all_faults() -> None:
    with pytest.raises(SchemaError) as caught:
        compile_schema({"type": "strin", "minLength": -1})
    assert len(caught.value.faults) == 2
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    "schema",
    [nested(100_000), {"enum": ["x"] * (max_schema_values + 1)}, {"description": "x" * 10, "allOf": [{}] * 60_000}],
)
def test_schema_beyond_the_limits_is_a_fault(schema: dict[str, object]) -> None:
    assert len(schema_faults(schema)) == 1


def test_recursive_schema_is_fine_when_it_goes_into_the_event() -> None:
    tree = compile_schema({"type": "object", "properties": {"child": {"$ref": "#"}}})
    assert [v.pointer for v in tree.violations({"child": {"child": {"child": 1}}})] == ["/child/child/child"]


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^(?!b)(a+)+$", r"^(a+)\1+b$"])
def test_catastrophic_pattern_answers_at_once(pattern: str) -> None:
    validator = compile_schema({"pattern": pattern})
    assert validator.violations("a" * 30_000 + "!")[0].keyword == "pattern"


@pytest.mark.parametrize(
    ("schema", "draft"),
    [
        ({}, Draft.DRAFT_2020_12),
        ({"items": [{}]}, Draft.DRAFT_7),
        ({"properties": {"a": {"dependencies": {"b": ["c"]}}}}, Draft.DRAFT_7),
        ({"minimum": 1, "exclusiveMinimum": True}, Draft.DRAFT_4),
        ({"$schema": "http://json-schema.org/draft-06/schema#"}, Draft.DRAFT_6),
        (
            {"$schema": "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#"},
            Draft.DRAFT_4,
        ),
    ],
)
def test_draft_is_the_named_one_or_else_the_newest_that_knows_the_forms(
    schema: dict[str, object], draft: Draft
) -> None:
    assert compile_schema(schema).draft is draft


@pytest.mark.parametrize("draft", list(Draft))
def test_format_is_asserted_in_every_draft(draft: Draft) -> None:
    validator = compile_schema({"format": "date-time"}, draft=draft)
    assert validator.is_valid("2026-11-23T10:00:00Z")
    assert not validator.is_valid("yesterday")


def test_unknown_format_is_only_a_note() -> None:
    assert compile_schema({"format": "isbn"}).is_valid("anything")


canary = "canary-4711"


@pytest.mark.parametrize(
    ("schema", "event", "place"),
    [
        ({"properties": {"a": {"type": "integer"}}}, {"a": canary}, "/a"),
        ({"properties": {"a": {"enum": ["x"]}}}, {"a": canary}, "/a"),
        ({"properties": {"a": {"const": 1}}}, {"a": canary}, "/a"),
        ({"properties": {"a": {"format": "email"}}}, {"a": canary}, "/a"),
        ({"properties": {"a": {"pattern": "^x"}}}, {"a": canary}, "/a"),
        ({"properties": {"a": {"maxLength": 1}}}, {"a": canary}, "/a"),
        ({"properties": {"a": {"minLength": 100}}}, {"a": canary}, "/a"),
        ({"properties": {"a": {"not": {}}}}, {"a": canary}, "/a"),
        ({"properties": {"a": False}}, {"a": canary}, "/a"),
        ({"properties": {"a": {"anyOf": [{"type": "null"}]}}}, {"a": canary}, "/a"),
        ({"properties": {"a": {"oneOf": [{}, {}]}}}, {"a": canary}, "/a"),
        ({"properties": {"a": {"uniqueItems": True}}}, {"a": [canary, canary]}, "/a"),
        ({"properties": {"a": {"contains": {"type": "null"}}}}, {"a": [canary]}, "/a"),
        ({"properties": {"a": {"maxItems": 0}}}, {"a": [canary]}, "/a"),
        ({"properties": {"a": {"unevaluatedItems": False}}}, {"a": [canary]}, "/a"),
        ({"required": ["b"]}, {"a": canary}, "/b"),
        ({"additionalProperties": False}, {"a": canary}, "/a"),
        ({"unevaluatedProperties": False}, {"a": canary}, "/a"),
        ({"minProperties": 2}, {"a": canary}, ""),
        ({"maxProperties": 0}, {"a": canary}, ""),
        ({"properties": {"a": {"multipleOf": 2}}}, {"a": 4711}, "/a"),
        ({"properties": {"a": {"minimum": 10_000}}}, {"a": 4711}, "/a"),
        ({"properties": {"a": {"exclusiveMaximum": 10}}}, {"a": 4711}, "/a"),
    ],
)
def test_violation_names_the_place_and_never_quotes_the_value(
    schema: dict[str, object], event: dict[str, object], place: str
) -> None:
    (violation,) = compile_schema(schema).violations(event)
    assert violation.pointer == place
    assert "4711" not in violation.message
    assert violation.message.startswith(("the ", "nothing "))


def test_violation_inside_a_definition_points_at_the_definition() -> None:
    validator = compile_schema({"properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"maximum": 3}}})
    assert validator.violations({"a": 4})[0].schema_pointer == "/$defs/b/maximum"


def test_keyword_that_looks_like_another_is_suspicious() -> None:
    suspicions = keyword_suspicions(
        {"requried": ["id"], "properties": {"requried": {"minLenght": 1, "x-pii": "email"}}}
    )
    assert [(fault.pointer, fault.hint) for fault in suspicions] == [
        ("/requried", "did you mean 'required'?"),
        ("/properties/requried/minLenght", "did you mean 'minLength'?"),
    ]
