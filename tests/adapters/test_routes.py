"""A hybrid on a toggle: its direct path sends requests as they came, its bus path the events that an adapter made of
them; they are compared, and each request is delivered by one of the two."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from scene import Scene
from workspaces import write_settings

from paceline.drivers.toggles.flagd_file import set_step_in_file
from paceline.lifecycle.route_step import DIRECT, SHADOW, flag_of, parse_step
from paceline.testing.system import PACELINE

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-the-vendor"
ADAPTER = """\
adapter: shop_orders
version: {version}
events:
  order:
    event: Order Completed
    fields:
      messageId: $.body.id
      userId: $.body.customer
      properties.order_id: $.body.id
      properties.total: $.body.total_cents{unit}
"""
ADAPTER_CASES = """\
adapter: shop_orders
cases:
  - name: an order becomes an event
    request: {{body: {{id: o-1, customer: u-1, total_cents: 4999}}}}
    events:
      - {{type: track, event: Order Completed, messageId: o-1, userId: u-1,
         properties: {{order_id: o-1, total: {total}}}}}
"""
CONTRACT = """\
contract: order_completed
version: 1.0.0
description: An order was paid for.
owner: {team: tests}
type: track
event: Order Completed
schema:
  $schema: https://json-schema.org/draft/2020-12/schema
  type: object
  required: [properties]
  properties:
    userId: {type: string, description: Who ordered.}
    properties:
      type: object
      required: [order_id, total]
      properties:
        order_id: {type: string, description: The order.}
        total: {type: number, description: What was paid.}
"""
BY_EVENT = """\
mapping: order_completed.send
version: 1
from: {event: Order Completed}
to: {connector: webhook, action: send}
fields:
  order: $.properties.order_id
  customer: $.userId
  total: $.properties.total
"""
BY_REQUEST = """\
mapping: order_request.send
version: 1
from: {event: webhook.orders}
to: {connector: webhook, action: send}
fields:
  order: $.properties.body.id
  customer: $.properties.body.customer
  total: $.properties.body.total_cents / 100
"""
INTEGRATION = """\
integration: send_lane
connector: webhook
stage: marathon
owner: {team: tests}
sources: [orders]
events: [order_completed.send]
direct_events: [order_request.send]
route: send_route
advance: ask
ready_when: {parity_ratio: 1, over_events: 50, lag_p99_secs: 600, error_ratio: 0, for_hours: 0}
settings: {url: "https://hooks.example/send", secret: "${env:WEBHOOK_SECRET}"}
"""
CASES = """\
mapping: {mapping}
cases:
  - name: an order becomes a payload
    event: {event}
    payload: {{order: o-1, customer: u-1, total: 49.99}}
"""
EVENT = "{type: track, event: Order Completed, userId: u-1, properties: {order_id: o-1, total: 49.99}}"
REQUEST = "{type: track, event: webhook.orders, properties: {body: {id: o-1, customer: u-1, total_cents: 4999}}}"


def write_workspace(folder: Path, *, unit: str) -> Path:
    write_settings(folder)
    with (folder / ".env").open("a") as env:
        env.write(f"ORDERS_TOKEN={TOKEN}\n")
    with (folder / "paceline.yaml").open("a") as settings:
        secret = '"${env:ORDERS_TOKEN}"'
        settings.write(f"  orders: {{webhook: {{scheme: token, secret: {secret}, adapter: shop_orders}}}}\n")
    for kind in ("adapters", "contracts/order_completed", "mappings", "integrations", "tests/adapters"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    (folder / "contracts/order_completed/1.0.0.yaml").write_text(CONTRACT)
    write_adapter(folder, version=1, unit=unit)
    (folder / "mappings/order_completed.send.yaml").write_text(BY_EVENT)
    (folder / "mappings/order_request.send.yaml").write_text(BY_REQUEST)
    (folder / "tests/order_completed.send.yaml").write_text(CASES.format(mapping="order_completed.send", event=EVENT))
    (folder / "tests/order_request.send.yaml").write_text(CASES.format(mapping="order_request.send", event=REQUEST))
    (folder / "integrations/send_lane.yaml").write_text(INTEGRATION)
    (folder / "toggles.flagd.json").write_text(json.dumps({"flags": {"send_route": flag_of(DIRECT)}}))
    return folder


def write_adapter(folder: Path, *, version: int, unit: str) -> None:
    (folder / "adapters/shop_orders.yaml").write_text(ADAPTER.format(version=version, unit=unit))
    total = 49.99 if unit else 4999
    (folder / "tests/adapters/shop_orders.yaml").write_text(ADAPTER_CASES.format(total=total))


def submit(scene: Scene, number: int) -> None:
    body = {"id": f"o-{number}", "customer": f"u-{number % 9}", "total_cents": 100 * number + 99}
    request = urllib.request.Request(
        f"http://127.0.0.1:{scene.port}/v1/in/orders",
        data=json.dumps(body).encode(),
        headers={"authorization": f"Bearer {TOKEN}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200


def sent(scene: Scene) -> list[dict[str, Any]]:
    file = scene.workspace.parent / "vendors/received.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []


def show(workspace: Path) -> dict[str, Any]:
    command = [*PACELINE, "route", "show", "send_lane", "--json", "--workspace", str(workspace)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)


def evidence(workspace: Path, events: int) -> dict[str, Any]:
    """What `paceline route show` says once so many payloads were compared, or after some time."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        view = show(workspace)
        if view["judgement"] and sum(one["compared"] for one in view["state"]["evidence"]["windows"]) >= events:
            return view
        time.sleep(0.3)
    return show(workspace)


def test_currency_in_another_unit_is_named_by_shadow_and_holds_the_toggle_back(tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path / "workspace", unit="")
    with Scene(workspace, tmp_path) as scene:
        set_step_in_file(workspace / "toggles.flagd.json", "send_route", SHADOW)
        time.sleep(2.5)
        for number in range(60):
            submit(scene, number)
        wrong = evidence(workspace, 60)
        write_adapter(workspace, version=2, unit=" / 100")
        scene.kill("worker")
        for number in range(60, 120):
            submit(scene, number)
        right = evidence(workspace, 60)
        accounts = scene.drain()
    (field,) = wrong["state"]["evidence"]["fields"]
    assert (field["path"], "100 times as much" in field["bus"]) == ("total", True)
    assert not wrong["judgement"]["is_ready"]
    assert right["judgement"]["is_ready"], json.dumps([right["judgement"], right["state"]])
    assert accounts["send_lane"]["adds_up"]
    assert {one["body"]["order"]: one["body"]["total"] for one in sent(scene)} == {
        f"o-{number}": pytest.approx(number + 0.99) for number in range(120)
    }


def test_request_and_its_event_are_never_both_delivered_whatever_the_toggle_does(tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path / "workspace", unit=" / 100")
    steps = ["direct", "shadow", "canary 50%", "bus", "canary 10%", "direct", "bus", "shadow"]
    with Scene(workspace, tmp_path) as scene:
        for number in range(160):
            if number % 20 == 0:
                set_step_in_file(workspace / "toggles.flagd.json", "send_route", parse_step(steps[number // 20]))
            submit(scene, number)
        accounts = scene.drain()
        received = sent(scene)
    counts = Counter(one["body"]["order"] for one in received)
    assert counts == Counter(f"o-{number}" for number in range(160))
    assert len({one["ids"][0] for one in received}) == 160
    assert all(account["adds_up"] for account in accounts.values())
