"""The running system of one test, with everything that tests do to it: kill, restart, drain, count."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from receipts import Receipt
from workspaces import WEBHOOK_ACTIONS

from paceline.runtime.children import Child
from paceline.testing.system import PACELINE, start_fake_vendors, start_gateway, start_worker

STUCK_SECS = 60.0
POLL_SECS = 0.1


class Scene:
    """Gateway, worker and fake vendors on a workspace. The programs of the first two may have a fault built in."""

    def __init__(
        self,
        workspace: Path,
        folder: Path,
        *,
        gateway_program: tuple[str, ...] = PACELINE,
        worker_program: tuple[str, ...] = PACELINE,
    ) -> None:
        self.workspace = workspace
        self.port = 0
        self.kills = {"gateway": 0, "worker": 0}
        self._folder = folder
        self._gateway_program = gateway_program
        self._worker_program = worker_program
        self._running = ExitStack()
        self.vendors_url = ""
        self.gateway: Child
        self.worker: Child

    def __enter__(self) -> Self:
        with ExitStack() as starting:  # what has started ends again when the rest cannot start
            starting.push(self._running)
            vendors, self.vendors_url = start_fake_vendors(self._folder / "vendors", log=self._folder / "vendors.log")
            self._running.enter_context(vendors)
            self.start_gateway()
            self.start_worker()
            starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    def start_gateway(self) -> None:
        self.gateway, self.port = start_gateway(
            self.workspace, log=self._folder / "gateway.log", port=self.port, program=self._gateway_program
        )
        self._running.enter_context(self.gateway)

    def start_worker(self) -> None:
        self.worker = start_worker(
            self.workspace,
            log=self._folder / "worker.log",
            fake_vendors=self.vendors_url,
            program=self._worker_program,
        )
        self._running.enter_context(self.worker)

    def kill(self, victim: str) -> None:
        """SIGKILL one of the two processes, and start it again."""
        self.kills[victim] += 1
        if victim == "gateway":
            self.gateway.kill()
            self.start_gateway()
        else:
            self.worker.kill()
            self.start_worker()

    def misbehave(self, connector: str, behavior: dict[str, Any]) -> None:
        """Tell a fake vendor how to treat requests from now on."""
        self._control("PUT", f"behavior/{connector}", behavior)

    def received(self, connector: str) -> dict[str, Any]:
        """A fake vendor's own account."""
        return self._control("GET", f"received/{connector}")

    def _control(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.vendors_url}/__fake__/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def ledgers(self) -> dict[str, dict[str, Any]]:
        """What `paceline ledger --json` says, by integration."""
        command = [*PACELINE, "ledger", str(self.workspace), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return {ledger["integration"]: ledger for ledger in json.loads(done.stdout)}

    def drain(self) -> dict[str, dict[str, Any]]:
        """Wait until no lane has anything on its way, and return the ledgers. Fails when nothing moves for a minute."""
        before: dict[str, dict[str, Any]] = {}
        while True:
            ledgers = self.ledgers()
            if not any(ledger["in_flight"] or ledger["parked"] for ledger in ledgers.values()):
                return ledgers
            if ledgers != before:
                before, deadline = ledgers, time.monotonic() + STUCK_SECS
            assert time.monotonic() < deadline, f"nothing has moved for {STUCK_SECS} s: {ledgers}"
            time.sleep(POLL_SECS)

    def receipts(self) -> dict[str, list[Receipt]]:
        """What the fake webhook vendor wrote down, by action."""
        with (self._folder / "vendors/received.jsonl").open(encoding="utf-8") as rows:
            return receipts_in(rows)

    def damaged_files(self) -> list[str]:
        """Every SQLite file of the workspace whose integrity check finds something."""
        damaged = []
        for file in sorted((self.workspace / ".paceline").rglob("*.db")):
            with sqlite3.connect(file) as connection:
                verdict = connection.execute("PRAGMA integrity_check").fetchall()
            connection.close()
            if verdict != [("ok",)]:
                damaged.append(f"{file.name}: {verdict}")
        return damaged


def receipts_in(rows: Iterable[str]) -> dict[str, list[Receipt]]:
    """What is in the book of the fake webhook vendor, by action."""
    found: dict[str, list[Receipt]] = {action: [] for action in WEBHOOK_ACTIONS}
    for row in map(json.loads, rows):
        action = row["url"].rpartition("/")[2]
        body = row["body"]
        payloads = [item["data"] for item in body] if action == "send_batch" else [body]
        for key, payload in zip(row["ids"], payloads, strict=True):
            found[action].append(Receipt(message_id=payload["message_id"], key=key))
    return found
