"""Replays through a running worker: what the vendor gets, by which mapping, under which key."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from buried import LANE, OTHER_LANE, bury, run

from paceline.delivery.plan import make_delivery_id
from paceline.testing.system import start_fake_vendors, start_worker

pytestmark = pytest.mark.slow

LETTERS = 6
MAPPING = "mappings/order_completed.send.yaml"
PATIENCE_SECS = 30.0


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def wait_for(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECS
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def test_letters_go_out_by_the_old_mapping_and_the_log_by_todays_under_the_same_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = bury(tmp_path / "shop", LETTERS)
    git(workspace, "init", "-q")
    git(workspace, "add", "--", "mappings")
    git(workspace, "commit", "-q", "-m", "before")
    mapping = workspace / MAPPING
    mapping.write_text(mapping.read_text().replace("  user: $.userId", "  person: $.userId"))
    case = workspace / "tests/order_completed.send.yaml"
    case.write_text(case.read_text().replace("user: user-1, total", "person: user-1, total"))

    def received() -> list[dict[str, Any]]:
        book = tmp_path / "vendors/received.jsonl"
        return [json.loads(line) for line in book.read_text().splitlines()] if book.exists() else []

    def to_lane() -> list[tuple[str, str, str]]:
        """Name of the person's field, message and key of what came to the first lane's address."""
        return [
            ("user" if "user" in one["body"] else "person", one["body"]["message_id"], one["ids"][0])
            for one in received()
            if one["url"].endswith("/send")
        ]

    vendors, url = start_fake_vendors(tmp_path / "vendors", log=tmp_path / "vendors.log")
    with vendors, start_worker(workspace, log=tmp_path / "worker.log", fake_vendors=url):
        options = ["--integration", LANE, "--mappings-at", "HEAD", "--json"]
        assert run(capsys, "dlq", "replay", str(workspace), *options).json["replayed"] == LETTERS
        wait_for(lambda: len(to_lane()) == LETTERS)
        options = ["--from-log", "--integration", LANE, "--where", "properties.total >= 4", "--json"]
        assert run(capsys, "replay", str(workspace), *options).json["read_again"] == 2
        wait_for(lambda: len(to_lane()) == LETTERS + 2)

        def settled() -> dict[str, Any] | None:
            ledgers = {one["integration"]: one for one in run(capsys, "ledger", str(workspace), "--json").json}
            return None if any(one["parked"] or one["in_flight"] for one in ledgers.values()) else ledgers

        ledgers = wait_for(settled)
    keys = {f"m{number}": make_delivery_id("web", LANE, f"m{number}") for number in range(LETTERS)}
    first, again = to_lane()[:LETTERS], to_lane()[LETTERS:]
    assert sorted(first) == [("user", message, key) for message, key in keys.items()]
    assert sorted(again) == [("person", message, keys[message]) for message in ("m4", "m5")]
    account = ledgers[LANE]
    assert (account["accepted"], account["delivered"], account["dead"]) == (LETTERS + 2, LETTERS + 2, 0)
    assert (account["read_again"], account["adds_up"], ledgers[OTHER_LANE]["adds_up"]) == (2, True, True)
