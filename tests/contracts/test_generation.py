"""Generated events are what they are called: proven valid, or proven invalid."""

from __future__ import annotations

from random import Random

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_schemas import finished, random_schema

from paceline.contracts.drafts import Draft
from paceline.contracts.fakes import fake_format, fake_text
from paceline.contracts.formats import envelopes, included_in, longest, samples, stretched
from paceline.contracts.generation import Generator
from paceline.contracts.inclusion.evaluation import matches, passes
from paceline.contracts.validation import compile_schema

ORDER = {
    "type": "object",
    "required": ["id", "status", "items", "buyer"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "status": {"enum": ["paid", "open"]},
        "at": {"type": "string", "format": "date-time"},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "total": {"type": "number", "minimum": 0, "multipleOf": 0.01},
        "buyer": {"$ref": "#/$defs/person"},
        "items": {
            "type": "array",
            "minItems": 1,
            "items": {"oneOf": [{"$ref": "#/$defs/book"}, {"$ref": "#/$defs/game"}]},
        },
    },
    "additionalProperties": False,
    "if": {"properties": {"status": {"const": "paid"}}},
    "then": {"required": ["total"]},
    "$defs": {
        "person": {"properties": {"email": {"format": "email"}}, "dependentRequired": {"email": ["name"]}},
        "book": {"type": "object", "required": ["isbn"], "properties": {"isbn": {"pattern": r"^97[89]-\d{10}$"}}},
        "game": {"type": "object", "required": ["age"], "properties": {"age": {"type": "integer", "maximum": 99}},
                 "not": {"required": ["isbn"]}},
    },
}  # fmt: skip


def test_events_of_a_realistic_contract_are_valid_and_different() -> None:
    validator = compile_schema(ORDER)
    events = list(Generator(validator).valid(Random(1), 50))
    assert len(events) == 50
    assert all(validator.is_valid(event) for event in events)
    assert len({repr(event) for event in events}) > 40


def test_invalid_events_are_invalid() -> None:
    validator = compile_schema(ORDER)
    events = list(Generator(validator).invalid(Random(1), 50))
    assert len(events) == 50
    assert not any(validator.is_valid(event) for event in events)


def test_same_seed_gives_the_same_events() -> None:
    validator = compile_schema(ORDER)
    assert list(Generator(validator).valid(Random(7), 5)) == list(Generator(validator).valid(Random(7), 5))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 3, "maximum": 3},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
        {"type": "string", "pattern": "^(a|b)+@[0-9]{2,}$", "minLength": 6, "maxLength": 9},
        {"type": "string", "pattern": "^x", "minLength": 40},
        {"type": "array", "uniqueItems": True, "items": {"enum": [1, 2, 3]}, "minItems": 3},
        {"type": "array", "contains": {"const": 5}, "items": {"type": "integer"}},
        {"prefixItems": [{"const": "a"}, {"type": "null"}], "items": False, "minItems": 2},
        {"type": "object", "minProperties": 2, "propertyNames": {"pattern": "^k[0-9]$"}},
        {"patternProperties": {"^n_": {"type": "integer"}}, "additionalProperties": False, "required": ["n_1"]},
        {"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": {"type": "string", "maxLength": 2}}}]},
        {"oneOf": [{"multipleOf": 2}, {"multipleOf": 3}], "type": "integer"},
        {"type": "object", "properties": {"child": {"$ref": "#"}}, "required": ["id"]},
        {"const": {"a": [1, None]}},
        {"not": {"type": ["string", "number", "null", "boolean", "array"]}},
    ],
)  # fmt: skip
def test_hard_schema_still_gets_valid_events(schema: dict[str, object]) -> None:
    assert any(True for _ in Generator(compile_schema(schema)).valid(Random(3), 3))


def test_schema_that_nothing_fits_gets_no_events() -> None:
    assert list(Generator(compile_schema({"allOf": [{"type": "null"}, {"type": "string"}]})).valid(Random(3), 3)) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_generated_events_are_proven_for_random_schemas(seed: int) -> None:
    validator = compile_schema(finished(random_schema(Random(seed))), draft=Draft.DRAFT_2020_12)
    generator = Generator(validator)
    assert all(validator.is_valid(event) for event in generator.valid(Random(seed), 5))
    assert not any(validator.is_valid(event) for event in generator.invalid(Random(seed), 5))


@pytest.mark.parametrize("wanted", sorted(samples))
def test_samples_and_fakes_of_a_format_are_valid(wanted: str) -> None:
    random = Random(5)
    texts = [*samples[wanted], *(fake_format(random, wanted) for _ in range(30))]
    assert [text for text in texts if not passes("format", wanted, text)] == []


@pytest.mark.parametrize("wanted", sorted(samples))
def test_what_is_said_about_a_format_holds_for_what_the_engine_accepts(wanted: str) -> None:
    """Envelopes, lengths and inclusions carry proofs, so they are tried on valid texts and on spoiled ones."""
    random = Random(11)
    alphabet = "0aZ-:.@/T+%é 9"
    for _ in range(600):
        text = list(random.choice([*samples[wanted], fake_format(random, wanted)]))
        for _ in range(random.randrange(4)):
            at = random.randrange(len(text) + 1)
            text[at : at + random.randrange(2)] = random.choice(alphabet) * random.choice((1, 1, 60))
        changed = "".join(text)
        if passes("format", wanted, changed):
            # In dates and times the engine takes a few signs for digits (as in "1/70-01-01"); RFC 3339 does not.
            assert "date" in wanted or wanted == "time" or matches(envelopes.get(wanted, ""), changed)
            assert len(changed) <= longest.get(wanted, len(changed))
            assert all(passes("format", wider, changed) for wider in included_in.get(wanted, ()))


@pytest.mark.parametrize("wanted", sorted(samples))
def test_stretched_text_is_long_enough_and_valid_in_the_usual_lengths(wanted: str) -> None:
    for length in (1, 12, 30, 64, 100, 200):
        text = stretched(wanted, length)
        if text is not None:
            assert len(text) >= length
            assert jsonschema_rs.Draft202012Validator({"format": wanted}, validate_formats=True).is_valid(text)


@given(st.integers(0, 1_000_000))
def test_fake_text_matches_its_pattern(seed: int) -> None:
    text = fake_text(Random(seed), least=3, most=9, patterns=["^[a-z]+(-[0-9]{2})?$"])
    assert matches("^[a-z]+(-[0-9]{2})?$", text)
    assert 3 <= len(text) <= 9
