"""A new integration: its files worked out from the workspace and the connector of its mappings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

from paceline.connectors.catalog import Catalog
from paceline.errors import UnknownNameError, UsageError
from paceline.model.integration import Stage
from paceline.workspace.load import find_workspace, load_workspace
from paceline.workspace.rfc import first_of_teams, next_number
from paceline.workspace.scaffold_files import IntegrationPlan, integration_files


def new_integration(
    path: Path, name: str, mappings: Sequence[str], *, team: str = "", stage: str = "sprint"
) -> tuple[Path, Mapping[str, bytes]]:
    """The workspace's folder and the files to write into it. Raises UnknownNameError and UsageError."""
    root = find_workspace(path)
    workspace = load_workspace(root)
    for mapping in mappings:
        if mapping not in workspace.mappings:
            raise UnknownNameError("mapping", mapping, workspace.mappings)
    connectors = {workspace.mappings[mapping].to.connector for mapping in mappings}
    if len(connectors) > 1:
        raise UsageError(
            f"these mappings go to {' and '.join(sorted(connectors))}", expected="one vendor an integration"
        )
    teams = workspace.teams.teams
    if not team and len(teams) != 1:
        raise UsageError("which team owns it?", where="--team", expected=" or ".join(sorted(teams)))
    if team and team not in teams:
        raise UnknownNameError("team", team, teams)
    owner = team or next(iter(teams))
    plan = IntegrationPlan(
        name=name,
        manifest=Catalog(root / "connectors").manifest(connectors.pop()),
        mappings=mappings,
        team=owner,
        stage=Stage(stage),
        number=next_number(root),
        reviewers=first_of_teams(workspace.teams, [owner]),
    )
    return root, integration_files(plan, today=dt.datetime.now(dt.UTC).date())
