"""The two processes of a running workspace: the gateway and the worker."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import uvloop

from paceline.assemble.door import build_door
from paceline.assemble.ends import tell_ends
from paceline.assemble.housekeeping import House, housekeeping
from paceline.assemble.inspection import read_ledgers
from paceline.assemble.lanes import SharedParts, build_lanes
from paceline.assemble.opening import OpenWorkspace, fingerprint_files, open_workspace
from paceline.assemble.storage import (
    data_folders,
    open_bus,
    open_kept_events,
    open_marks,
    open_store,
    require_capable,
)
from paceline.errors import PacelineError, WorkspaceError
from paceline.model.finding import Severity
from paceline.model.kafka_settings import KafkaBus
from paceline.observe.facts import (
    GatewayReady,
    GatewayStopped,
    WorkerPagesReady,
    WorkerReady,
    WorkspaceBroken,
    WorkspaceReloaded,
)
from paceline.observe.telemetry import Telemetry
from paceline.ports.bus import Bus
from paceline.runtime.clock import SystemClock
from paceline.runtime.deliver.gate import Gates
from paceline.runtime.disk import LOOK_SECS, DiskWatch
from paceline.runtime.gateway.app import Gateway
from paceline.runtime.gateway.server import open_listening_socket, serve
from paceline.runtime.kept_bus import KeptBus
from paceline.runtime.memo import EventMemo
from paceline.runtime.memory import tune_memory
from paceline.runtime.process import CANONICAL_TOPIC, EVENTS_TOPIC
from paceline.runtime.watch import watch
from paceline.runtime.worker import LaneSet, Worker
from paceline.runtime.worker_pages import WorkerPages
from paceline.workspace.workspace import Workspace


def run_gateway(path: Path, *, host: str | None = None, port: int | None = None, reload: bool = False) -> None:
    """Serve the workspace's gateway until SIGTERM or SIGINT; with `reload`, follow changes of its files."""
    opened = open_workspace(path, os.environ)
    settings = opened.workspace.settings.gateway
    listening = open_listening_socket(host or settings.host, settings.port if port is None else port)
    uvloop.run(_serve_gateway(opened, listening, reload=reload))


def run_worker(
    path: Path, *, fake_vendors: str = "", pages_at: tuple[str, int] | None = None, reload: bool = False
) -> None:
    """Process and deliver until SIGTERM or SIGINT.

    `fake_vendors` is a URL that gets every request instead; `pages_at` is where /health, /ready and /metrics are.
    """
    opened = open_workspace(path, os.environ)
    listening = None if pages_at is None else open_listening_socket(*pages_at)
    uvloop.run(_work(opened, fake_vendors, listening, reload=reload))


async def _serve_gateway(opened: OpenWorkspace, listening: socket.socket, *, reload: bool) -> None:
    telemetry = Telemetry()
    workspace = opened.workspace
    bus = await _open_running_bus(workspace)
    disk = DiskWatch(data_folders(workspace), workspace.settings.disk, telemetry, keeps_ballast=True)
    disk.look()
    gateway = Gateway(bus=bus, door=build_door(opened), clock=SystemClock(), telemetry=telemetry, disk=disk)
    stopping = _stop_on_signals()

    def swap(changed: OpenWorkspace) -> None:
        gateway.door = build_door(changed)

    def tell_ready() -> None:
        host, port = listening.getsockname()[:2]
        door = gateway.door
        sources, contracts = len({source.name for source in door.sources.values()}), len(door.dataschemas)
        telemetry.record(
            GatewayReady(
                host=host, port=port, workspace=workspace.settings.workspace, contracts=contracts, sources=sources
            )
        )

    tune_memory()
    looking = asyncio.create_task(disk.watch(stopping, gateway.tell_refusals))
    watching = asyncio.create_task(_follow(workspace.path, swap, telemetry, stopping)) if reload else None
    try:
        await serve(gateway, listening, stopping, limits=lambda: gateway.door.limits, on_ready=tell_ready)
    finally:
        stopping.set()
        if watching is not None:
            await watching
        await looking
        gateway.tell_refusals()
        await bus.close()
        telemetry.record(GatewayStopped(requests=gateway.requests, events=gateway.events))


async def _work(opened: OpenWorkspace, fake_vendors: str, listening: socket.socket | None, *, reload: bool) -> None:
    telemetry = Telemetry()
    clock = SystemClock()
    workspace = opened.workspace
    log = await _open_running_bus(workspace)
    kept = open_kept_events(workspace.path, workspace.settings.store)
    bus = KeptBus(log, kept)
    store = open_store(workspace.path, workspace.settings.store, workspace.settings.dedup)

    memos = {EVENTS_TOPIC: EventMemo(), CANONICAL_TOPIC: EventMemo()}
    parts = SharedParts(
        bus=bus,
        store=store,
        clock=clock,
        telemetry=telemetry,
        memos=memos,
        gates=Gates(clock, telemetry, store),
        marks=open_marks(workspace.path, workspace.settings.store),
    )

    in_use = opened

    def build(current: OpenWorkspace) -> LaneSet:
        nonlocal in_use
        lanes = build_lanes(current, parts, fake_vendors=fake_vendors)
        in_use = current
        return lanes

    stopping = _stop_on_signals()
    disk = DiskWatch(data_folders(workspace), workspace.settings.disk, telemetry)

    def hold_sends() -> None:
        if disk.is_low:  # what vendors answer could not be recorded, and would be asked again
            parts.gates.hold(2 * LOOK_SECS)

    worker = Worker(
        name=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
        bus=bus,
        store=store,
        clock=clock,
        telemetry=telemetry,
        keep_house=housekeeping(
            House(
                bus=log,
                store=store,
                kept=kept,
                clock=clock,
                telemetry=telemetry,
                retention=workspace.settings.retention,
            )
        ),
    )
    lanes = build(opened)
    tune_memory()
    dedup = workspace.settings.dedup
    telemetry.record(
        WorkerReady(
            workspace=workspace.settings.workspace,
            lanes=[lane.name for lane in lanes.lanes],
            dedup_window_hours=dedup.window_hours,
            dedup_max_ids=dedup.max_ids,
        )
    )
    disk.look()
    hold_sends()
    looking = asyncio.create_task(disk.watch(stopping, hold_sends))
    pages = None if listening is None else asyncio.create_task(_show(worker, opened, parts, listening, stopping))
    telling = asyncio.create_task(tell_ends(lambda: in_use.workspace, clock, telemetry, stopping))
    watching = None
    if reload:
        swap = _follow(workspace.path, lambda changed: worker.use(build(changed)), telemetry, stopping)
        watching = asyncio.create_task(swap)
    try:
        await worker.run(lanes, stopping)
    finally:
        if watching is not None:
            await watching
        if pages is not None:
            await pages
        looking.cancel()
        telling.cancel()
        await store.close()
        await bus.close()


async def _show(
    worker: Worker, opened: OpenWorkspace, parts: SharedParts, listening: socket.socket, stopping: asyncio.Event
) -> None:
    """Serve the worker's pages."""
    pages = WorkerPages(lambda: worker.takes_part, lambda: read_ledgers(opened, parts.bus, parts.store))
    host, port = listening.getsockname()[:2]
    await serve(
        pages, listening, stopping, on_ready=lambda: parts.telemetry.record(WorkerPagesReady(host=host, port=port))
    )


async def _open_running_bus(workspace: Workspace) -> Bus:
    """The bus that gateway and worker share. Raises StorageError or UsageError when it cannot be that."""
    limits = workspace.settings.gateway.limits
    bus = open_bus(workspace.path, workspace.settings.bus, max_event_bytes=limits.max_event_bytes)
    try:
        require_capable(bus.capabilities)
        if isinstance(workspace.settings.bus, KafkaBus):
            await bus.ends(EVENTS_TOPIC)  # what is wrong with the cluster is said now, and not to the first client
    except BaseException:
        await bus.close()
        raise
    return bus


async def _follow(
    root: Path, use: Callable[[OpenWorkspace], None], telemetry: Telemetry, stopping: asyncio.Event
) -> None:
    """Bring each good version of the workspace into use; tell what is wrong with a broken one."""

    def reopen() -> None:
        try:
            changed = open_workspace(root, os.environ)
            use(changed)
        except PacelineError as error:
            telemetry.record(WorkspaceBroken(workspace=root.name, findings=_errors(error) or [str(error)]))
        else:
            telemetry.record(WorkspaceReloaded(workspace=changed.workspace.settings.workspace))

    await watch(lambda: fingerprint_files(root), reopen, stopping)


def _errors(error: PacelineError) -> list[str]:
    if not isinstance(error, WorkspaceError):
        return []
    return [str(finding) for finding in error.findings if finding.severity is Severity.ERROR]


def _stop_on_signals() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping
