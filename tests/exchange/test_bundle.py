"""A bundle that any JSON Schema tool reads, and the URIs in it."""

from __future__ import annotations

import jsonschema
import pytest
from order_contracts import order_completed, signed_up

from paceline.errors import UsageError
from paceline.exchange.bundle import export_bundle
from paceline.exchange.dataschema import dataschema_uri, read_dataschema

GOOD = {"properties": {"order_id": "1", "total": 1, "products": [{"sku": "a", "bundle": [{"sku": "b"}]}]}}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_another_validator_finds_each_version_by_its_uri() -> None:
    (bundle,) = export_bundle([order_completed("1.1.0"), order_completed(), signed_up()]).documents.values()
    one = {**bundle, "anyOf": [{"$ref": "urn:x-paceline:contract:order_completed:1.2.0"}]}
    validator = jsonschema.Draft202012Validator(one)
    assert validator.is_valid(GOOD)
    assert not validator.is_valid({"properties": {"order_id": "1", "total": 1, "products": [{"bundle": []}]}})


@pytest.mark.parametrize("base_url", ["", "https://shop.example", "https://shop.example/data/"])
def test_uri_is_read_back(base_url: str) -> None:
    assert read_dataschema(dataschema_uri("shop.order", "1.2.0", base_url=base_url)) == ("shop.order", "1.2.0")


def test_uri_of_somebody_else_is_not_ours() -> None:
    assert read_dataschema("https://other.example/schema/1") is None


def test_base_that_is_no_address_is_refused() -> None:
    with pytest.raises(UsageError):
        dataschema_uri("a", "1.0.0", base_url="shop")
