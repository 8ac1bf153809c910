"""A mapping is held against its contract and the vendor's schema: what contradicts is found, and nothing else."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.contracts.generation import Generator
from paceline.contracts.validation import compile_schema
from paceline.mapping.check import CheckReport, check_mapping
from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.model.event import Filtered, Refusal
from paceline.model.finding import Severity
from paceline.model.mapping import FieldRule, MappingFile, MappingFrom, MappingTo

PRODUCT: dict[str, Any] = {
    "type": "object",
    "required": ["sku", "price"],
    "properties": {
        "sku": {"type": "string", "maxLength": 40},
        "price": {"type": "number", "minimum": 0},
        "quantity": {"type": "integer", "minimum": 1, "maximum": 99},
    },
}
CONTRACT: dict[str, Any] = {
    "type": "object",
    "required": ["type", "event", "properties"],
    "anyOf": [{"required": ["userId"]}, {"required": ["anonymousId"]}],
    "properties": {
        "type": {"const": "track"},
        "event": {"const": "Order Completed"},
        "userId": {"type": "string", "maxLength": 30, "x-pii": "user_id"},
        "anonymousId": {"type": "string", "maxLength": 36},
        "timestamp": {"type": "string", "format": "date-time"},
        "context": {
            "type": "object",
            "properties": {
                "traits": {"$ref": "#/$defs/traits"},
                "locale": {"type": ["string", "null"], "maxLength": 5},
            },
        },
        "properties": {
            "type": "object",
            "additionalProperties": False,
            "required": ["total", "currency", "products"],
            "properties": {
                "total": {"type": "number", "minimum": 0},
                "currency": {"enum": ["EUR", "USD", "GBP"]},
                "coupon": {"type": "string", "maxLength": 20},
                "note": {"type": ["string", "null"]},
                "reference": {"type": ["string", "integer"]},
                "is_gift": {"type": "boolean"},
                "count": {"type": "integer", "minimum": 0, "maximum": 1000},
                "products": {"type": "array", "minItems": 1, "maxItems": 50, "items": PRODUCT},
                "free": {},
            },
        },
    },
    "$defs": {
        "traits": {
            "type": "object",
            "properties": {"email": {"type": "string", "format": "email", "maxLength": 120, "x-pii": ["email"]}},
        }
    },
}
ACTION: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 20},
        "user": {
            "type": "object",
            "required": ["id"],
            "additionalProperties": False,
            "properties": {
                "id": {"type": "string", "maxLength": 36, "x-pii": ["user_id"]},
                "email": {"type": "string"},
            },
        },
        "amount": {"type": "number"},
        "cents": {"type": "integer"},
        "currency": {"enum": ["EUR", "USD"]},
        "any_currency": {"enum": ["EUR", "USD", "GBP", "CHF"]},
        "text": {"type": "string"},
        "code": {"type": "string", "maxLength": 10},
        "flag": {"type": "boolean"},
        "time": {"type": "integer"},
        "moment": {"type": "string", "format": "date-time"},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 50},
        "percent": {"type": "number", "minimum": 0, "maximum": 100},
        "anything": {},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id"],
                "additionalProperties": False,
                "properties": {
                    "id": {"type": "string", "maxLength": 40},
                    "price": {"type": "number"},
                    "n": {"type": "integer"},
                },
            },
        },
        "free": {"type": "object"},
        "one_of_two": {"type": "object", "maxProperties": 1, "properties": {"a": {}, "b": {}}},
    },
}


def report_of(spec: MappingFile) -> CheckReport:
    compiled = compile_mapping(spec)
    assert isinstance(compiled, CompiledMapping), compiled
    return check_mapping(spec, compiled.plan, CONTRACT, ACTION)


@pytest.fixture
def check(make_spec: Any) -> Any:
    """The report on a mapping with these fields beside the one that is always needed."""

    def check(fields: dict[str, Any], *, when: str | None = None, name: str | None = "= purchase") -> CheckReport:
        own = {} if name is None else {"name": name}
        return report_of(make_spec({**own, **fields}, when=when))

    return check


@pytest.mark.parametrize(
    ("fields", "code", "says"),
    [
        ({"cents": "$.properties.total"}, "wrong_type", "a fraction, but the vendor takes whole numbers"),
        ({"text": "$.properties.total"}, "wrong_type", "add `| string`"),
        ({"amount": "$.properties.coupon"}, "wrong_type", "add `| number`"),
        ({"time": "$.timestamp"}, "wrong_type", "unix_secs"),
        ({"text": "$.properties.reference"}, "wrong_type", "add `| string`"),
        ({"text": "$.properties.products"}, "wrong_type", "a list"),
        ({"tags": "$.properties.currency"}, "wrong_type", "to_list"),
        ({"currency": "$.properties.currency"}, "unknown_value", '"GBP", which the vendor does not know'),
        ({"currency": "= eur"}, "unknown_value", 'known: "EUR", "USD"'),
        ({"name": "= a name that is much too long"}, "too_long", "truncate(20)"),
        ({"code": "$.properties.coupon"}, "too_long", "at most 10 characters"),
        ({"percent": "$.properties.count"}, "does_not_fit", "above 100"),
        ({"text": "$.properties.note"}, "may_be_null", "?? missing()"),
        ({"text": "$.context.locale"}, "may_be_null", "?? missing()"),
        ({"text": "$.properties.cupon"}, "unknown_path", "did you mean 'coupon'?"),
        ({"text": "$.properties.currency.code"}, "always_missing", "text"),
        ({"amuont": "$.properties.total"}, "unknown_target", "did you mean 'amount'?"),
        ({"user.name": "$.userId", "user.id": "= 1"}, "unknown_target", "the vendor has no 'name'"),
        ({"name": "$.properties.coupon"}, "may_be_missing", "`?? …`"),
        ({"user.id": "$.userId", "user.email": "= x"}, "may_be_missing", "the vendor needs 'id'"),
        ({"user.email": "= x"}, "no_source", "'id'"),
        ({"user.email": {"value": "$.context.traits.email"}, "user.id": "= x"}, "personal_data", "pii: [email]"),
        ({"text": "$.userId | lower"}, "personal_data", "user_id"),
        ({"free": "$.context"}, "personal_data", "email"),
        ({"text": "$.properties.is_gift | lower"}, "wrong_type", "lower takes text"),
        ({"items": {"each": "$.properties.products", "fields": {"id": "$.skuu"}}}, "may_be_missing", "$.skuu"),
        ({"items": {"each": "$.properties.products", "fields": {"price": "$.price"}}}, "no_source", "'id'"),
        ({"items": {"each": "$.properties.products", "fields": {"id": "$.price"}}}, "wrong_type", "add `| string`"),
        ({"items": {"each": "$.properties.total", "fields": {"id": "= x"}}}, "wrong_type", "each takes a list"),
        ({"text": {"each": "$.properties.products", "fields": {"id": "= x"}}}, "wrong_type", "`each` makes a list"),
        ({"amount.x": "= 1"}, "wrong_type", "not an object"),
        ({"items": "$.properties.products"}, "does_not_fit", "/0"),
        ({"one_of_two.a": "= 1", "one_of_two.b": "= 2"}, "does_not_fit", "at most 1 field here"),
        ({"free.*": "$.context.traits"}, "personal_data", "email"),
        ({"free": '$.context.traits | rename("email", "mail")'}, "personal_data", "email"),
        ({"free": "$.context.traits | map_values(@)"}, "personal_data", "email"),
        ({"free": "merge($.context.traits, {a: 1})"}, "personal_data", "email"),
        ({"free": "$.context.traits | key_case('snake')"}, "personal_data", "email"),
        ({"text": "$.context.traits | entries | map(@.value) | join(',')"}, "personal_data", "email"),
        ({"currency": '$.properties.currency | one_of("EUR", "GBP")'}, "unknown_value", '"GBP"'),
        ({"time": '{a: $.properties.currency} | rename("a", "b") | get("b")'}, "wrong_type", "text"),
        ({"when": '$.event'}, "unknown_target", "when"),
    ],
)  # fmt: skip
def test_contradiction_is_a_fault(fields: dict[str, Any], code: str, says: str, check: Any) -> None:
    faults = check(fields, name=None if "name" in fields else "= purchase").faults
    assert code in [fault.code for fault in faults]
    told = next(fault for fault in faults if fault.code == code)
    assert says in f"{told.message} {told.hint}"
    assert told.severity is Severity.ERROR


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": "$.properties.total", "cents": "$.properties.total | round"},
        {"text": "$.properties.reference | string", "code": "$.properties.coupon | truncate(10)"},
        {"any_currency": "$.properties.currency"},
        {"currency": '$.properties.currency | switch({EUR: "EUR", USD: "USD", GBP: "EUR"})'},
        {"currency": 'if $.properties.currency == "EUR" then "EUR" else "USD"'},
        {"any_currency": "$.properties.currency | lower | upper"},
        {"time": "$.timestamp | unix_secs", "moment": "now()"},
        {"moment": "$.timestamp"},
        {"text": '$.properties.note ?? "none"', "anything": "$.properties.note"},
        {"text": "$.context.locale ?? missing()"},
        {"user.id": "$.userId"},
        {"user.id": "$.userId!", "user.email": {"value": "$.context.traits.email", "pii": ["email"]}},
        {"text": "$.context.traits.email | trim | lower | sha256", "flag": "exists($.context.traits.email)"},
        {"flag": "$.properties.is_gift ?? false", "amount": "$.context.traits.email | length"},
        {"tags": "$.properties.products[*].sku"},
        {"tags": "$.properties.products | map(@.sku | upper)"},
        {"tags": "$.properties.products[?@.price > 5].sku"},
        {"percent": "$.properties.count | clamp(0, 100)"},
        {"amount": "$.properties.products | map(@.price * (@.quantity ?? 1)) | sum"},
        {"items": {"each": "$.properties.products", "fields": {"id": "$.sku", "price": "$.price", "n": "index()"}}},
        {"items": "$.properties.products | map({id: @.sku, price: @.price})"},
        {"free": "$.properties", "one_of_two.a": "= 1"},
        {"free": "$.context | pick('locale')"},
        {"text": "$.properties.products[0].sku", "code": '"x"'},
        {"text": '$.userId ?? $.anonymousId | sha256', "user.id": "$.userId ?? $.anonymousId"},
        {"name": '$.properties.coupon ?? "no coupon"'},
        {"name": "$.event | snake_case"},
        {"code": "$.properties.note | max_length(10)", "percent": "$.properties.total | between(0, 100)"},
        {"currency": '$.properties.reference | one_of("EUR", "USD")'},
        {"text": 'merge({a: "x"}, {b: $.properties.currency}).b', "tags": "$.properties.products | map(@.sku) | sort"},
        {"text": '{a: $.properties.currency} | rename("a", "b") | get("b")'},
        {"flag": "$.properties.products | any(@.price > 1)"},
        {"free": "$.context.traits | map_values(@ | sha256)", "cents": "$.properties.count * 100 + 1"},
        {"moment": "$.timestamp | in_zone('Europe/Berlin')"},
        {"user.id": '$.properties.currency | switch({EUR: "e"}, "o")'},
    ],
)  # fmt: skip
def test_mapping_that_fits_has_no_fault(fields: dict[str, Any], check: Any) -> None:
    report = check(fields, name=None if "name" in fields else "= purchase")
    assert [fault for fault in report.faults if fault.severity is Severity.ERROR] == []


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"text": "$.somewhere.else"}, "the contract does not say what $.somewhere.else is"),
        ({"text": "$.properties.free"}, "the contract does not say what $.properties.free is"),
        ({"code": "$.properties.note ?? 'x'"}, "may be longer than the vendor takes"),
        ({"free.*": "$.context", "user.id": "= x"}, ""),
        ({"user.*": "$.context.other"}, "nothing proves that 'id'"),
        ({"percent": "$.properties.total"}, "above 100"),
    ],
)
def test_silence_of_the_contract_is_no_fault_but_no_proof(fields: dict[str, Any], says: str, check: Any) -> None:
    report = check(fields)
    assert [fault for fault in report.faults if fault.code not in {"personal_data", "undeclared_path"}] == []
    if says:
        assert any(says in place.message for place in report.unproven)
        assert not report.is_proven


@pytest.mark.parametrize(
    ("fields", "when", "code", "says"),
    [
        ({"text": '$.properties.currency ?? "EUR"'}, None, "unreachable", "there in every event"),
        ({"text": '$.event ?? "x"'}, None, "unreachable", "there in every event"),
        ({"text": '$.properties.coupon ?? "x"'}, "exists($.properties.coupon)", "unreachable", "there in every event"),
        ({"flag": '$.properties.currency == "EURO"'}, None, "pointless", "did you mean 'EUR'?"),
        ({"flag": "$.properties.total == 'x'"}, None, "pointless", "a number"),
        ({"amount": "$.properties.currency | switch({EUR: 1, CHF: 2})"}, None, "unreachable", "never 'CHF'"),
        ({"amount": "$.properties.reference | round"}, None, "may_refuse", "may be text"),
    ],
)
def test_part_that_the_contract_makes_pointless_is_a_warning(
    fields: dict[str, Any], when: str | None, code: str, says: str, check: Any
) -> None:
    report = check(fields, when=when)
    found = next(fault for fault in report.faults if fault.code == code)
    assert found.severity is Severity.WARNING
    assert says in f"{found.message} {found.hint}"


@pytest.mark.parametrize(
    ("when", "is_there"),
    [
        ("exists($.properties.coupon)", True),
        ("$.properties.coupon == 'X'", True),
        ("$.properties.coupon != null", True),
        ("not is_blank($.properties.coupon)", True),
        ("$.properties.coupon | starts_with('X')", True),
        ("$.properties.coupon in ['X', 'Y'] and $.properties.total > 1", True),
        ("exists($.properties.coupon) or $.properties.total > 1", False),
        ("$.properties.coupon != 'X'", False),
        ("not exists($.properties.coupon)", False),
    ],
)
def test_condition_proves_what_is_there(when: str, is_there: bool, check: Any) -> None:
    report = check({"name": "$.properties.coupon"}, when=when, name=None)
    assert ("may_be_missing" not in [fault.code for fault in report.faults]) is is_there


def test_branch_knows_what_its_condition_proves(check: Any) -> None:
    fields = {"name": 'if exists($.properties.coupon) then $.properties.coupon else "none"'}
    assert check(fields, name=None).faults == ()


@pytest.mark.parametrize(
    ("name", "fields", "codes"),
    [
        ("= purchase", {"params.value": "$.properties.total"}, ["no_source"]),
        ("= purchase", {"params.id": "$.properties.coupon"}, ["may_be_missing"]),
        ("= purchase", {"params.id": "$.properties.currency"}, []),
        ("= view", {"params.value": "$.properties.total"}, []),
        ("$.event", {"params.value": "$.properties.total"}, []),
    ],
)
def test_condition_of_the_vendor_counts_where_the_mapping_decides_it(
    name: str, fields: dict[str, Any], codes: list[str], make_spec: Any
) -> None:
    action = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "params": {"type": "object"}},
        "if": {"properties": {"name": {"const": "purchase"}}},
        "then": {"required": ["params"], "properties": {"params": {"required": ["id"]}}},
    }
    compiled = compile_mapping(make_spec({"name": name, **fields}))
    assert isinstance(compiled, CompiledMapping)
    report = check_mapping(compiled.spec, compiled.plan, CONTRACT, action)
    assert [fault.code for fault in report.faults if fault.severity is Severity.ERROR] == codes
    assert report.unproven == ()


def test_either_of_two_ids_is_there_when_the_contract_says_so(check: Any) -> None:
    assert check({"user.id": "$.userId ?? $.anonymousId", "user.email": "= x"}).faults == ()


def test_fields_that_are_missing_together_leave_their_object_out(check: Any) -> None:
    assert (
        check({"user.id": "$.context.traits.email | sha256", "user.email": "$.context.traits.email | md5"}).faults == ()
    )


def test_fault_stands_at_its_expression(check: Any) -> None:
    fields = {
        "items": {"each": "$.properties.products", "fields": {"id": {"value": " $.sku", "note": "x"}, "n": "$.price"}}
    }
    (fault,) = check(fields).faults
    assert fault.path == ("fields", "items", "fields", "n")
    (fault,) = check({"items": {"each": "$.properties.products", "fields": {"id": {"value": "  $.price"}}}}).faults
    assert (fault.path, fault.column) == (("fields", "items", "fields", "id", "value"), 3)


POOL = """
$.userId
$.anonymousId
$.userId ?? $.anonymousId
$.userId!
$.event
$.event | snake_case
$.timestamp
$.timestamp | unix_secs
$.timestamp | iso8601
$.timestamp | date
$.context.locale
$.context.locale ?? "en"
$.context.traits.email
$.context.traits.email | sha256
$.properties.total
$.properties.total | round
$.properties.total | round(2)
$.properties.total | string
$.properties.currency
$.properties.currency | lower
$.properties.coupon
$.properties.coupon ?? missing()
$.properties.coupon | truncate(10)
$.properties.note
$.properties.note ?? "x"
$.properties.reference
$.properties.reference | string
$.properties.is_gift
$.properties.is_gift ?? false
$.properties.count
$.properties.count | clamp(0, 100)
$.properties.products
$.properties.products[0].sku
$.properties.products[*].sku
$.properties.products[*].quantity
$.properties.products | map({id: @.sku, price: @.price})
$.properties.products | map(@.quantity ?? 1) | sum
$.properties.products | first
$.properties.products | length
$.properties | omit('products', 'free')
$.context
$.properties.free
$.nowhere
= purchase
= EUR
"a text that is rather long"
5
2.5
true
null
[]
["a"]
{}
{id: "x"}
$.properties.currency | switch({EUR: "USD"}, "EUR")
if $.properties.total > 10 then "EUR" else "USD"
$.properties.total > 10
now()
try($.properties.coupon | number)
concat($.event, " ", $.properties.currency)
-$.properties.total
$.properties.total * 2
$.properties.count + 1
""".strip().splitlines()
TARGETS = [*(name for name in ACTION["properties"] if name not in {"user", "one_of_two"}), "user.id", "user.email",
           "one_of_two.a", "one_of_two.b", "free.x"]  # fmt: skip
WHENS = [None, "exists($.userId)", "$.properties.total > 5", "exists($.properties.coupon) and $.userId != null"]
VALID_EVENTS = list(Generator(compile_schema(CONTRACT)).valid(Random(7), 60))
PAYLOAD = compile_schema(ACTION)


@given(st.dictionaries(st.sampled_from(TARGETS), st.sampled_from(POOL), max_size=4), st.sampled_from(WHENS))
@settings(max_examples=400, deadline=None)
def test_proven_mapping_makes_only_payloads_that_the_vendor_accepts(fields: dict[str, Any], when: str | None) -> None:
    if "free" in fields:
        fields.pop("free.x", None)
    rules = {target: FieldRule(value=value, pii=["email", "user_id"]) for target, value in fields.items()}
    spec = MappingFile(
        mapping="order_completed.vendor",
        version=1,
        from_=MappingFrom(event="Order Completed"),
        to=MappingTo(connector="vendor", action="track"),
        when=when,
        fields={"name": "= purchase", **rules},
    )
    compiled = compile_mapping(spec)
    if isinstance(compiled, list) or not check_mapping(spec, compiled.plan, CONTRACT, ACTION).is_proven:
        return
    for event in VALID_EVENTS:
        assert isinstance(event, dict)
        result = compiled.apply(event, now_ms=0)
        assert isinstance(result, Filtered | Refusal) or PAYLOAD.violations(result) == []


def test_every_expression_of_the_pool_has_a_target_where_it_is_proven_or_silent(make_spec: Any) -> None:
    """So that the property above is not true of nothing."""
    proven = 0
    for expression in POOL:
        for target in TARGETS:
            rule = {"value": expression, "pii": ["email", "user_id"]}
            compiled = compile_mapping(make_spec({"name": "= purchase", target: rule}))
            if isinstance(compiled, CompiledMapping):
                proven += check_mapping(compiled.spec, compiled.plan, CONTRACT, ACTION).is_proven
    assert proven > 2 * len(POOL)
    assert len(VALID_EVENTS) == 60


NAMELESS: dict[str, Any] = {
    "type": "object",
    "properties": {"userId": {"type": ["string", "null"]}, "anonymousId": {"type": ["string", "null"]}},
}
NAMED: dict[str, Any] = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}


def report_of_nameless(value: str, when: str, action: dict[str, Any] = NAMED) -> CheckReport:
    spec = MappingFile(
        mapping="a.b",
        version=1,
        from_=MappingFrom(event="A"),
        to=MappingTo(connector="b", action="c"),
        when=when,
        fields={"id": value},
    )
    compiled = compile_mapping(spec)
    assert isinstance(compiled, CompiledMapping), compiled
    return check_mapping(spec, compiled.plan, NAMELESS, action)


@pytest.mark.parametrize(
    ("when", "value"),
    [
        ("not is_blank($.userId) or not is_blank($.anonymousId)", "$.userId ?? $.anonymousId"),
        (
            "not is_blank($.userId) or not is_blank($.anonymousId)",
            "if not is_blank($.userId) then $.userId else $.anonymousId",
        ),
        (
            "not is_blank($.userId) or not is_blank($.anonymousId)",
            "(if not is_blank($.userId) then $.userId) ?? (if not is_blank($.anonymousId) then $.anonymousId)",
        ),
        ("not (is_blank($.userId) and is_blank($.anonymousId))", "$.userId ?? $.anonymousId"),
        ("not is_blank($.userId ?? $.anonymousId)", "coalesce($.userId, $.anonymousId)"),
        ("is_blank($.userId) == false", "if not is_blank($.userId) then $.userId"),
        ("not is_blank($.userId)", "if is_blank($.userId) then missing() else $.userId"),
    ],
)
def test_condition_of_the_mapping_proves_what_its_fields_need(when: str, value: str) -> None:
    assert report_of_nameless(value, when).faults == ()


@pytest.mark.parametrize(
    ("when", "value"),
    [
        ("not is_blank($.userId) or not is_blank($.anonymousId)", "$.userId"),
        ("not is_blank($.userId) or not is_blank($.anonymousId)", "if not is_blank($.userId) then $.userId"),
        ("not (is_blank($.userId) or is_blank($.anonymousId)) or exists($.anonymousId)", "$.userId"),
        ("is_blank($.userId)", "if not is_blank($.userId) then $.userId"),
        ("is_blank($.userId) != false", "$.userId"),
    ],
)
def test_condition_that_proves_less_leaves_the_fault(when: str, value: str) -> None:
    assert "may_be_missing" in {fault.code for fault in report_of_nameless(value, when).faults}


@pytest.mark.parametrize("value", ["$.userId", "$.userId | string", "$.userId | lower", "$.userId | truncate(20)"])
def test_text_that_is_not_blank_has_a_character(value: str) -> None:
    least = {"type": "object", "properties": {"id": {"type": "string", "minLength": 1}}, "required": ["id"]}
    report = report_of_nameless(value, "not is_blank($.userId)", least)
    assert (report.faults, report.unproven) == ((), ())
    assert report_of_nameless(value, "exists($.userId)", least).unproven
    assert report_of_nameless("$.userId | truncate(0)", "not is_blank($.userId)", least).unproven
