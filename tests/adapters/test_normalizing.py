"""Webhooks become events: at once, later when the adapter comes, once each, also when workers are killed."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path

import pytest
from scene import Scene
from workspaces import stored_records, write_settings

from paceline.assemble.inspection import inspect
from paceline.assemble.replay import ReplayOrder, carry_out, make_replay
from paceline.ports.store import DeadLetterFilter
from paceline.runtime.clock import SystemClock

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-the-vendor"
CONTRACT = """\
contract: form_submitted
version: 1.0.0
description: Somebody has sent a form.
owner: {team: tests}
type: track
event: Form Submitted
schema:
  $schema: https://json-schema.org/draft/2020-12/schema
  type: object
  required: [messageId]
  properties:
    messageId: {type: string, description: The id of the submission.}
    userId: {type: string, description: Who sent it.}
"""
MAPPING = """\
mapping: form_submitted.send
version: 1
from: {event: Form Submitted}
to: {connector: webhook, action: send}
fields:
  message_id: $.messageId
  user: $.userId
  raw_id: $.context.raw.id
"""
CASES = """\
mapping: form_submitted.send
cases:
  - name: a form becomes a payload
    event: {type: track, event: Form Submitted, messageId: m-1, userId: u-1, context: {raw: {id: r-1}}}
    payload: {message_id: m-1, user: u-1, raw_id: r-1}
"""
INTEGRATION = """\
integration: send_lane
connector: webhook
stage: marathon
owner: {team: tests}
sources: [forms]
events: [form_submitted.send]
settings: {url: "https://hooks.example/send", secret: "${env:WEBHOOK_SECRET}"}
"""


def write_workspace(folder: Path, webhook: str) -> Path:
    write_settings(folder)
    with (folder / ".env").open("a") as env:
        env.write(f"FORMS_TOKEN={TOKEN}\n")
    for kind in ("contracts/form_submitted", "mappings", "integrations", "tests"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    (folder / "contracts/form_submitted/1.0.0.yaml").write_text(CONTRACT)
    (folder / "mappings/form_submitted.send.yaml").write_text(MAPPING)
    (folder / "tests/form_submitted.send.yaml").write_text(CASES)
    (folder / "integrations/send_lane.yaml").write_text(INTEGRATION)
    write_source(folder, webhook)
    return folder


def write_source(folder: Path, webhook: str) -> None:
    text = (folder / "paceline.yaml").read_text().partition("  forms:")[0]
    source = f'  forms: {{webhook: {{scheme: token, secret: "${{env:FORMS_TOKEN}}"{webhook}}}}}\n'
    (folder / "paceline.yaml").write_text(text + source)


def submit(scene: Scene, number: int, path: str = "/v1/in/forms") -> int:
    body = {
        "event_id": f"form-{number}",
        "event_type": "form_response",
        "form_response": {"submitted_at": "2026-11-20T18:17:02Z", "hidden": {"user_id": f"u-{number % 7}"}},
    }
    return post(scene, body, path)


def post(scene: Scene, body: object, path: str = "/v1/in/forms") -> int:
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json", "x-vendor-try": "1"}
    url = f"http://127.0.0.1:{scene.port}{path}"
    request = urllib.request.Request(url, data=json.dumps(body).encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.status


def rows(scene: Scene) -> list[dict]:
    file = scene.workspace.parent / "vendors/received.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []


def delivered(scene: Scene, expected: int) -> list[str]:
    """The message ids that reached the vendor, once there are as many as expected, or after some time."""
    until = time.monotonic() + 30
    ids: list[str] = []
    while time.monotonic() < until:
        ids = [one["body"]["message_id"] for one in rows(scene)]
        if len(set(ids)) >= expected:
            break
        time.sleep(0.1)
    return ids


def test_requests_that_came_before_their_adapter_become_events_when_it_comes(tmp_path: Path):
    workspace = write_workspace(tmp_path / "workspace", ", wait_for_adapter: true")
    with Scene(workspace, tmp_path) as scene:
        assert [submit(scene, number) for number in range(20)] == [200] * 20
        while scene.ledgers()["send_lane"]["in_flight"]:
            time.sleep(0.1)
        assert rows(scene) == []
        scene.kill("worker")
        write_source(workspace, ", adapter: typeform")
        scene.start_worker()
        assert sorted(delivered(scene, 20)) == sorted(f"form-{number}" for number in range(20))
        submit(scene, 20)
        submit(scene, 20)  # the vendor sends it again
        assert len(delivered(scene, 21)) == 21
        accounts = scene.drain()
        assert accounts["adapter.forms"]["delivered"] == 21
        assert all(account["adds_up"] for account in accounts.values())
    events = [json.loads(record.data) for record in stored_records(workspace) if record.type == "track:Form Submitted"]
    assert {event["context"]["raw"]["headers"]["x-vendor-try"] for event in events} == {"1"}
    assert all("authorization" not in event["context"]["raw"]["headers"] for event in events)


def test_kills_neither_lose_nor_double_an_event(tmp_path: Path):
    workspace = write_workspace(tmp_path / "workspace", ", adapter: typeform")
    with Scene(workspace, tmp_path) as scene:
        for number in range(120):
            submit(scene, number)
            if number % 30 == 29:
                scene.kill("worker")
        ids = delivered(scene, 120)
        assert set(ids) == {f"form-{number}" for number in range(120)}
        accounts = scene.drain()
        assert accounts["adapter.forms"]["delivered"] == 120
        assert accounts["send_lane"]["delivered"] == 120
        assert all(account["adds_up"] for account in accounts.values())


OWN = """\
adapter: own
version: 1
each: $.body.form_response.hidden.users
events:
  submitted:
    event: Form Submitted
    fields: {messageId: "concat($.id, $.index)", userId: "$.item | number | string"}
"""


def test_refused_request_is_made_into_events_by_a_replay_once_the_adapter_is_right(tmp_path: Path):
    workspace = write_workspace(tmp_path / "workspace", ", adapter: own")
    (workspace / "adapters").mkdir()
    (workspace / "tests/adapters").mkdir()
    adapter, tests = workspace / "adapters/own.yaml", workspace / "tests/adapters/own.yaml"
    adapter.write_text(OWN)
    tests.write_text("adapter: own\ncases:\n  - {name: nothing, request: {body: {}}, filtered: true}\n")
    with Scene(workspace, tmp_path) as scene:
        post(scene, {"form_response": {"hidden": {"users": ["1", "two", "3"]}}})
        while scene.ledgers().get("adapter.forms", {}).get("dead") != 1:
            time.sleep(0.1)
        assert rows(scene) == []  # all or nothing
        scene.kill("worker")
        adapter.write_text(OWN.replace("version: 1", "version: 2").replace(" | number | string", ""))
        scene.worker.kill()
        scene.start_worker()
        replay(workspace, "adapter.forms")
        assert len(delivered(scene, 3)) == 3
        accounts = scene.drain()
        assert (accounts["adapter.forms"]["dead"], accounts["adapter.forms"]["delivered"]) == (0, 1)
        assert all(account["adds_up"] for account in accounts.values())


def replay(workspace: Path, lane: str) -> None:
    async def carry(opened, bus, store) -> None:
        which = DeadLetterFilter(lane=lane)
        job = await make_replay(opened, bus, store, ReplayOrder(by="test", which=which), now_ms=SystemClock().now_ms())
        await store.save_replay(job)
        await carry_out(opened, bus, store, job, clock=SystemClock())

    inspect(workspace, carry)


def test_an_integration_has_an_address_of_its_own(tmp_path: Path):
    workspace = write_workspace(tmp_path / "workspace", ", adapter: typeform")
    with Scene(workspace, tmp_path) as scene:
        assert submit(scene, 1, "/v1/in/send_lane") == 200
        assert delivered(scene, 1) == ["form-1"]
