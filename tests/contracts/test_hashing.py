"""Canonical JSON after RFC 8785 and content hashes."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.contracts.hashing import canonical_json, content_hash, contract_hash
from paceline.errors import UsageError
from paceline.model.contract import ContractFile, Deprecation, Owner

# RFC 8785, appendix B: IEEE 754 bits and the text that ECMAScript gives them.
PUBLISHED_NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]


@pytest.mark.parametrize(("bits", "text"), PUBLISHED_NUMBERS)
def test_number_is_written_as_the_rfc_publishes_it(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_json(number).decode() == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_written_number_reads_back(number: float) -> None:
    assert float(canonical_json(number)) == number


def test_names_are_ordered_by_utf16_as_the_rfc_shows() -> None:
    # RFC 8785, section 3.2.3.
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    names = list(json.loads(canonical_json(value)))
    assert names == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_text_is_escaped_only_where_it_must_be() -> None:
    assert canonical_json('\u20ac$\u000f\nA\'B"\\\\"/').decode() == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, "\ud800", {"\udfff": 1}, {1, 2}, [object()]])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(UsageError):
        canonical_json(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), json_values, max_size=4))
def test_hash_does_not_depend_on_the_order_of_names(value: dict[str, object]) -> None:
    assert content_hash(value) == content_hash(dict(reversed(value.items())))
    assert json.loads(canonical_json(value)) == value


def contract(**changes: object) -> ContractFile:
    content: dict[str, object] = {
        "contract": "signed_up",
        "version": "1.0.0",
        "description": "A person signed up.",
        "owner": Owner(team="growth"),
        "event": "Signed Up",
        "schema": {"type": "object"},
    }
    return ContractFile(**{**content, **changes})  # type: ignore[arg-type]


def test_deprecating_a_released_version_keeps_its_hash() -> None:
    ending = Deprecation(deprecated_since="2026-11-01", remove_after="2027-01-01", replacement="2.0.0")
    assert contract_hash(contract(deprecation=ending, owner=Owner(team="core"))) == contract_hash(contract())


@pytest.mark.parametrize("change", [{"schema": {"type": "array"}}, {"version": "1.0.1"}, {"description": "Other."}])
def test_changing_shape_or_meaning_changes_the_hash(change: dict[str, object]) -> None:
    assert contract_hash(contract(**change)) != contract_hash(contract())
