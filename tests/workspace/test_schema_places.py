"""Going through JSON Schemas by the steps of a path."""

from __future__ import annotations

from paceline.workspace.schema_places import SchemaPlace


def top(schema: dict[str, object]) -> SchemaPlace:
    return SchemaPlace(schema, [schema])


def test_fields_of_every_part_that_speaks_about_a_place_are_declared() -> None:
    place = top(
        {
            "properties": {"a": {"properties": {"b": {}}}},
            "allOf": [{"$ref": "#/$defs/more"}, {"if": {}, "then": {"properties": {"d": {}}}}],
            "anyOf": [{"properties": {"a": {"properties": {"c": {}}}}}],
            "$defs": {"more": {"properties": {"e~f": {}}}},
        }
    )
    assert set(place.fields) == {"a", "d", "e~f"}
    assert set(place.fields["a"].fields) == {"b", "c"}


def test_recursive_schema_ends() -> None:
    place = top({"$ref": "#", "properties": {"next": {"$ref": "#"}}})
    assert set(place.fields["next"].fields["next"].fields) == {"next"}


def test_required_fields_behind_a_choice_are_not_required() -> None:
    place = top(
        {"required": ["a"], "allOf": [{"required": ["b"]}], "anyOf": [{"required": ["c"]}, {"required": ["d"]}]}
    )
    assert place.required == ["a", "b"]
    assert place.alternatives == [[["c"], ["d"]]]


def test_other_fields_are_refused_only_where_a_schema_says_so() -> None:
    assert top({"additionalProperties": False}).refuses_other_fields
    assert not top({}).refuses_other_fields
    assert not top({"additionalProperties": False, "patternProperties": {"^x": {}}}).refuses_other_fields
    assert top({"additionalProperties": {"type": "string"}}).takes_other_fields


def test_items_and_what_leads_nowhere_are_places_too() -> None:
    assert set(top({"items": {"properties": {"a": {}}}}).items.fields) == {"a"}
    assert top({"items": True, "$ref": "#/$defs/none", "allOf": 5, "required": "a"}).items.fields == {}
    assert top({"$ref": "https://elsewhere.example/schema"}).fields == {}
