"""Removes an integration: what it had to deliver is delivered, whom it concerns is named, and a tombstone stays."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from paceline.assemble.addresses import webhook_source_of
from paceline.assemble.inspection import inspect
from paceline.assemble.opening import OpenWorkspace
from paceline.assemble.storage import data_folders
from paceline.errors import EnvironmentFaultError, UnknownNameError, UsageError
from paceline.model.integration import IntegrationFile
from paceline.model.retired import FinalCounts, RetiredFile
from paceline.observe.ledger import LaneLedger, balance
from paceline.ports.bus import Bus
from paceline.ports.store import DeadLetterFilter, Store
from paceline.runtime.process import EVENTS_TOPIC
from paceline.workspace.commits import commits_of, is_in_git
from paceline.workspace.load import find_workspace, load_workspace
from paceline.workspace.workspace import Workspace
from paceline.workspace.yaml_file import write_yaml

LOOK_SECS = 0.2
RETIRED_FOLDER = "retired"


class Retirement(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be removed, and what stands in the way: events on their way, and open dead letters.

    `waiting` events came in before the retirement was asked for and are not delivered yet. `others` are things of the
    workspace that nothing else uses.
    """

    integration: str
    root: Path
    tombstone: RetiredFile
    waiting: int
    dead_letters: int
    others: tuple[str, ...]

    @property
    def is_drained(self) -> bool:
        """Whether nothing would be left behind."""
        return not self.waiting and not self.dead_letters


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why an integration goes, and what comes instead."""

    because: str
    replaced_by: str = ""


def plan_retirement(path: Path, name: str, reason: Reason, *, today: dt.date, wait_secs: float) -> Retirement:
    """What is to be removed. Waits so long for a running worker to deliver what came in until now; writes nothing.

    Raises UnknownNameError, and UsageError for a replacement that does not exist.
    """
    root = find_workspace(path)
    workspace = load_workspace(root)
    if name not in workspace.integrations:
        raise UnknownNameError("integration", name, workspace.integrations)
    if reason.replaced_by and (reason.replaced_by == name or reason.replaced_by not in workspace.integrations):
        raise UnknownNameError(
            "integration", reason.replaced_by, [one for one in workspace.integrations if one != name]
        )
    integration = workspace.integrations[name]
    ledger, waiting, letters = _drained(workspace, name, wait_secs)
    consumers, others = consumers_of(workspace, name), _used_by_nothing_else(workspace, name)
    since = _since(workspace, name)
    tombstone = RetiredFile(
        integration=name,
        connector=integration.connector,
        stage=integration.stage,
        owner=integration.owner,
        since=since.isoformat() if since is not None else None,
        retired=today.isoformat(),
        because=reason.because,
        replaced_by=reason.replaced_by,
        plan=integration.migration.plan if integration.migration is not None else "",
        mappings=list(integration.events),
        consumers=list(consumers),
        counts=_counts(ledger) if ledger is not None else None,
    )
    return Retirement(
        integration=name, root=root, tombstone=tombstone, waiting=waiting, dead_letters=letters, others=tuple(others)
    )


def carry_out(retirement: Retirement) -> Sequence[str]:
    """Write the tombstone and delete the integration's file; what was done, in words.

    The tombstone comes first: stopped between the two, the integration is still there and can be retired again.
    """
    tombstone = f"{RETIRED_FOLDER}/{retirement.integration}.yaml"
    file = f"integrations/{retirement.integration}.yaml"
    write_yaml(retirement.root / tombstone, retirement.tombstone)
    try:
        (retirement.root / file).unlink()
    except OSError as error:
        raise EnvironmentFaultError(f"cannot be deleted: {error.strerror}", where=file) from None
    return [f"written  {tombstone}", f"deleted  {file}"]


def consumers_of(workspace: Workspace, name: str) -> Sequence[str]:
    """Who sends to an integration, or depends on it: what somebody has to be told before it goes."""
    integration = workspace.integrations[name]
    found = []
    source = webhook_source_of(workspace, integration)
    if source is not None:
        found.append(f"whoever sends to /v1/in/{name} (source {source})")
    alone = _sources_read_by_nobody_else(workspace, name)
    found += [f"senders of the source {one}, which nothing else reads" for one in alone]
    found += [
        f"{integration.connector}: gets no events of {_event(workspace, one)} from it any more"
        for one in integration.events
    ]
    if integration.request:
        found.append(f"the request {integration.request} in backlog.yaml")
    return list(dict.fromkeys(found))


def _event(workspace: Workspace, mapping: str) -> str:
    spec = workspace.mappings.get(mapping)
    return spec.from_.event_name if spec is not None else mapping


def _used_by_nothing_else(workspace: Workspace, name: str) -> list[str]:
    integration = workspace.integrations[name]
    rest = [one for other, one in workspace.integrations.items() if other != name]
    used = {mapping for one in rest for mapping in (*one.events, *one.direct_events)}
    others = [f"mappings/{mapping}.yaml" for mapping in integration.events if mapping not in used]
    if integration.runbook and not any(one.runbook == integration.runbook for one in rest):
        others.append(integration.runbook)
    others += [f"paceline.yaml, source {one}" for one in _sources_read_by_nobody_else(workspace, name)]
    if integration.route not in ("direct", "bus") and not any(one.route == integration.route for one in rest):
        others.append(f"toggles.flagd.json, {integration.route}")
    return others


def _sources_read_by_nobody_else(workspace: Workspace, name: str) -> list[str]:
    rest: list[IntegrationFile] = [one for other, one in workspace.integrations.items() if other != name]
    if any(not one.sources for one in rest):
        return []
    read = {source for one in rest for source in one.sources}
    return [source for source in workspace.integrations[name].sources if source not in read]


def _since(workspace: Workspace, name: str) -> dt.date | None:
    file = workspace.document("integration", integration=name).file
    commits = commits_of(workspace.path, file) if is_in_git(workspace.path) else []
    return commits[-1].day if commits else None


def _drained(workspace: Workspace, name: str, wait_secs: float) -> tuple[LaneLedger | None, int, int]:
    """The lane's account once it has passed what is in the log now, how many events it has not, and dead letters."""
    if not any(folder.exists() and any(os.scandir(folder)) for folder in data_folders(workspace)):
        return None, 0, 0

    async def look(_: OpenWorkspace, bus: Bus, store: Store) -> tuple[LaneLedger | None, int, int]:
        ends = await bus.ends(EVENTS_TOPIC)
        wanted = {partition: end.next for partition, end in ends.items()}
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_secs
        while True:
            state = (await store.lanes()).get(name)
            if state is None:
                return None, 0, 0  # it never ran
            waiting = sum(max(offset - state.cursors.get(partition, 0), 0) for partition, offset in wanted.items())
            ledger = balance(name, state, ends)
            waiting += ledger.parked
            if not waiting or loop.time() >= until:
                letters = await store.dead_letters(DeadLetterFilter(lane=name, limit=1_000_000))
                return ledger, waiting, len(letters)
            await asyncio.sleep(LOOK_SECS)

    return inspect(workspace.path, look)


def _counts(ledger: LaneLedger) -> FinalCounts:
    names: Mapping[str, int] = {field: getattr(ledger, field) for field in FinalCounts.__struct_fields__}
    return FinalCounts(**names)


def require_drained(retirement: Retirement) -> None:
    """Raise UsageError when something would be left behind."""
    if retirement.is_drained:
        return
    name, parts = retirement.integration, []
    if retirement.waiting:
        parts.append(f"{retirement.waiting} events are not delivered yet")
    if retirement.dead_letters:
        parts.append(f"{retirement.dead_letters} dead letters are open")
    raise UsageError(
        f"{name} cannot be retired: {' and '.join(parts)}",
        where=f"integrations/{name}.yaml",
        remedy="let a worker run and wait longer (--wait-secs), or use paceline dlq; --abandon gives them up",
    )
