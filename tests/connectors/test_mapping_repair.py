"""A ready-made mapping is made to fit contracts without changing what it makes of any event."""

from __future__ import annotations

from typing import Any

import pytest

from paceline.assemble.mapping_repair import Repair, repaired
from paceline.assemble.mapping_trial import does_the_same, first_case
from paceline.connectors.catalog import Catalog
from paceline.model.event import EventType
from paceline.model.mapping import FieldRule, MappingFile, MappingFrom, MappingTo

CATALOG = Catalog(with_entry_points=False)
OPEN: dict[str, Any] = {"": {"type": "object"}}


def mapping(to: str, fields: dict[str, Any], *, kind: EventType = EventType.TRACK, **parts: Any) -> MappingFile:
    connector, _, action = to.partition(".")
    taken = MappingFrom(event="*") if kind is EventType.TRACK else MappingFrom(type=kind)
    target = MappingTo(connector=connector, action=action)
    return MappingFile(mapping=f"a.{connector}", version=1, from_=taken, to=target, fields=fields, **parts)


def repair(given: MappingFile, contracts: dict[str, Any] | None = None) -> Repair:
    connector = CATALOG.load(given.to.connector)
    made = repaired(given, OPEN if contracts is None else contracts, connector)
    assert does_the_same(given, made.mapping, connector)
    return made


def test_field_that_the_vendor_needs_is_demanded() -> None:
    made = repair(mapping("segment.track", {"userId": "$.userId!", "event": "$.event"}))
    assert made.mapping.fields["event"] == "($.event)!"
    assert made.left == ()


def test_one_of_two_fields_stays_enough() -> None:
    ids = {"userId": "$.userId", "anonymousId": "$.anonymousId"}
    made = repair(mapping("segment.track", {**ids, "event": "$.event!"}))
    assert made.mapping.fields == {"*": '{"userId": $.userId}', "anonymousId": "$.anonymousId", "event": "$.event!"}
    assert made.left == ()


def test_personal_data_is_declared_and_told() -> None:
    contract = {"": {"type": "object", "properties": {"traits": {"properties": {"email": {"x-pii": ["email"]}}}}}}
    fields = {"userId": "$.userId!", "event": "$.event!", "properties": "$.traits"}
    made = repair(mapping("segment.track", fields), contract)
    assert made.mapping.fields["properties"] == FieldRule(value="$.traits", pii=["email"])
    assert made.personal == ("properties: email",)


def test_text_is_cut_to_what_the_vendor_takes() -> None:
    long = {"type": "string", "minLength": 1, "maxLength": 5000}
    contract = {"": {"type": "object", "required": ["event"], "properties": {"event": long}}}
    made = repair(mapping("customerio.track_event", {"identifiers.id": "= u", "name": "$.event"}), contract)
    assert made.mapping.fields["name"] == "($.event) | truncate(100)"


def test_items_of_a_list_are_repaired_inside() -> None:
    each = FieldRule(each="$.properties.products", fields={"item_id": "$.product_id"})
    fields = {"client_id": "= c", "name": "= level_up", "params.items": each}
    made = repair(mapping("ga4.send_event", fields))
    assert made.mapping.fields["params.items"] == FieldRule(
        each="$.properties.products", fields={"item_id": "($.product_id)!"}
    )


def test_repair_that_would_refuse_good_events_is_not_made() -> None:
    fields: dict[str, Any] = {
        "identifiers.id": "if not is_blank($.userId) then $.userId | string",
        "identifiers.email": "if is_blank($.userId) then $.traits.email",
    }
    repair(mapping("customerio.identify_person", fields, kind=EventType.IDENTIFY))


def test_what_nothing_obvious_helps_is_left_to_a_person() -> None:
    made = repair(mapping("segment.track", {"userId": "$.userId!", "event": "$.event!", "traits": "$.traits"}))
    assert "traits" in made.left[0]


def test_difference_between_mappings_is_noticed() -> None:
    first = mapping("segment.track", {"anonymousId": "$.anonymousId", "event": "$.event"})
    second = mapping("segment.track", {"anonymousId": "$.anonymousId", "userId": "$.userId!", "event": "$.event"})
    assert not does_the_same(first, second, CATALOG.load("segment"))


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (None, "what becomes of Something Done stays as it is"),
        ('$.event == "Order Completed"', "what becomes of Order Completed stays as it is"),
        ('$.event == "Never Heard Of"', "what becomes of Never Heard Of stays as it is"),
        ("$.properties.nothing == 77", "another event is left alone"),
    ],
)
def test_first_case_is_of_an_event_that_the_mapping_takes(when: str | None, expected: str) -> None:
    fields = {"userId": "$.userId", "event": "$.event"}
    assert first_case(mapping("segment.track", fields, when=when), CATALOG.load("segment")).name == expected


def test_first_case_of_a_mapping_that_takes_nothing_is_a_refusal() -> None:
    case = first_case(mapping("segment.track", {"userId": "$.userId", "event": "$.none!"}), CATALOG.load("segment"))
    assert case.refused is not None
    assert case.refused.rule == "event"
