"""`paceline deliver preview`: what an event would become, one JSON line in, one out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from paceline.cli.deliver import command

MAPPING = {
    "mapping": "order_completed.customerio",
    "version": 1,
    "from": {"event": "Order Completed"},
    "to": {"connector": "customerio", "action": "track_event"},
    "when": "$.properties.total > 0",
    "fields": {
        "identifiers.id": "$.userId",
        "name": "= purchase",
        "timestamp": "$.timestamp | unix_secs",
        "attributes.total": "$.properties.total",
    },
}
EVENT = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u-1",
    "timestamp": "2026-01-01T00:00:00Z",
    "properties": {"total": 12.5},
}
ROW = {
    "connector": "customerio",
    "settings": {"site_id": "s", "api_key": "k", "region": "eu"},
    "event": EVENT,
    "mapping": MAPPING,
    "now_ms": 1_767_225_700_000,
}


def preview(*rows: object, arguments: tuple[str, ...] = ()) -> list[Any]:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    result = CliRunner().invoke(command, ["preview", *arguments], input="\n".join(lines) + "\n")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_request_is_shown_as_it_would_be_sent() -> None:
    request = preview(ROW)[0]["requests"][0]
    entry = request["body"]["batch"][0]
    assert len(entry.pop("id")) == 26
    assert request == {
        "method": "POST",
        "url": "https://track-eu.customer.io/api/v2/batch",
        "headers": {"Authorization": "Basic czpr"},
        "query": {},
        "body_format": "JSON",
        "body": {
            "batch": [
                {
                    "type": "person",
                    "action": "event",
                    "identifiers": {"id": "u-1"},
                    "name": "purchase",
                    "timestamp": 1767225600,
                    "attributes": {"total": 12.5},
                }
            ]
        },
    }


def test_signed_body_is_shown_as_json() -> None:
    settings = {"url": "https://x.test", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    mapping = MAPPING | {"to": {"connector": "webhook", "action": "send"}, "fields": {"user": "$.userId"}}
    request = preview(ROW | {"connector": "webhook", "settings": settings, "mapping": mapping})[0]["requests"][0]
    assert request["body"] == {"user": "u-1"}
    assert request["headers"]["webhook-signature"].startswith("v1,")


def test_event_that_is_not_wanted_makes_no_request() -> None:
    answer = preview(ROW | {"event": EVENT | {"properties": {"total": 0}}})[0]
    assert (answer["requests"], answer["filtered"]["rule"]) == ([], "when")


def test_event_that_the_vendor_would_not_take_is_rejected_with_the_rule() -> None:
    answer = preview(ROW | {"event": {key: value for key, value in EVENT.items() if key != "userId"}})[0]
    assert answer["rejected"]["rule"].startswith("customerio.track_event")
    assert answer["rejected"]["reason"] == "missing"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"connector": "custmerio", "mapping": None}, "did you mean 'customerio'?"),
        ({"settings": {"site_id": "s"}}, "api_key"),
        ({"connector": ""}, "either a connector or a destination"),
        ({"mapping": "order_completed.customerio"}, "--workspace"),
        ({"mapping": MAPPING | {"to": {"connector": "ga4", "action": "send_event"}}}, "the mapping is for 'ga4'"),
        ({"mapping": MAPPING | {"fields": {"name": "$.("}}}, "mappings/order_completed.customerio.yaml"),
        ({"mapping": MAPPING | {"to": {"connector": "customerio", "action": "track_evnt"}}}, "track_event"),
        ({"maping": {}}, "maping"),
    ],
)
def test_row_that_is_wrong_in_itself_is_an_error(change: dict[str, object], says: str) -> None:
    answer = preview(ROW | change)[0]
    assert says in json.dumps(answer["error"])


def test_unknown_destination_of_rudderstack_refuses_the_event() -> None:
    row = {"rudderstack": {"vendor": "nobody", "destination_config": {}}, "event": EVENT}
    assert "nobody" in preview(row)[0]["rejected"]["message"]


@pytest.mark.parametrize(
    ("event", "rule"),
    [
        ({"type": "tracking"}, "type"),
        ({}, "type"),
        ({"type": "track"}, "event"),
        ({"type": "track", "event": 7}, "event"),
    ],
)
def test_event_that_the_gateway_would_not_let_in_is_rejected(event: dict[str, object], rule: str) -> None:
    row = {"connector": "webhook", "settings": {"url": "https://x.test"}, "event": event}
    assert preview(row)[0]["rejected"]["rule"] == rule


def test_bad_row_does_not_stop_the_next_one() -> None:
    answers = preview("nonsense", ROW)
    assert ["error" in answers[0], "requests" in answers[1]] == [True, True]


def test_mapping_is_found_by_name_in_a_workspace(tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "order_completed.customerio.yaml").write_text(json.dumps(MAPPING))
    (tmp_path / "paceline.yaml").write_text("workspace: shop\nsources: {web: {write_keys: ['${env:WEB}']}}\n")
    answer = preview(ROW | {"mapping": "order_completed.customerio"}, arguments=("--workspace", str(tmp_path)))[0]
    assert len(answer["requests"]) == 1
