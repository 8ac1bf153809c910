"""Compares what a client sent with what the gateway stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from client_libraries import Library, differences, expected_on_wire
from workspaces import SOURCE, stored_records


def assert_arrived(events: list[dict[str, Any]], library: Library, workspace: Path) -> None:
    """Every event is stored once, with every field as it was sent, under its source and its ordering key."""
    records = stored_records(workspace)
    assert sorted(record.id for record in records) == sorted(event["messageId"] for event in events)
    stored = {record.id: record for record in records}
    damage = {
        event["messageId"]: found
        for event in events
        if (found := differences(expected_on_wire(event, library), json.loads(stored[event["messageId"]].data)))
    }
    assert damage == {}
    placed = {event["messageId"]: (SOURCE, event.get("userId") or event["anonymousId"]) for event in events}
    assert {record.id: (record.source, record.key) for record in records} == placed
