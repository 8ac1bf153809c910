"""Drafts of mappings: what is obvious is filled in, and it fits both sides."""

from __future__ import annotations

from typing import Any

from paceline.model.mapping import FieldRule, MappingFile, MappingFrom, MappingTo
from paceline.workspace.scaffold_mapping import Draft, draft_mapping, kept_fields

CONTRACT: dict[str, Any] = {
    "type": "object",
    "required": ["properties"],
    "properties": {
        "event": {"const": "Order Completed"},
        "userId": {"type": ["string", "null"], "minLength": 1, "x-pii": "user_id"},
        "anonymousId": {"type": "string", "minLength": 1},
        "timestamp": {"type": "string", "format": "date-time"},
        "category": {"type": "string"},
        "properties": {
            "type": "object",
            "required": ["orderId", "total", "products"],
            "properties": {
                "orderId": {"type": "string"},
                "total": {"type": "number"},
                "email": {"type": "string", "x-pii": "email"},
                "products": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["product_id", "name"],
                        "properties": {"product_id": {"type": "string"}, "name": {"type": "string"}},
                    },
                },
            },
        },
    },
}


def action(required: list[str], /, **properties: object) -> dict[str, Any]:
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


def draft(vendor: dict[str, Any]) -> Draft:
    return draft_mapping(head(), CONTRACT, vendor)


def head(**fields: FieldRule | str) -> MappingFile:
    return MappingFile(
        mapping="order_completed.crm",
        version=1,
        from_=MappingFrom(event="Order Completed"),
        to=MappingTo(connector="crm", action="track"),
        fields=fields,
    )


def test_names_are_matched_however_they_are_written() -> None:
    found = draft(action(["order_id"], order_id={"type": "string"}, Total={"type": "number"}))
    assert found.fields == {"order_id": "$.properties.orderId", "Total": "$.properties.total"}


def test_required_fields_come_first_and_are_demanded_where_they_may_be_missing() -> None:
    found = draft(action(["user_id"], total={"type": "number"}, user_id={"type": "string", "x-pii": ["user_id"]}))
    assert next(iter(found.fields.items())) == ("user_id", "$.userId!")


def test_optional_field_never_refuses_an_event() -> None:
    found = draft(action([], anonymous_id={"type": "string"}, user_id={"type": "string", "x-pii": ["user_id"]}))
    assert found.fields == {"anonymous_id": "$.anonymousId", "user_id": "$.userId ?? missing()"}


def test_time_is_given_in_the_unit_that_fits() -> None:
    micros = {"type": "integer", "minimum": 10**15}
    found = draft(action([], timestamp={"type": "integer"}, timestamp_micros=micros))
    assert found.fields["timestamp"] == "$.timestamp | unix_secs"
    assert found.fields["timestamp_micros"] == "($.timestamp | unix_ms) * 1000"


def test_long_text_is_cut_to_what_the_vendor_takes() -> None:
    assert draft(action([], order_id={"type": "string", "maxLength": 20})).fields == {
        "order_id": "$.properties.orderId | truncate(20)"
    }


def test_name_that_the_vendor_would_not_take_as_it_is_becomes_one_that_it_takes() -> None:
    found = draft(action(["name"], name={"type": "string", "pattern": "^[a-z_]+$"}))
    assert found.fields == {"name": "= order_completed"}


def test_list_of_products_is_mapped_item_by_item() -> None:
    item = action(["item_id"], item_id={"type": "string"})
    found = draft(action([], items={"type": "array", "items": item}))
    assert found.fields == {"items": FieldRule(each="$.properties.products", fields={"item_id": "$.product_id"})}


def test_open_object_takes_the_events_own_properties_but_no_personal_data() -> None:
    found = draft(action([], attributes={"type": "object"}))
    assert found.fields == {
        "attributes.orderId": "$.properties.orderId",
        "attributes.total": "$.properties.total",
        "attributes.products": FieldRule(
            each="$.properties.products", fields={"product_id": "$.product_id", "name": "$.name"}
        ),
    }
    (left,) = found.open_fields
    assert (left.target, left.is_required, left.pii) == ("attributes.email", False, {"email"})


def test_one_of_several_ways_to_name_a_person_is_chosen() -> None:
    person = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {"cio_id": {"type": "string"}, "id": {"type": "string", "x-pii": ["user_id"]}},
    }
    assert draft(action(["identifiers"], identifiers=person)).fields == {"identifiers.id": "$.userId!"}


def test_required_field_without_a_source_is_open_and_says_what_it_is() -> None:
    (left,) = draft(action(["tier"], tier={"type": "string", "description": "Their tier."})).open_fields
    assert (left.target, left.is_required) == ("tier", True)


def test_field_at_the_top_of_the_event_is_not_taken_for_a_part_of_the_payload() -> None:
    device = {"type": "object", "properties": {"category": {"type": "string"}}}
    assert draft(action([], device=device)).fields == {}


def test_ready_made_mapping_keeps_what_fits_and_names_what_does_not() -> None:
    vendor = action(["order_id"], order_id={"type": "string"}, count={"type": "integer"})
    kept = kept_fields(head(order_id="$.properties.orderId", count="$.properties.total"), CONTRACT, vendor)
    assert kept.fields == {"order_id": "$.properties.orderId"}
    assert [one.target for one in kept.open_fields] == ["count"]


def test_ready_made_mapping_keeps_personal_data_for_a_person_to_allow() -> None:
    kept = kept_fields(head(contact="$.properties.email"), CONTRACT, action([], contact={"type": "string"}))
    assert kept.fields == {"contact": "$.properties.email"}
    assert [(one.target, one.is_required) for one in kept.open_fields] == [("contact", True)]
