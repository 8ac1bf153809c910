"""Iglu schemas go in and out, versions included."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from order_contracts import OWNER, order_completed

from paceline.contracts.drafts import Draft
from paceline.contracts.validation import compile_schema, schema_faults
from paceline.contracts.versions import Version
from paceline.errors import UsageError
from paceline.exchange.iglu import contract_version, export_iglu, import_iglu, schema_ver


def ad_click(version: str = "1-0-0") -> dict[str, object]:
    return {
        "$schema": "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#",
        "self": {"vendor": "com.acme", "name": "ad_click", "format": "jsonschema", "version": version},
        "description": "A banner was clicked.",
        "type": "object",
        "properties": {
            "bannerId": {"type": "string"},
            "cost": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        },
        "required": ["bannerId"],
        "additionalProperties": False,
    }


def test_self_describing_schema_becomes_the_payload_of_a_track_event() -> None:
    imported = import_iglu([("a", ad_click("1-0-2"))], owner=OWNER)
    (contract,) = imported.contracts
    assert (contract.contract, contract.version, contract.event) == ("ad_click", "1.2.0", "ad_click")
    check = compile_schema(contract.schema).is_valid
    assert check({"properties": {"bannerId": "b", "cost": 0.1}})
    assert not check({"properties": {"bannerId": "b", "cost": 0}})
    assert imported.losses == ()


def test_imported_schema_goes_out_as_it_came_in() -> None:
    imported = import_iglu([("a", ad_click("1-0-2"))], owner=OWNER)
    exported = export_iglu(imported.contracts, vendor="com.other")
    assert exported.documents == {"schemas/com.acme/ad_click/jsonschema/1-0-2": ad_click("1-0-2")}
    assert exported.losses == ()


def test_exported_schema_is_a_valid_draft_4_schema_that_means_the_same() -> None:
    exported = export_iglu([order_completed()], vendor="com.acme")
    (schema,) = exported.documents.values()
    plain = {key: value for key, value in schema.items() if key not in {"$schema", "self"}}
    assert schema_faults(plain, draft=Draft.DRAFT_4) == ()
    assert "$ref" not in json.dumps(plain)
    is_valid = compile_schema(plain, draft=Draft.DRAFT_4).is_valid
    good = {"order_id": "1", "total": 1, "products": [{"sku": "a"}]}
    assert is_valid(good)
    assert not is_valid({**good, "total": 0})


def test_what_iglu_cannot_hold_is_said() -> None:
    losses = export_iglu([order_completed()], vendor="com.acme").losses
    assert [loss.message.split()[1] for loss in losses] == ["annotation", "recursive"]


def test_of_several_patches_the_newest_goes_out() -> None:
    exported = export_iglu([order_completed("1.2.0"), order_completed("1.2.1")], vendor="com.acme")
    assert list(exported.documents) == ["schemas/com.acme/order_completed/jsonschema/1-0-2"]
    assert any("no patches" in loss.message for loss in exported.losses)


def test_version_below_one_is_left_out_and_said() -> None:
    exported = export_iglu([order_completed("0.3.0")], vendor="com.acme")
    assert exported.documents == {}
    assert exported.losses[0].message.startswith("SchemaVer begins at 1-0-0")


@given(st.integers(1, 99), st.integers(0, 50), st.integers(0, 99))
def test_schema_versions_are_carried_reversibly(model: int, revision: int, addition: int) -> None:
    written = f"{model}-{revision}-{addition}"
    version = contract_version(written)
    assert version is not None
    assert schema_ver(Version.parse(version)) == written


@given(
    st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 99)),
    st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 99)),
)
def test_schema_versions_keep_their_order(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    first, second = (contract_version("-".join(map(str, parts))) for parts in (one, other))
    assert first is not None
    assert second is not None
    assert (Version.parse(first) < Version.parse(second)) == (one < other)


@pytest.mark.parametrize("schema", [[], {"type": "object"}, {"self": "x"}])
def test_schema_without_self_is_refused(schema: object) -> None:
    with pytest.raises(UsageError, match="self-describing"):
        import_iglu([("file.json", schema)], owner=OWNER)
