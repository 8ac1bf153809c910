"""The parts of an integration as they stand in a workspace, for jobs that run beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from paceline.assemble.door import build_door
from paceline.assemble.function.parts import Parts
from paceline.assemble.lanes import lane_plan, resolved_settings
from paceline.assemble.opening import OpenWorkspace, open_workspace
from paceline.delivery.egress import parse_egress
from paceline.errors import UnknownNameError


def open_parts(
    path: Path, name: str, process_environment: Mapping[str, str], *, source: str = ""
) -> tuple[OpenWorkspace, Parts]:
    """An integration of the workspace at `path`. Raises WorkspaceError, UnknownNameError, MissingSecretError."""
    opened = open_workspace(path, process_environment)
    workspace = opened.workspace
    integration = workspace.integrations.get(name)
    if integration is None:
        raise UnknownNameError("integration", name, workspace.integrations)
    sources = [one for one in workspace.settings.sources if not integration.sources or one in integration.sources]
    if source and source not in sources:
        raise UnknownNameError(f"source of {name}", source, sources, where="--source")
    egress = workspace.settings.egress
    parts = Parts(
        integration=integration,
        connector=opened.catalog.load(integration.connector),
        plan=lane_plan(opened, integration),
        settings=resolved_settings(opened, integration),
        door=build_door(opened),
        egress=parse_egress(egress.allow, ports=egress.ports),
        source=source or sources[0],
    )
    return opened, parts
