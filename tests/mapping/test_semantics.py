"""What a mapping makes of what is missing, null or of the wrong kind, and how fields become a payload."""

from __future__ import annotations

from typing import Any

import pytest

from paceline.model.event import Filtered, Refusal

MISSING = "(missing)"
CART: dict[str, Any] = {
    "userId": None,
    "anonymousId": "a1",
    "nothing": None,
    "type": "track",
    "properties": {
        "total": 12.5,
        "text": "12.5",
        "flag": True,
        "one": 1,
        "products": [
            {"sku": "a", "price": 3, "quantity": 2, "tags": ["x", "y"]},
            {"sku": "b", "price": 6.5, "tags": []},
            {"sku": None},
            "not an object",
        ],
    },
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$.properties.total", 12.5),
        ("$.properties.no", MISSING),
        ("$.no.no.no", MISSING),
        ("$.type.no", MISSING),
        ("$.userId", None),
        ("$.userId.no", MISSING),
        ('$."properties"["total"]', 12.5),
        ("$.properties.products[0].sku", "a"),
        ("$.properties.products[-1]", "not an object"),
        ("$.properties.products[9]", MISSING),
        ("$.properties.products[2].sku", None),
        ("$.properties[0]", MISSING),
        ("$.type[0]", MISSING),
        ("$.properties.products[*].sku", ["a", "b"]),
        ("$.properties.products[*].tags[*]", ["x", "y"]),
        ("$.properties.products[*].tags[0]", ["x"]),
        ("$.properties[*]", MISSING),
        ("$.properties.products[?@.price > 4].sku", ["b"]),
        ("$.properties.products[?@.sku == $.anonymousId]", []),
        ("($.properties.products[*].sku)[0]", "a"),
        ("$.properties.products | first.sku", "a"),
        ("$.properties.products | last", "not an object"),
        ("$.properties.products | at(2).sku", None),
        ("$$.anonymousId", "a1"),
    ],
)
def test_path_gives_what_is_there_and_is_missing_otherwise(expression: str, value: object, evaluate: Any) -> None:
    assert evaluate(expression, CART) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$.no ?? 1", 1),
        ("$.userId ?? $.anonymousId", "a1"),
        ("$.userId ?? $.nothing", None),
        ("$.userId ?? $.no", MISSING),
        ("$.no ?? null", None),
        ("$.no ?? $.userId ?? $.no", MISSING),
        ("coalesce($.no, $.userId, $.anonymousId)", "a1"),
        ("$.properties.flag ?? 1", True),
        ("try($.properties.flag | lower) ?? 1", 1),
        ("try($.userId)", None),
        ("try($.no!) ?? 2", 2),
        ("if $.properties.flag then $.userId else 1", None),
        ("if $.no then 1", MISSING),
        ("if $.no then 1 else 2", 2),
        ("if $.type == 'track' then $.no else 2", MISSING),
        ("$.type | switch({track: null, page: 1})", None),
        ("$.type | switch({track: $.userId, page: 1})", None),
        ("$.type | switch({track: $.no}, 7)", 7),
        ("$.type | switch({track: null}, 7)", 7),
        ("$.no | switch({track: 1}, 7)", 7),
        ("$.no | switch({track: 1})", MISSING),
        ("$.properties.one | switch({'1': 5})", 5),
        ("$.properties.flag | switch({'true': 5})", 5),
        ("[$.no, $.userId, 1]", [None, 1]),
        ("{a: $.no, b: $.userId, 'c d': 1}", {"b": None, "c d": 1}),
        ("$.no + 1", MISSING),
        ("$.userId | lower", MISSING),
        ("concat($.type, $.no)", MISSING),
        ("merge($.properties, $.no)", MISSING),
        ("now()", "2026-01-01T00:00:00.000Z"),
        ("= purchase", "purchase"),
        ("=  two words = one ", "two words = one"),
        ("$.properties.products | map(@.tags | length)", [2, 0]),
        ("$.properties.products[?exists(@.price)] | map(@.price * index())", [0, 6.5]),
        ("$.properties.products | map(@.nested | map(@ + 1))", []),
        ("[[1, 2], [3]] | map(@ | map(@ * 2)) | flatten", [2, 4, 6]),
        ("[[1, 2], [3]] | map(index() + (@ | map(index()) | sum))", [1, 1]),
    ],
)
def test_missing_and_null_follow_the_rules(expression: str, value: object, evaluate: Any) -> None:
    assert evaluate(expression, CART) == value


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("$.type == 'track'", True),
        ("$.type != 'track'", False),
        ("$.no == 'track'", False),
        ("$.no != 'track'", True),
        ("$.no == null", True),
        ("$.userId == null", True),
        ("$.no == $.userId", True),
        ("$.properties.flag == true", True),
        ("$.properties.flag == 1", False),
        ("$.properties.one == true", False),
        ("$.properties.one == 1.0", True),
        ("1 == $.properties.one", True),
        ("$.properties.one == $.properties.flag", False),
        ("$.properties == $.properties", True),
        ("$.properties.total == $.properties.text", False),
        ("$.properties.total > 12", True),
        ("12 < $.properties.total", True),
        ("$.properties.total <= 12.5", True),
        ("$.no > 0", False),
        ("$.no <= 0", False),
        ("$.userId < 0", False),
        ("$.properties.one < $.properties.total", True),
        ("$.anonymousId < $.type", True),
        ("$.no < $.type", False),
        ("$.type in ['page', 'track']", True),
        ("$.no in ['page', 'track']", False),
        ("$.properties.one in [true, 2]", False),
        ("$.properties.one in [1]", True),
        ("'a' in $.properties.products[*].sku", True),
        ("'a' in $.no", False),
        ("not $.properties.flag", False),
        ("not $.no", True),
        ("$.properties.flag and $.properties.total > 1", True),
        ("$.no and ($.type | number) > 1", False),
        ("$.properties.flag or ($.type | number) > 1", True),
        ("($.no or $.properties.one < 0) and $.type == 'track'", False),
        ("exists($.userId)", False),
        ("exists($.properties.flag)", True),
        ("$.properties.products | any(@.price > 4)", True),
        ("$.properties.products | all(exists(@.sku))", False),
        ("$.no | any(@.price > 4)", False),
        ("$.properties.products[0] == {sku: 'a', price: 3.0, quantity: 2, tags: ['x', 'y']}", True),
    ],
)
def test_condition_is_true_or_false_and_never_missing(condition: str, holds: bool, evaluate: Any) -> None:
    assert evaluate(f"if {condition} then 'yes' else 'no'", CART) == ("yes" if holds else "no")


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("$.no!", "missing"),
        ("$.userId!", "missing"),
        ("($.no ?? $.userId)!", "missing"),
        ("$.no | required('say who')", "missing"),
        ("refuse('not this one')", "refused"),
        ("$.properties.total | lower", "wrong_type"),
        ("$.properties.flag + 1", "wrong_type"),
        ("$.type | number", "wrong_type"),
        ("$.properties.products | sum", "wrong_type"),
        ("$.properties.products | map(@.price + $.type)", "wrong_type"),
        ("if $.type then 1", "wrong_type"),
        ("$.properties.total > $.type", "wrong_type"),
        ("$.properties.total in $.type", "wrong_type"),
        ("$.properties.total / 0", "out_of_range"),
        ("$.properties.total * 1e308", "out_of_range"),
        ("9007199254740992 + $.properties.one", "out_of_range"),
        ("1e300 | from_unix_secs", "out_of_range"),
    ],
)
def test_event_is_refused_with_the_reason(expression: str, reason: str, evaluate: Any) -> None:
    result = evaluate(expression, CART)
    assert isinstance(result, Refusal)
    assert (result.rule, result.reason) == ("value", reason)


def test_refusal_names_the_place_and_the_kind_but_no_value(evaluate: Any) -> None:
    result = evaluate("$.properties.secret | lower", {"properties": {"secret": 4111111111111111}})
    assert result.message == "lower takes text, but $.properties.secret is a whole number"


def test_refusal_inside_each_names_the_field_of_the_item(map_event: Any) -> None:
    fields = {"items": {"each": "$.properties.products", "fields": {"price": "$.price!"}}}
    assert map_event(fields, CART) == Refusal(rule="items[].price", reason="missing", message="$.price is required")


def test_refusal_after_each_names_its_own_field(map_event: Any) -> None:
    fields = {"items": {"each": "$.list", "fields": {"price": "$.price | number"}}, "total": "$.total!"}
    result = map_event(fields, {"list": [{"price": 1}]})
    assert result.rule == "total"


def test_wrong_kind_in_the_condition_names_when(map_event: Any) -> None:
    result = map_event({"a": "= x"}, {"properties": {"total": "12"}}, when="$.properties.total > 0")
    assert (result.rule, result.reason) == ("when", "wrong_type")


@pytest.mark.parametrize("event", [{}, {"properties": None}, {"properties": {"total": 0}}, {"properties": []}])
def test_event_for_which_the_condition_does_not_hold_is_filtered(event: dict[str, Any], map_event: Any) -> None:
    assert map_event({"a": "= x"}, event, when="$.properties.total > 0") == Filtered(rule="when")


def test_each_makes_an_object_of_every_item(map_event: Any) -> None:
    fields = {
        "items": {
            "each": "$.properties.products",
            "fields": {"id": "$.sku", "user.id": "$$.anonymousId", "position": "index() + 1", "first_tag": "$.tags[0]"},
        }
    }
    assert map_event(fields, CART) == {
        "items": [
            {"id": "a", "user": {"id": "a1"}, "position": 1, "first_tag": "x"},
            {"id": "b", "user": {"id": "a1"}, "position": 2},
            {"id": None, "user": {"id": "a1"}, "position": 3},
            {"user": {"id": "a1"}, "position": 4},
        ]
    }


def test_each_inside_each_sees_its_own_item(map_event: Any) -> None:
    fields = {
        "orders": {
            "each": "$.orders",
            "fields": {"lines": {"each": "$.lines", "fields": {"sku": "$", "shop": "$$.shop", "n": "index()"}}},
        }
    }
    event = {"shop": "s", "orders": [{"lines": ["a", "b"]}, {}]}
    lines = [{"sku": "a", "shop": "s", "n": 0}, {"sku": "b", "shop": "s", "n": 1}]
    assert map_event(fields, event) == {"orders": [{"lines": lines}, {}]}


@pytest.mark.parametrize("event", [{}, {"products": None}])
def test_each_over_nothing_leaves_the_field_out(event: dict[str, Any], map_event: Any) -> None:
    assert map_event({"items": {"each": "$.products", "fields": {"id": "$.sku"}}}, event) == {}


def test_each_over_what_is_no_list_refuses_the_event(map_event: Any) -> None:
    result = map_event({"items": {"each": "$.products", "fields": {"id": "$.sku"}}}, {"products": {"sku": 1}})
    assert (result.rule, result.reason) == ("items", "wrong_type")


def test_targets_build_objects_in_the_order_of_the_file(map_event: Any) -> None:
    fields = {"b.c.d": "= 1", "a": "= 2", "b.e": "= 3", r"dotted\.name": "= 4"}
    payload = map_event(fields, {})
    assert payload == {"b": {"c": {"d": "1"}, "e": "3"}, "a": "2", "dotted.name": "4"}


def test_object_without_any_value_is_left_out(map_event: Any) -> None:
    assert map_event({"a.b.c": "$.no", "d": "= 1"}, {}) == {"d": "1"}


def test_object_expression_is_there_even_when_it_stays_empty(map_event: Any) -> None:
    assert map_event({"a": "{b: $.no}"}, {}) == {"a": {}}


def test_named_field_wins_over_a_spread_wherever_it_stands(map_event: Any) -> None:
    fields = {"a.x": "= named", "a.*": "$.traits", "*": "$.base", "z": "= last"}
    event = {"traits": {"x": 1, "y": None}, "base": {"z": 0, "w": 1, "a": "replaced"}}
    assert map_event(fields, event) == {"w": 1, "z": "last", "a": {"x": "named", "y": None}}


def test_spread_of_what_is_no_object_refuses_the_event(map_event: Any) -> None:
    result = map_event({"a.*": "$.traits"}, {"traits": 1})
    assert (result.rule, result.reason) == ("a.*", "wrong_type")


def test_spread_of_nothing_adds_nothing(map_event: Any) -> None:
    assert map_event({"a.*": "$.traits", "b": "= 1"}, {}) == {"b": "1"}


def test_event_is_not_changed(map_event: Any) -> None:
    event = {"traits": {"x": 1}, "list": [3, 1, 2]}
    map_event({"*": "$.traits", "y": "= 1", "l": "$.list | sort", "m": "merge($.traits, {z: 1})"}, event)
    assert event == {"traits": {"x": 1}, "list": [3, 1, 2]}


def test_events_do_not_share_what_the_mapping_builds(make_spec: Any) -> None:
    from paceline.mapping.compile import compile_mapping

    compiled = compile_mapping(make_spec({"list": "[1, 2]", "object": "{a: 1}", "table": "$.k | switch({a: 1})"}))
    first = compiled.apply({"k": "a"}, now_ms=0)
    first["list"].append(3)
    first["object"]["b"] = 2
    assert compiled.apply({"k": "a"}, now_ms=0) == {"list": [1, 2], "object": {"a": 1}, "table": 1}


def test_event_nested_beyond_the_stack_is_refused(evaluate: Any) -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    result = evaluate("$.deep | flatten_keys", {"deep": deep})
    assert isinstance(result, Refusal)
    assert result.reason == "too_deep"


@pytest.mark.parametrize(
    "expression",
    [
        "$.text | replace('', 'x') | replace('a', $.text)",
        "concat($.text, $.text, $.text)",
        "$.text | split('a') | join($.text)",
        "$.list | map([@, @, @]) | flatten | map([@, @, @]) | flatten | map([@, @, @]) | flatten",
    ],
)
def test_mapping_cannot_blow_up_a_small_event(expression: str, evaluate: Any) -> None:
    result = evaluate(expression, {"text": "a" * 400_000, "list": [1] * 20_000})
    assert isinstance(result, Refusal)
    assert result.reason == "out_of_range"
