"""Small workspaces that tests run the real processes on."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from paceline.drivers.bus.sqlite import SqliteBus
from paceline.model.record import Record

WRITE_KEY = "test-write-key"
SOURCE = "web"
BUS_FOLDER = ".paceline/bus"
STORE_FILE = ".paceline/store.db"

_settings = """\
workspace: tests
sources:
  {source}: {{write_keys: ["sha256:{digest}"]}}
"""
_teams = """\
teams:
  tests:
    people: [{name: Tester, time_zone: Etc/UTC}]
    on_call: nobody
"""
_environment = "WEBHOOK_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"
_mapping = """\
mapping: order_completed.{action}
version: 1
from: {{event: Order Completed}}
to: {{connector: webhook, action: {action}}}
fields:
  message_id: $.messageId
  user: $.userId
  total: $.properties.total
"""
_integration = """\
integration: {action}_lane
connector: webhook
stage: marathon
owner: {{team: tests}}
route: {route}
events: [order_completed.{action}]
settings: {{url: "https://hooks.example/{action}", secret: "${{env:WEBHOOK_SECRET}}"}}
limits: {{max_in_flight: {max_in_flight}}}
"""
_contract = """\
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
    properties: {type: object, required: [total], properties: {total: {type: number}}}
"""
_cases = """\
mapping: order_completed.{action}
cases:
  - name: an order becomes a payload
    event: {{type: track, event: Order Completed, messageId: m-1, userId: user-1, properties: {{total: 1.5}}}}
    payload: {{message_id: m-1, user: user-1, total: 1.5}}
"""
WEBHOOK_ACTIONS = ("send", "send_batch")
ROUTES = {"send": "direct", "send_batch": "bus"}


def write_settings(folder: Path) -> Path:
    """A workspace that accepts every event of one source and delivers none. Returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(WRITE_KEY.encode()).hexdigest()
    (folder / "paceline.yaml").write_text(_settings.format(source=SOURCE, digest=digest))
    (folder / "teams.yaml").write_text(_teams)
    (folder / ".env").write_text(_environment)
    return folder


def write_webhooks(folder: Path, *, max_in_flight: int) -> Path:
    """A workspace that delivers orders twice: one a request as they came, and in batches from the bus.

    Returns its folder.
    """
    write_settings(folder)
    for kind in ("contracts/order_completed", "mappings", "integrations", "tests"):
        (folder / kind).mkdir(parents=True)
    (folder / "contracts/order_completed/1.0.0.yaml").write_text(_contract)
    for action in WEBHOOK_ACTIONS:
        (folder / f"mappings/order_completed.{action}.yaml").write_text(_mapping.format(action=action))
        (folder / f"tests/order_completed.{action}.yaml").write_text(_cases.format(action=action))
        text = _integration.format(action=action, route=ROUTES[action], max_in_flight=max_in_flight)
        (folder / f"integrations/{action}_lane.yaml").write_text(text)
    return folder


def use_postgres(workspace: Path, *, schema: str = "paceline") -> None:
    """Let a workspace keep its store in the PostgreSQL that the variable PACELINE_POSTGRES names."""
    file = workspace / "paceline.yaml"
    store = f'store: {{type: postgres, url: "${{env:PACELINE_POSTGRES}}", schema: {schema}}}\n'
    file.write_text(file.read_text() + store)


def stored_records(workspace: Path, topic: str = "events") -> list[Record]:
    """Every record of a topic of a workspace on the embedded bus."""
    return asyncio.run(_read_all(workspace / BUS_FOLDER, topic))


async def _read_all(folder: Path, topic: str) -> list[Record]:
    bus = SqliteBus(folder)
    try:
        ends = await bus.ends(topic)
        reader = bus.reader(topic, "tests")
        cursors = {partition: end.first for partition, end in ends.items()}
        records: list[Record] = []
        while any(cursors[partition] < end.next for partition, end in ends.items()):
            for stored in await reader.read(cursors, max_records=1000, wait_secs=1.0):
                assert stored.record is not None, f"the record at {stored.position} is damaged"
                records.append(stored.record)
                cursors[stored.position.partition] = stored.position.offset + 1
        await reader.close()
        return records
    finally:
        await bus.close()
