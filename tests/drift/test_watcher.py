"""Drift is noticed where it is, with how often and since when, and nowhere else."""

from __future__ import annotations

from typing import Any

from order_contracts import order_completed

from paceline.drift.watcher import Drift, DriftKind, DriftWatcher

NAME = "track:Order Completed"


def order(**changes: object) -> dict[str, Any]:
    return {"order_id": "1", "total": 1, "currency": "EUR", "products": [{"sku": "a"}], **changes}


def watch(*payloads: dict[str, Any], source: str = "web", name: str = NAME) -> list[Drift]:
    watcher = DriftWatcher({NAME: order_completed()})
    for number, payload in enumerate(payloads):
        watcher.observe({"properties": payload}, name=name, source=source, event_id=f"m{number}", at_ms=1000 + number)
    return watcher.findings()


def test_events_that_are_as_declared_show_no_drift() -> None:
    assert watch(*[order(coupon=None, attributes={"a": "b"})] * 50) == []


def test_new_field_comes_with_rate_first_seen_and_sample() -> None:
    (found,) = watch(order(), order(voucher="X"), order(), order(voucher=3))
    assert (found.kind, found.pointer) == (DriftKind.NEW_FIELD, "/properties/voucher")
    assert (found.events, found.of, found.rate) == (2, 4, 0.5)
    assert (found.first_ms, found.last_ms, found.sample_event_id) == (1001, 1003, "m1")
    assert "integer, string" in found.message


def test_field_inside_a_list_is_one_place_and_one_event() -> None:
    (found,) = watch(order(products=[{"sku": "a", "size": 1}, {"sku": "b", "size": 2}]))
    assert (found.pointer, found.events) == ("/properties/products/*/size", 1)


def test_type_that_is_not_declared_is_noticed() -> None:
    (found,) = watch(order(), order(total="12"))
    assert (found.kind, found.pointer) == (DriftKind.TYPE, "/properties/total")
    assert "string" in found.message


def test_new_value_of_an_enumeration_is_named() -> None:
    (found,) = watch(order(), order(currency="GBP"), order(currency="CHF"))
    assert (found.kind, found.values, found.events) == (DriftKind.ENUM_VALUE, ("CHF", "GBP"), 2)


def test_values_of_personal_fields_are_never_named() -> None:
    schema: dict[str, object] = {
        "properties": {"properties": {"properties": {"plan": {"enum": ["a"], "x-pii": "name"}}}}
    }
    watcher = DriftWatcher({NAME: order_completed(schema=schema)})
    watcher.observe({"properties": {"plan": "Ada"}}, name=NAME, source="web", event_id="m", at_ms=1)
    (found,) = watcher.findings()
    assert (found.kind, found.values) == (DriftKind.ENUM_VALUE, ())
    assert "Ada" not in repr(found)


def test_field_that_was_always_there_and_stays_away_has_vanished() -> None:
    without = {name: value for name, value in order().items() if name != "currency"}
    (found,) = watch(*[order()] * 20, *[without] * 3)
    assert (found.kind, found.pointer) == (DriftKind.VANISHED_FIELD, "/properties/currency")
    assert (found.events, found.first_ms) == (3, 1019)


def test_field_that_was_rare_is_not_missed_at_once() -> None:
    rare = [order(coupon="X"), *[order()] * 9] * 3
    assert watch(*rare, *[order()] * 20) == []
    assert [one.kind for one in watch(*rare, *[order()] * 80)] == [DriftKind.VANISHED_FIELD]


def test_each_source_is_judged_by_itself() -> None:
    watcher = DriftWatcher({NAME: order_completed()})
    for source, payload in (("web", order()), ("app", order(voucher=1))):
        watcher.observe({"properties": payload}, name=NAME, source=source, event_id="m", at_ms=1)
    assert [(one.source, one.rate) for one in watcher.findings()] == [("app", 1.0)]


def test_event_without_a_contract_is_said_once() -> None:
    (found,) = watch(order(), order(), name="track:Cart Viewed")
    assert (found.kind, found.event, found.events) == (DriftKind.NEW_EVENT, "Cart Viewed", 2)


def test_payload_of_any_form_is_looked_at_without_trouble() -> None:
    watcher = DriftWatcher({NAME: order_completed()})
    for number, payload in enumerate([None, 3, "x", [], [order()]]):
        watcher.observe({"properties": payload}, name=NAME, source="web", event_id=str(number), at_ms=number)
    assert {(one.kind, one.pointer) for one in watcher.findings()} == {(DriftKind.TYPE, "/properties")}


def test_memory_does_not_grow_with_names_made_up_by_a_sender() -> None:
    found = watch(*({f"field{number}": 1} for number in range(3_000)))
    assert len(found) == 2_000
