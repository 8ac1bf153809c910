"""Settings of an integration are checked against the connector's schema, with the place of each fault."""

from __future__ import annotations

import pytest
from connector_samples import SETTINGS

from paceline.connectors.catalog import Catalog

CATALOG = Catalog(with_entry_points=False)


@pytest.mark.parametrize("name", CATALOG.names)
def test_right_settings_have_no_fault(name: str) -> None:
    assert CATALOG.load(name).settings_faults(SETTINGS[name]) == []


@pytest.mark.parametrize("name", CATALOG.names)
def test_references_to_secrets_stand_for_right_values(name: str) -> None:
    settings = dict.fromkeys(SETTINGS[name], "${env:SOMETHING}")
    assert CATALOG.load(name).settings_faults(settings) == []


@pytest.mark.parametrize(
    ("name", "settings", "path", "says"),
    [
        ("segment", {}, (), "write_key"),
        ("segment", {"write_key": "k", "regoin": "eu"}, ("regoin",), "unknown setting"),
        ("segment", {"write_key": "k", "region": "mars"}, ("region",), "us"),
        ("segment", {"write_key": "k\r\nx"}, ("write_key",), "match"),
        ("segment", {"write_key": 7}, ("write_key",), "string"),
        ("customerio", {"site_id": "a:b", "api_key": "k"}, ("site_id",), "match"),
        ("ga4", {"api_secret": "s"}, (), "exactly one of measurement_id, firebase_app_id"),
        ("ga4", {"api_secret": "s", "measurement_id": "UA-1"}, ("measurement_id",), "match"),
        ("webhook", {"url": "ftp://example.com"}, ("url",), "match"),
        ("webhook", {"url": "https://u:p@example.com"}, ("url",), "match"),
        ("webhook", {"url": "https://example.com", "headers": {"x": "a\nb"}}, ("headers", "x"), "match"),
        ("webhook", {"url": "https://example.com", "secret": "short"}, ("secret",), "match"),
        ("webhook", {"url": "https://example.com", "method": "TRACE"}, ("method",), "POST"),
    ],
)
def test_wrong_setting_is_found_at_its_place(
    name: str, settings: dict[str, object], path: tuple[str, ...], says: str
) -> None:
    faults = CATALOG.load(name).settings_faults(settings)
    assert [fault.path for fault in faults] == [path]
    assert says in faults[0].message


def test_unknown_setting_suggests_the_nearest() -> None:
    faults = CATALOG.load("segment").settings_faults({"write_key": "k", "regoin": "eu"})
    assert faults[0].hint == "did you mean 'region'?"


def test_every_fault_is_found_in_one_go() -> None:
    faults = CATALOG.load("segment").settings_faults({"region": "mars", "x": 1})
    assert {fault.path for fault in faults} == {(), ("region",), ("x",)}


def test_fault_does_not_quote_a_secret() -> None:
    faults = CATALOG.load("customerio").settings_faults({"site_id": "s", "api_key": "very secret"})
    assert "very secret" not in repr(faults)


def test_credentials_are_marked() -> None:
    assert CATALOG.load("customerio").secret_settings == {"site_id", "api_key"}
    assert CATALOG.load("webhook").secret_settings == {"secret", "headers"}
