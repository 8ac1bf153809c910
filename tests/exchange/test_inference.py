"""What is inferred from samples accepts the samples, and claims no more than they show."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from order_contracts import OWNER

from paceline.contracts.validation import compile_schema
from paceline.exchange.inference.infer import infer_contracts, infer_schema
from paceline.exchange.inference.judge import Thresholds, rule_of_three
from paceline.exchange.inference.personal import kind_by_form, kind_by_name


def field(values: list[object], *, name: str = "f") -> dict[str, Any]:
    """The schema of one field that had these values."""
    schema, _ = infer_schema([{name: value} for value in values])
    properties = schema["properties"]
    assert isinstance(properties, dict)
    inner = properties[name]
    assert isinstance(inner, dict)
    return inner


def order(number: int) -> dict[str, object]:
    properties: dict[str, object] = {
        "order_id": f"A-{number}",
        "total": number / 4,
        "currency": "EUR" if number % 2 else "USD",
    }
    if number % 3:
        properties["coupon"] = "X"
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": str(number),
        "userId": "u",
        "properties": properties,
    }


def test_field_in_every_one_of_enough_samples_is_required() -> None:
    (one,), _ = infer_contracts([order(number) for number in range(60)], owner=OWNER)
    payload = one.contract.schema["properties"]["properties"]  # type: ignore[index]  # the shape is what is tested
    assert payload["required"] == ["currency", "order_id", "total"]
    assert payload["properties"]["currency"]["enum"] == ["EUR", "USD"]
    assert payload["properties"]["total"] == {"type": "number"}


def test_with_few_samples_nothing_is_required_and_the_reason_is_given() -> None:
    (one,), _ = infer_contracts([order(number) for number in range(5)], owner=OWNER)
    payload = one.contract.schema["properties"]["properties"]  # type: ignore[index]  # the shape is what is tested
    assert "required" not in payload
    assert any("too few to require" in judgement.message for judgement in one.judgements)


def test_fields_that_clients_fill_in_are_left_out() -> None:
    (one,), _ = infer_contracts([order(1)], owner=OWNER)
    assert list(one.contract.schema["properties"]) == ["properties"]  # type: ignore[call-overload]  # an object


def test_events_are_grouped_by_name_and_others_are_said() -> None:
    events: list[dict[str, object]] = [order(1), {"type": "identify", "traits": {}}, {"event": "A"}, {"x": 1}]
    inferred, losses = infer_contracts(events, owner=OWNER)
    assert [one.contract.contract for one in inferred] == ["identify", "a", "order_completed"]
    assert [loss.about for loss in losses] == ["sample 4"]


@pytest.mark.parametrize(
    ("values", "format_name"),
    [
        (["2026-11-23T10:00:00Z", "2026-11-23T10:00:00.5+01:00"], "date-time"),
        (["2026-11-23"], "date"),
        (["https://a.example/x?y=1"], "uri"),
        (["8c6b1f0e-0000-4000-8000-000000000000"], "uuid"),
        (["2026-11-23", "never"], None),
        (["2026-13-23"], None),
        (["plain"], None),
    ],
)
def test_format_is_asked_for_only_when_every_text_has_it(values: list[object], format_name: str | None) -> None:
    assert field(values).get("format") == format_name


def test_nearly_all_texts_of_a_format_are_reported() -> None:
    _, judgements = infer_schema([{"f": "2026-11-23"}] * 19 + [{"f": "soon"}])
    assert any("19 of 20 texts are a date" in judgement.message for judgement in judgements)


def test_whole_numbers_and_fractions_together_are_numbers() -> None:
    assert field([1, 2.5]) == {"type": "number"}
    assert field([1, 2.0]) == {"type": "integer"}


def test_null_and_text_are_both_kept() -> None:
    assert field([None, "a"])["type"] == ["string", "null"]


def test_value_seen_once_prevents_an_enumeration() -> None:
    assert "enum" not in field(["a"] * 50 + ["b"])
    assert field(["a"] * 50 + ["b"] * 3)["enum"] == ["a", "b"]


def test_enumeration_of_a_field_that_may_be_null_allows_null() -> None:
    values: list[object] = ["a", "b", None] * 20
    assert compile_schema(field(values)).is_valid(None)


def test_object_with_free_names_is_a_map() -> None:
    samples = [{"f": {f"key{n}": n, f"other{n}": n}} for n in range(100)]
    schema, _ = infer_schema(samples)
    assert schema["properties"] == {"f": {"type": "object", "additionalProperties": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("customerEmail", ["x"], "email"),
        ("contact", ["ada@example.com"], "email"),
        ("shippingAddress", ["Main St 1"], "address"),
        ("ip", ["x"], "ip"),
        ("number", ["+49 30 901820"], "phone"),
        ("number", ["4111 1111 1111 1111"], "payment_card"),
        ("number", ["4111 1111 1111 1112"], None),
        ("ref", ["DE89370400440532013000"], "bank_account"),
        ("ref", ["DE89370400440532013001"], None),
        ("product_name", ["Ada"], None),
        ("email_subject", ["Hi"], None),
        ("shipping", ["fast"], None),
    ],
)
def test_personal_data_is_hinted_at_by_name_and_form(name: str, values: list[object], kind: str | None) -> None:
    assert field(values, name=name).get("x-pii") == kind


def test_values_of_personal_fields_are_never_listed() -> None:
    assert "enum" not in field(["ada@example.com", "bob@example.com"] * 30, name="email")
    assert "enum" not in field(["female", "male"] * 30, name="gender")


def test_confidence_grows_with_the_samples() -> None:
    assert [rule_of_three(seen) for seen in (0, 3, 30, 3000)] == [0.0, 0.0, 0.9, 0.999]


@pytest.mark.parametrize("name", ["zip", "dateOfBirth", "user_name", "lat"])
def test_names_are_read_word_by_word(name: str) -> None:
    assert kind_by_name(name) is not None
    assert kind_by_form("12", None) is None


_json = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 5),
        st.floats(-2, 2),
        st.sampled_from(["a", "b", "2026-01-01", "x@y.de", ""]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "email", "c"]), inner, max_size=3)
    ),
    max_leaves=8,
)
_low = Thresholds(required_after=2, enum_after=2, enum_repeats=1, map_after=3, map_share=0.5)


@settings(max_examples=200, deadline=None)
@given(st.lists(_json, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_every_sample_fits_what_was_inferred_and_order_does_not_matter(
    values: list[object], rng: random.Random
) -> None:
    schema, _ = infer_schema(values, thresholds=_low)
    check = compile_schema(schema)
    for value in values:
        assert check.violations(value) == []
    shuffled = list(values)
    rng.shuffle(shuffled)
    assert infer_schema(shuffled, thresholds=_low)[0] == schema
