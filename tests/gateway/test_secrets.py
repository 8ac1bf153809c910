"""What must not get out: no value forges a log line, and no secret or address stands in logs, answers or `ps`."""

from __future__ import annotations

import base64
import http.client
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from workspaces import WRITE_KEY, write_settings

from paceline.observe import facts
from paceline.observe.facts import Fact
from paceline.observe.telemetry import Telemetry
from paceline.testing.system import HOST, start_gateway

HOSTILE = [
    "a\r\nb",
    '\n{"event":"forged"}',
    "\x1b[2J",
    "\u2028",
    "\u2029",
    "\x85",
    "\x00",
    "é" * 10_000,
    '"}',
    "\\",
    "\ud800",
]
CANARIES = ("canary-secret-1f4", "canary@example.com", WRITE_KEY)


def facts_with(text: str) -> Iterator[Fact]:
    """One fact of every kind, with a hostile value in every field that may have text."""
    for kind in vars(facts).values():
        if isinstance(kind, type) and issubclass(kind, Fact) and kind is not Fact:
            values: dict[str, object] = {}
            for field in msgspec.structs.fields(kind):
                if field.type is str:
                    values[field.name] = text
                elif field.type == list[str]:
                    values[field.name] = [text, text]
                elif field.required:
                    values[field.name] = 1
            yield kind(**values)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_value_forges_or_breaks_a_log_line(text: str):
    log = io.StringIO()
    told = list(facts_with(text))
    for fact in told:
        Telemetry(log).record(fact)
    lines = log.getvalue().split("\n")[:-1]
    assert len(lines) == len(told)
    assert len(log.getvalue().splitlines()) == len(told)
    assert all(json.loads(line)["event"] == fact.fact_name for line, fact in zip(lines, told, strict=True))


def test_thousand_hostile_requests_leave_whole_lines_and_no_secret(tmp_path: Path):
    workspace = write_settings(tmp_path / "shop")
    (workspace / ".env").write_text(f"WEBHOOK_SECRET={CANARIES[0]}\n")
    settings = workspace / "paceline.yaml"
    settings.write_text(
        settings.read_text()
        + '  hooks: {webhook: {scheme: github, secret: "${env:WEBHOOK_SECRET}"}}\ndisk: {ballast_bytes: 0}\n'
    )
    log = tmp_path / "gateway.log"
    gateway, port = start_gateway(workspace, log=log)
    answers: list[bytes] = []
    with gateway:
        connection = http.client.HTTPConnection(HOST, port, timeout=10)
        for number in range(1000):
            text = HOSTILE[number % len(HOSTILE)] + CANARIES[number % 3]
            auth = WRITE_KEY if number % 2 else text
            credentials = base64.b64encode(f"{auth}:".encode(errors="replace")).decode()
            event = {"type": text, "event": text, "userId": text, "messageId": text, "traits": {"email": text}}
            body = json.dumps({"batch": [event]} if number % 4 else event)
            headers = {"Authorization": f"Basic {credentials}", "User-Agent": "x\x1b\x7f\u00ff".encode("latin-1")[:1]}
            path = ("/v1/batch", "/v1/track", "/v1/in/hooks", "/v1/projects/canary@example.com/settings")[number % 4]
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answers.append(answer.read())
            assert answer.status < 500
        command = Path(f"/proc/{gateway.pid}/cmdline").read_bytes()
    text = log.read_text()
    lines = [json.loads(line) for line in text.split("\n")[:-1]]
    assert {line["event"] for line in lines} <= {"gateway.ready", "gateway.requests_refused", "gateway.stopped"}
    refused = b"".join(answer for answer in answers if b'"success":false' in answer)
    for canary in CANARIES:
        assert canary not in text
        assert canary.encode() not in command
        assert canary.encode() not in refused


def test_missing_secret_is_named_and_other_secrets_are_not(tmp_path: Path):
    import subprocess
    import sys

    workspace = write_settings(tmp_path / "shop")
    (workspace / ".env").write_text(f"OTHER_SECRET={CANARIES[0]}\n")
    settings = workspace / "paceline.yaml"
    settings.write_text(
        settings.read_text() + '  hooks: {webhook: {scheme: github, secret: "${env:PACELINE_TEST_MISSING}"}}\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "paceline", "serve", "gateway", str(workspace), "--port", "0"],
        capture_output=True,
        text=True,
        env={**os.environ},
        check=False,
    )
    assert done.returncode == 3
    assert "PACELINE_TEST_MISSING" in done.stderr
    assert CANARIES[0] not in done.stderr + done.stdout
