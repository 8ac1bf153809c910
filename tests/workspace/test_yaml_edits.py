"""Values are changed in place: what was not asked for stays to the character."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.workspace.document import Document, ValuePath
from paceline.workspace.yaml_document import read_yaml
from paceline.workspace.yaml_edits import edited_text
from paceline.workspace.yaml_text import block_text, entry_text, flow_text, scalar_text

FILE = """\
# about this file
mapping: a   # its name
cases:
  # the usual one
  - name: one
    payload:
      ids: {id: a}   # who
      # in euros
      total: 1   # after discounts
      items:
        - {sku: A, price: 1}
        - {sku: B, price: 2}
  - name: "two"
    payload: {a: 1, 'b c': [1, 2]}
    now: 2026-01-01T00:00:00Z
"""


def document(text: str) -> Document:
    found, findings = read_yaml(text.encode(), "tests/a.yaml")
    assert found is not None
    assert findings == []
    return found


def edited(changes: dict[ValuePath, object], text: str = FILE) -> str:
    result = edited_text(document(text), changes)
    assert result is not None
    return result


def test_only_the_changed_scalar_is_replaced() -> None:
    assert edited({("cases", 0, "payload", "total"): 2.5}) == FILE.replace("total: 1 ", "total: 2.5 ")


def test_whole_payload_is_changed_where_it_differs() -> None:
    payload = {"ids": {"id": "b"}, "total": 1, "items": [{"sku": "A", "price": 1}]}
    changed = edited({("cases", 0, "payload"): payload})
    assert changed == FILE.replace("{id: a}", "{id: b}").replace("        - {sku: B, price: 2}\n", "")


def test_new_key_goes_below_the_others() -> None:
    value = document(FILE).value["cases"][0]["payload"] | {"coupon": "X"}  # type: ignore[index]
    assert "{sku: B, price: 2}\n      coupon: X\n" in edited({("cases", 0, "payload"): value})


def test_keys_of_one_line_are_added_and_removed() -> None:
    changed = edited({("cases", 1, "payload"): {"b c": [1, 2, 3], "d": None}})
    assert "payload: {'b c': [1, 2, 3], d: null}\n" in changed


def test_quoted_text_stays_quoted() -> None:
    assert '- name: "three"\n' in edited({("cases", 1, "name"): "three"})


def test_windows_line_ends_stay() -> None:
    text = FILE.replace("\n", "\r\n")
    assert edited({("cases", 0, "payload", "total"): 3}, text) == text.replace("total: 1 ", "total: 3 ")


def test_value_of_another_shape_is_written_afresh() -> None:
    assert "      ids: [1]   # who\n" in edited({("cases", 0, "payload", "ids"): [1]})


def test_text_that_an_alias_repeats_is_left_alone() -> None:
    text = "one: &same {a: 1}\ntwo: *same\n"
    assert edited_text(document(text), {("two",): {"a": 2}}) is None
    assert edited_text(document(text), {("one",): {"a": 2}}) is None


def test_one_place_that_cannot_be_changed_does_not_stop_a_layout_that_can() -> None:
    text = "a:\n  - x: 1\n    y: 2\nb: |\n  one\n  two\n"
    changed = edited({("a",): [{"y": 3}], ("b",): "three"}, text)
    assert document(changed).value == {"a": [{"y": 3}], "b": "three"}


@pytest.mark.parametrize(
    "text", ["no", "1e5", "2026-01-01", "a: b", "", " x", "'", "x #y", "- a", "ä\n\x00", "null", "~"]
)
def test_awkward_text_is_read_back_as_it_was(text: str) -> None:
    for written in (f"a: {scalar_text(text)}\n", f"a: {flow_text([text])}\n"):
        value = document(written).value["a"]  # type: ignore[index]
        assert value in (text, [text])


def test_small_things_stand_on_one_line_and_large_ones_do_not() -> None:
    assert entry_text("a", {"b": {"c": 1}}) == "a: {b: {c: 1}}"
    assert entry_text("a", {"b": {"c": {"d": 1}}}) == "a:\n  b: {c: {d: 1}}"


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | texts
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_.-é ", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text("abcde", min_size=1, max_size=3), values, min_size=1, max_size=4), st.data())
def test_edited_file_says_what_it_should_or_is_left_alone(value: dict[str, Any], data: st.DataObject) -> None:
    text = block_text(value) + "\n"
    before = document(text)
    assert before.value == value
    key = data.draw(st.sampled_from(sorted(value)))
    new = data.draw(values)
    changed = edited_text(before, {(key,): new})
    assert changed is not None
    assert document(changed).value == deepcopy(value) | {key: new}
