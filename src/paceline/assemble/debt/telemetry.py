"""What the log and the store of a workspace say.

Dead letters, replays by hand, drift that nobody acknowledged, and vendor fields that nobody named.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from paceline.assemble.debt.seen_fields import SeenFields
from paceline.assemble.storage import open_bus, open_store
from paceline.contracts.versions import Version
from paceline.decision.debt.facts import DriftFacts, SeenFieldFacts, WorkaroundFacts
from paceline.drift.watcher import Drift, DriftKind, DriftWatcher
from paceline.errors import PacelineError
from paceline.model.contract import ContractFile
from paceline.model.delivery import DeadLetter
from paceline.model.event import decode_object
from paceline.model.integration import IntegrationFile
from paceline.model.record import advance
from paceline.model.settings import SqliteBus, SqliteStore
from paceline.ports.bus import Bus
from paceline.ports.store import DeadLetterFilter, Exclusion, ReplayJob
from paceline.runtime.process import EVENTS_TOPIC
from paceline.workspace.workspace import Workspace

WINDOW_DAYS = 28
"""How far back hand work is looked for in the store."""
MINUTES_PER_CAUSE = 15.0
"""What somebody needs to look at dead letters of one cause, or to replay once; our judgment, until actuals exist."""
SAME_REPLAY_MS = 600_000
"""Replays closer together than this are one sitting."""
MOST_LETTERS = 10_000
_READ_AT_ONCE = 1_000


class Telemetry(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and what could not be looked at, with the reason."""

    workarounds: tuple[WorkaroundFacts, ...] = ()
    drifts: tuple[DriftFacts, ...] = ()
    seen_fields: tuple[SeenFieldFacts, ...] = ()
    not_evaluated: Mapping[str, str] = {}


def read_telemetry(workspace: Workspace, *, now: dt.datetime, drift_events: int) -> Telemetry:
    """Look into the store and the newest events of the log. Creates neither; `drift_events` of 0 skips the log."""
    return asyncio.run(_read(workspace, now, drift_events))


async def _read(workspace: Workspace, now: dt.datetime, drift_events: int) -> Telemetry:
    missing: dict[str, str] = {}
    workarounds: Sequence[WorkaroundFacts] = ()
    drifts: Sequence[DriftFacts] = ()
    seen: Sequence[SeenFieldFacts] = ()
    why = _absent(workspace.path, workspace.settings.store, "store")
    if why:
        missing["dead letters and replays"] = why
    else:
        try:
            workarounds = await _hand_work(workspace, now)
        except PacelineError as error:
            missing["dead letters and replays"] = f"the store cannot be read: {error}"
    why = _absent(workspace.path, workspace.settings.bus, "log") if drift_events else "it was not asked for"
    if not why:
        try:
            drifts, seen = await _seen_in_log(workspace, drift_events)
        except PacelineError as error:
            why = f"the log cannot be read: {error}"
    if why:
        missing |= {"drift": why, "vendor fields at run time": why}
    return Telemetry(
        workarounds=tuple(workarounds), drifts=tuple(drifts), seen_fields=tuple(seen), not_evaluated=missing
    )


def _absent(root: Path, choice: object, what: str) -> str:
    """Why there is nothing to look at; empty when there is."""
    match choice:
        case SqliteStore(path=path) | SqliteBus(path=path):
            place = root / path
            is_there = place.is_file() or (place.is_dir() and any(place.iterdir()))
            return "" if is_there else f"there is no {what} here (nothing has run yet, or it runs elsewhere)"
        case _:
            is_kept = type(choice).__name__ not in {"MemoryStore", "MemoryBus"}
            return "" if is_kept else f"the {what} forgets everything when its process ends"


async def _hand_work(workspace: Workspace, now: dt.datetime) -> list[WorkaroundFacts]:
    settings = workspace.settings
    store = open_store(workspace.path, settings.store, settings.dedup)
    try:
        since = int((now - dt.timedelta(days=WINDOW_DAYS)).timestamp() * 1000)
        letters = await store.dead_letters(DeadLetterFilter(limit=MOST_LETTERS))
        replayed = [one for one in await store.exclusions(limit=MOST_LETTERS) if one.replayed_ms >= since]
        jobs = [one for one in await store.replay_jobs(limit=MOST_LETTERS) if one.started_ms >= since]
    finally:
        await store.close()
    found = [
        _letters_fact(workspace, lane, [one for one in letters if one.lane == lane and one.last_failed_ms >= since])
        for lane in sorted({one.lane for one in letters if one.last_failed_ms >= since})
    ]
    lanes = sorted({one.which.lane or "" for one in jobs})
    found += [_jobs_fact(workspace, lane, [one for one in jobs if (one.which.lane or "") == lane]) for lane in lanes]
    return [*found, _replays_fact(replayed)] if replayed else found


def _letters_fact(workspace: Workspace, lane: str, letters: Sequence[DeadLetter]) -> WorkaroundFacts:
    """Dead letters that wait for somebody. Those of one class, mapping and vendor code have one cause."""
    causes = {(one.letter_class.value, one.mapping, one.outcome.vendor_code, one.outcome.status) for one in letters}
    integration = workspace.integrations.get(lane)
    name = f"integrations/{lane}.yaml"
    sorts = ", ".join(sorted({one.letter_class.value for one in letters}))
    return WorkaroundFacts(
        team=integration.owner.team if integration is not None else "nobody",
        what=f"dead letters of {_vendor(integration, lane)}",
        place=f"{name}:1",
        minutes_per_week=MINUTES_PER_CAUSE * len(causes) * 7 / WINDOW_DAYS,
        evidence=f"{len(letters)} dead letters of {len(causes)} causes in {WINDOW_DAYS} days wait in {lane} ({sorts})",
    )


def _vendor(integration: IntegrationFile | None, lane: str) -> str:
    return integration.connector if integration is not None else lane


def _jobs_fact(workspace: Workspace, lane: str, jobs: Sequence[ReplayJob]) -> WorkaroundFacts:
    """Replays that somebody ordered for one integration, or for all of them where `lane` is empty."""
    integration = workspace.integrations.get(lane)
    sittings = _sittings(one.started_ms for one in jobs)
    sent = sum(one.moved + one.read_again for one in jobs)
    return WorkaroundFacts(
        team=integration.owner.team if integration is not None else "platform",
        what=f"replays to {_vendor(integration, lane)}" if lane else "replays to every vendor",
        place=f"integrations/{lane}.yaml:1" if lane else "paceline.yaml:1",
        minutes_per_week=MINUTES_PER_CAUSE * sittings * 7 / WINDOW_DAYS,
        evidence=f"{len(jobs)} replays of {sent} events in {sittings} sittings in {WINDOW_DAYS} days",
    )


def _sittings(moments_ms: Iterable[int]) -> int:
    times = sorted(set(moments_ms))
    return 1 + sum(later - earlier > SAME_REPLAY_MS for earlier, later in pairwise(times))


def _replays_fact(replayed: Sequence[Exclusion]) -> WorkaroundFacts:
    sittings = _sittings(one.replayed_ms for one in replayed)
    return WorkaroundFacts(
        team="platform",
        what="replays from quarantine",
        place="paceline.yaml:1",
        minutes_per_week=MINUTES_PER_CAUSE * sittings * 7 / WINDOW_DAYS,
        evidence=f"{len(replayed)} events replayed in {sittings} sittings in {WINDOW_DAYS} days",
    )


async def _seen_in_log(workspace: Workspace, most: int) -> tuple[list[DriftFacts], list[SeenFieldFacts]]:
    contracts, fields = _newest(workspace), SeenFields(workspace)
    bus = open_bus(workspace.path, workspace.settings.bus)
    try:
        found = await _watch(bus, DriftWatcher(contracts), fields, most)
    finally:
        await bus.close()
    drifts = [_drift_fact(workspace, one) for one in found if one.kind is not DriftKind.NEW_EVENT]
    return drifts, list(fields.facts())


def _newest(workspace: Workspace) -> Mapping[str, ContractFile]:
    """The newest version of each contract, by the name under which its events lie on the bus."""
    newest: dict[str, ContractFile] = {}
    for versions in workspace.contracts.values():
        contract = versions[max(versions, key=Version.parse)]
        newest[f"track:{contract.event}" if contract.event else contract.type.value] = contract
    return newest


async def _watch(bus: Bus, watcher: DriftWatcher, fields: SeenFields, most: int) -> list[Drift]:
    ends = await bus.ends(EVENTS_TOPIC)
    share = -(-most // max(len(ends), 1))
    cursors = {partition: max(end.first, end.next - share) for partition, end in ends.items()}
    reader = bus.reader(EVENTS_TOPIC, "debt")
    try:
        while cursors := {partition: at for partition, at in cursors.items() if at < ends[partition].next}:
            stored = await reader.read(cursors, max_records=_READ_AT_ONCE, wait_secs=0.0)
            if not stored:
                break
            for one in stored:
                record = one.record
                if record is not None and one.position.offset < ends[one.position.partition].next:
                    try:
                        event = decode_object(record.data)
                    except msgspec.DecodeError:
                        continue
                    fields.observe(event, record.type, at_ms=record.received_ms)
                    watcher.observe(
                        event, name=record.type, source=record.source, event_id=record.id, at_ms=record.received_ms
                    )
            cursors = advance(cursors, stored)
    finally:
        await reader.close()
    return watcher.findings()


def _drift_fact(workspace: Workspace, drift: Drift) -> DriftFacts:
    name, _, version = drift.contract.partition("/")
    document = workspace.document("contract", contract=name, version=version)
    return DriftFacts(
        family=name,
        contract=name,
        place=f"{document.file}:{document.place(('schema',), of_key=True).line}",
        what=f"{drift.pointer} from {drift.source}: {drift.message} ({drift.events} of {drift.of} events)",
    )
