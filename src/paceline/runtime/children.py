"""Child processes: start one, wait until it serves, stop it or kill it, and read what it cost.

For `paceline dev`, and for tests and benchmarks that need real processes with their signals and files. A child logs
to a file, one JSON object a line; it serves once it has logged the event that its starter waits for (`gateway.ready`,
`worker.ready`, …).

    with Child.start(module("paceline", "serve", "gateway", "shop"), log=Path("gateway.log")) as gateway:
        port = gateway.wait_for("gateway.ready")["port"]
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from paceline.errors import EnvironmentFaultError

POLL_SECS = 0.005
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a process has used so far: CPU seconds of all its threads, resident and peak memory in bytes."""

    cpu_secs: float
    resident_bytes: int
    peak_bytes: int


class Child:
    """One process that we started. Use it as a context manager: leaving kills what still runs."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, log_start: int) -> None:
        self._process = process
        self._log = log
        self._log_start = log_start

    @classmethod
    def start(
        cls, argv: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None, is_asked: bool = False
    ) -> Self:
        """Start `argv` with standard error appended to `log`; `environment` is added to our own.

        A child that `ask` will be used on must be started with `is_asked`; others get no standard input or output.
        """
        log_start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as stderr:
            process = subprocess.Popen(  # noqa: S603  # our own programs, given as a list, never a shell
                argv,
                stdin=subprocess.PIPE if is_asked else subprocess.DEVNULL,
                stdout=subprocess.PIPE if is_asked else subprocess.DEVNULL,
                stderr=stderr,
                env={**os.environ, **(environment or {})},
                start_new_session=True,  # Ctrl-C is for the starter, which then stops its children in order
            )
        return cls(process, log, log_start)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended yet."""
        return self._process.poll() is None

    def wait_for(self, event: str, *, timeout_secs: float = 30.0) -> dict[str, Any]:
        """The first log line of this process whose `event` is the one asked for, as an object.

        Raises EnvironmentFaultError with the end of the log when the process ends first or the time is over; it does
        not run any more then.
        """
        deadline = time.monotonic() + timeout_secs
        while True:
            has_ended = not self.is_running
            for line in self.log_lines():
                if line.get("event") == event:
                    return line
            if has_ended:
                raise self._fault(f"ended with status {self._process.returncode} before it logged {event!r}")
            if time.monotonic() > deadline:
                self.kill()
                raise self._fault(f"has not logged {event!r} within {timeout_secs:g} s")
            time.sleep(POLL_SECS)

    def log_lines(self) -> list[dict[str, Any]]:
        """What this process has logged so far; lines that are not JSON objects are left out."""
        lines: list[dict[str, Any]] = []
        for raw in self._log_text().splitlines():
            with contextlib.suppress(msgspec.DecodeError):
                lines.append(msgspec.json.decode(raw, type=dict[str, Any]))
        return lines

    def ask(self, command: object) -> Any:
        """Write one JSON line to the process and read the JSON line that it answers with."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(command) + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise self._fault("ended without an answer")
        return msgspec.json.decode(answer)

    def usage(self) -> Usage:
        """CPU and memory so far, from /proc (Linux)."""
        root = Path("/proc") / str(self.pid)
        fields = (root / "stat").read_text().rpartition(")")[2].split()
        memory = dict(
            line.split(":", 1) for line in (root / "status").read_text().splitlines() if line.startswith("Vm")
        )
        return Usage(
            cpu_secs=(int(fields[11]) + int(fields[12])) / CLOCK_TICKS,
            resident_bytes=int(memory["VmRSS"].split()[0]) * 1024,
            peak_bytes=int(memory["VmHWM"].split()[0]) * 1024,
        )

    def stop(self, *, timeout_secs: float = 30.0) -> int:
        """SIGTERM, and wait for the exit status. Raises EnvironmentFaultError when the process does not end."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout_secs)
        except subprocess.TimeoutExpired:
            raise self._fault(f"has not ended {timeout_secs:g} s after SIGTERM") from None

    def kill(self) -> None:
        """SIGKILL, and wait until the process is gone."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_running:
            self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _log_text(self) -> bytes:
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            return log.read()

    def _fault(self, what: str) -> EnvironmentFaultError:
        tail = self._log_text()[-2000:].decode(errors="replace")
        return EnvironmentFaultError(f"process {self.pid} {what}", remedy=f"its log ends with:\n{tail}")


def module(name: str, *arguments: str) -> list[str]:
    """The command line of `python -m name …` for the Python that runs us."""
    return [sys.executable, "-m", name, *arguments]
