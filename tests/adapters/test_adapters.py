"""Adapters: what they make of requests, that it is the same each time, and that none of them ever raises."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.assemble.adapters import compiled_adapter
from paceline.assemble.contract_tests.adapters import adapter_coverage, requests_of, run_adapter, settled_share
from paceline.mapping.adapter import CompiledAdapter, compile_adapter
from paceline.mapping.foreign_request import request_of_file, request_of_record
from paceline.model.adapter import AdapterFile, ForeignRequest
from paceline.model.event import Filtered, Refusal
from paceline.workspace.adapter_catalog import find_adapter, in_tree_names

AT_MS = 1_795_000_500_000
IN_TREE = in_tree_names()


def adapter(events: Mapping[str, object], **more: object) -> CompiledAdapter:
    spec = msgspec.convert({"adapter": "own", "version": 3, "events": events, **more}, AdapterFile)
    compiled = compile_adapter(spec)
    assert isinstance(compiled, CompiledAdapter), compiled
    return compiled


def adapt(compiled: CompiledAdapter, body: object, **headers: str) -> list | Filtered | Refusal:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = request_of_file(ForeignRequest(body=body, headers=names), received_ms=AT_MS, source="forms")
    return compiled.adapt(request, now_ms=AT_MS)


def in_tree(name: str) -> CompiledAdapter:
    return compiled_adapter(find_adapter(None, name).spec, file="adapter.yaml")


def test_what_the_brief_asks_for_comes_along():
    assert set(IN_TREE) >= {
        *("segment", "customerio", "hubspot", "stripe", "shopify", "typeform", "intercom", "sendgrid", "generic")
    }


@pytest.mark.parametrize("name", IN_TREE)
def test_adapter_that_comes_along_passes_its_tests(name: str):
    results = run_adapter(find_adapter(None, name))
    assert results
    assert [one.problem or one.mismatches for one in results if not one.has_passed] == []


@pytest.mark.parametrize("name", IN_TREE)
def test_facts_of_a_vendor_have_a_source_and_a_day(name: str):
    docs = find_adapter(None, name).spec.docs
    assert name == "generic" or docs
    assert all(doc.url.startswith("https://") and doc.read == "2026-11-23" for doc in docs)


@pytest.mark.parametrize("name", IN_TREE)
def test_nine_in_ten_fields_of_the_samples_are_settled(name: str):
    assert settled_share(adapter_coverage(find_adapter(None, name)))[1] >= 90


@pytest.mark.parametrize("name", IN_TREE)
def test_request_that_comes_again_makes_the_same_events(name: str):
    compiled = in_tree(name)
    for request in requests_of(find_adapter(None, name)).values():
        first, again = (request_of_file(request, received_ms=AT_MS + late) for late in (0, 60_000))
        one, two = compiled.adapt(first, now_ms=AT_MS), compiled.adapt(again, now_ms=AT_MS + 60_000)
        if isinstance(one, list):
            assert [event["messageId"] for event in one] == [event["messageId"] for event in two]
            assert len({event["messageId"] for event in one}) == len(one)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _mutated(value: object, choose: st.DataObject) -> object:
    """The value with one place replaced by anything."""
    if isinstance(value, dict) and value and choose.draw(st.integers(0, 4)):
        key = choose.draw(st.sampled_from(sorted(value)))
        return {**value, key: _mutated(value[key], choose)}
    if isinstance(value, list) and value and choose.draw(st.integers(0, 4)):
        index = choose.draw(st.integers(0, len(value) - 1))
        return [*value[:index], _mutated(value[index], choose), *value[index + 1 :]]
    return choose.draw(json_values)


@pytest.mark.parametrize("name", IN_TREE)
@settings(max_examples=60, deadline=None)
@given(choose=st.data())
def test_no_request_makes_an_adapter_raise(name: str, choose: st.DataObject):
    compiled = in_tree(name)
    samples = list(requests_of(find_adapter(None, name)).values())
    sample = choose.draw(st.sampled_from(samples))
    body = _mutated(sample.body, choose)
    request = request_of_file(msgspec.structs.replace(sample, body=body), received_ms=AT_MS)
    made = compiled.adapt(request, now_ms=AT_MS)
    if isinstance(made, list):
        assert all(event["type"] and event["messageId"] for event in made)
        json.dumps(made)


def test_every_item_of_a_list_is_an_event_of_its_own():
    compiled = adapter({"hit": {"event": "Hit", "fields": {"userId": "$.item.u"}}}, each="$.body")
    made = adapt(compiled, [{"u": "a"}, {"u": "b"}])
    assert [event["userId"] for event in made] == ["a", "b"]


def test_every_rule_whose_condition_holds_makes_an_event():
    rules = {
        "person": {"type": "identify", "fields": {"userId": "$.body.u"}},
        "bought": {"event": "Bought", "when": "exists($.body.total)", "fields": {"userId": "$.body.u"}},
    }
    assert [event["type"] for event in adapt(adapter(rules), {"u": "a", "total": 1})] == ["identify", "track"]
    assert [event["type"] for event in adapt(adapter(rules), {"u": "a"})] == ["identify"]


def test_two_rules_with_one_id_of_the_vendor_make_two_ids():
    rules = {name: {"event": name, "fields": {"messageId": "$.body.id"}} for name in ("a", "b")}
    assert [event["messageId"] for event in adapt(adapter(rules), {"id": "x"})] == ["x", "x-b"]


def test_item_that_stands_twice_in_a_request_is_two_events_and_the_same_two_again():
    compiled = adapter({"hit": {"event": "Hit", "fields": {"userId": "$.item.u"}}}, each="$.body")
    first = [event["messageId"] for event in adapt(compiled, [{"u": "a"}, {"u": "a"}])]
    again = [event["messageId"] for event in adapt(compiled, [{"u": "b"}, {"u": "a"}, {"u": "a"}])][1:]
    assert len(set(first)) == 2
    assert first == again


def test_one_item_that_cannot_be_made_stops_the_others_of_its_request():
    compiled = adapter({"hit": {"event": "Hit", "fields": {"userId": "$.item.u!"}}}, each="$.body")
    made = adapt(compiled, [{"u": "a"}, {}])
    assert isinstance(made, Refusal)
    assert (made.rule, made.reason) == ("hit.userId", "missing")


def test_nothing_wanted_is_filtered_and_not_refused():
    rules = {"a": {"event": "A", "when": "$.body.kind == 1", "fields": {"userId": "$.body.u"}}}
    assert isinstance(adapt(adapter(rules), {"kind": 2}), Filtered)


def test_what_is_no_list_cannot_be_gone_through():
    made = adapt(adapter({"a": {"event": "A", "fields": {"x": "1"}}}, each="$.body"), {"no": "list"})
    assert isinstance(made, Refusal)
    assert made.rule == "each"


def test_event_says_where_it_comes_from_without_what_proves_it():
    compiled = adapter({"a": {"event": "A", "fields": {"context.ip": "= 203.0.113.7"}}})
    [event] = adapt(compiled, {}, x_shop="tea", x_hub_signature="s", authorization="Bearer t", x_api_key="k", host="h")
    assert event["context"]["ip"] == "203.0.113.7"
    raw = event["context"]["raw"]
    assert (raw["adapter"], raw["rule"], raw["source"], raw["headers"]) == ("own/3", "a", "forms", {"x-shop": "tea"})
    assert raw["id"].startswith("raw-")


def test_type_and_name_may_come_with_the_request():
    compiled = adapter({"call": {"fields": {"*": "$.body"}}})
    assert adapt(compiled, {"type": "page", "userId": "u"})[0]["type"] == "page"
    assert adapt(compiled, {"type": "track", "event": "X"})[0]["event"] == "X"
    assert adapt(compiled, {"type": "track"}).rule == "call.event"
    assert adapt(compiled, {"type": "no call"}).rule == "call.type"


@pytest.mark.parametrize(("given", "expected"), [(7, "7"), ("x" * 600, None), ("", None), (True, None)])
def test_message_id_is_text_of_a_length_that_everybody_takes(given: object, expected: str | None):
    made = adapt(adapter({"a": {"event": "A", "fields": {"messageId": "$.body.id"}}}), {"id": given})
    if given in ("", True):
        assert isinstance(made, Refusal)
    else:
        assert len(made[0]["messageId"]) <= 512
        assert expected in (None, made[0]["messageId"])


def test_form_can_be_read_by_field():
    compiled = adapter({"a": {"event": "A", "fields": {"userId": "$.form.user", "properties.q": "$.query.q"}}})
    request = ForeignRequest(
        body="user=Ada+L&x=", headers={"content-type": "application/x-www-form-urlencoded"}, query="q=1"
    )
    [event] = compiled.adapt(request_of_file(request, received_ms=AT_MS), now_ms=AT_MS)
    assert (event["userId"], event["properties"]["q"]) == ("Ada L", "1")


def test_stored_webhook_is_the_request_that_came():
    payload = {
        "messageId": "typeform-1",
        "receivedAt": "2026-11-18T11:15:00.000Z",
        "properties": {
            "scheme": "typeform",
            "headers": {"x-a": "1"},
            "query": "b=2",
            "path": "/v1/in/f",
            "body": {"c": 3},
        },
    }
    request = request_of_record(payload, "f")
    assert (request["id"], request["body"], request["headers"], request["query"]) == (
        "typeform-1", {"c": 3}, {"x-a": "1"}, {"b": "2"},
    )  # fmt: skip


def test_number_beyond_what_programs_hold_keeps_its_digits():
    body = {"id": 820982911946154508, "customer": {"id": 115310627314723954}, "line_items": []}
    [event] = adapt(in_tree("shopify"), body, x_shopify_topic="orders/create")
    assert (event["properties"]["order_id"], event["userId"]) == ("820982911946154508", "115310627314723954")


def test_name_that_is_wrong_is_told_with_its_place():
    spec = msgspec.convert(
        {
            "adapter": "own",
            "version": 1,
            "each": "$.a |",
            "events": {"a": {"event": "A", "fields": {"x": "$.b | strng"}}},
        },
        AdapterFile,
    )
    faults = compile_adapter(spec)
    assert isinstance(faults, list)
    assert [fault.path for fault in faults] == [("each",), ("events", "a", "fields", "x")]
