"""Retirement of an integration that is running: nothing on its way is lost, and its ledger still adds up."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from load_client import post_batch
from scene import Scene
from workspaces import WRITE_KEY, write_webhooks

from paceline.cli.main import paceline_command
from paceline.errors import UsageError

pytestmark = pytest.mark.slow


def retire(workspace: Path, *more: str) -> dict:
    command = ["retire", "send_lane", "--because", "it is over", "--workspace", str(workspace), "--json", *more]
    result = CliRunner().invoke(paceline_command, command, catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)


def send(scene: Scene, first: int, count: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", scene.port, timeout=10)
    events = [
        {
            "type": "track",
            "event": "Order Completed",
            "messageId": f"m{number}",
            "userId": "u",
            "properties": {"total": 1},
        }
        for number in range(first, first + count)
    ]
    assert post_batch(connection, events, write_key=WRITE_KEY)[0] == 200
    connection.close()


def test_what_came_in_is_delivered_before_it_goes_and_the_rest_passes_by(tmp_path: Path):
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=20)
    with Scene(workspace, tmp_path) as scene:
        send(scene, 0, 300)
        told = retire(workspace)
        assert told["tombstone"]["counts"]["delivered"] == 300
        assert len({one.message_id for one in scene.receipts()["send"]}) == 300
        scene.kill("worker")
        send(scene, 300, 50)
        account = scene.drain()["send_lane"]
        assert (account["delivered"], account["filtered"], account["in_flight"]) == (300, 50, 0)
        assert account["adds_up"]


def test_events_on_their_way_stand_in_the_way_until_somebody_gives_them_up(tmp_path: Path):
    workspace = write_webhooks(tmp_path / "workspace", max_in_flight=20)
    with Scene(workspace, tmp_path) as scene:
        send(scene, 0, 10)
        scene.drain()
        scene.worker.kill()
        send(scene, 10, 5)
        with pytest.raises(UsageError, match="5 events are not delivered yet"):
            retire(workspace, "--wait-secs", "0")
        assert (workspace / "integrations/send_lane.yaml").is_file()
        assert retire(workspace, "--wait-secs", "0", "--abandon")["waiting"] == 5
        assert not (workspace / "integrations/send_lane.yaml").exists()
