"""A job: rows of a source go through admission and a lane, as events of the log do, until all have their fate."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from paceline.assemble.function.intake import Intake
from paceline.assemble.function.parts import Parts
from paceline.assemble.lane_parts import account_of, credentials_of, rate_limits
from paceline.delivery.egress import EgressPolicy, parse_egress
from paceline.deploy.incoming import Incoming
from paceline.drivers.bus.rows import PARTITION, RowsBus
from paceline.drivers.marks.files import FileMarks
from paceline.drivers.sender.redirect import FakeVendorSender
from paceline.drivers.store.sqlite import SqliteStore
from paceline.errors import EnvironmentFaultError, UsageError
from paceline.model.event import parse_time
from paceline.model.record import Record, Verdict
from paceline.model.settings import DedupSettings
from paceline.observe.ledger import LaneLedger, balance
from paceline.observe.telemetry import Telemetry
from paceline.ports.rows import Rows
from paceline.ports.sender import Sender
from paceline.runtime.clock import SystemClock
from paceline.runtime.deliver.dispatch import Vendor
from paceline.runtime.deliver.gate import Gate
from paceline.runtime.deliver.lane import Lane
from paceline.runtime.deliver.lane_settings import LanePorts
from paceline.runtime.memo import EventMemo
from paceline.runtime.process import ProcessLoop

LOOK_SECS = 0.1
MAX_IDS = 50_000_000

MakeSender = Callable[[EgressPolicy, int], Sender]


class EtlOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a job runs. `state` is the file that remembers how far it is; `wait_secs` bounds how long a job that has read
    everything waits for deliveries that are to be tried again."""

    state: Path
    wait_secs: float = 900.0
    fake_vendors: str = ""


class EtlReport(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of the rows, since the state began. `is_done` says that nothing is on its way any more."""

    source: str
    rows: int
    ledger: LaneLedger
    is_done: bool


class SourceMark(msgspec.Struct, frozen=True, kw_only=True):
    """What a state is about: the integration, and the source by its first row."""

    integration: str
    source: str
    first_row: str
    started_ms: int


def run_etl(
    parts: Parts,
    rows: Rows,
    options: EtlOptions,
    *,
    make_sender: MakeSender,
    tell: Callable[[LaneLedger], None] = lambda _: None,
) -> EtlReport:
    """Deliver every row that the state does not have yet; `tell` hears now and then how far it is.

    SIGINT and SIGTERM end it in an orderly way. Raises UsageError for a state of another source, StorageError,
    EnvironmentFaultError when the source cannot be read.
    """
    options.state.parent.mkdir(parents=True, exist_ok=True)
    with _alone(options.state):
        return asyncio.run(_Job(parts, rows, options, make_sender).run(tell))


class _Job:
    def __init__(self, parts: Parts, rows: Rows, options: EtlOptions, make_sender: MakeSender) -> None:
        self._parts = parts
        self._rows = rows
        self._options = options
        self._make_sender = make_sender
        self._clock = SystemClock()
        self._name = parts.integration.integration
        self._intake = Intake(parts.door, parts.source, lane=self._name, clock=self._clock)
        self._bus = RowsBus(rows, self._record_of)
        self._mark = self._agreed_mark()

    async def run(self, tell: Callable[[LaneLedger], None]) -> EtlReport:
        store = SqliteStore(self._options.state, dedup=DedupSettings(max_ids=MAX_IDS))
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopping.set)
        sender = self._sender()
        try:
            lane = await self._lane(store, sender)
            tasks = [
                asyncio.create_task(ProcessLoop(self._bus, store, self._clock, look_secs=LOOK_SECS).run(stopping)),
                asyncio.create_task(lane.run(stopping, start={PARTITION: 0})),
            ]
            try:
                await self._until_done(store, tasks, stopping, tell)
            finally:
                stopping.set()
                await asyncio.gather(*tasks, return_exceptions=True)
            for task in tasks:
                task.result()
            ledger = await self._ledger(store)
            tell(ledger)
        finally:
            await sender.close()
            await store.close()
            await self._bus.close()
        return EtlReport(source=self._rows.description, rows=ledger.accepted, ledger=ledger, is_done=ledger.is_settled)

    async def _until_done(
        self,
        store: SqliteStore,
        tasks: list[asyncio.Task[None]],
        stopping: asyncio.Event,
        tell: Callable[[LaneLedger], None],
    ) -> None:
        waiting_since: float | None = None
        while not stopping.is_set() and not any(task.done() for task in tasks):
            ledger = await self._ledger(store)
            tell(ledger)
            if ledger.is_settled:
                return
            if ledger.in_flight:
                waiting_since = None
            elif waiting_since is None:
                waiting_since = self._clock.monotonic_secs()
            elif self._clock.monotonic_secs() - waiting_since > self._options.wait_secs:
                return
            await asyncio.wait(tasks, timeout=LOOK_SECS, return_when=asyncio.FIRST_COMPLETED)

    async def _ledger(self, store: SqliteStore) -> LaneLedger:
        lanes, ends = await store.lanes(), await self._bus.ends("events")
        if self._name not in lanes:
            await store.open_lane(self._name, {PARTITION: 0})
            lanes = await store.lanes()
        return balance(self._name, lanes[self._name], ends)

    async def _lane(self, store: SqliteStore, sender: Sender) -> Lane:
        parts, connector = self._parts, self._parts.connector
        telemetry = Telemetry()
        account = account_of(connector.name, parts.settings)
        limits = rate_limits(connector.manifest, parts.integration)
        vendor = Vendor(
            connector=connector,
            credentials=credentials_of(connector, parts.settings, sender, self._clock),
            sender=sender,
            limits=parts.integration.limits,
        )
        ports = LanePorts(
            bus=self._bus,
            store=store,
            clock=self._clock,
            telemetry=telemetry,
            jitter=random.random,
            memo=EventMemo(),
            gate=Gate(account, self._clock, telemetry, store, limits=limits),
            marks=FileMarks(self._options.state.with_name(f"{self._options.state.name}-marks")),
        )
        return Lane(msgspec.structs.replace(parts.lane_settings, look_secs=LOOK_SECS), vendor, ports)

    def _sender(self) -> Sender:
        most = self._parts.integration.limits.max_requests
        fake_vendors = self._options.fake_vendors
        if not fake_vendors:
            return self._make_sender(self._parts.egress, most)
        policy = parse_egress([fake_vendors.partition("://")[2].rstrip("/")], ports=self._parts.egress.ports)
        inner = self._make_sender(policy, most)
        return FakeVendorSender(inner, base_url=fake_vendors, connector=self._parts.connector.name)

    def _record_of(self, number: int, data: bytes) -> Record:
        """The record of a row: its id, where it has none of its own, depends on what the row says and on its place."""
        row_id = f"row-{number}-{hashlib.blake2b(data, digest_size=12).hexdigest()}"
        data, received_ms = _with_times(data, self._mark.started_ms)
        received = self._intake.receive(Incoming(body=data, id=row_id, received_ms=received_ms), number)
        if len(received) == 1 and received[0].record is not None:
            return received[0].record
        letter = received[0].letter if len(received) == 1 else None
        rule, detail = (
            ("one_event_a_row", "a row is one event, and this one holds several or none")
            if letter is None
            else (letter.outcome.vendor_code, letter.outcome.message)
        )
        return Record(
            id=row_id,
            source=self._parts.source,
            type="",
            key="",
            received_ms=received_ms,
            data=b"",
            verdict=Verdict(rule=f"door:{rule}", detail=detail),
        )

    def _agreed_mark(self) -> SourceMark:
        """The mark of the state, made now when the state is new. Raises UsageError for a state of something else."""
        first = self._rows.read(0, 1)
        now = SourceMark(
            integration=self._name,
            source=self._rows.description,
            first_row=hashlib.blake2b(first[0] if first else b"", digest_size=16).hexdigest() if first else "",
            started_ms=time.time_ns() // 1_000_000,
        )
        path = self._options.state.with_name(f"{self._options.state.name}-source.json")
        if not self._options.state.exists() or not path.exists():
            half = path.with_suffix(".new")
            half.write_bytes(msgspec.json.encode(now))
            half.replace(path)
            return now
        known = msgspec.json.decode(path.read_bytes(), type=SourceMark)
        differs = [
            name
            for name in ("integration", "source", "first_row")
            if getattr(known, name) != getattr(now, name) and getattr(known, name)
        ]
        if differs:
            was = f"{known.integration} from {known.source}"
            changed = " whose first row was another" if differs == ["first_row"] else ""
            raise UsageError(
                f"this state is of {was}{changed}",
                where=str(self._options.state),
                remedy="name another --state for another source; what was delivered from this one is remembered here",
            )
        return known


@contextlib.contextmanager
def _alone(state: Path) -> Iterator[None]:
    """No other job uses the state. Raises EnvironmentFaultError when one does."""
    with state.with_name(f"{state.name}-job").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise EnvironmentFaultError(
                "another job uses this state", where=str(state), remedy="wait for it to end, or stop it"
            ) from None
        yield


class _Times(msgspec.Struct):
    received_at: object = msgspec.field(name="receivedAt", default=None)
    sent_at: object = msgspec.field(name="sentAt", default=None)


def _with_times(data: bytes, started_ms: int) -> tuple[bytes, int]:
    """A row, and when its event was received: long ago, if the row says so; else now, and its client's clock is right.

    Without its time of receipt, an event's `sentAt` says nothing about its client's clock, so it goes.
    """
    try:
        times = _decode_times(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return data, started_ms
    received = parse_time(times.received_at)
    if received is not None:
        return data, int(received.timestamp() * 1000)
    if times.sent_at is None:
        return data, started_ms
    fields = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    del fields["sentAt"]
    return msgspec.json.encode(fields), started_ms


_decode_times = msgspec.json.Decoder(_Times).decode
