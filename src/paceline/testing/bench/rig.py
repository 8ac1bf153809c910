"""All processes of one scenario together: sink, gateway, worker, generator; and one measurement of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from paceline.assemble.storage import open_bus
from paceline.runtime.children import Child, Usage, module
from paceline.runtime.process import EVENTS_TOPIC
from paceline.testing.bench.counters import SharedCounters
from paceline.testing.bench.generator import Acknowledged, GeneratorReading, Load
from paceline.testing.bench.latency import Latency
from paceline.testing.bench.sink import LaneBook, Mood, SinkReading
from paceline.testing.bench.workspace import BACKLOG_WRITE_KEY, WRITE_KEY, use_kafka, write_workspace
from paceline.testing.kafka_files import UNDER_LOAD
from paceline.testing.kafka_server import KafkaCluster
from paceline.testing.system import start_gateway, start_worker
from paceline.workspace.load import load_workspace

STUCK_SECS = 60.0
"""When nothing has come for so long, nothing more is waited for."""

PASSED_PER_SEC = 1000
"""At least so many events a second does a lane pass by that are not for it, also on a busy machine."""

POLL_SECS = 0.1


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a process used during a measurement. `cpu_us_an_event` is for events of the measurement's subject."""

    cpu_cores: float
    cpu_us_an_event: float
    resident_mib: float
    peak_mib: float


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """One measured window. Rates are events a second; the delivery rate is that of lane 0.

    `to_delivery` counts from the scheduled send time to the arrival at the vendor, of all lanes.
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
    to_delivery_by_lane: list[Latency]
    most_sockets_by_lane: list[int]
    costs: dict[str, Cost]


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """The count at the end: acknowledged events, how many of them never came to `where`, how many came again."""

    where: str
    acknowledged: int
    lost: int
    doubled: int


class Rig:
    """The running processes. Made by `running`."""

    def __init__(
        self,
        processes: dict[str, Child],
        *,
        gateway_port: int,
        workspace: Path,
        counters: Path,
        backlog_lane: int | None = None,
    ) -> None:
        self._processes = processes
        self._generator = processes["generator"]
        self._sink = processes["sink"]
        self._gateway_port = gateway_port
        self._workspace = workspace
        self._counters = counters
        self._backlog_lane = backlog_lane
        self._backlog: Set[int] = frozenset()

    def load(
        self,
        *,
        connections: int,
        events_per_request: int,
        rate: float = 0.0,
        max_backlog: int = 0,
        backlog_lanes: Sequence[int] = (0,),
        write_key: str = WRITE_KEY,
    ) -> Load:
        """A load on this rig's gateway, see there; with `max_backlog` it waits for deliveries of `backlog_lanes`."""
        return Load(
            port=self._gateway_port,
            write_key=write_key,
            connections=connections,
            events_per_request=events_per_request,
            rate=rate,
            backlog_file=str(self._counters) if max_backlog else "",
            backlog_lanes=tuple(backlog_lanes),
            max_backlog=max_backlog,
        )

    def measure(self, load: Load, *, warm_up_secs: float, secs: float) -> Measurement:
        """Put `load` on, wait, measure for `secs`, take it off."""
        self._read()  # working out what came before stops the sink: in the window, that would count as latency
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
            to_delivery_by_lane=came.latency_by_lane,
            most_sockets_by_lane=came.most_sockets,
            costs={name: _cost(before[name], after[name], elapsed, subject) for name in before},
        )

    def behave(self, lane: int, behavior: str) -> None:
        """How the sink treats a lane's requests from now on: `ok`, `hang` or `throttle`."""
        self._sink.ask(Mood(lane=lane, behavior=behavior))

    def send_backlog(self, events: int, *, connections: int, events_per_request: int) -> None:
        """Have so many events acknowledged that only the backlog's lane takes, as fast as the gateway does.

        Returns when every other lane is past them.
        """
        before = self._acknowledged()
        self._send(events, connections=connections, events_per_request=events_per_request, write_key=BACKLOG_WRITE_KEY)
        self._backlog |= self._acknowledged().keys() - before.keys()
        self._send(1, connections=1, events_per_request=1, write_key=WRITE_KEY)
        lanes = range(len(self._book()))
        others = [lane for lane in lanes if lane != self._backlog_lane]
        self.wait_until_delivered(others, stuck_secs=STUCK_SECS + events / PASSED_PER_SEC)

    def _send(self, events: int, *, connections: int, events_per_request: int, write_key: str) -> None:
        self._read()
        load = self.load(connections=connections, events_per_request=events_per_request, write_key=write_key)
        self._generator.ask({"do": "start", "load": load})
        sent = 0
        while sent < events:
            time.sleep(POLL_SECS)
            sent += self._read()[0].acknowledged_events
        self._generator.ask({"do": "stop"})

    def wait_until_delivered(self, lanes: Sequence[int], *, stuck_secs: float = STUCK_SECS) -> None:
        """Wait until these lanes have every acknowledged event that is theirs; `count_delivered` tells if they have.

        Gives up when nothing has come for `stuck_secs`.
        """
        totals = {lane: sum(self._due(lane).values()) for lane in lanes}
        counters = SharedCounters.open(self._counters)
        came, since = -1, time.monotonic()
        while time.monotonic() - since < stuck_secs:
            have = {lane: counters.read(lane) for lane in lanes}
            if sum(have.values()) > came:
                came, since = sum(have.values()), time.monotonic()
            has_enough = all(have[lane] >= totals[lane] for lane in lanes)
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
        book = self._book()
        return [compare(f"lane {lane}", self._due(lane), book[lane]) for lane in lanes]

    def _due(self, lane: int) -> dict[int, int]:
        """What is acknowledged and goes to a lane: events by request number."""
        acknowledged = self._acknowledged()
        if lane == self._backlog_lane:
            return acknowledged
        return {number: events for number, events in acknowledged.items() if number not in self._backlog}

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
    folder: Path,
    *,
    behaviors: Sequence[str] = ("ok",),
    with_worker: bool = True,
    max_in_flight: int = 1000,
    backlog_lane: int | None = None,
    brokers: int = 0,
) -> Iterator[Rig]:
    """Start everything in a new `folder`, with one lane for each of `behaviors`, and end it afterwards.

    `backlog_lane` is the one that takes what `send_backlog` sends. With `brokers` the bus is a Kafka cluster of so many
    nodes, which run on the same machine and are counted with it.
    """
    folder.mkdir(parents=True)
    counters = folder / "counters"
    with ExitStack() as stack:
        cluster = (
            stack.enter_context(KafkaCluster(folder / "kafka", nodes=brokers, java_options=UNDER_LOAD))
            if brokers
            else None
        )
        sink = stack.enter_context(
            Child.start(
                module("paceline.testing.bench.sink", str(counters), str(len(behaviors))),
                log=folder / "sink.log",
                is_asked=True,
            )
        )
        sink_port = int(sink.wait_for("sink.ready")["port"])
        workspace = folder / "workspace"
        write_workspace(
            workspace,
            sink_port=sink_port,
            behaviors=behaviors,
            max_in_flight=max_in_flight,
            backlog_lane=backlog_lane,
        )
        if cluster is not None:
            use_kafka(workspace, cluster.bootstrap)
        gateway, gateway_port = start_gateway(workspace, log=folder / "gateway.log")
        processes = {"gateway": stack.enter_context(gateway)}
        if with_worker:
            processes["worker"] = stack.enter_context(start_worker(workspace, log=folder / "worker.log"))
        generator = stack.enter_context(
            Child.start(module("paceline.testing.bench.generator"), log=folder / "generator.log", is_asked=True)
        )
        generator.wait_for("generator.ready")
        processes |= {"sink": sink, "generator": generator}
        if cluster is not None:
            processes |= {f"broker {number}": node.process for number, node in enumerate(cluster.nodes, start=1)}
        yield Rig(
            processes,
            gateway_port=gateway_port,
            workspace=workspace,
            counters=counters,
            backlog_lane=backlog_lane,
        )


def compare(where: str, acknowledged: Mapping[int, int], book: LaneBook) -> Loss:
    """What was acknowledged (events by request number) against what came, request by request."""
    missing = (max(0, events - book.distinct_by_request.get(number, 0)) for number, events in acknowledged.items())
    return Loss(where=where, acknowledged=sum(acknowledged.values()), lost=sum(missing), doubled=book.doubled)


async def _count_records(workspace: Path) -> int:
    bus = open_bus(workspace, load_workspace(workspace).settings.bus)
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
