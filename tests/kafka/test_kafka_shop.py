"""The example shop runs on Kafka as it does embedded: vendors get the same requests, and every account adds up."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka_clusters import Server
from kafka_site import single_node
from kafka_workspaces import move_to_kafka

from paceline.assemble.campaign import build_campaign
from paceline.assemble.client import GatewayClient
from paceline.assemble.inspection import inspect, read_ledgers
from paceline.assemble.local_run import LocalRun
from paceline.workspace.scaffold import workspace_files, write_workspace

USERS = 12
SENT_MS = 1_790_000_000_000
DRAIN_SECS = 60.0
CHANGES_WITH_TIME = {"sentAt", "receivedAt"}
ULID_TIME_CHARS = 10


def deliver(root: Path, bus: dict[str, Any] | None) -> list[str]:
    """Send a campaign through a shop; what vendors received, delivery by delivery."""
    write_workspace(root, workspace_files("shop", name="shop", today=dt.datetime.now(dt.UTC).date()))
    if bus is not None:
        move_to_kafka(root, bus)
    samples = {file.stem: json.loads(file.read_text()) for file in sorted((root / "samples").glob("*.json"))}
    campaign = build_campaign(samples, users=USERS, name="twins", now_ms=SENT_MS)
    with LocalRun(root, port=0) as run:
        client = GatewayClient(run.gateway_url, "shop_web_demo_key")
        for events in (campaign.events, campaign.repeated):
            client.send(events)
        client.close()
        deadline = time.monotonic() + DRAIN_SECS
        while True:
            ledgers = inspect(root, read_ledgers)
            if all(not (one.in_flight or one.parked) for one in ledgers) and ledgers[0].accepted == campaign.sent:
                break
            assert time.monotonic() < deadline, ledgers
            time.sleep(0.2)
    assert all(one.adds_up for one in ledgers)
    with (root / ".paceline/fake-vendors/received.jsonl").open() as rows:
        return sorted(one for row in rows for one in requests_of(json.loads(row)))


def requests_of(row: dict[str, Any]) -> Iterator[str]:
    """What a request says of each of its deliveries: whose batch it was in is up to chance."""
    ids, body = row["ids"], row["body"]
    parts, rest = [body], None
    if isinstance(body, list):
        parts = body
    elif len(ids) > 1 or "batch" in body or "events" in body:
        name = next(name for name, value in body.items() if isinstance(value, list) and len(value) == len(ids))
        parts, rest = body[name], {key: value for key, value in body.items() if key != name}
    assert len(parts) == len(ids)
    for part in parts:
        if row["connector"] == "customerio" and "id" in part:
            part["id"] = part["id"][ULID_TIME_CHARS:]
        said = [row["connector"], row["method"], row["url"].partition("?")[0], timeless(rest), timeless(part)]
        yield json.dumps(said, sort_keys=True)


def timeless(value: Any) -> Any:
    """The value without what depends on when it was sent."""
    if isinstance(value, dict):
        return {key: timeless(child) for key, child in value.items() if key not in CHANGES_WITH_TIME}
    if isinstance(value, list):
        return [timeless(child) for child in value]
    return value


@pytest.mark.slow
def test_vendors_get_the_same_requests_as_embedded(server: Server, tmp_path: Path) -> None:
    embedded = deliver(tmp_path / "embedded", None)
    assert len(embedded) > USERS
    assert deliver(tmp_path / "kafka", single_node(server.bootstrap)) == embedded
