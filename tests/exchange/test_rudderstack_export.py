"""Exports of RudderStack: in whatever form, the same destinations come out, and what cannot come along is named."""

from __future__ import annotations

from typing import Any

import pytest

from paceline.errors import UsageError
from paceline.exchange.rudderstack_export import Destination, ReadConfig, common_losses, read_destinations

CONFIG: dict[str, Any] = {"writeKey": "k"}
PLAIN = {"id": "d1", "name": "To Segment", "type": "SEGMENT", "enabled": True, "config": CONFIG}
DATA_PLANE = {
    "ID": "d1",
    "Name": "To Segment",
    "DestinationDefinition": {"Name": "SEGMENT"},
    "Enabled": True,
    "Config": CONFIG,
}
EXPECTED = Destination(name="To Segment", vendor="SEGMENT", config=CONFIG)


@pytest.mark.parametrize(
    "document",
    [
        PLAIN,
        DATA_PLANE,
        {"destination": PLAIN},
        {"destinations": [PLAIN], "paging": {"total": 1}},
        [PLAIN],
        [DATA_PLANE, PLAIN],
        {"destinationDefinition": {"name": "SEGMENT"}, "config": CONFIG, "name": "To Segment"},
    ],
)
def test_destination_is_read_in_every_form(document: object) -> None:
    assert read_destinations(document) == (EXPECTED,)


def test_destination_of_two_sources_is_one_destination_that_names_both() -> None:
    document = {
        "sources": [
            {"id": "s1", "name": "Web", "writeKey": "x", "config": {}, "type": "Javascript", "destinations": [PLAIN]},
            {"id": "s2", "name": "Server", "sourceDefinition": {"name": "HTTP"}, "destinations": [PLAIN]},
        ]
    }
    (found,) = read_destinations(document)
    assert found.sources == ("Web", "Server")


def test_destinations_keep_their_order() -> None:
    second = PLAIN | {"id": "d2", "name": "Another"}
    assert [one.name for one in read_destinations([second, PLAIN])] == ["Another", "To Segment"]


@pytest.mark.parametrize("document", [{}, [], "text", None, {"sources": []}, {"name": "x", "config": {}}, {"a": [1]}])
def test_document_without_a_destination_is_refused_with_what_was_expected(document: object) -> None:
    with pytest.raises(UsageError, match="no destination"):
        read_destinations(document)


def losses(unread: tuple[str, ...] = (), **fields: Any) -> str:
    destination = Destination(**{"name": "D", "vendor": "GA4", "config": {}, **fields})
    return "\n".join(str(loss) for loss in common_losses(destination, unread))


def test_transformations_are_named_as_lost() -> None:
    (found,) = read_destinations(PLAIN | {"transformations": [{"id": "t1", "name": "strip emails"}]})
    assert "'strip emails' is code" in losses(transformations=found.transformations)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"connectionMode": {"web": "device", "cloud": "cloud"}}, "device mode (web)"),
        ({"connectionMode": "hybrid"}, "hybrid mode (web)"),
        ({"useNativeSDK": {"web": True, "ios": False}}, "device mode (web)"),
        (
            {"eventFilteringOption": "whitelistedEvents", "whitelistedEvents": [{"eventName": "A"}]},
            "whitelistedEvents (A)",
        ),
        ({"consentManagement": {"web": [{"provider": "oneTrust"}]}}, "consent categories"),
    ],
)
def test_what_works_only_at_rudderstack_is_named_as_lost(config: dict[str, object], told: str) -> None:
    assert told in losses(config=config)


def test_cloud_mode_and_switched_off_filters_lose_nothing() -> None:
    config = {"connectionMode": {"web": "cloud"}, "eventFilteringOption": "disable", "useNativeSDK": {"web": False}}
    assert losses(config=config) == ""


def test_settings_that_nobody_asked_for_are_named_without_their_values() -> None:
    config = ReadConfig({"apiSecret": "s", "odd": "secret value", "empty": "", "off": False, "form": [{"a": ""}]})
    assert config["apiSecret"] == "s"
    assert config.unread() == ["odd"]
    told = losses(unread=("odd",))
    assert "the setting odd" in told
    assert "secret value" not in told
