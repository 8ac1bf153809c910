"""Every function does what its definition says; the definitions are also the reference in docs/mapping.md."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.mapping.functions.catalog import CATALOG
from paceline.mapping.functions.definition import Example, Function, Missing, Refused
from paceline.mapping.functions.numbers import add, divide, multiply, round_number, subtract
from paceline.mapping.functions.scalars import scalar_text, to_number
from paceline.mapping.functions.times import iso8601, unix_ms
from paceline.mapping.functions.urls import url_host
from paceline.mapping.kinds import kind_of
from paceline.mapping.reference import reference_tables
from paceline.mapping.refusals import Stop
from paceline.model.event import Refusal

EXAMPLES = [
    pytest.param(function, example, id=f"{function.name}: {example.expression}")
    for function in CATALOG.values()
    for example in function.examples
]
DOCS = Path(__file__).parents[2] / "docs" / "mapping.md"
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(("function", "example"), EXAMPLES)
def test_example_gives_what_it_says(function: Function, example: Example, evaluate: Any) -> None:
    result = evaluate(example.expression, example.event)
    match example.result:
        case Missing():
            assert result == "(missing)"
        case Refused(reason=reason):
            assert isinstance(result, Refusal)
            assert result.reason == reason
        case expected:
            assert result == expected
            assert kind_of(result) == kind_of(expected)


@pytest.mark.parametrize("function", CATALOG.values(), ids=lambda function: function.name)
def test_every_function_has_an_example_that_gives_a_value(function: Function) -> None:
    if function.name not in {"missing", "refuse"}:
        assert any(not isinstance(example.result, Missing | Refused) for example in function.examples)


@pytest.mark.parametrize("function", CATALOG.values(), ids=lambda function: function.name)
def test_every_example_uses_its_function_or_the_operator_that_is_the_same(function: Function) -> None:
    operators = {"default": "??", "required": "!", "now": "now()"}
    for example in function.examples:
        assert function.name in example.expression or operators.get(function.name, "-") in example.expression


def test_reference_in_the_docs_is_up_to_date() -> None:
    text = DOCS.read_text()
    assert reference_tables() in text, "run: python tests/mapping/update_reference.py"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (12.0, "12"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (1e-7, "1e-7"),
        (0.000001, "0.000001"),
        (1.5e300, "1.5e+300"),
        (-0.0, "0"),
        (2**53, "9007199254740992"),
    ],
)
def test_numbers_become_text_as_in_javascript(value: float, text: str) -> None:
    assert scalar_text(value) == text


@given(numbers.filter(lambda value: abs(value) < 2**53))
def test_number_survives_text(value: float) -> None:
    assert to_number(scalar_text(value)) == value


@given(numbers, numbers)
def test_arithmetic_gives_a_safe_number_or_stops(left: float, right: float) -> None:
    for operation in (add, subtract, multiply, divide):
        try:
            result = operation(left, right)
        except Stop as stop:
            assert stop.reason == "out_of_range"  # noqa: PT017 (both ways are right)
        else:
            assert math.isfinite(result)
            assert not (isinstance(result, int) and abs(result) > 2**53)


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_cents_add_up(left: int, right: int) -> None:
    assert add(left / 100, right / 100) == (left + right) / 100


@pytest.mark.parametrize(
    ("value", "digits", "rounded"), [(2.5, 0, 3), (-2.5, 0, -3), (1.005, 2, 1.01), (0.285, 2, 0.29), (7, 2, 7)]
)
def test_half_is_rounded_away_from_zero_on_decimal_digits(value: float, digits: int, rounded: float) -> None:
    assert round_number(value, digits) == rounded


@pytest.mark.parametrize(
    "text",
    ["", "20240506", "2024-W01-1", "2024-05-06T070809Z", "2024-13-01", "06/05/2024", "2024-05-06x07:08", "1714979289"],
)
def test_text_that_is_no_iso_time_is_refused(text: str, evaluate: Any) -> None:
    result = evaluate("$.t | unix_secs", {"t": text})
    assert isinstance(result, Refusal)
    assert result.reason == "wrong_type"


@given(st.datetimes())
def test_time_text_keeps_its_milliseconds(time: Any) -> None:
    assert unix_ms(iso8601(time.isoformat())) == unix_ms(time.isoformat())


@given(st.text())
def test_url_functions_take_any_text(text: str) -> None:
    host = url_host(text)
    assert host is None or host


def test_moment_before_the_year_1_is_refused(evaluate: Any) -> None:
    result = evaluate("$.t | add_secs(-10)", {"t": "0001-01-01T00:00:00Z"})
    assert isinstance(result, Refusal)
    assert result.reason == "out_of_range"
