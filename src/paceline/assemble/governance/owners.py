"""Who answers for what: owner, service level, on-call cover and CODEOWNERS of everything that has an owner."""

from __future__ import annotations

import datetime as dt

import msgspec

from paceline.assemble.governance.cover import Cover, team_cover
from paceline.workspace.code_owners import Agreement, ownerships, read_code_owners_file
from paceline.workspace.workspace import Workspace


class OwnerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One integration or contract. `sla` is empty for contracts and where none is promised.

    `code_owners` are the entries of CODEOWNERS, `agreement` whether they mean the same team; `lines` are its lines.
    """

    name: str
    kind: str
    team: str
    role: str
    sla: str
    place: str
    code_owners: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()
    agreement: Agreement = Agreement.UNKNOWN


class Owners(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that has an owner, and the cover of every team. `code_owners_file` is empty where there is none."""

    rows: tuple[OwnerRow, ...]
    teams: tuple[Cover, ...]
    code_owners_file: str
    dialect: str


def read_owners(workspace: Workspace, *, today: dt.date) -> Owners:
    """Who owns what in a workspace."""
    file = read_code_owners_file(workspace.path)
    agreed = {one.document.file: one for one in ownerships(workspace, file)} if file is not None else {}
    rows = []
    for row in (*_integrations(workspace), *_contracts(workspace)):
        one = agreed.get(row.place.partition(":")[0])
        rows.append(
            row
            if one is None
            else msgspec.structs.replace(row, code_owners=one.code_owners, lines=one.lines, agreement=one.agreement)
        )
    return Owners(
        rows=tuple(rows),
        teams=tuple(team_cover(name, team, today=today) for name, team in workspace.teams.teams.items()),
        code_owners_file=file.file if file is not None else "",
        dialect=file.owners.dialect.value if file is not None else "",
    )


def _integrations(workspace: Workspace) -> list[OwnerRow]:
    rows = []
    for name, integration in workspace.integrations.items():
        document = workspace.document("integration", integration=name)
        sla = integration.sla
        rows.append(
            OwnerRow(
                name=name,
                kind=str(integration.stage),
                team=integration.owner.team,
                role=integration.owner.role,
                sla=f"{sla.success_ratio * 100:g} % in {sla.delivered_within_secs:g} s" if sla is not None else "",
                place=f"{document.file}:{document.place(('owner',), of_key=True).line}",
            )
        )
    return rows


def _contracts(workspace: Workspace) -> list[OwnerRow]:
    rows = []
    for name, versions in workspace.contracts.items():
        for version, contract in versions.items():
            document = workspace.document("contract", contract=name, version=version)
            rows.append(
                OwnerRow(
                    name=f"{name} {version}",
                    kind="contract",
                    team=contract.owner.team,
                    role=contract.owner.role,
                    sla="",
                    place=f"{document.file}:{document.place(('owner',), of_key=True).line}",
                )
            )
    return rows
