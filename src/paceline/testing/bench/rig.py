"""All processes of one scenario together: sink, gateway, worker, generator; and one measurement of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from paceline.drivers.bus.sqlite import SqliteBus
from paceline.runtime.children import Child, Usage, module
from paceline.runtime.process import EVENTS_TOPIC
from paceline.testing.bench.counters import SharedCounters
from paceline.testing.bench.generator import Acknowledged, GeneratorReading, Load
from paceline.testing.bench.latency import Latency
from paceline.testing.bench.sink import LaneBook, SinkReading
from paceline.testing.bench.workspace import WRITE_KEY, write_workspace
from paceline.testing.system import start_gateway, start_worker

DRAIN_SECS = 60.0
POLL_SECS = 0.1
BUS_FOLDER = ".paceline/bus"


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a process used during a measurement. `cpu_us_an_event` is for events of the measurement's subject."""

    cpu_cores: float
    cpu_us_an_event: float
    resident_mib: float
    peak_mib: float


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """One measured window. Rates are events a second; delivery rate and latency are those of lane 0.

    `to_delivery` counts from the scheduled send time to the arrival at the vendor.
    """

    secs: float
    acknowledged_rate: float
    request_rate: float
    delivered_rate: float
    refused_events: int
    errors: int
    waiting: int
    to_acknowledgement: Latency
    to_delivery: Latency
    delivered_by_lane: list[float]
    costs: dict[str, Cost]


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """The count at the end: acknowledged events, how many of them never came to `where`, how many came again."""

    where: str
    acknowledged: int
    lost: int
    doubled: int


class Rig:
    """The running processes. Made by `running`."""

    def __init__(self, processes: dict[str, Child], *, gateway_port: int, workspace: Path, counters: Path) -> None:
        self._processes = processes
        self._generator = processes["generator"]
        self._sink = processes["sink"]
        self._gateway_port = gateway_port
        self._workspace = workspace
        self._counters = counters

    def load(
        self,
        *,
        connections: int,
        events_per_request: int,
        rate: float = 0.0,
        max_backlog: int = 0,
        backlog_lanes: Sequence[int] = (0,),
    ) -> Load:
        """A load on this rig's gateway, see there; with `max_backlog` it waits for deliveries of `backlog_lanes`."""
        return Load(
            port=self._gateway_port,
            write_key=WRITE_KEY,
            connections=connections,
            events_per_request=events_per_request,
            rate=rate,
            backlog_file=str(self._counters) if max_backlog else "",
            backlog_lanes=tuple(backlog_lanes),
            max_backlog=max_backlog,
        )

    def measure(self, load: Load, *, warm_up_secs: float, secs: float) -> Measurement:
        """Put `load` on, wait, measure for `secs`, take it off."""
        self._generator.ask({"do": "start", "load": load})
        time.sleep(warm_up_secs)
        self._read()
        before = self._usages()
        started = time.monotonic()
        time.sleep(secs)
        sent, came = self._read()
        after = self._usages()
        elapsed = time.monotonic() - started
        self._generator.ask({"do": "stop"})
        subject = came.events[0] if "worker" in self._processes else sent.acknowledged_events
        return Measurement(
            secs=round(elapsed, 2),
            acknowledged_rate=round(sent.acknowledged_events / elapsed, 1),
            request_rate=round(sent.requests / elapsed, 1),
            delivered_rate=round(came.events[0] / elapsed, 1),
            refused_events=sent.refused_events,
            errors=sent.errors,
            waiting=sent.waiting,
            to_acknowledgement=sent.latency,
            to_delivery=came.latency,
            delivered_by_lane=[round(events / elapsed, 1) for events in came.events],
            costs={name: _cost(before[name], after[name], elapsed, subject) for name in before},
        )

    def wait_until_delivered(self, lanes: Sequence[int]) -> None:
        """Wait until these lanes have every acknowledged event; gives up after a minute, `count_delivered` tells."""
        total = sum(self._acknowledged().values())
        counters = SharedCounters.open(self._counters)
        deadline = time.monotonic() + DRAIN_SECS
        while time.monotonic() < deadline:
            has_enough = all(counters.read(lane) >= total for lane in lanes)
            if has_enough and not any(loss.lost for loss in self.count_delivered(lanes)):
                return
            time.sleep(POLL_SECS)

    def count_stored(self) -> Loss:
        """The generator's acknowledgements against the records on the bus."""
        acknowledged = sum(self._acknowledged().values())
        stored = asyncio.run(_count_records(self._workspace))
        return Loss(
            where="bus",
            acknowledged=acknowledged,
            lost=max(0, acknowledged - stored),
            doubled=max(0, stored - acknowledged),
        )

    def count_delivered(self, lanes: Sequence[int]) -> list[Loss]:
        """The generator's acknowledgements against the sink's book."""
        acknowledged = self._acknowledged()
        book = self._book()
        return [compare(f"lane {lane}", acknowledged, book[lane]) for lane in lanes]

    def _acknowledged(self) -> dict[int, int]:
        rows = msgspec.convert(self._generator.ask({"do": "report"}), list[Acknowledged])
        return {row.number: row.accepted for row in rows}

    def _book(self) -> list[LaneBook]:
        return msgspec.convert(self._sink.ask("report"), list[LaneBook], strict=False)

    def _read(self) -> tuple[GeneratorReading, SinkReading]:
        sent = msgspec.convert(self._generator.ask({"do": "read"}), GeneratorReading)
        return sent, msgspec.convert(self._sink.ask("read"), SinkReading)

    def _usages(self) -> dict[str, Usage]:
        return {name: child.usage() for name, child in self._processes.items()}


@contextmanager
def running(
    folder: Path, *, behaviors: Sequence[str] = ("ok",), with_worker: bool = True, max_in_flight: int = 1000
) -> Iterator[Rig]:
    """Start everything in a new `folder`, with one lane for each of `behaviors`, and end it afterwards."""
    folder.mkdir(parents=True)
    counters = folder / "counters"
    with ExitStack() as stack:
        sink = stack.enter_context(
            Child.start(
                module("paceline.testing.bench.sink", str(counters), str(len(behaviors))),
                log=folder / "sink.log",
                is_asked=True,
            )
        )
        sink_port = int(sink.wait_for("sink.ready")["port"])
        workspace = folder / "workspace"
        write_workspace(workspace, sink_port=sink_port, behaviors=behaviors, max_in_flight=max_in_flight)
        gateway, gateway_port = start_gateway(workspace, log=folder / "gateway.log")
        processes = {"gateway": stack.enter_context(gateway)}
        if with_worker:
            processes["worker"] = stack.enter_context(start_worker(workspace, log=folder / "worker.log"))
        generator = stack.enter_context(
            Child.start(module("paceline.testing.bench.generator"), log=folder / "generator.log", is_asked=True)
        )
        generator.wait_for("generator.ready")
        processes |= {"sink": sink, "generator": generator}
        yield Rig(processes, gateway_port=gateway_port, workspace=workspace, counters=counters)


def compare(where: str, acknowledged: Mapping[int, int], book: LaneBook) -> Loss:
    """What was acknowledged (events by request number) against what came, request by request."""
    missing = (max(0, events - book.distinct_by_request.get(number, 0)) for number, events in acknowledged.items())
    return Loss(where=where, acknowledged=sum(acknowledged.values()), lost=sum(missing), doubled=book.doubled)


async def _count_records(workspace: Path) -> int:
    bus = SqliteBus(workspace / BUS_FOLDER)
    try:
        return sum(end.next - end.first for end in (await bus.ends(EVENTS_TOPIC)).values())
    finally:
        await bus.close()


def _cost(before: Usage, after: Usage, elapsed: float, events: int) -> Cost:
    used = after.cpu_secs - before.cpu_secs
    return Cost(
        cpu_cores=round(used / elapsed, 2),
        cpu_us_an_event=round(used * 1e6 / events, 2) if events else 0.0,
        resident_mib=round(after.resident_bytes / 2**20, 1),
        peak_mib=round(after.peak_bytes / 2**20, 1),
    )
