"""Functions as their platforms run them: Lambda's runtime API, functions-framework, a container's program."""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from paceline.runtime.children import Child
from paceline.testing.system import start_fake_vendors

REPO = Path(__file__).parents[2]
SHOP = REPO / "examples" / "shop"
SECRETS = {"CIO_SITE_ID": "site", "CIO_API_KEY": "key"}
WEB_KEY = "shop_web_demo_key"


def events(number: int) -> list[dict[str, Any]]:
    """Events that customerio_onboarding takes, each with an id and a time of its own."""
    made: list[dict[str, Any]] = []
    for at in range(number):
        email, user = f"user-{at}@example.com", f"user-{at}"
        common = {"messageId": f"m-{at}", "userId": user, "timestamp": f"2026-11-2{at % 4}T10:{at % 60:02d}:00.000Z"}
        if at % 3:
            properties = {"email": email, "first_name": "Ada", "method": "email", "plan": "plus"}
            made.append({**common, "type": "track", "event": "Signed Up", "properties": properties})
        else:
            traits = {"email": email, "first_name": "Ada", "created_at": "2026-01-01T00:00:00Z"}
            made.append({**common, "type": "identify", "traits": traits})
    return made


def sqs_event(bodies: Sequence[str | bytes], *, receives: int = 1, sent_ms: int | None = None) -> dict[str, Any]:
    """What Lambda hands over for messages of a queue
    (https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html, read 2026-11-23)."""
    now = int(time.time() * 1000)
    return {
        "Records": [
            {
                "messageId": f"q-{number}",
                "receiptHandle": "AQEB",
                "body": body if isinstance(body, str) else body.decode(),
                "attributes": {
                    "ApproximateReceiveCount": str(receives),
                    "SentTimestamp": str(sent_ms or now),
                    "SenderId": "AIDA",
                    "ApproximateFirstReceiveTimestamp": str(now - 1000),
                },
                "messageAttributes": {},
                "md5OfBody": "0",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:events",
                "awsRegion": "eu-west-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


class LambdaFailed(Exception):  # noqa: N818 - reads as what happened
    """The function raised."""


class LambdaRuntime:
    """AWS's own runtime client (awslambdaric) running a built archive against a runtime API of ours."""

    def __init__(self, archive: Path, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        if not folder.exists():
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(folder)
        self._environment = dict(environment or {})
        self._waiting: queue.Queue[tuple[str, bytes, int]] = queue.Queue()
        self._answers: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._number = 0

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.log = self._folder.parent / f"{self._folder.name}.log"
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "test",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_REGION": "eu-west-1",
            "LAMBDA_TASK_ROOT": str(self._folder),
            **SECRETS,
            **self._environment,
        }
        command = [sys.executable, "-m", "awslambdaric", "lambda_function.handler"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, env=environment, stdout=log, stderr=log)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._server.shutdown()
        self._server.server_close()

    def invoke(self, event: object, *, secs: float = 20.0, request_id: str = "") -> Any:
        """One invocation: what the function returned. Raises LambdaFailed when it raised."""
        self._number += 1
        body = json.dumps(event).encode()
        deadline_ms = int((time.time() + secs) * 1000)
        self._waiting.put((request_id or f"request-{self._number}", body, deadline_ms))
        try:
            kind, answer = self._answers.get(timeout=secs + 30)
        except queue.Empty:
            raise LambdaFailed(self.log.read_text()[-2000:]) from None
        if kind != "response":
            raise LambdaFailed(answer.decode())
        return json.loads(answer)

    def facts(self, name: str) -> list[dict[str, Any]]:
        """What the function told under a fact's name."""
        lines = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [fact for fact in map(json.loads, lines) if fact.get("event") == name]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        waiting, answers = self._waiting, self._answers

        class RuntimeApi(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                request_id, body, deadline_ms = waiting.get()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
                self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline_ms))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:1:function:test")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                if self.headers.get("Transfer-Encoding") == "chunked":
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                answers.put(("response" if self.path.endswith("/response") else "error", body))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return RuntimeApi


class Program:
    """A program that serves HTTP on a free port of loopback, until the block ends."""

    def __init__(
        self, command: Sequence[str], folder: Path, port: int, environment: Mapping[str, str], *, ready: str = "/health"
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._command = command
        self._folder = folder
        self._environment = environment
        self._ready = ready
        self.log = folder.parent / f"{folder.name}.log"

    def __enter__(self) -> Self:
        environment = {"PATH": os.environ["PATH"], **SECRETS, **self._environment}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        ends = time.monotonic() + 60
        while True:
            try:
                self.get(self._ready)
            except urllib.error.HTTPError:
                return self
            except OSError:
                assert self._process.poll() is None, self.log.read_text()[-3000:]
                assert time.monotonic() < ends, self.log.read_text()[-3000:]
                time.sleep(0.1)
            else:
                return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.killpg(self._process.pid, 15)
        self._process.wait(30)

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return bytes(answer.read())

    def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Status and body of the answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data=data, headers={"Content-Type": "application/json", **(headers or {})}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def vendor_requests(folder: Path, connector: str = "customerio") -> list[tuple[str, str, str]]:
    """What a fake vendor took, in an order that does not depend on when: method, path, body."""
    lines = (folder / "received.jsonl").read_text().splitlines()
    requests = [one for one in map(json.loads, lines) if one["connector"] == connector]
    return sorted((one["method"], one["url"], json.dumps(one.get("body"), sort_keys=True)) for one in requests)


class Vendors:
    """Fake vendors with their own book of what they took."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.child: Child
        self.child, self.url = start_fake_vendors(folder, log=folder.parent / f"{folder.name}.log")

    def misbehave(self, **behavior: Any) -> None:
        self._control("PUT", "behavior/customerio", {"mode": "error", **behavior} if behavior else {})

    def received(self) -> dict[str, Any]:
        return self._control("GET", "received/customerio")

    def requests(self) -> list[tuple[str, str, str]]:
        return vendor_requests(self.folder)

    def _control(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/__fake__/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
