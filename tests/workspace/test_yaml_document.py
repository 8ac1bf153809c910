"""YAML files become plain values with places, or findings with places."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.workspace.yaml_document import MAX_VALUES, read_yaml


def value_of(text: str) -> object:
    document, findings = read_yaml(text.encode(), "a.yaml")
    assert findings == []
    assert document is not None
    return document.value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("2027-02-15", "2027-02-15"),
        ("2027-02-15T10:00:00Z", "2027-02-15T10:00:00Z"),
        ("12:30:45", "12:30:45"),
        ("1.2.0", "1.2.0"),
        ("1.10", 1.1),
        ("010", "010"),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("+1", "+1"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("-0", 0),
        ("1e3", 1000.0),
        ("-12", -12),
        ('"1"', "1"),
        ("'true'", "true"),
        ("= purchase", "= purchase"),
        ("$.properties.total > 0", "$.properties.total > 0"),
    ],
)
def test_plain_scalar_is_read_without_traps(written: str, value: object) -> None:
    assert value_of(f"a: {written}") == {"a": value}


def test_keys_are_text_whatever_they_look_like() -> None:
    assert value_of("{1: a, true: b, null: c, 2027-01-01: d}") == {
        "1": "a",
        "true": "b",
        "null": "c",
        "2027-01-01": "d",
    }


def test_places_of_values_and_keys_are_counted_from_one() -> None:
    document, _ = read_yaml(b"# x\nto:\n  connector:  webhook\n  list: [a, {b: c}]\n", "a.yaml")
    assert document is not None
    assert document.place(("to", "connector")) == (3, 15)
    assert document.place(("to", "connector"), of_key=True) == (3, 3)
    assert document.place(("to", "list", 1, "b")) == (4, 17)
    assert document.place(("to", "missing", "deeper")) == (3, 3)


def test_columns_count_characters_not_bytes() -> None:
    document, _ = read_yaml("{ä: 'ö', b: c}".encode(), "a.yaml")
    assert document is not None
    assert document.place(("b",)) == (1, 13)


@pytest.mark.parametrize(
    ("written", "offset", "column"),
    [("a: abc", 1, 5), ("a: 'abc'", 1, 6), ("a: 'it''s x'", 5, 11), (r'a: "\t\u00e4x"', 2, 13), ("{a: abc}", 2, 7)],
)
def test_place_inside_a_text_counts_quotes_and_escapes(written: str, offset: int, column: int) -> None:
    document, _ = read_yaml(written.encode(), "a.yaml")
    assert document is not None
    assert document.place_inside(("a",), offset) == (1, column)


def test_place_inside_a_text_over_several_lines_is_its_beginning() -> None:
    document, _ = read_yaml(b"a: >-\n  some\n  text\n", "a.yaml")
    assert document is not None
    assert document.place_inside(("a",), 6) == (1, 4)


def test_every_repeated_key_is_found_and_the_first_holds() -> None:
    document, findings = read_yaml(b"a: 1\nb: {c: 1, c: 2}\na: 3\n", "a.yaml")
    assert document is not None
    assert document.value == {"a": 1, "b": {"c": 1}}
    assert [(finding.code, finding.line, finding.column) for finding in findings] == [("PL004", 2, 11), ("PL004", 3, 1)]


def test_alias_bomb_is_one_finding_and_stays_small() -> None:
    layers = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    layers += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    document, findings = read_yaml("\n".join(layers).encode(), "a.yaml")
    assert document is not None
    assert [finding.code for finding in findings] == ["PL007"]
    assert f"{MAX_VALUES:,}" in findings[0].message


def test_alias_to_itself_is_a_finding() -> None:
    _, findings = read_yaml(b"a: &a [1, *a]\n", "a.yaml")
    assert [finding.code for finding in findings] == ["PL007"]


@pytest.mark.parametrize("opener", ["[", "- ", "? ", '{"a":', "[{a: "])
def test_deep_nesting_is_a_finding_and_no_crash(opener: str) -> None:
    _, findings = read_yaml((opener * 150_000).encode(), "a.yaml")
    assert [finding.code for finding in findings] == ["PL011"]


def test_nesting_by_indentation_is_bounded() -> None:
    text = "".join(f"{' ' * depth}a:\n" for depth in range(150))
    _, findings = read_yaml(text.encode(), "a.yaml")
    assert [finding.code for finding in findings] == ["PL011"]


@settings(deadline=None)
@given(st.text())
def test_any_text_gives_a_document_or_findings(text: str) -> None:
    document, findings = read_yaml(text.encode(errors="surrogatepass"), "a.yaml")
    assert document is not None or findings
    for finding in findings:
        assert finding.line >= 0
        assert finding.column >= 0


# YAML has no surrogate pairs, so a JSON text with escapes means the same only where it needs none.
plain_text = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]))
# A key on one line has at most 1,024 characters in YAML, of which an escape in JSON takes six.
plain_keys = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=150)
plain_numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
plain_values = st.recursive(
    st.none() | st.booleans() | plain_numbers | plain_text,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(plain_keys, children, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(plain_values)
def test_json_text_means_the_same_as_yaml(value: object) -> None:
    document, findings = read_yaml(json.dumps({"value": value}).encode(), "a.yaml")
    assert findings == []
    assert document is not None
    assert document.value == {"value": value}
