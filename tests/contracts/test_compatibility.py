"""Verdicts, modes, policies and the events that prove them."""

from __future__ import annotations

from copy import deepcopy
from random import Random

import pytest
from random_schemas import finished, random_pair, random_value

from paceline.contracts.compatibility import (
    Direction,
    Mode,
    Policy,
    Verdict,
    bump,
    compare,
    compare_history,
)
from paceline.contracts.differences.kinds import Kind
from paceline.contracts.drafts import Draft
from paceline.contracts.generation import Generator
from paceline.contracts.validation import compile_schema
from paceline.errors import SchemaError

Schema = dict[str, object] | bool


def fields(**properties: object) -> dict[str, object]:
    return {"type": "object", "properties": properties}


def closed(**properties: object) -> dict[str, object]:
    return {**fields(**properties), "additionalProperties": False}


def text(**keywords: object) -> dict[str, object]:
    return {"type": "string", **keywords}


def number(**keywords: object) -> dict[str, object]:
    return {"type": "number", **keywords}


def shape(kind: str, **properties: object) -> dict[str, object]:
    return {**fields(kind={"const": kind}, **properties), "required": ["kind"]}


TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
TREE = {"type": "object", "properties": {"next": {"$ref": "#"}, "value": WHOLE}, "additionalProperties": False}

COMPATIBLE: list[tuple[str, Schema, Schema]] = [
    ("same", closed(a=TEXT), closed(a=TEXT)),
    ("only notes differ", text(title="A"), {"type": "string", "description": "B", "x-pii": "email"}),
    ("integer to number", WHOLE, number()),
    ("number of whole steps to integer", number(multipleOf=2), WHOLE),
    ("text may be null", fields(a=TEXT), fields(a={"type": ["string", "null"]})),
    ("type list written as anyOf", {"type": ["string", "null"]}, {"anyOf": [TEXT, {"type": "null"}]}),
    ("anyOf of disjoint types as oneOf", {"anyOf": [TEXT, WHOLE]}, {"oneOf": [TEXT, WHOLE]}),
    ("enum extended", {"enum": ["A", "B"]}, {"enum": ["A", "B", "C"]}),
    ("enum to its type", {"enum": ["A", "B"]}, TEXT),
    ("const to enum", {"const": 1}, {"enum": [1.0, 2]}),
    ("longer text", text(maxLength=3), text(maxLength=5)),
    ("length follows from pattern", text(pattern="^[A-Z]{3}$"), text(maxLength=3)),
    ("wider pattern", text(pattern="^[a-f]+$"), text(pattern="^[a-z]*$")),
    ("length of a uuid", text(format="uuid"), text(maxLength=36)),
    ("optional field in closed model", closed(a=TEXT), closed(a=TEXT, b=TEXT)),
    ("field removed from open model", fields(a=TEXT, b=TEXT), fields(a=TEXT)),
    ("field not required any more", {**fields(a=TEXT), "required": ["a"]}, fields(a=TEXT)),
    ("closed model opened", closed(a=TEXT), fields(a=TEXT)),
    ("field moved into a pattern", closed(a_1=TEXT), {**closed(), "patternProperties": {"^a_": TEXT}}),
    ("names that patterns exclude", {**closed(), "patternProperties": {"^x": {}}}, {"propertyNames": {"pattern": "x"}}),
    ("map narrowed by names", {"additionalProperties": WHOLE}, {"additionalProperties": number()}),
    ("required implies dependency", {**fields(), "required": ["a", "b"]}, {"dependentRequired": {"a": ["b"]}}),
    ("fewer items required", {"type": "array", "minItems": 2}, {"type": "array", "minItems": 1}),
    ("tuple to list", {"prefixItems": [WHOLE, WHOLE], "items": False}, {"items": WHOLE}),
    ("contains follows from items", {"items": WHOLE, "minItems": 1}, {"contains": WHOLE}),
    ("one item is unique", {"maxItems": 1}, {"uniqueItems": True}),
    ("allOf flattened", {"allOf": [fields(a=TEXT), {"required": ["a"]}]}, {**fields(a=TEXT), "required": ["a"]}),
    ("condition as alternatives", {"anyOf": [{"required": ["b"]}, {"not": {"required": ["a"]}}]},
     {"if": {"required": ["a"]}, "then": {"required": ["b"]}}),
    ("double negation", {"not": {"not": TEXT}}, TEXT),
    ("reference as the schema itself", {"items": {"$ref": "#/$defs/n"}, "$defs": {"n": WHOLE}}, {"items": WHOLE}),
    ("recursive schema with a wider leaf", TREE, {**TREE, "properties": {"next": {"$ref": "#"}, "value": {}}}),
    ("nothing can be written", {"allOf": [TEXT, WHOLE]}, fields(a=TEXT)),
    ("closed by unevaluatedProperties", closed(a=TEXT), {"allOf": [fields(a=TEXT)], "unevaluatedProperties": False}),
    ("multiple of a multiple", {"type": "integer", "multipleOf": 6}, {"type": "integer", "multipleOf": 3}),
    ("exclusive limit of integers", {"type": "integer", "exclusiveMinimum": 1}, {"type": "integer", "minimum": 2}),
    ("alternative added to a told-apart union", {"oneOf": [shape("a", x=TEXT)]},
     {"oneOf": [shape("a", x=TEXT), shape("b", x=WHOLE)]}),
    ("oneOf told apart as anyOf", {"oneOf": [shape("a"), shape("b")]}, {"anyOf": [shape("b"), shape("a")]}),
    ("every value of a unique list is known", {"uniqueItems": True, "items": {"enum": [1, 2, 3]}}, {"maxItems": 3}),
    ("decimal steps", {"multipleOf": 0.1}, {"multipleOf": 0.01}),
]  # fmt: skip

BREAKING: list[tuple[Kind, str, Schema, Schema]] = [
    (Kind.TYPE_CHANGED, "/properties/a/type", fields(a=TEXT), fields(a=WHOLE)),
    (Kind.TYPE_NARROWED, "/type", number(), WHOLE),
    (Kind.ENUM_ARRAY_NARROWED, "/enum", {"enum": ["A", "B"]}, {"enum": ["A"]}),
    (Kind.ENUM_ARRAY_NARROWED, "/enum", TEXT, text(enum=["A"])),
    (Kind.ENUM_ARRAY_CHANGED, "/const", {"const": 1}, {"const": True}),
    (Kind.MAX_LENGTH_ADDED, "/maxLength", TEXT, text(maxLength=3)),
    (Kind.MIN_LENGTH_INCREASED, "/minLength", text(minLength=1), text(minLength=2)),
    (Kind.PATTERN_CHANGED, "/pattern", text(pattern="^[a-z]*$"), text(pattern="^[a-f]+$")),
    (Kind.FORMAT_ADDED, "/format", TEXT, text(format="date-time")),
    (Kind.FORMAT_CHANGED, "/format", text(format="date"), text(format="time")),
    (Kind.MAXIMUM_DECREASED, "/maximum", number(maximum=2), number(maximum=1.5)),
    (Kind.EXCLUSIVE_MINIMUM_ADDED, "/exclusiveMinimum", number(), number(exclusiveMinimum=0)),
    (Kind.MULTIPLE_OF_EXPANDED, "/multipleOf", number(multipleOf=2), number(multipleOf=4)),
    (Kind.MULTIPLE_OF_CHANGED, "/multipleOf", number(multipleOf=0.5), number(multipleOf=0.2)),
    (Kind.PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL, "/properties/b", fields(a=TEXT), fields(a=TEXT, b=TEXT)),
    (Kind.PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL, "/properties/b", closed(a=TEXT, b=TEXT), closed(a=TEXT)),
    (Kind.REQUIRED_ATTRIBUTE_ADDED, "/required/a", fields(a=TEXT), {**fields(a=TEXT), "required": ["a"]}),
    (Kind.ADDITIONAL_PROPERTIES_REMOVED, "/additionalProperties", fields(a=TEXT), closed(a=TEXT)),
    (Kind.ADDITIONAL_PROPERTIES_NARROWED, "/additionalProperties", {"type": "object"},
     {"type": "object", "additionalProperties": TEXT}),
    (Kind.PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL, "/properties/a",
     {"type": "object", "additionalProperties": TEXT}, {**fields(a=WHOLE), "additionalProperties": TEXT}),
    (Kind.PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL, "/properties/a",
     {**closed(a=WHOLE), "patternProperties": {"^x": {}}}, {**closed(), "patternProperties": {"^x": {}}}),
    (Kind.PROPERTY_NAMES_ADDED, "/propertyNames", fields(), {**fields(), "propertyNames": {"maxLength": 3}}),
    (Kind.PATTERN_PROPERTY_ADDED, "/patternProperties/^x", fields(), {**fields(), "patternProperties": {"^x": WHOLE}}),
    (Kind.MIN_PROPERTIES_ADDED, "/minProperties", fields(), {**fields(), "minProperties": 1}),
    (Kind.DEPENDENCY_ARRAY_ADDED, "/dependentRequired/a", fields(), {**fields(), "dependentRequired": {"a": ["b"]}}),
    (Kind.DEPENDENCY_SCHEMA_ADDED, "/dependentSchemas/b", fields(), {**fields(), "dependentSchemas": {"b": closed()}}),
    (Kind.MAX_ITEMS_DECREASED, "/maxItems", {"type": "array", "maxItems": 3}, {"type": "array", "maxItems": 2}),
    (Kind.UNIQUE_ITEMS_ADDED, "/uniqueItems", {"type": "array"}, {"type": "array", "uniqueItems": True}),
    (Kind.CONTAINS_ADDED, "/contains", {"type": "array"}, {"type": "array", "contains": WHOLE}),
    (Kind.SCHEMA_ADDED, "/items", {"type": "array"}, {"type": "array", "items": WHOLE}),
    (Kind.ITEM_ADDED_TO_OPEN_CONTENT_MODEL, "/prefixItems/1", {"prefixItems": [{}]}, {"prefixItems": [{}, WHOLE]}),
    (Kind.ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL, "/prefixItems/1", {"prefixItems": [WHOLE, WHOLE], "items": False},
     {"prefixItems": [WHOLE], "items": False}),
    (Kind.COMBINED_TYPE_CHANGED, "/oneOf", {"anyOf": [number(), WHOLE]}, {"oneOf": [number(), WHOLE]}),
    (Kind.SUM_TYPE_NARROWED, "/oneOf/1", {"oneOf": [TEXT, WHOLE]}, {"oneOf": [TEXT]}),
    (Kind.PRODUCT_TYPE_EXTENDED, "/allOf/1", {"allOf": [TEXT]}, {"allOf": [TEXT, {"maxLength": 3}]}),
    (Kind.NOT_TYPE_EXTENDED, "/not", {"not": {"type": "string"}}, {"not": {"type": ["string", "null"]}}),
    (Kind.CONDITION_CHANGED, "/if", fields(), {**fields(), "if": {"required": ["a"]}, "then": {"required": ["b"]}}),
    (Kind.UNEVALUATED_CHANGED, "/unevaluatedProperties", {"allOf": [fields(a=TEXT)]},
     {"allOf": [fields(a=TEXT)], "unevaluatedProperties": False}),
    (Kind.MINIMUM_ADDED, "/properties/next/properties/value/minimum", fields(next=fields(value=WHOLE)),
     fields(next=fields(value={"type": "integer", "minimum": 1}))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("original", "update"), [case[1:] for case in COMPATIBLE], ids=[case[0] for case in COMPATIBLE]
)
def test_update_that_accepts_all_old_events_is_compatible(original: Schema, update: Schema) -> None:
    comparison = compare(original, update)
    assert comparison.verdict is Verdict.COMPATIBLE
    assert not any(change.breaks for change in comparison.changes)


@pytest.mark.parametrize(("kind", "place", "original", "update"), BREAKING, ids=[case[0] for case in BREAKING])
def test_breaking_change_is_named_and_proven_by_an_event(
    kind: Kind, place: str, original: Schema, update: Schema
) -> None:
    comparison = compare(original, update)
    assert comparison.verdict is Verdict.INCOMPATIBLE
    assert (kind, place) in [(change.kind, change.pointer) for change in comparison.changes if change.breaks]
    assert comparison.counterexample is not None
    assert compile_schema(original).is_valid(comparison.counterexample.event)
    assert not compile_schema(update).is_valid(comparison.counterexample.event)
    assert comparison.counterexample.violations == tuple(
        compile_schema(update).violations(comparison.counterexample.event)
    )


@pytest.mark.parametrize(("kind", "place", "original", "update"), BREAKING, ids=[case[0] for case in BREAKING])
def test_forward_is_backward_the_other_way_round(kind: Kind, place: str, original: Schema, update: Schema) -> None:
    comparison = compare(update, original, mode=Mode.FORWARD)
    assert comparison.verdict is Verdict.INCOMPATIBLE
    assert comparison.counterexample is not None
    assert comparison.counterexample.direction is Direction.FORWARD
    assert any(change.breaks for change in comparison.changes)


@pytest.mark.parametrize(
    ("original", "update", "kind"),
    [
        (TEXT, True, Kind.TYPE_CHANGED),
        (TEXT, {}, Kind.TYPE_CHANGED),
        ({"oneOf": [TEXT, WHOLE]}, {"title": "anything"}, Kind.TYPE_CHANGED),
        (False, {"not": {}}, Kind.TYPE_CHANGED),
        (fields(), fields(a={}), Kind.PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL),
        (TEXT, {"type": "string", "pattern": "x*"}, Kind.PATTERN_ADDED),
        (
            closed(b=WHOLE),
            {"type": "object", "patternProperties": {"^a*": {}}},
            Kind.PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL,
        ),
    ],
)
def test_what_registries_refuse_on_sight_is_refused_by_rule_under_strict_only(
    original: Schema, update: Schema, kind: Kind
) -> None:
    strict = compare(original, update)
    assert strict.verdict is Verdict.INCOMPATIBLE
    assert strict.counterexample is None
    assert [change.kind for change in strict.changes if change.breaks and change.by_rule] == [kind]
    assert compare(original, update, policy=Policy.LENIENT).verdict is Verdict.COMPATIBLE


@pytest.mark.parametrize("update", [True, {}, {"type": "object"}, {"title": "x"}])
def test_object_may_become_anything(update: Schema) -> None:
    assert compare(closed(a=TEXT), update).verdict is Verdict.COMPATIBLE


@pytest.mark.parametrize(
    ("original", "update", "verdict"),
    [
        (fields(a=TEXT), fields(a=TEXT, b=TEXT), Verdict.COMPATIBLE),
        (fields(a=fields()), fields(a=fields(b=TEXT)), Verdict.COMPATIBLE),
        (fields(a={"items": fields()}), fields(a={"items": fields(b=TEXT)}), Verdict.COMPATIBLE),
        (fields(a=TEXT), {**fields(a=TEXT), "patternProperties": {"^x_": TEXT}}, Verdict.COMPATIBLE),
        ({"allOf": [fields(a=TEXT)]}, {"allOf": [fields(a=TEXT), fields(b=TEXT)]}, Verdict.COMPATIBLE),
        (fields(a=TEXT), {**fields(a=TEXT, b=TEXT), "required": ["b"]}, Verdict.INCOMPATIBLE),
        (fields(a=TEXT), fields(a=WHOLE), Verdict.INCOMPATIBLE),
        (fields(a={}), fields(a=TEXT), Verdict.INCOMPATIBLE),
        (fields(a=TEXT), closed(a=TEXT), Verdict.INCOMPATIBLE),
        ({**fields(), "required": ["b"]}, fields(b=TEXT), Verdict.INCOMPATIBLE),
        ({"type": "object", "additionalProperties": WHOLE}, fields(b=TEXT), Verdict.INCOMPATIBLE),
        ({"type": "object", "patternProperties": {"^b": WHOLE}}, fields(b=TEXT), Verdict.INCOMPATIBLE),
        (closed(a=TEXT, b=TEXT), closed(a=TEXT), Verdict.INCOMPATIBLE),
    ],
)
def test_lenient_trusts_writers_not_to_use_names_before_they_are_declared(
    original: Schema, update: Schema, verdict: Verdict
) -> None:
    assert compare(original, update, policy=Policy.LENIENT).verdict is verdict


def test_lenient_forward_trusts_the_writer_of_the_update() -> None:
    assert compare(fields(a=TEXT, b=TEXT), fields(a=TEXT), mode=Mode.FORWARD).verdict is Verdict.INCOMPATIBLE
    lenient = compare(fields(a=TEXT, b=TEXT), fields(a=TEXT), mode=Mode.FORWARD, policy=Policy.LENIENT)
    assert lenient.verdict is Verdict.COMPATIBLE


@pytest.mark.parametrize(
    ("mode", "original", "update", "verdict"),
    [
        (Mode.NONE, TEXT, WHOLE, Verdict.COMPATIBLE),
        (Mode.BACKWARD, WHOLE, {"type": "number"}, Verdict.COMPATIBLE),
        (Mode.FORWARD, WHOLE, {"type": "number"}, Verdict.INCOMPATIBLE),
        (Mode.FORWARD, {"type": "number"}, WHOLE, Verdict.COMPATIBLE),
        (Mode.FULL, WHOLE, {"type": "number"}, Verdict.INCOMPATIBLE),
        (Mode.FULL, {"type": "number"}, WHOLE, Verdict.INCOMPATIBLE),
        (Mode.FULL, WHOLE, {"type": "number", "multipleOf": 1}, Verdict.COMPATIBLE),
        (Mode.FORWARD, fields(a={}), fields(), Verdict.INCOMPATIBLE),
    ],
)
def test_mode_says_who_must_understand_whom(mode: Mode, original: Schema, update: Schema, verdict: Verdict) -> None:
    comparison = compare(original, update, mode=mode)
    assert comparison.verdict is verdict
    assert any(change.breaks for change in comparison.changes) is (verdict is Verdict.INCOMPATIBLE)


HISTORY: list[Schema] = [{"type": "integer", "maximum": 9}, {"type": "integer"}]


@pytest.mark.parametrize(
    ("mode", "update", "verdict", "version"),
    [
        (Mode.BACKWARD, {"type": "integer"}, Verdict.COMPATIBLE, 1),
        (Mode.FORWARD, {"type": "integer", "maximum": 20}, Verdict.COMPATIBLE, 1),
        (Mode.FORWARD_TRANSITIVE, {"type": "integer", "maximum": 20}, Verdict.INCOMPATIBLE, 0),
        (Mode.BACKWARD_TRANSITIVE, {"type": "number"}, Verdict.COMPATIBLE, 1),
        (Mode.FULL_TRANSITIVE, {"type": "integer"}, Verdict.INCOMPATIBLE, 0),
    ],
)
def test_transitive_mode_looks_at_all_versions(mode: Mode, update: Schema, verdict: Verdict, version: int) -> None:
    comparison = compare_history(HISTORY, update, mode)
    assert (comparison.verdict, comparison.version) == (verdict, version)


def test_first_version_is_compatible_with_nothing_before_it() -> None:
    assert compare_history([], TEXT, Mode.FULL_TRANSITIVE).verdict is Verdict.COMPATIBLE


@pytest.mark.parametrize(
    ("original", "update", "part"),
    [
        (fields(a=TEXT), fields(a=TEXT), "patch"),
        (fields(a=TEXT), {**fields(a={"type": "string", "description": "Now said."}), "x-purpose": "billing"}, "patch"),
        ({"anyOf": [TEXT, WHOLE]}, {"type": ["string", "integer"]}, "patch"),
        (fields(a=TEXT), fields(a=TEXT, b=TEXT), "minor"),
        (fields(a=TEXT), fields(a=TEXT, b={}), "minor"),
        (fields(a=TEXT), fields(), "minor"),
        ({"enum": ["A"]}, {"enum": ["A", "B"]}, "minor"),
        (TEXT, True, "minor"),
        (fields(a=TEXT), fields(a=WHOLE), "major"),
        (fields(a=TEXT), {**fields(a=TEXT), "required": ["a"]}, "major"),
        ({"type": "string", "pattern": r"^(?!a)\w+$"}, {"type": "string", "pattern": r"^(?!a)[\w]+$"}, "major"),
    ],
)
def test_bump_fits_the_change(original: Schema, update: Schema, part: str) -> None:
    assert bump(original, update) == part


def test_what_cannot_be_decided_is_unknown_and_says_why() -> None:
    comparison = compare(
        {"type": "string", "pattern": r"^(?=.*\d)(?=.*[a-z]).{8}$"}, {"type": "string", "pattern": r"(?=x)x.*(?<=y)"}
    )
    comparison = compare({"type": "string", "pattern": r"^(?!a)\w+$"}, {"type": "string", "pattern": r"^(?!a)[\w]+$"})
    assert comparison.verdict is Verdict.UNKNOWN
    assert "beyond finite automata" in comparison.undecided[0]


def test_same_question_has_the_same_answer() -> None:
    original, update = random_pair(Random(12))
    first, second = finished(original), finished(update)
    assert compare(first, second) == compare(deepcopy(first), deepcopy(second))


def test_schema_that_explodes_is_unknown_within_the_budget() -> None:
    many: list[object] = [{"anyOf": [{"required": [f"a{i}"]}, {"required": [f"b{i}"]}]} for i in range(40)]
    other: list[object] = [{"anyOf": [{"required": [f"b{i}"]}, {"required": [f"c{i}"]}]} for i in range(40)]
    comparison = compare({"type": "object", "allOf": many, "maxProperties": 39}, {"anyOf": other})
    assert comparison.verdict in (Verdict.UNKNOWN, Verdict.COMPATIBLE)


def test_schema_of_an_older_draft_decides_for_its_partner() -> None:
    original: Schema = {"type": "array", "items": [WHOLE], "additionalItems": False}
    assert compare(original, {"type": "array", "items": WHOLE}).verdict is Verdict.COMPATIBLE
    assert compare(original, {"type": "array"}).verdict is Verdict.COMPATIBLE


def test_drafts_may_differ() -> None:
    old: Schema = {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": True}
    new: Schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "exclusiveMinimum": 1}
    assert compare(old, new, mode=Mode.FULL).verdict is Verdict.COMPATIBLE


def test_one_point_zero_is_no_integer_in_draft_4() -> None:
    draft = "http://json-schema.org/draft-04/schema#"
    comparison = compare({"$schema": draft, "type": "number", "multipleOf": 1}, {"$schema": draft, "type": "integer"})
    assert comparison.counterexample is not None
    assert str(comparison.counterexample.event) == "0.0"


def test_wrong_schema_is_an_error_with_its_faults() -> None:
    with pytest.raises(SchemaError):
        compare({"type": "strin"}, TEXT)


def assert_sound(seed: int, events: int) -> None:
    """The promise of the engine for one random pair: see docs/compatibility.md."""
    random = Random(seed)
    is_2020 = seed % 2 == 0
    draft = Draft.DRAFT_2020_12 if is_2020 else Draft.DRAFT_7
    original, update = (
        {"$schema": draft.metaschema, **schema} if isinstance(schema, dict) else schema
        for schema in (finished(one, is_2020=is_2020) for one in random_pair(random, is_2020=is_2020))
    )
    writer, reader = compile_schema(original, draft=draft), compile_schema(update, draft=draft)
    comparison = compare(original, update)
    if comparison.counterexample is not None:
        assert writer.is_valid(comparison.counterexample.event)
        assert not reader.is_valid(comparison.counterexample.event)
    elif comparison.verdict is not Verdict.UNKNOWN:
        tried = [*Generator(writer).valid(random, events), *(random_value(random) for _ in range(events))]
        missed = [event for event in tried if writer.is_valid(event) and not reader.is_valid(event)]
        assert missed == [], (seed, original, update)


def test_lenient_is_never_stricter_than_strict() -> None:
    for seed in range(200):
        original, update = (finished(one) for one in random_pair(Random(seed)))
        strict = compare(original, update)
        if strict.counterexample is None and strict.verdict is not Verdict.UNKNOWN:
            assert compare(original, update, policy=Policy.LENIENT).verdict is Verdict.COMPATIBLE, seed


@pytest.mark.parametrize("block", range(4))
def test_compatible_pairs_have_no_breaking_event(block: int) -> None:
    for seed in range(block * 75, block * 75 + 75):
        assert_sound(seed, events=20)


@pytest.mark.soak
@pytest.mark.parametrize("block", range(100))
def test_ten_thousand_compatible_pairs_have_no_breaking_event(block: int) -> None:
    for seed in range(block * 100, block * 100 + 100):
        assert_sound(seed, events=500)
