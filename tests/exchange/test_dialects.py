"""Schemas change their draft and not their meaning."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.contracts.drafts import Draft
from paceline.contracts.validation import compile_schema
from paceline.exchange.dialects import downgrade, modernize

_DRAFT_4 = "http://json-schema.org/draft-04/schema#"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"minimum": 0, "exclusiveMinimum": True}, {"exclusiveMinimum": 0}),
        ({"maximum": 9, "exclusiveMaximum": False}, {"maximum": 9}),
        (
            {"items": [{"type": "string"}], "additionalItems": False},
            {"prefixItems": [{"type": "string"}], "items": False},
        ),
        ({"dependencies": {"a": ["b"]}}, {"dependentRequired": {"a": ["b"]}}),
        ({"dependencies": {"a": {"required": ["b"]}}}, {"dependentSchemas": {"a": {"required": ["b"]}}}),
        (
            {"definitions": {"x": {"type": "string"}}, "properties": {"a": {"$ref": "#/definitions/x"}}},
            {"$defs": {"x": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/x"}}},
        ),
    ],
)
def test_old_keywords_get_their_new_names(old: dict[str, object], new: dict[str, object]) -> None:
    assert modernize({"$schema": _DRAFT_4, **old}, about="x") == (new, ())


def test_a_field_called_definitions_keeps_its_name() -> None:
    definitions = {"type": "object", "properties": {"a": {"type": "string"}}}
    schema = {"properties": {"definitions": definitions, "b": {"$ref": "#/properties/definitions"}}}
    modern, _ = modernize(schema, about="x")
    assert modern == schema


def test_rules_beside_a_reference_stay_without_effect() -> None:
    old = {"$schema": _DRAFT_4, "definitions": {"x": {"type": "string"}},
           "properties": {"a": {"$ref": "#/definitions/x", "maxLength": 1}}}  # fmt: skip
    modern, _ = modernize(old, about="x")
    assert compile_schema(modern).is_valid({"a": "long"})


def test_a_reference_that_leads_out_is_said() -> None:
    _, losses = modernize({"properties": {"a": {"$ref": "https://example.com/a.json"}}}, about="x")
    assert [(loss.pointer, "leads out" in loss.message) for loss in losses] == [("/properties/a/$ref", True)]


def test_draft_4_has_references_written_out_and_recursion_cut() -> None:
    schema = {"$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}},
              "properties": {"head": {"$ref": "#/$defs/node"}}}  # fmt: skip
    old, losses = downgrade(schema, Draft.DRAFT_4, about="x")
    assert old == {"properties": {"head": {"type": "object", "properties": {"next": {}}}}}
    assert [loss.pointer for loss in losses] == ["/properties/head/properties/next/$ref"]


def test_what_a_draft_has_no_word_for_is_said_with_its_place() -> None:
    schema = {"properties": {"a": {"if": {"const": 1}, "then": False}}, "unevaluatedProperties": False}
    _, losses = downgrade(schema, Draft.DRAFT_4, about="x")
    assert sorted(loss.pointer for loss in losses) == [
        "/properties/a/if",
        "/properties/a/then",
        "/unevaluatedProperties",
    ]


_leaves = st.sampled_from(
    [
        {"type": "string", "minLength": 2}, {"type": "integer", "exclusiveMinimum": 3}, {"const": "a"},
        {"enum": [1, "b"]},
        {"type": "number", "exclusiveMaximum": 5, "maximum": 4}, {"type": ["null", "boolean"]}, {"pattern": "^a"}, {},
        {"$ref": "#/$defs/shared"},
    ]
)  # fmt: skip
_schemas = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries(
            {"type": st.just("array"), "prefixItems": st.lists(inner, min_size=1, max_size=2), "items": inner}
        ),
        st.fixed_dictionaries(
            {"properties": st.dictionaries(st.sampled_from("ab"), inner), "required": st.just(["a"])}
        ),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"dependentRequired": st.just({"a": ["b"]}), "additionalProperties": inner}),
    ),
    max_leaves=6,
)
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 8), st.sampled_from(["", "a", "ab", "b", 3.5])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(
    schema=_schemas,
    values=st.lists(_values, min_size=5, max_size=15),
    draft=st.sampled_from([Draft.DRAFT_4, Draft.DRAFT_7]),
)
def test_a_schema_accepts_the_same_events_in_an_older_draft_and_back(
    schema: dict[str, object], values: list[object], draft: Draft
) -> None:
    schema = {**schema, "$defs": {"shared": {"type": "object", "required": ["c"]}}}
    before = compile_schema(schema).is_valid
    old, losses = downgrade(schema, draft, about="x")
    assert losses == ()
    back, losses = modernize({**json.loads(json.dumps(old)), "$schema": draft.metaschema}, about="x")
    assert losses == ()
    after = compile_schema(back).is_valid
    old_draft = compile_schema(old, draft=draft).is_valid
    for value in values:
        assert before(value) == old_draft(value) == after(value)
