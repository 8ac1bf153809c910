"""Broken contracts are grouped by what a person would repair."""

from __future__ import annotations

from paceline.admission.door_policy import ContractDoor
from paceline.contracts.validation import compile_schema
from paceline.contracts.versions import Version
from paceline.drift.violations import BrokenEvent, group_violations
from paceline.model.door import DoorRules


def broken(rule: str, detail: str, *, source: str = "web", number: int = 0) -> BrokenEvent:
    return BrokenEvent(
        rule=rule, detail=detail, source=source, event_name="Order Completed", event_id=f"m{number}", at_ms=100 + number
    )


def test_same_field_of_the_same_source_is_one_group() -> None:
    rule = "contract:order_completed/1.2.0/properties/total"
    detail = "/properties/total: the value is not a number"
    events = [broken(rule, detail, number=number) for number in range(5)]
    (group,) = group_violations([*events, broken("duplicate", "sent before")])
    assert (group.contract, group.versions, group.pointer) == ("order_completed", ("1.2.0",), "/properties/total")
    assert (group.count, group.first_ms, group.last_ms) == (5, 100, 104)
    assert group.sample_event_ids == ("m4", "m3", "m2")


def test_sources_and_messages_are_kept_apart() -> None:
    rule = "contract:a/1.0.0/properties/x"
    events = [
        broken(rule, "/properties/x: the field is missing"),
        broken(rule, "/properties/x: the value is not text"),
        broken(rule, "/properties/x: the value is not text", source="app"),
    ]
    assert [(group.source, group.message) for group in group_violations(events)] == [
        ("app", "the value is not text"),
        ("web", "the field is missing"),
        ("web", "the value is not text"),
    ]


def test_index_of_a_list_does_not_split_a_group() -> None:
    events = [broken("contract:a/1.0.0/p/0/sku", f"/p/{number}/sku: the field is missing") for number in range(3)]
    assert [(group.pointer, group.count) for group in group_violations(events)] == [("/p/*/sku", 3)]


def test_versions_of_one_contract_are_one_group() -> None:
    events = [broken(f"contract:a/{version}/x", "/x: wrong") for version in ("1.0.0", "1.1.0")]
    assert [group.versions for group in group_violations(events)] == [("1.0.0", "1.1.0")]


def test_what_the_door_writes_is_read_back_field_by_field() -> None:
    schema = {"properties": {"properties": {"required": ["a", "b"], "properties": {"c": {"type": "string"}}}}}
    door = ContractDoor("order_completed", [(Version(1, 0, 0), compile_schema(schema))], DoorRules())
    verdict = door.judge({"properties": {"c": 3}}).verdict
    assert verdict is not None
    groups = group_violations([broken(verdict.rule, verdict.detail)])
    assert {group.pointer: group.message for group in groups} == {
        "/properties/a": "the field is missing",
        "/properties/b": "the field is missing",
        "/properties/c": "the value is not a text",
    }


def test_many_violations_of_one_event_keep_the_ones_that_are_named() -> None:
    detail = "/a: the field is missing; /b: the field is missing (and 7 more)"
    groups = group_violations([broken("contract:a/1.0.0/a", detail)])
    assert [(group.pointer, group.message) for group in groups] == [
        ("/a", "the field is missing"),
        ("/b", "the field is missing"),
    ]


def test_undeclared_event_is_a_group_of_its_own() -> None:
    (group,) = group_violations([broken("contract:undeclared", "no contract describes the event 'X'")])
    assert (group.contract, group.message) == ("", "no contract describes the event 'X'")
