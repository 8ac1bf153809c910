"""The Open Data Contract Standard, checked with its own model and JSON Schema."""

from __future__ import annotations

import json
from importlib import resources

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from open_data_contract_standard.model import OpenDataContractStandard
from order_contracts import OWNER, order_completed, signed_up

from paceline.contracts.validation import compile_schema
from paceline.errors import UsageError
from paceline.exchange.odcs import export_odcs, import_odcs
from paceline.model.contract import ContractFile

_OPEN_LISTS = {
    "a": {"type": "array"},
    "b": {"items": {"enum": [1, "x"]}},
    "c": {"type": ["array", "string"], "items": {}},
}
CONTRACTS = [
    order_completed(),
    signed_up(),
    order_completed(contract="lists", schema={"properties": {"properties": {"properties": _OPEN_LISTS}}}),
]


def foreign(*properties: dict[str, object], **changes: object) -> dict[str, object]:
    """A document that somebody else wrote."""
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "orders",
        "name": "orders",
        "version": "1.1.0",
        "status": "active",
        "schema": [{"name": "orders", "description": "Orders.", "properties": list(properties)}],
        **changes,
    }


def payload_check(document: dict[str, object]) -> jsonschema_rs.Validator:
    (contract,) = import_odcs(document, owner=OWNER).contracts
    return compile_schema(contract.schema)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.contract)
def test_exported_document_is_valid_for_the_standards_own_model_and_schema(contract: ContractFile) -> None:
    (document,) = export_odcs([contract], domain="sales").documents.values()
    OpenDataContractStandard.model_validate(document)
    schema = json.loads((resources.files("open_data_contract_standard") / "schema.json").read_text())
    errors = jsonschema_rs.Draft201909Validator(schema).iter_errors(document)
    assert [f"{error.instance_path}: {error.message}" for error in errors] == []


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.contract)
def test_exported_contract_comes_back_exactly(contract: ContractFile) -> None:
    (document,) = export_odcs([contract]).documents.values()
    imported = import_odcs(json.loads(json.dumps(document)), owner=OWNER)
    assert imported.contracts == (contract,)
    assert imported.losses == ()


def test_a_reader_of_odcs_sees_fields_types_and_rules() -> None:
    (document,) = export_odcs([order_completed()]).documents.values()
    whole = OpenDataContractStandard.model_validate(document).schema_[0].properties[0]
    fields = {field.name: field for field in whole.properties}
    assert whole.required
    assert fields["total"].logicalTypeOptions == {"exclusiveMinimum": 0}
    assert fields["placed_at"].logicalType == "timestamp"
    assert fields["currency"].quality[0].arguments == {"validValues": ["EUR", "USD"]}
    assert fields["email"].classification == "personal"
    assert [field.name for field in fields["products"].items.properties] == ["sku", "quantity", "bundle"]


def test_what_odcs_cannot_say_is_said_with_its_place() -> None:
    losses = export_odcs([order_completed()]).losses
    places = [loss.pointer.removeprefix("/properties/properties/properties/") for loss in losses]
    assert places == [
        "products/items/additionalProperties",
        "products/items/properties/bundle/items/$ref",
        "attributes/additionalProperties",
    ]


def test_foreign_object_becomes_a_track_event() -> None:
    document = foreign({"name": "id", "logicalType": "integer", "required": True, "logicalTypeOptions": {"minimum": 1}})
    check = payload_check(document).is_valid
    assert check({"properties": {"id": 1}})
    assert not check({"properties": {"id": 0}})
    assert not check({"properties": {}})


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ({"logicalType": "timestamp"}, "2026-11-23T10:00:00Z", "yesterday"),
        ({"logicalType": "date"}, "2026-11-23", "2026-13-01"),
        ({"logicalType": "string", "logicalTypeOptions": {"maxLength": 2}}, "ab", "abc"),
        ({"logicalType": "array", "items": {"logicalType": "string"}}, ["a"], [1]),
        ({"logicalType": "object", "properties": [{"name": "a", "required": True}]}, {"a": True}, {}),
        ({"logicalType": "string", "enum": [{"value": "a"}, {"value": "b"}]}, "a", "c"),
        ({"logicalType": "map", "map": {"key": {"logicalType": "string"}, "value": {"logicalType": "integer"}}}, {"x": 1}, {"x": "y"}),  # noqa: E501 - one case
        ({"logicalType": "vector", "logicalTypeOptions": {"dimensions": 2}}, [0.1, 0.2], [0.1]),
        ({"logicalType": "integer", "logicalTypeOptions": {"format": "u8"}}, 255, 256),
        ({"quality": [{"metric": "invalidValues", "arguments": {"validValues": [1, 2]}, "mustBe": 0}]}, 1, 3),
        ({"logicalType": "string", "quality": [{"rule": "invalidValues", "arguments": {"pattern": "^a"}, "mustBe": 0}]}, "ab", "b"),  # noqa: E501 - one case
    ],
)  # fmt: skip
def test_foreign_field_keeps_its_meaning(field: dict[str, object], good: object, bad: object) -> None:
    check = payload_check(foreign({"name": "f", **field})).is_valid
    assert check({"properties": {"f": good}})
    assert not check({"properties": {"f": bad}})


def test_field_that_is_not_required_may_be_null() -> None:
    fields: list[dict[str, object]] = [{"name": "a", "logicalType": "string", "enum": [{"value": "x"}]}]
    fields.append({"name": "b", "logicalType": "string", "required": True})
    check = payload_check(foreign(*fields)).is_valid
    assert check({"properties": {"a": None, "b": "x"}})
    assert not check({"properties": {"a": "x", "b": None}})


_types = st.sampled_from(["string", "integer", "number", "boolean", "object", "array"])
_nullable = st.lists(_types, min_size=1, max_size=2, unique=True).map(lambda names: [*names, "null"])
_fields = st.fixed_dictionaries(
    {"type": st.one_of(_types, _nullable)},
    optional={
        "minLength": st.integers(0, 3),
        "maximum": st.integers(0, 5),
        "minItems": st.integers(0, 2),
        "enum": st.just(["a", 1]),
        "additionalProperties": st.booleans(),
        "not": st.just({"const": "b"}),
        "format": st.sampled_from(["date", "email"]),
    },
)
_values = st.one_of(st.none(), st.booleans(), st.integers(-3, 9), st.sampled_from(["", "a", "abcd", "2026-01-01"]), st.just([]), st.just({}), st.just([1, 2, 3]), st.just({"z": 1}))  # noqa: E501 - values  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abc"), _fields, min_size=1),
    st.lists(st.dictionaries(st.sampled_from("abc"), _values), max_size=8),
)
def test_a_reader_of_odcs_alone_refuses_no_event_that_the_contract_accepts_unless_that_was_said(
    fields: dict[str, object], payloads: list[dict[str, object]]
) -> None:
    schema: dict[str, object] = {
        "properties": {"properties": {"type": "object", "properties": fields, "required": ["a"]}}
    }
    exported = export_odcs([order_completed(schema=schema)])
    (document,) = exported.documents.values()
    (whole,) = document["schema"]  # type: ignore[misc]  # one object
    inside = foreign(*whole["properties"][0].get("properties", []))
    check = payload_check(inside).is_valid
    was_said = any("null" in loss.message or "one logical type" in loss.message for loss in exported.losses)
    for payload in payloads:
        event = {"properties": payload}
        if compile_schema(schema).is_valid(event) and not was_said:
            assert check(event)


def test_what_is_about_tables_is_listed() -> None:
    document = foreign(
        {
            "name": "id",
            "logicalType": "string",
            "primaryKey": True,
            "quality": [{"metric": "duplicateValues", "mustBe": 0}],
        },
        servers=[{"server": "s", "type": "kafka"}],
        slaProperties=[{"property": "latency", "value": 1}],
    )
    pointers = [loss.pointer for loss in import_odcs(document, owner=OWNER).losses]
    assert pointers == [
        "/servers",
        "/slaProperties",
        "/schema/0/properties/0/quality/0",
        "/schema/0/properties/0/primaryKey",
    ]


@pytest.mark.parametrize(
    ("written", "taken"), [("1.0", "1.0.0"), ("v2", "2.0.0"), ("1.2.3-rc1", "1.2.3"), ("", "1.0.0")]
)
def test_version_of_another_form_is_completed_and_said(written: str, taken: str) -> None:
    imported = import_odcs(foreign(version=written), owner=OWNER)
    assert [contract.version for contract in imported.contracts] == [taken]
    assert imported.losses[0].pointer == "/version"


@pytest.mark.parametrize("version", ["v3.0.0", "v3.0.2", "v3.1.0", "v3.2.0"])
def test_published_versions_three_are_read(version: str) -> None:
    assert len(import_odcs(foreign(apiVersion=version), owner=OWNER).contracts) == 1


@pytest.mark.parametrize("document", [None, {}, foreign(apiVersion="v2.2.2"), foreign(kind="DataProduct")])
def test_what_is_not_odcs_three_is_refused(document: object) -> None:
    with pytest.raises(UsageError):
        import_odcs(document, owner=OWNER)
