"""What is wrong with a mapping file is found at load: all of it, each fault in its place, never a traceback."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
import yaml

from paceline.errors import MappingSyntaxError
from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.mapping.faults import MappingFault
from paceline.mapping.parser import parse_expression
from paceline.mapping.plan import mapping_faults
from paceline.model.mapping import MappingFile

VALID = """
mapping: order_completed.customerio
version: 3
from: {event: Order Completed, contract: ">=1.2 <2"}
to: {connector: customerio, action: track_event}
when: $.properties.total > 0 and not ($.type in ["page", "screen"])
fields:
  identifiers.id: $.userId ?? $.anonymousId
  name: = purchase
  timestamp: $.timestamp | unix_secs
  attributes.total: {value: $.properties.total | number | round(2), note: after discounts}
  attributes.email_hash: {value: $.context.traits.email | trim | lower | sha256, pii: [email]}
  attributes.plan: '$.properties.plan | switch({"gold": 1, silver: 2}, 0)'
  attributes.cheap: '$.properties.products[?@.price < 5].name | join(", ")'
  attributes.value: $.properties.products | map(@.price * (@.quantity ?? 1)) | sum
  attributes.first: if exists($.properties.coupon) then $.properties.coupon! else "none"
  attributes.*: $.context.traits
  attributes.items:
    each: $.properties.products
    fields: {sku: $.sku, price: {value: '$.price | number'}, position: index() + 1}
"""


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("$.a | lowr", 7, "did you mean 'lower'?"),
        ("$.a + ", 7, "expected a value"),
        ("$.a || $.b", 6, "write or"),
        ("$.a && $.b", 5, "write and"),
        ("$.a?.b", 4, "every step is optional already"),
        ("$userId", 2, "write $.userId"),
        ("purchase", 1, '"purchase"'),
        ("lower", 1, "write lower(…)"),
        ("$.a = 1", 5, "write =="),
        ("$.a ? 1 : 2", 5, "unexpected '?'"),
        ("if $.a then", 12, "unexpected end"),
        ("if $.a ? 1", 8, "write `if … then … else …`"),
        ("$.a > 1 > 2", 9, "join two comparisons with `and`"),
        ("$.a | number + 1", 14, "put what is before it in parentheses"),
        ("$.a == not $.b", 8, "put `not …` in parentheses"),
        ("1 + if $.a then 1", 5, "put `if …` in parentheses"),
        ("($.a", 5, "expected ')'"),
        ("[1, 2", 6, "expected ',' or ']'"),
        ("{a 1}", 4, "expected ':'"),
        ("{1: 2}", 2, "expected a key"),
        ("'abc", 1, "does not end"),
        ('$."abc', 2, "does not end"),
        ("$.first-name.x", 9, '$."first-name"'),
        ("$.0", 2, "an item of a list is [0]"),
        ("$.a[1:2]", 6, "slice"),
        ("$.a[x]", 5, '["key"]'),
        ("$.a[1234567]", 5, "beyond every list"),
        ("1.a", 2, "unexpected '.a'"),
        (".a", 1, "a path begins with $"),
        ("", 1, "an empty expression"),
        ("=", 1, 'write ""'),
        ("“x”", 1, "straight quotes"),
        ("9007199254740993", 1, "beyond 2^53"),
        ("1e999", 1, "too big"),
        ("(" * 60 + "1" + ")" * 60, 41, "nested too deeply"),
        ("-" * 60 + "1", 41, "nested too deeply"),
        ("$.a" + " | lower" * 90, 79, "too many operators"),
        ("1" * 4001, 4001, "longer than 4000"),
    ],
)
def test_syntax_error_has_its_column_and_says_what_to_do(text: str, column: int, says: str) -> None:
    with pytest.raises(MappingSyntaxError) as caught:
        parse_expression(text)
    assert says in str(caught.value)
    assert caught.value.column == column


@pytest.mark.parametrize(
    ("expression", "column", "code"),
    [
        ("$.a | lowr", 7, "unknown_function"),
        ("$.a | truncate", 7, "arguments"),
        ("$.a | lower(1)", 7, "arguments"),
        ("now(1)", 1, "arguments"),
        ("5 | lower", 1, "wrong_type"),
        ("$.a | truncate('x')", 16, "wrong_type"),
        ("$.a | length | lower", 7, "wrong_type"),
        ("[1] + 1", 1, "wrong_type"),
        ("'a' + $.b", 1, "wrong_type"),
        ("-'a'", 2, "wrong_type"),
        ("not 'a'", 5, "wrong_type"),
        ("if 1 then 2", 4, "wrong_type"),
        ("$.a and 1", 9, "wrong_type"),
        ("1 < 'a'", 1, "wrong_type"),
        ("true < 2", 1, "wrong_type"),
        ("1 in 2", 6, "wrong_type"),
        ("($.a | length).b", 8, "wrong_type"),
        ("[$.a | length | lower, 5 | lower]", 8, "wrong_type"),
        ("$.a | length == '3'", 7, "pointless"),
        ("exists($.a) == null", 1, "pointless"),
        ("'x' ?? $.a", 1, "unreachable"),
        ("$.a | length ?? 1 ?? 2", 17, "unreachable"),
        ("exists($.a) ?? 1", 1, "unreachable"),
        ("missing() ?? 1", 1, "always_missing"),
        ("null | lower", 1, "always_missing"),
        ("(null)!", 2, "always_missing"),
        ("missing()", 0, "always_missing"),
        ("@.a", 1, "scope"),
        ("$.a[?@.b == 1] | map($.c) | any(@ == 1) == @", 44, "scope"),
        ("index()", 1, "scope"),
        ("$.a | round($.b)", 13, "literal"),
        ("$.a | round(11)", 13, "literal"),
        ("$.a | round('1')", 13, "wrong_type"),
        ("$.a | format_time('%Q')", 19, "literal"),
        ("$.a | date('+2')", 12, "literal"),
        ("$.a | uuid5('nope')", 13, "literal"),
        ("refuse($.a)", 8, "literal"),
        ("$.a | switch($.b)", 14, "literal"),
        ("$.a | switch([1])", 14, "wrong_type"),
        ("{a: 1, a: 2}", 8, "duplicate_key"),
        ("$.a[*][*][*][*][*][*][*][*][*]", 28, "loops"),
    ],
)
def test_flaw_of_an_expression_is_found_at_load(expression: str, column: int, code: str, find_faults: Any) -> None:
    faults = find_faults({"a": expression})
    assert (faults[0].path, faults[0].column, faults[0].code) == (("fields", "a"), column, code)


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({}, ("fields",), "no_fields"),
        ({"a": "= 1", "a.b": "= 2"}, ("fields", "a.b"), "target_clash"),
        ({"a.b": "= 1", "a": "= 2"}, ("fields", "a"), "target_clash"),
        ({"a.b.c": "= 1", "a.b": "= 2"}, ("fields", "a.b"), "target_clash"),
        ({"a": "= 1", "a.*": "$"}, ("fields", "a.*"), "target_clash"),
        ({"a.*": "$", "a": "= 1"}, ("fields", "a"), "target_clash"),
        ({"": "= 1"}, ("fields", ""), "bad_target"),
        ({"a..b": "= 1"}, ("fields", "a..b"), "bad_target"),
        ({".a": "= 1"}, ("fields", ".a"), "bad_target"),
        ({"a.": "= 1"}, ("fields", "a."), "bad_target"),
        ({"a[0]": "= 1"}, ("fields", "a[0]"), "bad_target"),
        ({"a.*.b": "= 1"}, ("fields", "a.*.b"), "bad_target"),
        ({"a*": "= 1"}, ("fields", "a*"), "bad_target"),
        ({"a\\q": "= 1"}, ("fields", "a\\q"), "bad_target"),
        ({"a\\": "= 1"}, ("fields", "a\\"), "bad_target"),
        ({"a": {}}, ("fields", "a"), "rule_shape"),
        ({"a": {"value": "= 1", "each": "$.b", "fields": {"c": "= 1"}}}, ("fields", "a"), "rule_shape"),
        ({"a": {"each": "$.b"}}, ("fields", "a"), "rule_shape"),
        ({"a": {"value": "= 1", "fields": {"c": "= 1"}}}, ("fields", "a"), "rule_shape"),
        ({"a": {"fields": {"c": "= 1"}}}, ("fields", "a"), "rule_shape"),
        ({"a": {"each": "$.b", "fields": {}}}, ("fields", "a", "fields"), "no_fields"),
        ({"a.*": {"each": "$.b", "fields": {"c": "= 1"}}}, ("fields", "a.*"), "bad_target"),
        ({"a": {"each": "= text", "fields": {"c": "= 1"}}}, ("fields", "a", "each"), "wrong_type"),
        ({"a": {"each": "$.b", "fields": {"c": "$.d |"}}}, ("fields", "a", "fields", "c"), "syntax"),
        ({"a": {"each": "$.b", "fields": {"c": {"value": "@"}}}}, ("fields", "a", "fields", "c", "value"), "scope"),
        ({"a.*": "= text"}, ("fields", "a.*"), "wrong_type"),
    ],
)
def test_flaw_of_the_file_is_found_at_load(
    fields: dict[str, Any], path: tuple[str, ...], code: str, find_faults: Any
) -> None:
    faults = find_faults(fields)
    assert (faults[0].path, faults[0].code) == (path, code)


def test_fields_that_only_look_alike_do_not_clash(find_faults: Any) -> None:
    assert find_faults({"a.b": "= 1", r"a\.b": "= 2", "a.*": "$", "*": "$", "ab": "= 3", "c.b": "= 4"}) == []


def test_each_is_nested_no_deeper_than_four_levels(find_faults: Any) -> None:
    rule: Any = "$.x"
    for _ in range(5):
        rule = {"each": "$.x", "fields": {"a": rule}}
    assert [fault.code for fault in find_faults({"a": rule})] == ["loops"]


def test_all_faults_are_found_at_once_in_the_order_of_the_file(find_faults: Any) -> None:
    fields = {"a": "$.x | lowr | uper", "b": "$.y |", "a.c": {"each": "5"}}
    found = [(fault.path, fault.column, fault.code) for fault in find_faults(fields, when="1")]
    assert found == [
        (("when",), 1, "wrong_type"),
        (("fields", "a"), 7, "unknown_function"),
        (("fields", "a"), 14, "unknown_function"),
        (("fields", "b"), 6, "syntax"),
        (("fields", "a.c"), 0, "target_clash"),
        (("fields", "a.c"), 0, "rule_shape"),
        (("fields", "a.c", "each"), 1, "wrong_type"),
    ]


def test_checking_finds_the_same_as_compiling(make_spec: Any) -> None:
    spec = make_spec({"a": "$.x | lowr", "b": "$.y |"})
    assert mapping_faults(spec) == compile_mapping(spec)


WORDS = ("", "??", "$$", "if ", " in ", "null", "each", "lower", "\n", "\x00", "\ud800")
FRAGMENTS = (*"$.|()[]{}'?!*,:=-@0é ", '"', "\\", *WORDS)


def _mutated(text: str, chance: random.Random) -> str:
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(text))
        end = min(len(text), start + chance.choice([0, 0, 1, 1, 2, 5, 20]))
        kept = chance.choice(["", text[start:end] * 2, *FRAGMENTS, *FRAGMENTS])
        text = text[:start] + kept + text[end:]
    return text


@pytest.mark.parametrize("seed", range(20))
def test_mutated_mapping_file_has_faults_or_works(seed: int) -> None:
    """30 mutations each: 600 in all. What YAML or the file's shape refuses is found before, by the loader."""
    chance = random.Random(seed)
    event = {"userId": "u", "timestamp": "2024-05-06T07:08:09Z", "properties": {"total": 5, "products": [{"price": 1}]}}
    for _ in range(30):
        try:
            spec = msgspec.convert(yaml.safe_load(_mutated(VALID, chance)), MappingFile)
        except (yaml.YAMLError, msgspec.ValidationError):
            continue
        compiled = compile_mapping(spec)
        if isinstance(compiled, CompiledMapping):
            compiled.apply(event, now_ms=0)
        else:
            assert compiled
            assert all(isinstance(fault, MappingFault) and fault.message for fault in compiled)


@pytest.mark.parametrize("seed", range(20))
def test_mutated_expression_has_faults_or_works(seed: int) -> None:
    spec = msgspec.convert(yaml.safe_load(VALID), MappingFile)
    chance = random.Random(seed)
    for target, rule in spec.fields.items():
        text = rule if isinstance(rule, str) else rule.value
        if text is None:
            continue
        for _ in range(5):
            fields = {**spec.fields, target: _mutated(text, chance)}
            compiled = compile_mapping(msgspec.structs.replace(spec, fields=fields))
            if isinstance(compiled, list):
                assert all(fault.path[:2] == ("fields", target) for fault in compiled)
            else:
                compiled.apply({}, now_ms=0)


def test_the_mapping_that_is_mutated_is_valid() -> None:
    assert mapping_faults(msgspec.convert(yaml.safe_load(VALID), MappingFile)) == []
