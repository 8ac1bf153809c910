"""An event in quarantine gets a second chance after its contract was repaired."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest

from paceline.assemble.dead_letters import quarantined
from paceline.assemble.door import build_door
from paceline.assemble.inspection import inspect
from paceline.assemble.opening import OpenWorkspace
from paceline.assemble.quarantine import QuarantineReport, replay_quarantined
from paceline.model.record import Record
from paceline.ports.bus import Bus
from paceline.ports.store import DeadLetterFilter, Store
from paceline.runtime.clock import SystemClock
from paceline.runtime.gateway.decode import RequestFacts, decode_request, read_envelope
from paceline.runtime.process import CANONICAL_TOPIC, ProcessLoop

SHOP = Path(__file__).parents[2] / "examples" / "shop"
CONTRACT = "contracts/product_viewed/1.0.0.yaml"
EVENT = {"type": "track", "event": "Product Viewed", "userId": "u1", "messageId": "m1", "properties": {"name": "x"}}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    shutil.copytree(SHOP, tmp_path / "shop", ignore=shutil.ignore_patterns(".paceline", "contracts.lock"))
    return tmp_path / "shop"


async def run_admission(bus: Bus, store: Store) -> None:
    stopping = asyncio.Event()
    loop = asyncio.create_task(ProcessLoop(bus, store, SystemClock()).run(stopping))
    await asyncio.sleep(0.2)
    stopping.set()
    await loop


async def receive(opened: OpenWorkspace, bus: Bus, store: Store) -> str:
    source = next(one for one in build_door(opened).sources.values() if one.name == "web")
    body = msgspec.json.encode({"batch": [EVENT]})
    facts = RequestFacts(call=None, source=source, received_ms=1, headers={})
    door = build_door(opened)
    decoded = decode_request(body, read_envelope(body, door.limits), facts, door, lambda: "")
    await bus.append("events", decoded.records)
    await run_admission(bus, store)
    return decoded.verdicts[0].verdict


async def replay(opened: OpenWorkspace, bus: Bus, store: Store) -> QuarantineReport:
    excluded = await quarantined(store, DeadLetterFilter(letter_class="contract"))
    report = await replay_quarantined(opened, bus, store, excluded)
    await run_admission(bus, store)
    return report


async def canonical(_: OpenWorkspace, bus: Bus, store: Store) -> list[Record]:
    reader = bus.reader(CANONICAL_TOPIC, "test")
    stored = await reader.read(dict.fromkeys(reader.assignment(), 0), max_records=100, wait_secs=0)
    return [one.record for one in stored if one.record.verdict is None]


def repair(shop: Path) -> None:
    """The contract asks for less."""
    file = shop / CONTRACT
    text = file.read_text()
    asked = "required: [product_id, name, price, currency]"
    assert asked in text
    file.write_text(text.replace(asked, "required: [name]"))


def test_event_that_fits_the_repaired_contract_is_sent_on_once(shop: Path):
    assert inspect(shop, receive) == "quarantined"
    assert inspect(shop, replay) == QuarantineReport(replayed=0, still_broken=1, gone=0)
    repair(shop)
    assert inspect(shop, replay) == QuarantineReport(replayed=1, still_broken=0, gone=0)
    assert inspect(shop, replay) == QuarantineReport(replayed=0, still_broken=0, gone=0)
    assert [record.id for record in inspect(shop, canonical)] == ["m1"]
