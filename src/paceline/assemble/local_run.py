"""A whole running workspace on this machine: fake vendors, gateway and worker, each in its own process."""

from __future__ import annotations

import contextlib
import urllib.request
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import msgspec

from paceline.errors import EnvironmentFaultError
from paceline.runtime.children import Child, module

HOST = "127.0.0.1"
STOP_SECS = 15.0


_said_elsewhere = frozenset({"event", "level", "timestamp", "delivery_id"})


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    argv: list[str]
    ready_fact: str


class LocalRun:
    """Starts, mends and stops the three processes of a workspace at `root`.

    `port` overrules the gateway's port of paceline.yaml; with `reload` the processes follow changes of the files. Log
    lines go to `.paceline/logs/`, one file a process.

    Example: `with LocalRun(Path("shop")) as run: print(run.gateway_url)`
    """

    def __init__(self, root: Path, *, port: int | None = None, reload: bool = False) -> None:
        self._root = root
        self._port = port
        self._reload = ["--reload"] if reload else []
        self._logs = root / ".paceline" / "logs"
        self._children: dict[str, tuple[_Part, Child]] = {}
        self._told: dict[int, int] = {}
        self.gateway_url = ""
        self.vendors_url = ""

    @property
    def pids(self) -> Mapping[str, int]:
        """The processes by name."""
        return {name: child.pid for name, (_, child) in self._children.items()}

    def start(self) -> None:
        """Start everything, in the order of need. Raises EnvironmentFaultError; what was started is stopped then."""
        root = str(self._root)
        try:
            self._logs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentFaultError(
                f"cannot write below {self._root}: {error.strerror}",
                remedy="copy the workspace to a place that you may write to: paceline init DIR",
            ) from None
        try:
            self._start_vendors(root)
            port = [] if self._port is None else ["--port", str(self._port)]
            argv = module("paceline", "serve", "gateway", root, *port, *self._reload)
            ready = self._start(_Part(name="gateway", argv=argv, ready_fact="gateway.ready"))
            self.gateway_url = f"http://{ready['host']}:{ready['port']}"
            argv = module("paceline", "serve", "worker", root, "--fake-vendors", self.vendors_url, *self._reload)
            self._start(_Part(name="worker", argv=argv, ready_fact="worker.ready"))
        except BaseException:
            self.stop()
            raise

    def mend(self) -> list[str]:
        """Start again what has died; the names of those processes. Call it every second or so."""
        mended = []
        for name, (part, child) in list(self._children.items()):
            if not child.is_running:
                with contextlib.suppress(EnvironmentFaultError):
                    self._start(part)
                mended.append(name)
        return mended

    def new_problems(self) -> list[str]:
        """What the processes have logged as wrong since the last call, as lines for people."""
        lines: list[str] = []
        for name, (_, child) in self._children.items():
            logged = child.log_lines()
            new = logged[self._told.get(child.pid, 0) :]
            told = Counter(_describe(fact) for fact in new if _is_worth_telling(fact))
            lines.extend(f"{name}: {said}" + (f" — {times} times" if times > 1 else "") for said, times in told.items())
            self._told[child.pid] = len(logged)
        return lines

    def received(self, connector: str) -> dict[str, object]:
        """What the fake vendor of a connector received: counts, delivery ids, the latest requests."""
        url = f"{self.vendors_url}/__fake__/received/{connector}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  (our own fake vendors, on loopback)
            return msgspec.json.decode(answer.read(), type=dict[str, object])

    def stop(self) -> None:
        """Drain and stop: first no more events come in, then what is in flight is delivered, then the vendors go."""
        for name in ("gateway", "worker", "fake vendors"):
            part_and_child = self._children.pop(name, None)
            if part_and_child is not None and part_and_child[1].is_running:
                with contextlib.suppress(EnvironmentFaultError):
                    part_and_child[1].stop(timeout_secs=STOP_SECS)

    def __enter__(self) -> LocalRun:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start_vendors(self, root: str) -> None:
        folder = str(self._root / ".paceline" / "fake-vendors")
        argv = module("paceline.testing.fake_vendor", "--port", "0", "--dir", folder, "--workspace", root)
        ready = self._start(_Part(name="fake vendors", argv=argv, ready_fact="fake_vendor.ready"))
        # A restart must come back to the same port, which the worker knows.
        port = str(ready["port"])
        self.vendors_url = f"http://{HOST}:{port}"
        argv = module("paceline.testing.fake_vendor", "--port", port, "--dir", folder, "--workspace", root)
        part, child = self._children["fake vendors"]
        self._children["fake vendors"] = (msgspec.structs.replace(part, argv=argv), child)

    def _start(self, part: _Part) -> Mapping[str, object]:
        log = self._logs / f"{part.name.replace(' ', '-')}.log"
        child = Child.start(part.argv, log=log)
        self._children[part.name] = (part, child)
        try:
            return child.wait_for(part.ready_fact)
        except EnvironmentFaultError as error:
            raise _own_words(part.name, error, log) from None


def _describe(fact: Mapping[str, object]) -> str:
    findings = fact.get("findings")
    if isinstance(findings, list):
        return f"{fact['event']}\n" + "\n".join(f"    {finding}" for finding in findings)
    said = ", ".join(f"{key} {value}" for key, value in fact.items() if key not in _said_elsewhere)
    return f"{fact['event']} ({said})"


def _is_worth_telling(fact: Mapping[str, object]) -> bool:
    return fact.get("level") in {"error", "warning"} or fact.get("event") == "workspace.reloaded"


def _own_words(name: str, error: EnvironmentFaultError, log: Path) -> EnvironmentFaultError:
    """What the process itself said is wrong, where it said so; else the end of its log."""
    said = error.remedy.splitlines()
    for number, line in enumerate(said):
        if line.startswith("error: "):
            follows = said[number + 1 :]
            remedy = next((more.partition("do this: ")[2] for more in follows if "do this: " in more), "")
            return EnvironmentFaultError(line.removeprefix("error: "), where=f"the {name}", remedy=remedy)
    return EnvironmentFaultError(f"the {name} did not start: {error.what}", remedy=f"{error.remedy}\nmore in {log}")
