"""AsyncAPI documents, checked with the JSON Schema that the standard publishes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
from order_contracts import order_completed, signed_up

from paceline.contracts.drafts import Draft
from paceline.contracts.pointers import look_up, steps_of
from paceline.contracts.validation import compile_schema
from paceline.exchange.asyncapi import export_asyncapi


def exported() -> dict[str, Any]:
    (document,) = export_asyncapi([order_completed(), signed_up()], title="Shop", version="3").documents.values()
    return document


def test_document_is_valid_for_the_published_schema(node_tools: Path) -> None:
    published = node_tools / "node_modules/@asyncapi/specs/schemas/3.1.0.json"
    validator = jsonschema_rs.Draft7Validator(json.loads(published.read_text()))
    assert [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(exported())] == []


def test_a_broken_document_is_not_valid_for_the_published_schema(node_tools: Path) -> None:
    published = node_tools / "node_modules/@asyncapi/specs/schemas/3.1.0.json"
    validator = jsonschema_rs.Draft7Validator(json.loads(published.read_text()))
    assert not validator.is_valid({**exported(), "operations": {"x": {"action": "shout"}}})


def test_every_reference_leads_somewhere() -> None:
    document = exported()

    def references(node: object) -> list[str]:
        if isinstance(node, list):
            return [found for item in node for found in references(item)]
        if not isinstance(node, dict):
            return []
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in references(value)]

    found = references(document)
    assert len(found) > 8
    for reference in found:
        look_up(document, steps_of(reference[1:]))


def test_payload_means_the_same_as_the_contract() -> None:
    document = exported()
    payload = document["components"]["schemas"]["order_completed_1_2_0"]["schema"]
    text = json.dumps(payload).replace("#/components/schemas/order_completed_1_2_0/schema/", "#/")
    check = compile_schema(json.loads(text), draft=Draft.DRAFT_7).is_valid
    good = {"order_id": "1", "total": 1, "products": [{"sku": "a"}]}
    assert check({"properties": good})
    assert not check({"properties": {**good, "products": [{"sku": "a", "size": 3}]}})


def test_message_carries_the_cloudevents_type_and_dataschema_of_its_records() -> None:
    headers = exported()["components"]["messages"]["order_completed_1_2_0"]["headers"]["properties"]
    assert headers["ce_type"] == {"const": "track:Order Completed"}
    assert headers["ce_dataschema"]["const"] == "urn:x-paceline:contract:order_completed:1.2.0"


def test_deprecated_contract_is_a_deprecated_message() -> None:
    message = exported()["components"]["messages"]["identify_1_0_0"]
    assert message["deprecated"] is True
    assert "removed after 2027-01-01" in message["description"]
