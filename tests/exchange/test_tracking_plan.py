"""Segment tracking plans become contracts, and what does not fit is said."""

from __future__ import annotations

import pytest
from order_contracts import OWNER

from paceline.contracts.validation import compile_schema
from paceline.errors import UsageError
from paceline.exchange.tracking_plan import import_tracking_plan
from paceline.model.event import EventType


def rule(**changes: object) -> dict[str, object]:
    """A rule as the Public API lists it."""
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "description": "An order was paid.",
        "labels": {},
        "properties": {
            "context": {"type": "object"},
            "traits": {},
            "properties": {
                "type": "object",
                "properties": {"total": {"type": "number", "id": "/properties/properties/properties/total"}},
                "required": ["total"],
            },
        },
        "required": ["properties"],
    }
    return {"type": "TRACK", "key": "Order Completed", "version": 1, "jsonSchema": schema, **changes}


def test_rule_becomes_a_contract_of_the_whole_event() -> None:
    imported = import_tracking_plan({"data": {"rules": [rule()]}}, owner=OWNER)
    (contract,) = imported.contracts
    assert (contract.contract, contract.version, contract.event) == ("order_completed", "1.0.0", "Order Completed")
    assert contract.description == "An order was paid."
    check = compile_schema(contract.schema).is_valid
    assert check({"properties": {"total": 1}})
    assert not check({"properties": {}})
    assert imported.losses == ()


def test_versions_of_a_rule_become_versions_of_one_contract() -> None:
    imported = import_tracking_plan([rule(), rule(version=2)], owner=OWNER)
    assert [contract.version for contract in imported.contracts] == ["1.0.0", "2.0.0"]
    assert {contract.contract for contract in imported.contracts} == {"order_completed"}


def test_two_events_never_share_a_contract_name() -> None:
    imported = import_tracking_plan([rule(), rule(key="order_completed")], owner=OWNER)
    assert [contract.contract for contract in imported.contracts] == ["order_completed", "order_completed_2"]
    assert "another event has the contract name" in imported.losses[0].message


def test_identify_rule_becomes_a_contract_of_identify_calls() -> None:
    schema = {"type": "object", "description": "d", "properties": {"traits": {"required": ["email"]}}}
    imported = import_tracking_plan([rule(type="IDENTIFY", key="", jsonSchema=schema)], owner=OWNER)
    assert imported.contracts[0].type is EventType.IDENTIFY
    assert imported.contracts[0].event_name == "identify"


def test_rule_for_all_calls_is_listed_demand_by_demand() -> None:
    common = {
        "properties": {"context": {"required": ["device"]}, "properties": {"type": "object"}},
        "required": ["userId"],
    }
    imported = import_tracking_plan([rule(type="COMMON", key="", jsonSchema=common)], owner=OWNER)
    assert imported.contracts == ()
    assert [loss.pointer for loss in imported.losses] == ["/properties/context", "/properties/userId"]


def test_deprecated_rule_asks_for_an_end_date() -> None:
    imported = import_tracking_plan([rule(deprecatedAt="2026-01-02T00:00:00Z")], owner=OWNER)
    assert imported.contracts[0].deprecation is None
    assert "deprecated since 2026-01-02" in imported.losses[0].message


def test_config_api_export_is_read() -> None:
    event = {"name": "Signed Up", "description": "d", "rules": rule()["jsonSchema"], "version": 1}
    plan = {"rules": {"events": [event], "identify": {"properties": {"traits": {"required": ["email"]}}}, "global": {}}}
    imported = import_tracking_plan(plan, owner=OWNER)
    assert [contract.contract for contract in imported.contracts] == ["signed_up", "identify"]


def test_payload_schema_without_its_envelope_is_put_where_it_belongs() -> None:
    bare = {"type": "object", "description": "d", "properties": {"total": {"type": "number"}}}
    imported = import_tracking_plan([rule(jsonSchema=bare)], owner=OWNER)
    check = compile_schema(imported.contracts[0].schema).is_valid
    assert not check({"properties": {"total": "12"}})


@pytest.mark.parametrize("document", [None, 3, {"plans": []}, {"rules": 3}, [{"key": "x"}]])
def test_what_is_no_tracking_plan_is_refused(document: object) -> None:
    with pytest.raises(UsageError):
        import_tracking_plan(document, owner=OWNER)
