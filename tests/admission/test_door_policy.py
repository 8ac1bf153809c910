"""What the door decides for each rule, and that it never decides otherwise than the contract."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.admission.door_policy import (
    ContractDoor,
    Decision,
    judge_undeclared,
    rules_for,
)
from paceline.contracts.validation import compile_schema
from paceline.contracts.versions import Version
from paceline.model.door import DoorChanges, DoorRules, OnBroken, OnUndeclaredEvent, OnUndeclaredField

GOOD = {"type": "track", "properties": {"total": 1}}
BAD = {"type": "track", "properties": {"total": "one"}}
WITH_MORE = {"type": "track", "properties": {"total": 1, "secret": "s", "lines": [{"sku": "a", "size": 2}]}}


def schema(total: str = "number", *, is_closed: bool = False) -> dict[str, object]:
    """A contract's schema, closed or open."""
    line = {"type": "object", "properties": {"sku": {"type": "string"}}}
    payload: dict[str, object] = {"type": "object", "required": ["total"]}
    payload["properties"] = {"total": {"type": total}, "lines": {"items": line}}
    if is_closed:
        payload["additionalProperties"] = False
    return {"type": "object", "properties": {"properties": payload}}


def door(rules: DoorRules | None = None, **schemas: dict[str, object]) -> ContractDoor:
    """A door with versions given as v1_2_0=…; 1.0.0 alone by default."""
    found = schemas or {"v1_0_0": schema()}
    versions = [(Version.parse(name[1:].replace("_", ".")), compile_schema(one)) for name, one in found.items()]
    return ContractDoor("order_completed", versions, rules or DoorRules())


def naming(version: object, event: dict[str, Any] = GOOD) -> dict[str, object]:
    return {**event, "context": {"protocols": {"event_version": version}}}


def test_event_that_fits_is_accepted_with_the_version_that_judged() -> None:
    judged = door().judge(GOOD)
    assert (judged.decision, judged.dataschema, judged.event) == (Decision.ACCEPT, "order_completed/1.0.0", None)


@pytest.mark.parametrize(
    ("rule", "decision"),
    [
        (OnBroken.QUARANTINE, Decision.QUARANTINE),
        (OnBroken.REJECT, Decision.REJECT),
        (OnBroken.STAMP, Decision.ACCEPT),
    ],
)
def test_event_that_breaks_its_contract_is_treated_as_the_rule_says(rule: OnBroken, decision: Decision) -> None:
    judged = door(DoorRules(broken=rule)).judge(BAD)
    assert judged.decision is decision
    assert [violation.pointer for violation in judged.violations] == ["/properties/total"]


def test_quarantined_event_keeps_its_bytes_and_gets_a_verdict_without_values() -> None:
    judged = door().judge(BAD)
    assert judged.event is None
    assert judged.verdict is not None
    assert judged.verdict.rule == "contract:order_completed/1.0.0/properties/total"
    assert judged.verdict.fate == "rejected"
    assert "one" not in judged.verdict.detail.replace("is not one", "")


def test_stamped_event_carries_its_violations_beside_what_was_there() -> None:
    judged = door(DoorRules(broken=OnBroken.STAMP)).judge(naming("1.0.0", BAD))
    assert judged.event is not None
    assert judged.event["context"] == {
        "protocols": {
            "event_version": "1.0.0",
            "contract": "order_completed/1.0.0",
            "violations": [{"field": "/properties/total", "message": "the value is not a number"}],
        }
    }


@pytest.mark.parametrize(
    ("written", "judged_by"),
    [("1.0.0", "1.0.0"), (1, "1.2.0"), ("1", "1.2.0"), (2, "2.0.0"), ("2.0.0", "2.0.0"), (None, "2.0.0")],
)
def test_version_that_the_event_names_judges(written: object, judged_by: str) -> None:
    versions = door(None, v1_0_0=schema(), v1_2_0=schema(), v2_0_0=schema())
    assert versions.judge(naming(written)).dataschema == f"order_completed/{judged_by}"


@pytest.mark.parametrize("written", ["3.0.0", 9, "", "x" * 100_000, ["1"], {}, 1.5, True])
def test_version_that_does_not_exist_is_a_broken_contract(written: object) -> None:
    judged = door().judge(naming(written))
    assert judged.decision is Decision.QUARANTINE
    assert judged.violations[0].pointer == "/context/protocols/event_version"


@pytest.mark.parametrize("context", [None, 3, "x", [], {"protocols": 3}, {"protocols": None}])
def test_context_of_any_form_names_no_version(context: object) -> None:
    assert door().judge({**GOOD, "context": context}).decision is Decision.ACCEPT


@pytest.mark.parametrize("is_closed", [False, True])
def test_undeclared_fields_are_dropped_before_the_contract_judges(is_closed: bool) -> None:
    rules = DoorRules(undeclared_field=OnUndeclaredField.DROP)
    before = copy.deepcopy(WITH_MORE)
    judged = door(rules, v1_0_0=schema(is_closed=is_closed)).judge(WITH_MORE)
    assert judged.decision is Decision.ACCEPT
    assert judged.dropped == ("/properties/secret", "/properties/lines/0/size")
    assert judged.event == {"type": "track", "properties": {"total": 1, "lines": [{"sku": "a"}]}}
    assert before == WITH_MORE


def test_undeclared_fields_can_quarantine_an_event() -> None:
    judged = door(DoorRules(undeclared_field=OnUndeclaredField.QUARANTINE)).judge(WITH_MORE)
    assert judged.decision is Decision.QUARANTINE
    assert {violation.pointer for violation in judged.violations} == {"/properties/secret", "/properties/lines/0/size"}


def test_allowed_undeclared_fields_leave_it_to_the_contract() -> None:
    assert door().judge(WITH_MORE).decision is Decision.ACCEPT
    assert door(None, v1_0_0=schema(is_closed=True)).judge(WITH_MORE).decision is Decision.QUARANTINE


def test_dropping_does_not_repair_what_is_broken_otherwise() -> None:
    event = {"type": "track", "properties": {"total": "one", "secret": 1}}
    judged = door(DoorRules(undeclared_field=OnUndeclaredField.DROP)).judge(event)
    assert judged.decision is Decision.QUARANTINE
    assert judged.event == {"type": "track", "properties": {"total": "one"}}


@pytest.mark.parametrize(
    "declaring",
    [
        {"allOf": [{"properties": {"secret": {}}}]},
        {"anyOf": [{"properties": {"secret": {}}}, {}]},
        {"if": {"properties": {"secret": {}}}, "then": {}},
        {"patternProperties": {"^sec": {}}},
        {"additionalProperties": {"type": ["string", "array"]}},
        {"$ref": "#/$defs/more"},
    ],
)
def test_field_that_any_part_of_the_contract_names_is_declared(declaring: dict[str, object]) -> None:
    whole = {"properties": {"properties": {"properties": {"total": {}, "lines": {}}, **declaring}},
             "$defs": {"more": {"properties": {"secret": {}}}}}  # fmt: skip
    rules = DoorRules(undeclared_field=OnUndeclaredField.DROP)
    assert door(rules, v1_0_0=whole).judge(WITH_MORE).dropped == ()


def test_object_without_declared_fields_is_free() -> None:
    rules = DoorRules(undeclared_field=OnUndeclaredField.DROP)
    whole: dict[str, object] = {"properties": {"properties": {"type": "object"}}}
    assert door(rules, v1_0_0=whole).judge(WITH_MORE).dropped == ()


def test_fields_that_client_libraries_fill_in_are_never_undeclared() -> None:
    rules = DoorRules(undeclared_field=OnUndeclaredField.QUARANTINE)
    event = {**GOOD, "messageId": "m", "context": {"library": {"name": "x"}}, "integrations": {}}
    assert door(rules).judge(event).decision is Decision.ACCEPT


@pytest.mark.parametrize(
    ("rule", "decision"),
    [
        (OnUndeclaredEvent.ALLOW, Decision.ACCEPT),
        (OnUndeclaredEvent.QUARANTINE, Decision.QUARANTINE),
        (OnUndeclaredEvent.REJECT, Decision.REJECT),
    ],
)
def test_event_without_a_contract_is_treated_as_the_rule_says(rule: OnUndeclaredEvent, decision: Decision) -> None:
    assert judge_undeclared("Cart Viewed", DoorRules(undeclared_event=rule)).decision is decision


def test_contract_outdoes_source_and_source_outdoes_default() -> None:
    source = DoorChanges(broken=OnBroken.REJECT, undeclared_field=OnUndeclaredField.DROP)
    rules = rules_for(DoorRules(), source, DoorChanges(broken=OnBroken.STAMP))
    assert rules == DoorRules(broken=OnBroken.STAMP, undeclared_field=OnUndeclaredField.DROP)


_json = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["total", "lines", "sku", "x"]), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["properties", "context", "traits", "type"]), _json),
    st.sampled_from(OnUndeclaredField),
)
def test_what_is_accepted_fits_the_contract_and_what_came_in_is_unchanged(
    event: dict[str, object], undeclared: OnUndeclaredField
) -> None:
    before = copy.deepcopy(event)
    judged = door(DoorRules(undeclared_field=undeclared)).judge(event)
    stored = event if judged.event is None else judged.event
    if judged.decision is Decision.ACCEPT:
        assert compile_schema(schema()).is_valid(stored)
    else:
        assert judged.verdict is not None
    assert event == before
