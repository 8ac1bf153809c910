"""Facts about integrations, contracts with an end, toggles, and the hand work that teams declare."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from paceline.assemble.debt.mappings import family_of
from paceline.decision.debt.facts import IntegrationFacts, OverdueFacts, Safeguard, WorkaroundFacts
from paceline.model.debt import Workaround
from paceline.model.integration import IntegrationFile
from paceline.workspace.calendar import day_or_none
from paceline.workspace.document import Document
from paceline.workspace.json_document import read_json
from paceline.workspace.rule import Scope
from paceline.workspace.workspace import Workspace

LEAST_RUNBOOK_WORDS = 25
"""A runbook with fewer words, headings left out, helps nobody at night."""
TOGGLES_FILE = "toggles.flagd.json"
_NOBODY_TO_CALL = frozenset({"", "-", "?", "n/a", "na", "nobody", "none", "tbd", "todo", "unknown"})


def integration_facts(scope: Scope, *, today: dt.date, extensions: Mapping[str, int]) -> Iterator[IntegrationFacts]:
    """One fact an integration. `extensions` says how often an integration's end date was put off, by its name."""
    for name, integration, document in scope.integrations():
        ends = day_or_none(integration.expires)
        place = document.place(("expires",) if ends is not None else ("integration",), of_key=True)
        yield IntegrationFacts(
            team=integration.owner.team,
            vendor=integration.connector,
            place=f"{document.file}:{place.line}",
            families=_families(scope.workspace, integration),
            missing=tuple(_missing(scope, integration)),
            days_overdue=float((today - ends).days) if ends is not None else 0.0,
            extensions=extensions.get(name, 0),
        )


def _families(workspace: Workspace, integration: IntegrationFile) -> tuple[str, ...]:
    specs = [workspace.mappings[name] for name in integration.events if name in workspace.mappings]
    return tuple(sorted({family_of(workspace, spec.from_.type, spec.from_.event) for spec in specs}))


def _missing(scope: Scope, integration: IntegrationFile) -> Iterator[Safeguard]:
    workspace = scope.workspace
    team = workspace.teams.teams.get(integration.owner.team)
    if team is None:
        yield Safeguard.OWNER
    if integration.runbook is None or not _is_of_use(workspace.path, integration.runbook):
        yield Safeguard.RUNBOOK
    if integration.sla is None or team is None or team.on_call.strip().lower() in _NOBODY_TO_CALL:
        yield Safeguard.ALERT
    if not _declares_idempotency(scope, integration.connector):
        yield Safeguard.IDEMPOTENCY


def _is_of_use(root: Path, file: str) -> bool:
    """Whether a runbook has some words below its headings."""
    path = (root / file).resolve()
    try:
        if not path.is_relative_to(root.resolve()) or not path.is_file():
            return False
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, ValueError):
        return False
    return sum(len(line.split()) for line in lines if not line.startswith("#")) >= LEAST_RUNBOOK_WORDS


def _declares_idempotency(scope: Scope, connector: str) -> bool:
    """Whether the connector says how it recognizes a repeated delivery, be it that it does not.

    Ours all do; a team's own must have the key in its manifest.
    """
    own = scope.workspace.documents.get(f"connectors/{connector}/manifest.yaml")
    if own is not None:
        return isinstance(own.value, dict) and "idempotency" in own.value
    return connector in scope.connectors.names


def declared_workarounds(scope: Scope) -> Iterator[WorkaroundFacts]:
    """The hand work that integrations and teams declare."""
    for _, integration, document in scope.integrations():
        families = _families(scope.workspace, integration)
        yield from _workarounds(integration.owner.team, integration.workarounds, document, ("workarounds",), families)
    teams = scope.workspace.documents.get("teams.yaml")
    for name, team in scope.workspace.teams.teams.items():
        if teams is not None:
            yield from _workarounds(name, team.workarounds, teams, ("teams", name, "workarounds"), ())


def _workarounds(
    team: str, declared: Sequence[Workaround], document: Document, at: tuple[str, ...], families: tuple[str, ...]
) -> Iterator[WorkaroundFacts]:
    for index, one in enumerate(declared):
        since = f", since {one.since}" if one.since else ""
        yield WorkaroundFacts(
            team=team,
            what=one.what,
            place=f"{document.file}:{document.place((*at, index)).line}",
            minutes_per_week=one.minutes * one.times_per_week,
            evidence=f"declared: {one.minutes:g} minutes, {one.times_per_week:g} times a week{since}",
            families=families,
        )


def overdue_facts(scope: Scope, *, today: dt.date) -> Iterator[OverdueFacts]:
    """Contract versions after their removal date, and toggles after the end in their metadata."""
    for contract, document in scope.contracts():
        ends = day_or_none(contract.deprecation.remove_after) if contract.deprecation else None
        if ends is not None and ends < today:
            line = document.place(("deprecation", "remove_after"), of_key=True).line
            yield OverdueFacts(
                name=f"contract {contract.contract}/{contract.version}",
                place=f"{document.file}:{line}",
                days_overdue=float((today - ends).days),
                families=(contract.contract,),
            )
    yield from _toggles(scope.workspace.path, today)


def _toggles(root: Path, today: dt.date) -> Iterator[OverdueFacts]:
    """Toggles with `metadata.expires` in the past (https://flagd.dev/reference/flag-definitions/, read 2026-11-23)."""
    path = root / TOGGLES_FILE
    if not path.is_file():
        return
    document, _ = read_json(path.read_bytes(), TOGGLES_FILE)
    flags = document.value.get("flags") if document is not None and isinstance(document.value, dict) else None
    for name, flag in sorted(flags.items()) if isinstance(flags, dict) else ():
        metadata = flag.get("metadata") if isinstance(flag, dict) else None
        text = metadata.get("expires") if isinstance(metadata, dict) else None
        ends = day_or_none(text) if isinstance(text, str) else None
        if ends is not None and ends < today and document is not None:
            place = document.place(("flags", name), of_key=True)
            yield OverdueFacts(
                name=f"toggle {name}", place=f"{TOGGLES_FILE}:{place.line}", days_overdue=float((today - ends).days)
            )
