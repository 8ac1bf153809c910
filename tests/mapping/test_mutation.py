"""Which rules a mapping has, and what becomes of each when it is altered."""

from __future__ import annotations

import pytest

from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.mapping.mutation import MappingRule, mapping_rules
from paceline.model.mapping import FieldRule, MappingFile, MappingFrom, MappingTo


def mapping(when: str | None = None, **fields: FieldRule | str) -> MappingFile:
    return MappingFile(
        mapping="order.crm",
        version=1,
        from_=MappingFrom(event="Order Completed"),
        to=MappingTo(connector="crm", action="track"),
        when=when,
        fields={name.replace("__", "."): rule for name, rule in fields.items()},
    )


def rule(spec: MappingFile, what: str) -> MappingRule:
    return next(one for one in mapping_rules(spec) if one.what == what)


def names(spec: MappingFile) -> list[str]:
    return [one.what for one in mapping_rules(spec)]


def made(spec: MappingFile, event: dict[str, object]) -> object:
    compiled = compile_mapping(spec)
    assert isinstance(compiled, CompiledMapping)
    return compiled.apply(event, now_ms=0)


@pytest.mark.parametrize(
    ("expression", "what", "variants"),
    [
        ("$.a ?? $.b ?? 0", "the fallback $.b of x", ["$.a ?? 0"]),
        ("$.a ?? $.b", "$.a before its fallback of x", ["$.b"]),
        ("$.a | trim | lower", "the function lower of x", ["$.a | trim"]),
        ("$.a | trim | lower", "the function trim of x", ["$.a | lower"]),
        ("= purchase", 'the constant "purchase" of x', ['"purchase~"', '"PURCHASE"', '""']),
        ("$.a * 1000", "the constant 1000 of x", ["$.a * 1001", "$.a * 999"]),
        ("$.a * 1000", "the arithmetic $.a * 1000 of x", ["$.a"]),
        ("if $.a > 5 then true", "the comparison $.a > 5 of x", ["if $.a >= 5 then true"]),
        ("if $.a then $.b else $.c", "the choice $.b of x", ["$.c"]),
        ("if $.a then $.b else $.c", "the condition $.a of x", ["$.b"]),
        ("$.a!", "`!` after $.a of x", ["$.a"]),
        ('$.a | omit("ip", "email")', 'the constant "ip" of x', ['$.a | omit("ip~", "email")']),
        ("{a: $.a, b: $.b}", "the entry a of x", ["{b: $.b}"]),
        ("[$.a, $.b]", "the item $.a of x", ["[$.b]"]),
        ("$.list[?@.price > 1].sku", "the filter @.price > 1 of x", ["$.list[*].sku"]),
        ("coalesce($.a, $.b)", "the fallback $.b of x", ["$.a"]),
    ],
)
def test_part_of_an_expression_is_a_rule(expression: str, what: str, variants: list[str]) -> None:
    found = rule(mapping(x=expression, y="$.y"), what)
    assert [one.fields["x"] for one in found.variants][: len(variants)] == variants


def test_field_is_removed_from_its_place_inside_each() -> None:
    spec = mapping(items=FieldRule(each="$.products", fields={"sku": "$.sku", "price": "$.price"}))
    (variant,) = rule(spec, "the field items[].price").variants
    assert made(variant, {"products": [{"sku": "a", "price": 1}]}) == {"items": [{"sku": "a"}]}


def test_each_is_cut_after_its_first_item() -> None:
    spec = mapping(items=FieldRule(each="$.products", fields={"sku": "$.sku"}))
    (variant,) = rule(spec, "the items of items").variants
    assert made(variant, {"products": [{"sku": "a"}, {"sku": "b"}]}) == {"items": [{"sku": "a"}]}


def test_list_of_one_written_item_has_nothing_to_cut() -> None:
    spec = mapping(items=FieldRule(each="[$]", fields={"sku": "$.sku", "id": "$.id"}))
    assert "the items of items" not in names(spec)


def test_condition_can_be_removed_as_a_whole_and_in_part() -> None:
    spec = mapping(when="$.total > 0 and exists($.userId)", x="$.a")
    assert rule(spec, "the condition `when`").variants[0].when is None
    assert rule(spec, "the condition $.total > 0 of `when`").variants[0].when == "exists($.userId)"


def test_what_when_proves_to_be_there_needs_no_demand() -> None:
    spec = mapping(when="exists($.userId)", id="$.userId!", other="$.userId ?? $.anonymousId")
    assert [name for name in names(spec) if name.endswith(("of id", "of other"))] == [
        "$.userId before its fallback of other"
    ]


def test_time_that_every_event_has_needs_no_demand_and_no_conversion() -> None:
    assert names(mapping(time="$.timestamp! | iso8601", id="$.messageId ?? $.userId", x="$.x")) == [
        "the field time",
        "the function iso8601 of time",
        "the field id",
        "$.messageId before its fallback of id",
        "the field x",
    ]


def test_only_field_gives_null_instead_of_being_removed() -> None:
    (variant,) = rule(mapping(x="$.a"), "the field x").variants
    assert made(variant, {"a": 1}) == {"x": None}


def test_rule_knows_its_column() -> None:
    assert rule(mapping(x="$.a ?? $.bcd", y="$.y"), "the fallback $.bcd of x").column == 8


def test_every_variant_is_another_mapping() -> None:
    spec = mapping(
        when="$.total > 0",
        id="$.userId ?? $.anonymousId!",
        total="$.total | number | round(2)",
        items=FieldRule(each="$.products", fields={"sku": "$.sku ?? $.id", "n": "$.n * 2"}),
    )
    assert all(variant != spec for one in mapping_rules(spec) for variant in one.variants)
