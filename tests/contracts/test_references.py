"""Pointers and references inside one document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.contracts.drafts import Draft
from paceline.contracts.pointers import look_up, pointer, steps_of
from paceline.contracts.references import Document, UnresolvedError


@given(st.lists(st.text()))
def test_pointer_survives_being_written_and_read(steps: list[str]) -> None:
    assert list(steps_of(pointer(steps))) == steps


def test_place_that_is_not_there_is_a_lookup_error() -> None:
    with pytest.raises(LookupError):
        look_up({"a": [1]}, ["a", "x"])


@pytest.mark.parametrize(
    ("reference", "title"),
    [
        ("#", "root"),
        ("#/$defs/a", "a"),
        ("#/$defs/sl~1ash", "slash"),
        ("#/$defs/per%25cent", "percent"),
        ("#anchored", "anchored"),
        ("inner.json", "inner"),
        ("inner.json#/$defs/deep", "deep"),
        ("https://example.com/inner.json", "inner"),
    ],
)
def test_reference_leads_to_the_schema_that_it_names(reference: str, title: str) -> None:
    schema = {
        "$id": "https://example.com/root.json",
        "title": "root",
        "$defs": {
            "a": {"title": "a"},
            "sl/ash": {"title": "slash"},
            "per%cent": {"title": "percent"},
            "b": {"$anchor": "anchored", "title": "anchored"},
            "c": {"$id": "inner.json", "title": "inner", "$defs": {"deep": {"title": "deep"}}},
        },
    }
    document = Document(schema, Draft.DRAFT_2020_12)
    target = document.resolve(reference, document.base_of(schema))
    assert isinstance(target, dict)
    assert target["title"] == title


def test_reference_inside_an_embedded_schema_starts_at_its_id() -> None:
    inner = {"$id": "inner.json", "$defs": {"x": {"title": "of inner"}}, "properties": {"p": {"$ref": "#/$defs/x"}}}
    schema = {"$id": "https://example.com/root.json", "$defs": {"x": {"title": "of root"}, "inner": inner}}
    document = Document(schema, Draft.DRAFT_2020_12)
    place = inner["properties"]
    assert isinstance(place, dict)
    assert document.resolve("#/$defs/x", document.base_of(place["p"])) == {"title": "of inner"}


@pytest.mark.parametrize(("reference", "remote"), [("#/$defs/none", False), ("#none", False), ("other.json", True)])
def test_reference_to_nothing_says_whether_it_is_remote(reference: str, remote: bool) -> None:
    with pytest.raises(UnresolvedError) as caught:
        Document({}, Draft.DRAFT_2020_12).resolve(reference, "")
    assert caught.value.remote is remote
