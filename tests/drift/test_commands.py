"""`paceline violations` and `paceline drift` on a workspace with a log and a store."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from order_contracts import order_completed
from workspaces import BUS_FOLDER, STORE_FILE, write_settings

from paceline.cli.main import paceline_command
from paceline.drivers.bus.sqlite import SqliteBus
from paceline.drivers.store.sqlite import SqliteStore
from paceline.errors import UnknownNameError
from paceline.exchange.contract_text import contract_path, contract_text
from paceline.model.contract import Owner
from paceline.model.delivery import Fate
from paceline.model.record import Position, Record, choose_partition
from paceline.ports.store import AdmissionCommit, Exclusion

RULE = "contract:order_completed/1.2.0/properties/total"
DETAIL = "/properties/total: the value is not a number"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = write_settings(tmp_path / "shop")
    contract = order_completed(owner=Owner(team="tests"))
    path = root / contract_path(contract)
    path.parent.mkdir(parents=True)
    path.write_text(contract_text(contract))
    return root


def run(command: str, root: Path, *options: str) -> Any:
    result = CliRunner().invoke(paceline_command, [command, str(root), "--json", *options])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def append(root: Path, *payloads: dict[str, object], source: str = "web") -> None:
    records = []
    for number, payload in enumerate(payloads):
        data = json.dumps({"properties": payload}).encode()
        records.append(Record(f"m{number}", source, "track:Order Completed", f"u{number % 7}", 1000 + number, data))

    async def write() -> None:
        bus = SqliteBus(root / BUS_FOLDER)
        await bus.append("events", records)
        await bus.close()

    asyncio.run(write())


def exclude(root: Path, *exclusions: Exclusion) -> None:
    async def write() -> None:
        store = SqliteStore(root / STORE_FILE)
        await store.open_admission()
        await store.commit_admission(AdmissionCommit(cursors={0: len(exclusions)}, exclusions=exclusions, at_ms=1))
        await store.close()

    asyncio.run(write())


def stopped(number: int, rule: str = RULE, detail: str = DETAIL, source: str = "web") -> Exclusion:
    return Exclusion(
        position=Position(0, number), fate=Fate.REJECTED, rule=rule, detail=detail, event_id=f"m{number}",
        event_name="Order Completed", source=source, at_ms=1000 + number,
    )  # fmt: skip


def order(**changes: object) -> dict[str, object]:
    return {"order_id": "1", "total": 1, "products": [{"sku": "a"}], **changes}


def test_violations_are_grouped_with_first_last_and_newest_event(shop: Path) -> None:
    exclude(shop, stopped(0), stopped(1), stopped(2, source="app"), stopped(3, rule="duplicate", detail=""))
    groups = run("violations", shop)
    assert [(group["source"], group["count"]) for group in groups] == [("web", 2), ("app", 1)]
    assert groups[0]["pointer"] == "/properties/total"
    assert (groups[0]["first_ms"], groups[0]["last_ms"], groups[0]["sample_event_ids"]) == (1000, 1001, ["m1", "m0"])


def test_violations_can_be_narrowed_to_a_contract_and_a_source(shop: Path) -> None:
    exclude(shop, stopped(0), stopped(1, source="app"))
    assert len(run("violations", shop, "--source", "app")) == 1
    assert run("violations", shop, "--contract", "signed_up") == []


def test_one_event_is_shown_in_full(shop: Path) -> None:
    append(shop, order(total="one"))
    partition = choose_partition("web", "u0", 4)
    exclude(shop, msgspec.structs.replace(stopped(0), position=Position(partition, 0)))
    (shown,) = run("violations", shop, "--event", "m0")
    assert shown["event"] == {"properties": order(total="one")}
    assert shown["verdict"]["rule"] == RULE


def test_event_that_was_not_stopped_is_unknown(shop: Path) -> None:
    result = CliRunner().invoke(paceline_command, ["violations", str(shop), "--event", "m9"])
    assert isinstance(result.exception, UnknownNameError)


def test_drift_is_read_from_the_log_across_partitions(shop: Path) -> None:
    append(shop, *[order()] * 5, *[order(voucher="X")] * 3, order(total="12"))
    found = run("drift", shop)
    assert found["events"] == 9
    assert [(one["kind"], one["pointer"], one["events"]) for one in found["drift"]] == [
        ("new_field", "/properties/voucher", 3),
        ("type", "/properties/total", 1),
    ]


def test_drift_of_the_newest_events_only(shop: Path) -> None:
    append(shop, order(voucher="X"), *[order()] * 200)
    assert run("drift", shop, "--last", "20")["drift"] == []
    assert run("drift", shop, "--source", "app") == {"events": 0, "drift": []}


def test_empty_log_shows_nothing(shop: Path) -> None:
    assert run("drift", shop) == {"events": 0, "drift": []}
    assert run("violations", shop) == []


@pytest.mark.parametrize("command", ["violations", "drift"])
def test_people_get_a_table_and_a_count(shop: Path, command: str) -> None:
    exclude(shop, stopped(0))
    append(shop, order(voucher=1))
    result = CliRunner().invoke(paceline_command, [command, str(shop)])
    assert "/properties/" in result.stdout
    assert "1 kinds of" in result.stderr
