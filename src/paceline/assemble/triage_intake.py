"""Takes tickets of another tracker into a backlog.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import msgspec

from paceline.assemble.triage import BACKLOG_FILE
from paceline.assemble.triage_editing import add_requests
from paceline.connectors.catalog import Catalog
from paceline.errors import WorkspaceError
from paceline.exchange.backlog_import import Format, import_backlog
from paceline.exchange.loss import Loss
from paceline.workspace.kinds import CONNECTORS_FOLDER
from paceline.workspace.load import find_workspace
from paceline.workspace.yaml_document import read_yaml


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the tickets: the names of requests that were added and of those that were there already."""

    file: str
    format: Format
    added: tuple[str, ...]
    kept: tuple[str, ...]
    done: int
    losses: tuple[Loss, ...]


def take_in_tickets(
    text: str, *, format_name: str, workspace: Path, out: Path | None, today: str, dry_run: bool = False
) -> Taken:
    """Add the open tickets of an export to a backlog: `out`, or the one of the workspace.

    A request whose name is there already is kept as it is. Raises UsageError for what is no export or no backlog.
    """
    file = out if out is not None else find_workspace(workspace) / BACKLOG_FILE
    chosen = None if format_name == "auto" else cast(Format, format_name)
    connectors = Catalog(file.parent / CONNECTORS_FOLDER).names
    imported = import_backlog(text, format_name=chosen, today=today, connectors=connectors)
    there = _names(file) if file.exists() else set()
    new = [request for request in imported.requests if request["request"] not in there]
    if new and not dry_run:
        add_requests(file, new)
    names = [str(request["request"]) for request in imported.requests]
    return Taken(
        file=str(file),
        format=imported.format,
        added=tuple(name for name in names if name not in there),
        kept=tuple(name for name in names if name in there),
        done=imported.done,
        losses=imported.losses,
    )


def _names(file: Path) -> set[str]:
    document, findings = read_yaml(file.read_bytes(), str(file))
    if document is None or findings:
        raise WorkspaceError("the backlog cannot be read", findings, where=str(file))
    items = document.value.get("requests") if isinstance(document.value, dict) else None
    return {str(item.get("request")) for item in items or [] if isinstance(item, dict)}
