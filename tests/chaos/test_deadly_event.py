"""An event that ends the worker is found, set aside and replayable; everything else is delivered."""

from __future__ import annotations

import http.client
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from load_client import post_batch
from scene import Scene
from workspaces import WEBHOOK_ACTIONS, WRITE_KEY, write_webhooks

from paceline.connectors.catalog import IN_TREE

pytestmark = pytest.mark.slow

EVENTS = 300
DEADLY = 137
MOST_STARTS = 10

ENDS_THE_PROCESS = """
    if any("{deadly}" in str(item.payload) for item in items):
        import os
        os._exit(9)
"""


def write_deadly_connector(workspace: Path, function: str) -> None:
    """The workspace's own webhook connector, whose `build` or `read` ends the process at one event."""
    folder = workspace / "connectors/webhook"
    shutil.copytree(IN_TREE / "webhook", folder, ignore=shutil.ignore_patterns("__pycache__"))
    code = folder / "connector.py"
    text = code.read_text()
    fault = ENDS_THE_PROCESS.format(deadly=f"deadly-{DEADLY}")
    if function == "build":
        start = text.index('"""', text.index('"""', text.index("def build(")) + 3) + 3
        text = text[:start] + fault + text[start:]
    else:
        text += f"\n\ndef read(outcomes, items, answer, *, action, now_ms):{fault}    return outcomes\n"
    code.write_text(text)


def send(port: int) -> None:
    events: list[dict[str, Any]] = [
        {
            "type": "track",
            "event": "Order Completed",
            "userId": f"u{n}",
            "messageId": f"deadly-{n}",
            "properties": {"total": n},
        }
        for n in range(EVENTS)
    ]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    status, _ = post_batch(connection, events, write_key=WRITE_KEY)
    assert status == 200
    connection.close()


def run_until_settled(scene: Scene) -> tuple[int, dict[str, dict[str, Any]]]:
    """Start the worker again whenever it ends, as a supervisor would; how often it ended, and the ledgers."""
    ends = 0
    while True:
        ledgers = scene.ledgers()
        if not any(ledger["in_flight"] or ledger["parked"] for ledger in ledgers.values()):
            return ends, ledgers
        if not scene.worker.is_running:
            ends += 1
            assert ends < MOST_STARTS
            scene.start_worker()
        time.sleep(0.05)


@pytest.mark.parametrize("function", ["build", "read"])
def test_event_that_ends_the_worker_is_set_aside_after_two_ends_and_no_other_event_is(
    function: str, tmp_path: Path
) -> None:
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=100)
    write_deadly_connector(workspace, function)
    with Scene(workspace, tmp_path) as scene:
        send(scene.port)
        ends, ledgers = run_until_settled(scene)
    assert ends <= 2 * len(WEBHOOK_ACTIONS)
    for ledger in (ledgers[f"{action}_lane"] for action in WEBHOOK_ACTIONS):
        assert (ledger["delivered"], ledger["dead"], ledger["adds_up"]) == (EVENTS - 1, 1, True)
