"""The example shop with its store in PostgreSQL and four workers does at its vendors what it does embedded."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from postgres_server import PostgresServer

from paceline.assemble.campaign import build_campaign
from paceline.assemble.client import GatewayClient
from paceline.assemble.inspection import inspect, read_ledgers
from paceline.assemble.local_run import LocalRun
from paceline.assemble.opening import open_workspace
from paceline.observe.ledger import LaneLedger
from paceline.runtime.children import Child
from paceline.testing.system import start_worker
from paceline.workspace.scaffold import workspace_files, write_workspace

pytestmark = pytest.mark.slow

NOW_MS = 1_795_437_900_000
USERS = 20
WRITE_KEY = "shop_web_demo_key"
PATIENCE_SECS = 60.0


def run_campaign(root: Path, *, further_workers: int) -> tuple[Counter[str], list[LaneLedger]]:
    """Send the campaign; what each vendor got, event by event, and the accounts."""
    opened = open_workspace(root, {})
    campaign = build_campaign(opened.workspace.samples, users=USERS, name="same", now_ms=NOW_MS)
    with LocalRun(root, port=0) as run:
        begin = partial(start_another, root, run.vendors_url)
        with ThreadPoolExecutor() as threads:
            others = list(threads.map(begin, range(further_workers)))
        time.sleep(2.5 if others else 0)  # until the lanes are shared out
        client = GatewayClient(run.gateway_url, WRITE_KEY)
        for first in range(0, campaign.sent, 50):
            client.send([*campaign.events, *campaign.repeated][first : first + 50])
        client.close()
        ledgers = settled(root, campaign.sent)
        for other in others:
            assert other.stop() == 0
    rows = (root / ".paceline/fake-vendors/received.jsonl").read_text().splitlines()
    return Counter(item for row in rows for item in items_of(json.loads(row))), ledgers


def start_another(root: Path, vendors_url: str, number: int) -> Child:
    return start_worker(root, log=root / f".paceline/logs/worker-{number}.log", fake_vendors=vendors_url)


def settled(root: Path, sent: int) -> list[LaneLedger]:
    deadline = time.monotonic() + PATIENCE_SECS
    while True:
        ledgers = inspect(root, read_ledgers)
        if all(one.accepted == sent and not one.in_flight + one.parked for one in ledgers):
            return ledgers
        assert time.monotonic() < deadline, ledgers
        time.sleep(0.1)


def items_of(request: dict[str, Any]) -> list[str]:
    """What a request holds, one text an event, whatever batch it was in."""
    body = request["body"]
    lists = [value for value in body.values() if isinstance(value, list)] if isinstance(body, dict) else [body]
    is_batch = bool(lists) and len(lists[0]) == len(request["ids"])
    items = lists[0] if is_batch else [body]
    envelope = sorted((key, value) for key, value in body.items() if not isinstance(value, list)) if is_batch else ""
    return [
        json.dumps([request["connector"], request["url"], item, envelope if request["connector"] == "ga4" else ""])
        for item in map(_without_time_of_receipt, items)
    ]


def _without_time_of_receipt(item: dict[str, Any]) -> dict[str, Any]:
    """Customer.io's id is a ULID of the time at which the gateway got the event."""
    return {key: value for key, value in item.items() if key != "id"}


def test_vendors_get_the_same_as_from_the_embedded_store(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = [tmp_path / "embedded", tmp_path / "grown"]
    for root in roots:
        write_workspace(root, workspace_files("shop", name="shop", today=dt.datetime.now(dt.UTC).date()))
    file = roots[1] / "paceline.yaml"
    store = 'store: {type: postgres, url: "${env:PACELINE_POSTGRES}"}'
    file.write_text(file.read_text().replace("store: {type: sqlite}", store))
    with postgres_server.database() as url:
        monkeypatch.setenv("PACELINE_POSTGRES", url)
        embedded, embedded_ledgers = run_campaign(roots[0], further_workers=0)
        grown, grown_ledgers = run_campaign(roots[1], further_workers=3)
    assert grown == embedded
    assert grown_ledgers == embedded_ledgers
    assert all(ledger.adds_up for ledger in grown_ledgers)
