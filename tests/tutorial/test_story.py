"""The whole life of one integration while sign-ups come in and workers are killed at each switch."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from governed_workspaces import commit_all, replace_in
from scene import Scene

from paceline.cli.main import paceline_command
from paceline.workspace.scaffold import workspace_files, write_workspace

pytestmark = pytest.mark.slow

SIGN_UPS = 60
NAME = "welcome_email"


def run(workspace: Path, *arguments: str) -> None:
    result = CliRunner().invoke(paceline_command, [*arguments, "--workspace", str(workspace)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    commit_all(workspace, dt.datetime.now(dt.UTC).date().isoformat(), arguments[0])


def sign_up(scene: Scene, first: int) -> None:
    for number in range(first, first + SIGN_UPS):
        user = {"id": f"customer-{number}", "email": f"c{number}@example.com", "connection": "email"}
        body = {
            "id": f"evt_{number}",
            "type": "user.created",
            "created_at": 1795421565 + number,
            "data": {"user": user},
        }
        request = urllib.request.Request(
            f"http://127.0.0.1:{scene.port}/v1/in/signups",
            data=json.dumps(body).encode(),
            headers={"authorization": "Bearer demo_signups_token"},
        )
        for _ in range(1 + number % 2):  # every second one is sent again
            with urllib.request.urlopen(request, timeout=20) as answer:
                assert answer.status == 200


def keys(scene: Scene) -> list[str]:
    file = scene.workspace.parent / "vendors/received.jsonl"
    lines = file.read_text().splitlines() if file.is_file() else []
    return [key for line in lines for key in json.loads(line)["ids"]]


def settle(scene: Scene, expected: int) -> None:
    until = time.monotonic() + 60
    while len(set(keys(scene))) < expected and time.monotonic() < until:
        time.sleep(0.1)


def digests(workspace: Path) -> dict[str, str]:
    files = [*workspace.glob("mappings/*"), *workspace.glob("adapters/*")]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_no_sign_up_is_lost_or_doubled_while_stages_change_and_workers_are_killed(tmp_path: Path):
    workspace = tmp_path / "onboarding"
    today = dt.datetime.now(dt.UTC).date()
    write_workspace(workspace, workspace_files("onboarding", name="onboarding", today=today))
    env = Path(__file__).parents[2] / "examples/onboarding/.env.example"
    (workspace / ".env").write_text(env.read_text())
    commit_all(workspace, today.isoformat(), "sprint")
    before = digests(workspace)
    replace_in(workspace / "rfcs/0001-welcome-email-to-bus.md", "status: ideation", "status: committed")
    switches = [
        ("promote", NAME, "--to", "hybrid"),
        ("contracts", "release"),
        ("promote", NAME, "--to", "marathon"),
        ("rollback", NAME),
        ("promote", NAME, "--to", "marathon"),
    ]
    with Scene(workspace, tmp_path) as scene:
        for number, switch in enumerate(switches):
            sign_up(scene, number * SIGN_UPS)
            run(workspace, *switch)
            scene.kill("worker")
            if number % 2:
                scene.kill("gateway")
        settle(scene, len(switches) * SIGN_UPS)
        accounts = scene.drain()
        assert accounts[NAME]["delivered"] == len(switches) * SIGN_UPS
        assert len(set(keys(scene))) == len(switches) * SIGN_UPS
        # A kill can repeat what was in flight, under the same keys; never more than that.
        assert len(keys(scene)) <= len(switches) * SIGN_UPS + scene.kills["worker"] * 100
        assert all(account["adds_up"] for account in accounts.values())
        run(workspace, "retire", NAME, "--because", "it is over")
    assert digests(workspace) == before
