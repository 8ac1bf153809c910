"""Looks at a set-up as a whole, whether it runs or not, and says what to do about what is not as it should be."""

from __future__ import annotations

import asyncio
import enum
import os
import platform
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec

import paceline
from paceline.assemble.inspection import read_ledgers
from paceline.assemble.lanes import resolved_settings
from paceline.assemble.opening import OpenWorkspace
from paceline.assemble.routes import is_toggle, open_toggles
from paceline.assemble.storage import data_folders, open_bus, open_store, require_capable
from paceline.assemble.store_schema import read_store_status, server_time_ms
from paceline.connectors.catalog import Catalog
from paceline.errors import PacelineError
from paceline.model.finding import Severity
from paceline.model.kafka_settings import KafkaBus
from paceline.model.settings import PostgresStore, SqliteBus, SqliteStore
from paceline.observe.ledger import LaneLedger
from paceline.observe.telemetry import Telemetry
from paceline.ports.bus import Bus
from paceline.runtime.clock import SystemClock
from paceline.runtime.disk import measure_disk
from paceline.runtime.process import EVENTS_TOPIC, ProcessLoop
from paceline.workspace.environment import workspace_environment
from paceline.workspace.lint import check_workspace
from paceline.workspace.load import find_workspace, load_workspace
from paceline.workspace.workspace import Workspace

MOST_SKEW_SECS = 1.0
"""Leases last ten seconds by the workers' clocks: one second apart is a tenth of that."""

LONG_LAG_EVENTS = 100_000
_GIB = 1024**3


class State(enum.StrEnum):
    """What a look at one thing has shown."""

    GOOD = "good"
    DOUBT = "doubt"
    BAD = "bad"
    NOT_EVALUATED = "not evaluated"


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at, what was seen, and what to do about it."""

    what: str
    state: State
    told: str
    remedy: str = ""


def examine(path: Path) -> list[Diagnosis]:
    """Look at the set-up of the workspace at or above `path`. Changes nothing. Raises UsageError when there is none."""
    root = find_workspace(path)
    workspace = load_workspace(root)
    catalog = Catalog(root / "connectors")
    found = [_program(), *_files(workspace, catalog)]
    opened = OpenWorkspace(workspace=workspace, catalog=catalog, environment=workspace_environment(root, os.environ))
    found += _secrets(opened)
    found += _disk(workspace)
    found += _store(root, workspace)
    found += _clock(root, workspace)
    found += _toggles(opened)
    return [*found, *asyncio.run(_running(opened))]


def _program() -> Diagnosis:
    told = f"paceline {paceline.__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return Diagnosis(what="program", state=State.GOOD, told=told)


def _files(workspace: Workspace, catalog: Catalog) -> Iterator[Diagnosis]:
    findings = check_workspace(workspace, catalog)
    errors = sum(one.severity is Severity.ERROR for one in findings)
    doubts = sum(one.severity is Severity.WARNING for one in findings)
    state = State.BAD if errors else State.DOUBT if doubts else State.GOOD
    told = f"{len(workspace.integrations)} integrations; {errors} errors, {doubts} warnings"
    yield Diagnosis(what="files", state=state, told=told, remedy="paceline check" if errors or doubts else "")


def _secrets(opened: OpenWorkspace) -> Iterator[Diagnosis]:
    for name, integration in opened.workspace.integrations.items():
        try:
            resolved_settings(opened, integration)
        except PacelineError as error:
            yield _failed(f"secrets of {name}", error)
        else:
            yield Diagnosis(what=f"secrets of {name}", state=State.GOOD, told="are there")


def _disk(workspace: Workspace) -> Iterator[Diagnosis]:
    for folder in data_folders(workspace):
        place = next((one for one in (folder, *folder.parents) if one.exists()), folder)
        room = measure_disk(place)
        low = workspace.settings.disk.low_water_of(room.total_bytes)
        is_low = room.free_bytes < low
        yield Diagnosis(
            what=f"disk of {folder}",
            state=State.BAD if is_low else State.DOUBT if room.free_bytes < 2 * low else State.GOOD,
            told=f"{room.free_bytes / _GIB:.1f} GiB free, nothing is taken in below {low / _GIB:.1f} GiB",
            remedy="make room, or shorten bus.retention" if room.free_bytes < 2 * low else "",
        )


def _store(root: Path, workspace: Workspace) -> Iterator[Diagnosis]:
    try:
        status = read_store_status(root)
    except PacelineError as error:
        yield _failed("store", error)
        return
    state = {"ready": State.GOOD, "empty": State.DOUBT}.get(status.verdict, State.BAD)
    told = f"{status.type} {status.where}: tables of version {status.version} of {status.newest}, {status.verdict}"
    yield Diagnosis(what="store", state=state, told=told, remedy=status.remedy)


def _clock(root: Path, workspace: Workspace) -> Iterator[Diagnosis]:
    if not isinstance(workspace.settings.store, PostgresStore):
        return
    try:
        before_ms = time.time() * 1000
        there_ms = server_time_ms(root)
        skew_secs = abs(there_ms - (before_ms + time.time() * 1000) / 2) / 1000
    except PacelineError as error:
        yield _failed("clock", error)
        return
    yield Diagnosis(
        what="clock",
        state=State.GOOD if skew_secs <= MOST_SKEW_SECS else State.BAD,
        told=f"{skew_secs:.2f} s from the store's server",
        remedy="" if skew_secs <= MOST_SKEW_SECS else "let both follow a time server: leases go by the workers' clocks",
    )


def _toggles(opened: OpenWorkspace) -> Iterator[Diagnosis]:
    toggled = [one for one in opened.workspace.integrations.values() if is_toggle(one)]
    if not toggled:
        return
    told: list[str] = []
    try:
        toggles = open_toggles(opened, Telemetry(), SystemClock())
        told += [f"{one.integration} {toggles.step(one.route) or 'by rules of its own'}" for one in toggled]
    except PacelineError as error:
        yield _failed("toggles", error)
        return
    yield Diagnosis(what="toggles", state=State.GOOD, told=", ".join(told))


async def _running(opened: OpenWorkspace) -> list[Diagnosis]:
    """What the log and the store say together: partitions, lag, what waits and what was given up on."""
    settings, root = opened.workspace.settings, opened.workspace.path
    choice = settings.bus
    if isinstance(choice, SqliteBus) and not (root / choice.path).is_dir():
        return [_not_yet("log", "paceline serve gateway")]
    if isinstance(choice, KafkaBus):
        choice = msgspec.structs.replace(choice, create_topics=False)
    found: list[Diagnosis] = []
    try:
        bus = open_bus(root, choice, max_event_bytes=settings.gateway.limits.max_event_bytes)
    except PacelineError as error:
        return [_failed("log", error)]
    try:
        found += [one async for one in _log(bus)]
        if isinstance(settings.store, SqliteStore) and not (root / settings.store.path).is_file():
            found.append(_not_yet("lanes", "paceline serve worker"))
        elif all(one.state is not State.BAD for one in found):
            found += [one async for one in _lanes(opened, bus)]
    finally:
        await bus.close()
    return found


async def _log(bus: Bus) -> AsyncIterator[Diagnosis]:
    try:
        require_capable(bus.capabilities)
        ends = await bus.ends(EVENTS_TOPIC)
    except PacelineError as error:
        yield _failed("log", error)
        return
    events = sum(end.next - end.first for end in ends.values())
    told = f"{bus.capabilities.name}: {len(ends)} partitions, {events:,} events kept"
    yield Diagnosis(what="log", state=State.GOOD, told=told)


async def _lanes(opened: OpenWorkspace, bus: Bus) -> AsyncIterator[Diagnosis]:
    settings = opened.workspace.settings
    try:
        store = open_store(opened.workspace.path, settings.store, settings.dedup)
    except PacelineError as error:
        yield _failed("lanes", error)
        return
    try:
        for ledger in await read_ledgers(opened, bus, store):
            yield _lane(ledger)
    except PacelineError as error:
        yield _failed("lanes", error)
    finally:
        await store.close()


def _lane(ledger: LaneLedger) -> Diagnosis:
    what = "process loop" if ledger.integration == ProcessLoop.name else f"lane {ledger.integration}"
    told = f"lag {ledger.in_flight:,}, parked {ledger.parked:,}, dead {ledger.dead:,}"
    if not ledger.adds_up:
        remedy = "stop the workers, keep the files, and report it"
        return Diagnosis(what=what, state=State.BAD, told=f"its account does not add up ({told})", remedy=remedy)
    if ledger.in_flight > LONG_LAG_EVENTS:
        return Diagnosis(
            what=what, state=State.DOUBT, told=told, remedy="is a worker running? see its log for lane.paused"
        )
    if ledger.dead:
        return Diagnosis(what=what, state=State.DOUBT, told=told, remedy="paceline dlq list")
    return Diagnosis(what=what, state=State.GOOD, told=told)


def _not_yet(what: str, command: str) -> Diagnosis:
    """Whoever opens an embedded log or store first makes it, and looking must not."""
    return Diagnosis(what=what, state=State.NOT_EVALUATED, told="nothing has run here yet", remedy=command)


def _failed(what: str, error: PacelineError) -> Diagnosis:
    told = f"{error.where}: {error.what}" if error.where else error.what
    return Diagnosis(what=what, state=State.BAD, told=told, remedy=error.remedy or error.expected)
