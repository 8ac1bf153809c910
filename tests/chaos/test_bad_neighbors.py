"""A vendor that hangs and one that refuses everything for now must not hold up the others."""

from __future__ import annotations

import copy
import http.client
import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from load_client import post_batch
from scene import Scene

pytestmark = pytest.mark.slow

SHOP = Path(__file__).parents[2] / "examples/shop"
WRITE_KEY = "shop_web_demo_key"
EVENTS = 1000
BATCH = 100
WAIT_SECS = 60.0


def large_orders() -> list[dict[str, Any]]:
    """Orders that every one of the shop's four integrations takes."""
    sample = json.loads((SHOP / "samples/order_completed.json").read_text())
    orders = []
    for number in range(EVENTS):
        order = copy.deepcopy(sample)
        order |= {"messageId": f"order-{number}", "userId": f"customer-{number}", "anonymousId": f"browser-{number}"}
        order["properties"]["order_id"] = f"A-{number}"
        orders.append(order)
    return orders


def send(port: int, orders: list[dict[str, Any]]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for start in range(0, len(orders), BATCH):
        status, answer = post_batch(connection, orders[start : start + BATCH], write_key=WRITE_KEY)
        assert (status, {event["verdict"] for event in answer["events"]}) == (200, {"accepted"})
    connection.close()


def wait_until_received(scene: Scene, connector: str, items: int) -> None:
    deadline = time.monotonic() + WAIT_SECS
    while scene.received(connector)["distinct"] < items:
        assert time.monotonic() < deadline, scene.received(connector)
        time.sleep(0.05)


def test_healthy_lanes_deliver_everything_beside_one_that_hangs_and_one_that_is_throttled(tmp_path: Path) -> None:
    workspace = tmp_path / "shop"
    shutil.copytree(SHOP, workspace, ignore=shutil.ignore_patterns(".paceline"))
    with Scene(workspace, tmp_path) as scene:
        scene.misbehave("customerio", {"mode": "hang"})
        scene.misbehave("ga4", {"mode": "throttle", "retry_after_secs": 2})
        send(scene.port, large_orders())
        wait_until_received(scene, "segment", EVENTS)
        wait_until_received(scene, "webhook", EVENTS)
        received = {name: scene.received(name)["items"] for name in ("segment", "webhook", "customerio", "ga4")}
        ledgers = scene.ledgers()
    assert received == {"segment": EVENTS, "webhook": EVENTS, "customerio": 0, "ga4": 0}
    assert all(ledger["adds_up"] for ledger in ledgers.values())
    for lane in ("customerio_onboarding", "ga4_web"):
        assert ledgers[lane]["delivered"] + ledgers[lane]["dead"] == 0
        assert ledgers[lane]["parked"] + ledgers[lane]["in_flight"] == EVENTS
