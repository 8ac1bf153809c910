"""A vendor that hangs, one that refuses everything for now and one with a backlog must not hold up the others.

`PACELINE_SOAK=1` (or `make soak`) makes the backlog a million events, and holds rate and latency against their limits.
"""

from __future__ import annotations

import copy
import http.client
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from load_client import post_batch
from scene import Scene

from paceline.testing.bench.scenarios import Duration, neighbors

pytestmark = pytest.mark.slow

IS_SOAK = bool(os.environ.get("PACELINE_SOAK"))
BACKLOG = 1_000_000 if IS_SOAK else 20_000
DURATION = Duration(warm_up_secs=3.0, secs=30.0) if IS_SOAK else Duration(warm_up_secs=0.5, secs=2.0)
MOST_SOCKETS = 8
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


def test_seventeen_of_twenty_vendors_keep_their_rate_beside_three_bad_ones(tmp_path: Path) -> None:
    result = neighbors(tmp_path / "neighbors", DURATION, backlog=BACKLOG)
    print(result.figures)
    assert [(loss.where, loss.lost, loss.doubled) for loss in result.losses if loss.lost or loss.doubled] == []
    assert result.figures["most_sockets_to_the_hung_one"] <= MOST_SOCKETS
    assert not IS_SOAK or result.figures["least_share_of_rate"] >= 0.9
    assert not IS_SOAK or result.figures["p99_beside_bad_ones_to_all_well"] <= 1.5
