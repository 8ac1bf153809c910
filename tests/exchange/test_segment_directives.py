"""Segment's directives, as mappings of ours. Expectations are what `@segment/actions-core` 3.170.0 gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.assemble.segment_run import DirectiveRunner
from paceline.errors import UsageError
from paceline.exchange.segment_directives.directives import NotCarriedError

EVENT: dict[str, Any] = {
    "type": "track",
    "userId": "u1",
    "name": "Ada Lovelace",
    "empty": "",
    "zero": 0,
    "off": False,
    "nothing": None,
    "amount": 12.5,
    "json": '{"a": [1, 2]}',
    "list": [1, None, [2, 3], {"a": 1}],
    "none": [],
    "address": {"city": "Oslo", "zip code": "0150", "state": None, "geo": {"lat": 59.9}, "tags": ["x"], "bag": {}},
    "override": {"city": "Bergen", "state": "V"},
    "products": [{"id": 1, "name": "A", "options": [{"k": 1}]}, {"id": 2, "options": {"k": 2}}, {"sku": "c"}],
}


def path(text: str) -> dict[str, Any]:
    return {"@path": text}


def resolved(mapping: object, event: dict[str, Any] | None = None) -> object:
    return DirectiveRunner().resolve(mapping, EVENT if event is None else event, now_ms=0)


GONE = object()

CASES: dict[str, tuple[object, object]] = {
    "a_path_with_and_without_its_prefix": ([path("$.address.city"), path("address.city")], ["Oslo", "Oslo"]),
    "brackets_and_quotes_separate_keys": (path("$.address['zip code']"), "0150"),
    "a_number_is_a_position_in_a_list": ([path("$.products[1].id"), path("$.products.1.id")], [2, 2]),
    "a_negative_position_is_no_position": (path("$.products[-1].id"), GONE),
    "stars_are_no_wildcards": (path("$.products[*].id"), GONE),
    "length_of_a_list_and_of_a_text": ([path("$.products.length"), path("$.name.length")], [3, 12]),
    "a_path_to_null_is_null": (path("$.nothing"), None),
    "what_is_not_there_is_left_out_of_objects": ({"a": path("$.nope"), "b": 1}, {"b": 1}),
    "what_is_not_there_is_null_in_lists": ([path("$.nope"), 1], [None, 1]),
    "an_object_whose_fields_are_all_missing_is_empty": ({"a": path("$.nope")}, {}),
    "constants_stay": ([1, 1.5, True, None, "", [], {}], [1, 1.5, True, None, "", [], {}]),
    "a_literal_may_hold_directives": ({"@literal": {"a": path("$.userId")}}, {"a": "u1"}),
    "a_template_mixes_text_and_paths": ({"@template": "Hi {{name}} ({{ userId }})!"}, "Hi Ada Lovelace (u1)!"),
    "a_template_writes_nothing_for_nothing": ({"@template": "[{{nope}}{{nothing}}]"}, "[]"),
    "a_template_writes_scalars_as_javascript": ({"@template": "{{amount}} {{zero}} {{off}}"}, "12.5 0 false"),
    "a_template_writes_lists_and_objects_as_javascript": (
        {"@template": "{{list}}|{{none}}|{{address}}"},
        "1,,2,3,[object Object]||[object Object]",
    ),
    "three_braces_are_like_two": ({"@template": "{{{userId}}}-{{userId}}"}, "u1-u1"),
    "a_path_in_a_template_has_no_prefix": ({"@template": "{{$.userId}}"}, ""),
    "a_template_without_placeholders_is_text": ({"@template": "plain {{}} {x}"}, "plain {{}} {x}"),
    "exists_is_neither_missing_nor_null": (
        [
            {"@if": {"exists": path(name), "then": "y", "else": "n"}}
            for name in ("$.userId", "$.zero", "$.off", "$.empty", "$.nothing", "$.nope")
        ],
        ["y", "y", "y", "y", "n", "n"],
    ),
    "blank_chooses_then_for_what_is_not_blank": (
        [
            {"@if": {"blank": path(name), "then": "filled", "else": "blank"}}
            for name in ("$.userId", "$.address", "$.zero", "$.off", "$.empty", "$.none", "$.nothing", "$.nope")
        ],
        ["filled", "filled", "blank", "blank", "blank", "blank", "blank", "blank"],
    ),
    "without_the_branch_there_is_nothing": ({"@if": {"exists": path("$.nope"), "then": 1}}, GONE),
    "an_else_that_is_false_or_zero_counts_as_none": ({"@if": {"exists": path("$.nope"), "else": 0}}, GONE),
    "a_then_that_is_false_or_null_counts": ({"@if": {"exists": path("$.userId"), "then": None}}, None),
    "branches_may_hold_directives": (
        {
            "@if": {
                "exists": path("$.nope"),
                "then": 1,
                "else": {"@if": {"exists": path("$.zero"), "then": path("$.name")}},
            }
        },
        "Ada Lovelace",
    ),
    "case_changes_text": (
        [{"@case": {"operator": how, "value": path("$.name")}} for how in ("lower", "upper")],
        ["ada lovelace", "ADA LOVELACE"],
    ),
    "case_leaves_other_values": ({"@case": {"operator": "upper", "value": path("$.list")}}, EVENT["list"]),
    "replace_replaces_all": (
        {"@replace": {"pattern": "a", "replacement": "_", "value": path("$.name")}},
        "Ad_ Lovel_ce",
    ),
    "replace_may_ignore_case": (
        {"@replace": {"pattern": "a", "replacement": "_", "ignorecase": True, "value": path("$.name")}},
        "_d_ Lovel_ce",
    ),
    "replace_may_stop_at_the_first": (
        {"@replace": {"pattern": "a", "replacement": "_", "global": False, "value": path("$.name")}},
        "Ad_ Lovelace",
    ),
    "replace_ignoring_case_may_stop_at_the_first": (
        {"@replace": {"pattern": "a", "ignorecase": True, "global": False, "value": path("$.name")}},
        "da Lovelace",
    ),
    "replace_takes_its_pattern_literally": (
        {"@replace": {"pattern": ".", "replacement": "$$", "value": path("$.amount")}},
        "12$5",
    ),
    "replace_has_a_second_pattern": (
        {
            "@replace": {
                "pattern": "A",
                "replacement": "o",
                "pattern2": "o",
                "replacement2": "x",
                "value": path("$.name"),
            }
        },
        "xda Lxvelace",
    ),
    "replace_gives_empty_text_for_what_is_no_scalar": (
        [{"@replace": {"pattern": "a", "value": path(name)}} for name in ("$.nope", "$.list")],
        ["", ""],
    ),
    "merge_takes_lists_and_texts_apart": (
        {"@merge": {"direction": "right", "objects": [path("$.list"), path("$.userId"), path("$.zero"), {"0": "x"}]}},
        {"0": "x", "1": "1", "2": [2, 3], "3": {"a": 1}},
    ),
    "flatten_that_omits_lists_puts_a_list_under_the_empty_key": (
        {"@flatten": {"separator": ".", "omitArrays": True, "value": [path("$.userId")]}},
        {"": ["u1"]},
    ),
    "json_writes_numbers_as_javascript": (
        {"@json": {"mode": "encode", "value": [12.0, 1e21, path("$.amount"), {"a": 100.0}]}},
        '[12,1e+21,12.5,{"a":100}]',
    ),
    "array_path_maps_every_item": (
        {"@arrayPath": ["$.products", {"id": path("$.id"), "name": path("name")}]},
        [{"id": 1, "name": "A"}, {"id": 2}, {}],
    ),
    "array_path_takes_an_object_for_a_list_of_one": (
        {"@arrayPath": ["$.address", {"city": path("$.city")}]},
        [{"city": "Oslo"}],
    ),
    "array_path_passes_other_values_on": (
        [{"@arrayPath": [name, {"a": path("$.a")}]} for name in ("$.userId", "$.nothing", "$.none")],
        ["u1", None, []],
    ),
    "array_path_of_nothing_is_nothing": ({"@arrayPath": ["$.nope", {"a": path("$.a")}]}, GONE),
    "array_path_without_a_shape_is_the_list": ({"@arrayPath": ["$.products"]}, EVENT["products"]),
    "array_path_nests": (
        {"@arrayPath": [path("$.products"), {"o": {"@arrayPath": ["$.options", {"k": path("$.k")}]}}]},
        [{"o": [{"k": 1}]}, {"o": [{"k": 2}]}, {}],
    ),
    "array_path_with_one_value_an_item": ({"@arrayPath": ["$.products", path("$.id")]}, [1, 2, None]),
    "merge_to_the_right_lets_later_objects_win": (
        {"@merge": {"direction": "right", "objects": [path("$.address"), path("$.override"), {"x": 1}]}},
        {**EVENT["address"], **EVENT["override"], "x": 1},
    ),
    "merge_to_the_left_lets_earlier_objects_win": (
        {"@merge": {"direction": "left", "objects": [{"city": "Rome"}, path("$.override")]}},
        {"city": "Rome", "state": "V"},
    ),
    "merge_ignores_what_is_not_there": (
        {"@merge": {"direction": "right", "objects": [path("$.nope"), {"a": 1}, path("$.nothing")]}},
        {"a": 1},
    ),
    "merge_drops_a_key_whose_later_value_is_missing": (
        {"@merge": {"direction": "right", "objects": [path("$.override"), {"city": path("$.nope")}]}},
        {"state": "V"},
    ),
    "flatten_joins_keys_and_positions": (
        {"@flatten": {"separator": "_", "value": path("$.address")}},
        {"city": "Oslo", "zip code": "0150", "state": None, "geo_lat": 59.9, "tags_0": "x"},
    ),
    "flatten_may_keep_lists": (
        {"@flatten": {"separator": ".", "omitArrays": True, "value": path("$.address")}},
        {"city": "Oslo", "zip code": "0150", "state": None, "geo.lat": 59.9, "tags": ["x"]},
    ),
    "flatten_takes_lists_and_scalars": (
        [{"@flatten": {"separator": ".", "value": path(name)}} for name in ("$.list", "$.userId", "$.nope")],
        [{"0": 1, "1": None, "2.0": 2, "2.1": 3, "3.a": 1}, {"": "u1"}, {}],
    ),
    "json_encodes": ({"@json": {"mode": "encode", "value": {"a": path("$.zero"), "b": path("$.nope")}}}, '{"a":0}'),
    "json_encodes_null_but_not_nothing": (
        {
            "a": {"@json": {"mode": "encode", "value": path("$.nothing")}},
            "b": {"@json": {"mode": "encode", "value": path("$.nope")}},
        },
        {"a": "null"},
    ),
    "json_decodes_and_leaves_what_is_no_json": (
        [{"@json": {"mode": "decode", "value": path(name)}} for name in ("$.json", "$.name", "$.amount")],
        [{"a": [1, 2]}, "Ada Lovelace", 12.5],
    ),
    "exclude_when_null_leaves_out_null": ({"@excludeWhenNull": path("$.nothing")}, GONE),
    "exclude_when_null_looks_into_objects_but_not_lists": (
        {"@excludeWhenNull": {"a": path("$.address.state"), "b": {"c": None, "d": [None]}, "e": 0}},
        {"b": {"d": [None]}, "e": 0},
    ),
    "transform_maps_what_apply_gave": (
        {
            "@transform": {
                "apply": {"who": path("$.name")},
                "mapping": {"hello": {"@template": "{{who}}!"}, "x": path("$.userId")},
            }
        },
        {"hello": "Ada Lovelace!"},
    ),
    "transform_of_a_path": ({"@transform": {"apply": path("$.address"), "mapping": path("$.geo.lat")}}, 59.9),
    "a_path_that_is_always_the_same": ({"@path": {"@literal": "$.userId"}}, "u1"),
}


@pytest.mark.parametrize("name", CASES)
def test_directive_resolves_as_at_segment(name: str) -> None:
    mapping, expected = CASES[name]
    assert resolved({"v": mapping}) == {"resolved": {} if expected is GONE else {"v": expected}}


def test_whole_mapping_may_be_one_directive() -> None:
    assert resolved(path("$.userId")) == {"resolved": "u1"}
    assert resolved(path("$.")) == {"resolved": EVENT}
    assert resolved(path("$.nope")) == {}


def test_empty_mapping_and_empty_key_are_resolved() -> None:
    assert resolved({}) == {"resolved": {}}
    assert resolved({"": path("$.userId"), "a.b": 1}) == {"resolved": {"": "u1", "a.b": 1}}


def test_more_than_one_expression_holds_is_laid_out_as_fields() -> None:
    lower = {f"field_{number}": {"@case": {"operator": "lower", "value": path(f"$.a{number}")}} for number in range(60)}
    event = {"a3": "ABC", "p": [{"a5": "X"}]}
    assert resolved({"data": lower}, event) == {"resolved": {"data": {"field_3": "abc"}}}
    assert resolved({"items": {"@arrayPath": ["$.p", lower]}}, event) == {"resolved": {"items": [{"field_5": "x"}]}}


def test_falsy_value_on_the_way_of_a_path_ends_it() -> None:
    """The one difference that is meant: Segment gives the null, 0 or empty text that stands on the way."""
    assert resolved({"v": path("$.nothing.deeper"), "w": path("$.empty.deeper")}) == {"resolved": {}}


@pytest.mark.parametrize(
    "mapping",
    [
        {"@liquid": "{{ name | upcase }}"},
        path({"@path": "$.userId"}),  # type: ignore[arg-type]  # a path that the event decides
        {"@replace": {"pattern": "a", "replacement": "$&$&", "value": path("$.name")}},
    ],
)
def test_what_has_no_counterpart_is_said_not_to_be_carried(mapping: object) -> None:
    with pytest.raises(NotCarriedError) as raised:
        resolved({"v": mapping})
    assert raised.value.where.startswith("/v/@")


@pytest.mark.parametrize(
    ("mapping", "where"),
    [
        ([], "mapping"),
        ({"v": {"@nope": 1}}, "/v"),
        ({"v": {"@path": "$.a", "b": 1}}, "/v"),
        ({"v": {"@path": 5}}, "/v/@path"),
        ({"v": {"@if": {"then": 1}}}, "/v/@if"),
        ({"v": {"@if": {"exists": None, "then": 1}}}, "/v/@if"),
        ({"v": {"@case": {"operator": "title", "value": path("$.name")}}}, "/v/@case"),
        ({"v": {"@case": {"operator": "lower", "value": {"a": 1}}}}, "/v/@case/value"),
        ({"v": {"@replace": {"pattern": "12345678901", "value": path("$.name")}}}, "/v/@replace"),
        ({"v": {"@arrayPath": "x"}}, "/v/@arrayPath"),
        ({"v": {"@merge": {"objects": [{"a": 1}]}}}, "/v/@merge"),
        ({"v": {"@flatten": {"value": path("$.a")}}}, "/v/@flatten"),
        ({"v": {"@json": {"mode": "x", "value": path("$.a")}}}, "/v/@json"),
        ({"v": {"@transform": {"apply": {}}}}, "/v/@transform"),
    ],
)
def test_malformed_mapping_is_refused_with_its_place(mapping: object, where: str) -> None:
    with pytest.raises(UsageError) as raised:
        resolved(mapping)
    assert raised.value.where == where


def test_mapping_that_comes_again_is_not_translated_again() -> None:
    runner = DirectiveRunner()
    mapping = {"v": path("$.userId")}
    runner.resolve(mapping, EVENT, now_ms=0)
    (first,) = runner._compiled.values()
    runner.resolve(json.loads(json.dumps(mapping)), {"userId": "u2"}, now_ms=0)
    assert list(runner._compiled.values()) == [first]


_paths = st.sampled_from(["$.a", "$.a.b", "b[0]", "$.b[0].c", "$.c.length", "$."]).map(path)
_constants = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "x", "Ab {{a}}", "{"])


def _directives(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    def directive(name: str, **options: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
        return st.fixed_dictionaries({name: st.fixed_dictionaries(options)})

    objects = st.dictionaries(st.sampled_from(["a", "b", "x y", ""]), inner, max_size=3)
    letter, right, modes = st.just("a"), st.just("right"), st.sampled_from(["encode", "decode"])
    return st.one_of(
        objects,
        st.lists(inner, max_size=2),
        directive("@if", exists=inner, then=inner),
        directive("@if", blank=inner, then=inner, **{"else": inner}),
        directive("@case", operator=st.just("lower"), value=inner),
        directive("@replace", pattern=letter, value=inner),
        directive("@merge", direction=right, objects=st.lists(objects, max_size=3)),
        directive("@flatten", separator=letter, value=inner),
        directive("@json", mode=modes, value=inner),
        directive("@transform", apply=objects, mapping=inner),
        st.fixed_dictionaries({"@excludeWhenNull": inner}),
        st.tuples(_paths, objects).map(lambda pair: {"@arrayPath": list(pair)}),
    )


_mappings = st.recursive(_paths | _constants, _directives, max_leaves=8)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(_mappings, st.dictionaries(st.sampled_from(["a", "b", "c"]), _values, max_size=3))
def test_any_mapping_resolves_or_says_why_not(mapping: object, event: dict[str, Any]) -> None:
    try:
        answer = DirectiveRunner().resolve({"v": mapping}, event, now_ms=0)
    except UsageError:
        return
    assert set(answer) <= {"resolved"}
    json.dumps(answer)


@pytest.mark.conformance
def test_every_public_case_resolves_as_at_segment(conformance_data: Path) -> None:
    file = conformance_data / "segment_directive_cases.jsonl"
    if not file.is_file():
        pytest.skip(f"{file.name} is not there")
    runner = DirectiveRunner()
    wrong = []
    cases = [json.loads(line) for line in file.read_text().splitlines()]
    for case in cases:
        answer = runner.resolve(case["mapping"], case["event"], now_ms=case.get("now_ms") or 0)
        if answer != {"resolved": case["expected_resolved"]}:
            wrong.append(case["id"])
    assert cases
    assert wrong == []
