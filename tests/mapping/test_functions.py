"""Every function does what its definition says; the definitions are also the reference in docs/mapping.md."""

from __future__ import annotations

import datetime as dt
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
from paceline.mapping.functions.text import from_base64, to_base64
from paceline.mapping.functions.times import format_time, iso8601, read_time, unix_ms
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


@pytest.mark.parametrize(
    ("text", "zone", "day"),
    [
        ("2026-03-29T00:59:59Z", "Europe/Berlin", "2026-03-29 01:59 +01:00"),
        ("2026-03-29T01:00:00Z", "Europe/Berlin", "2026-03-29 03:00 +02:00"),
        ("2026-10-25T00:30:00Z", "Europe/Berlin", "2026-10-25 02:30 +02:00"),
        ("2026-10-25T01:30:00Z", "Europe/Berlin", "2026-10-25 02:30 +01:00"),
        ("2026-01-01T12:00:00", "-03:30", "2026-01-01 08:30 -03:30"),
    ],
)
def test_named_zone_knows_summer_time(text: str, zone: str, day: str, evaluate: Any) -> None:
    expression = f'$.t | format_time("%Y-%m-%d %H:%M %z", "{zone}")'
    assert evaluate(expression, {"t": text}) == day


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "", "+25:00", "x" * 500, "Europe"])
def test_unknown_zone_is_a_fault_when_written_out_and_refuses_when_looked_up(
    zone: str, evaluate: Any, find_faults: Any
) -> None:
    (fault,) = find_faults({"a": f'$.t | date("{zone}")'})
    assert fault.code == "literal"
    result = evaluate("$.t | date($.zone)", {"t": "2026-01-01T00:00:00Z", "zone": zone})
    assert isinstance(result, Refusal)


@given(st.datetimes(min_value=dt.datetime(1, 1, 2), max_value=dt.datetime(9999, 12, 30)))  # noqa: DTZ001 (it takes no zone)
def test_time_is_read_back_from_what_a_pattern_wrote(time: Any) -> None:
    pattern = "%A %d %B %Y %I:%M:%S.%f %p %z"
    text = iso8601(time.isoformat())
    assert read_time(format_time(text, pattern), pattern) == text


@pytest.mark.parametrize("pattern", ["%d/%m", "%Y %Y", "%Q"])
def test_pattern_that_cannot_be_read_by_is_a_fault(pattern: str, find_faults: Any) -> None:
    (fault,) = find_faults({"a": f'$.t | read_time("{pattern}")'})
    assert fault.code == "literal"


@pytest.mark.parametrize(
    ("written", "region", "digits"),
    [
        ("+44 20 7946 0958", None, "+442079460958"),
        ("020 7946 0958", "gb", "+442079460958"),
        ("00 44 20 7946 0958", "DE", "+442079460958"),
        ("(011) 54 11 4321-0000", "US", "+541143210000"),
        ("0171/1234567", "DE", "+491711234567"),
    ],
)
def test_telephone_number_is_the_same_however_it_is_written(
    written: str, region: str | None, digits: str, evaluate: Any
) -> None:
    expression = "$.phone | normalize_phone($.region)" if region else "$.phone | normalize_phone"
    assert evaluate(expression, {"phone": written, "region": region}) == digits


@pytest.mark.parametrize("text", ["", "call me", "12", "+0 123", "1" * 100, "\ud800"])
def test_text_that_is_no_telephone_number_refuses_the_event(text: str, evaluate: Any) -> None:
    assert isinstance(evaluate('$.phone | normalize_phone("US")', {"phone": text}), Refusal)


# The vendor's own examples: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/
# customer-information-parameters, read 2026-11-23.
@pytest.mark.parametrize(
    ("expression", "digest"),
    [
        (
            '"John_Smith@gmail.com" | normalize_email',
            "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
        ),
        (
            '"(650)555-1212" | normalize_phone("US") | keep_digits',
            "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
        ),
        ('"Mary" | normalize_name', "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"),
        ('"정" | normalize_name', "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14"),
        ('"Valéry" | normalize_name', "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"),
    ],
)
def test_digest_is_the_one_that_meta_expects(expression: str, digest: str, evaluate: Any) -> None:
    assert evaluate(f"{expression} | sha256") == digest


def test_function_without_its_library_is_a_fault_that_says_how_to_install_it(
    find_faults: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paceline.mapping.functions.agents.find_spec", lambda name: None)
    (fault,) = find_faults({"a": "$.context.userAgent | user_agent.browser"})
    assert fault.code == "unusable_function"
    assert 'pip install "paceline[user-agent]"' in fault.message


def test_pairs_of_names_must_be_whole(find_faults: Any) -> None:
    (fault,) = find_faults({"a": '$.traits | rename("a", "b", "c")'})
    assert fault.code == "arguments"


@given(st.text())
def test_base64_is_read_back(text: str) -> None:
    assert from_base64(to_base64(text)) == text


def test_moment_before_the_year_1_is_refused(evaluate: Any) -> None:
    result = evaluate("$.t | add_secs(-10)", {"t": "0001-01-01T00:00:00Z"})
    assert isinstance(result, Refusal)
    assert result.reason == "out_of_range"
