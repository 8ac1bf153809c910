"""Subscriptions of a Segment destination as mapping files: triggers, layout, losses, and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from workspaces import write_settings

from paceline.assemble.mapping_file import load_mapping
from paceline.cli.main import paceline_command
from paceline.errors import UnknownNameError, UsageError
from paceline.exchange.segment_directives.directives import NotCarriedError
from paceline.exchange.segment_directives.fql import parse_fql
from paceline.exchange.segment_directives.subscriptions import import_subscriptions, read_subscriptions
from paceline.exchange.segment_directives.triggers import taken_events
from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.model.event import Filtered
from paceline.model.mapping import FieldRule, MappingFile, MappingFrom, MappingTo

TRACK = "track"


def taken(trigger: str) -> list[tuple[str, str]]:
    """The events that a trigger takes, each with its condition."""
    return [(one.source.event_name, one.when) for one in taken_events(parse_fql(trigger))]


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ('type = "track"', [("*", "")]),
        ('type = "identify" or type = "group"', [("identify", ""), ("group", "")]),
        ('type in ["page", "screen"]', [("page", ""), ("screen", "")]),
        ("event = 'Order Completed'", [("Order Completed", "")]),
        ('type = "track" and (event = "A" or event = "B")', [("A", ""), ("B", "")]),
        ('type = "track" and event in ["A", "B"]', [("A", ""), ("B", "")]),
        ('type = "track" and event != "A"', [("*", '$.event != "A"')]),
        ('event = "A" and properties.total >= 10.5', [("A", "$.properties.total >= 10.5")]),
        ('event = "A" and properties.plan != null', [("A", "exists($.properties.plan)")]),
        ('event = "A" and properties.plan = null', [("A", "not exists($.properties.plan)")]),
        ('event = "A" and (context.ip = "1" or userId = "u")', [("A", '$.context.ip == "1" or $.userId == "u"')]),
        ('type = "track" and contains(event, "Order")', [("*", '$.event | contains("Order")')]),
        ('type = "track" and !contains(event, "x")', [("*", 'not $.event | contains("x")')]),
        ('type = "track" and match(event, "Order *")', [("*", '$.event | like("Order *")')]),
        ('event = "A" and lowercase(properties.p) = "x"', [("A", '$.properties.p | lower == "x"')]),
        ('event = "A" and length(properties.l) > 0', [("A", "($.properties.l | length ?? 0) > 0")]),
        ('event = "A" and typeof(properties.p) = "string"', [("A", 'type_of($.properties.p) == "text"')]),
        ('event = "A" and "x" in properties.tags', [("A", '$.properties.tags | contains("x")')]),
        ('event = "A" and properties.on', [("A", "$.properties.on == true")]),
        (r'event = "A" and properties.product\ 1.price > 1', [("A", '$.properties."product 1".price > 1')]),
        (r'event = "Say \"hi\""', [('Say "hi"', "")]),
    ],
)
def test_trigger_becomes_from_and_when(trigger: str, expected: list[tuple[str, str]]) -> None:
    found = taken(trigger)
    assert [
        one for one in found if one[0] not in {"identify", "page", "screen", "group", "alias"} or one in expected
    ] == (expected)
    for event, when in found:
        spec = MappingFile(
            mapping="a.b",
            version=1,
            from_=MappingFrom(event=event),
            to=MappingTo(connector="b", action="c"),
            when=when or None,
            fields={"a": "$.b"},
        )
        assert isinstance(compile_mapping(spec), CompiledMapping)


def test_condition_of_an_imported_trigger_filters_the_same_events() -> None:
    (one,) = taken_events(parse_fql('type = "track" and event != "A" and !contains(event, "test")'))
    spec = MappingFile(
        mapping="a.b",
        version=1,
        from_=one.source,
        to=MappingTo(connector="b", action="c"),
        when=one.when,
        fields={"a": "$.event"},
    )
    compiled = compile_mapping(spec)
    assert isinstance(compiled, CompiledMapping)
    outcomes = [compiled.apply({"event": name}, now_ms=0) for name in ("A", "B", "a test")]
    assert [isinstance(outcome, Filtered) for outcome in outcomes] == [True, False, True]


@pytest.mark.parametrize("trigger", ['event = "A" and match(event, "a?c")', 'event = "A" and kebabcase(event) = "a"'])
def test_condition_without_a_counterpart_is_not_carried(trigger: str) -> None:
    with pytest.raises(NotCarriedError):
        taken(trigger)


@pytest.mark.parametrize(
    "trigger", ["", 'type = "track" event', "type = ", "(type", 'type in ["a"', "type = #", "!" * 99 + "a"]
)
def test_broken_trigger_is_refused_with_its_column(trigger: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_fql(trigger)
    assert raised.value.where.startswith("column ")


def subscription(**changes: Any) -> dict[str, Any]:
    entry = {
        "id": "s1",
        "name": "Orders",
        "actionSlug": "trackEvent",
        "enabled": True,
        "trigger": 'type = "track" and event = "Order Completed"',
        "settings": {
            "id": {
                "@if": {
                    "exists": {"@path": "$.userId"},
                    "then": {"@path": "$.userId"},
                    "else": {"@path": "$.anonymousId"},
                }
            },
            "data": {"total": {"@path": "$.properties.total"}, "kind": "purchase"},
            "items": {"@arrayPath": ["$.properties.products", {"sku": {"@path": "$.sku"}}]},
        },
    }
    return {**entry, **changes}


def test_directives_become_what_a_person_would_write() -> None:
    imported = import_subscriptions(
        read_subscriptions(subscription()), connector="crm", actions={"trackEvent": "track_event"}
    )
    (mapping,) = imported.mappings
    assert imported.losses == ()
    assert (mapping.mapping, mapping.to.action, mapping.proposed) == ("order_completed.crm", "track_event", False)
    assert mapping.fields == {
        "id": "$.userId ?? $.anonymousId",
        "data.total": "$.properties.total",
        "data.kind": "= purchase",
        "items": FieldRule(each="$.properties.products | to_list", fields={"sku": "$.sku"}),
    }
    compiled = compile_mapping(mapping)
    assert isinstance(compiled, CompiledMapping)
    event = {"anonymousId": "a1", "properties": {"total": 5, "products": [{"sku": "P"}]}}
    assert compiled.apply(event, now_ms=0) == {
        "id": "a1", "data": {"total": 5, "kind": "purchase"}, "items": [{"sku": "P"}]
    }  # fmt: skip


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: [s], lambda s: {"data": {"subscription": s}},
                                  lambda s: {"data": {"subscriptions": [s], "pagination": {}}}])  # fmt: skip
def test_answers_of_the_public_api_are_understood(wrap: Any) -> None:
    (read,) = read_subscriptions(wrap(subscription()))
    assert (read.name, read.action, read.is_enabled) == ("Orders", "trackEvent", True)


@pytest.mark.parametrize("document", [{}, [], 5, {"data": {"subscriptions": []}}, {"actionSlug": "a", "trigger": "b"}])
def test_what_is_no_subscription_is_refused(document: object) -> None:
    with pytest.raises(UsageError):
        read_subscriptions(document)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"enabled": False}, "/enabled"),
        ({"actionSlug": "sendThing"}, "/actionSlug"),
        ({"trigger": 'match(event, "a?")'}, "/trigger"),
        ({"settings": {"a": {"@path": "$.a"}, "enable_batching": True}}, "/settings/enable_batching"),
        ({"settings": {"a": {"@path": "$.a"}, "b": {"c": {"@liquid": "{{x}}"}}}}, "/b/c"),
    ],
)
def test_what_does_not_come_along_is_listed(changes: dict[str, Any], pointer: str) -> None:
    read = read_subscriptions(subscription(**changes))
    imported = import_subscriptions(read, connector="crm", actions={"trackEvent": "track_event"})
    assert [(loss.about, loss.pointer) for loss in imported.losses] == [("Orders", pointer)]


def test_mapping_whose_trigger_is_lost_takes_nothing_and_is_marked() -> None:
    read = read_subscriptions(subscription(trigger='match(event, "a?")'))
    (mapping,) = import_subscriptions(read, connector="crm", actions={}).mappings
    assert (mapping.when, mapping.proposed) == ("false", True)


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(paceline_command, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_command_writes_mappings_that_load_and_leaves_others_alone(tmp_path: Path) -> None:
    shop = write_settings(tmp_path / "shop")
    file = tmp_path / "subscriptions.json"
    file.write_text(
        json.dumps({"data": {"subscriptions": [subscription(), subscription(trigger='type = "identify"')]}})
    )
    arguments = ("import", "segment", file, "--connector", "customerio", "--workspace", shop)
    shown = run(*arguments, "--dry-run")
    assert "id: $.userId ?? $.anonymousId" in shown.stdout
    assert not (shop / "mappings").exists()
    run(*arguments)
    assert load_mapping(shop / "mappings/identify.customerio.yaml").event_name == "identify"
    mine = shop / "mappings/order_completed.customerio.yaml"
    assert load_mapping(mine).spec.to == MappingTo(connector="customerio", action="track_event")
    mine.write_text("mine")
    again = json.loads(run(*arguments, "--json").stdout)
    assert again["written"] == {}
    assert again["present"] == ["mappings/order_completed.customerio.yaml", "mappings/identify.customerio.yaml"]
    assert mine.read_text() == "mine"


def test_action_can_be_named(tmp_path: Path) -> None:
    shop = write_settings(tmp_path / "shop")
    file = tmp_path / "subscriptions.json"
    file.write_text(json.dumps(subscription(actionSlug="sendThing")))
    arguments = ("import", "segment", file, "--connector", "customerio", "--workspace", shop, "--json", "--action")
    written = json.loads(run(*arguments, "sendThing=track_event", "--dry-run").stdout)["written"]
    assert "action: track_event" in written["mappings/order_completed.customerio.yaml"]
    with pytest.raises(UnknownNameError):
        run(*arguments, "sendThing=no_such_action")
    with pytest.raises(UsageError):
        run(*arguments, "sendThing")
